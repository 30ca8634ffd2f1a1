# The table of benches/compare: from what is known of each capture and what each run took.
#
#   first file   profile, bytes, packets, messages
#   second file  profile, command, CPU seconds, wall seconds, KiB; one line a run, in the order of running

BEGIN {
    FS = "\t"
    # CPU time of the summary, over tcpdump's.
    most_cpu["chat"] = 2.0; most_cpu["bulk"] = 1.0; most_cpu["mixed"] = 1.5; most_cpu["short"] = 3.0
    # Largest resident set, MiB.
    most_rss["chat"] = 64; most_rss["short"] = 64
    # MB of capture in a second of CPU.
    least_speed["deflate"] = 100
    # A line for each message, and no other line, over summary: ns a message.
    most_line["chat"] = 500
    # How many times as fast two threads are on two idle processors, by wall time.
    least_threads["chat"] = 1.6; least_threads["short"] = 1.6
    # Bytes of memory for one more silent WebSocket.
    most_idle = 512
    row("profile", "command", "bytes", "packets", "CPU s", "/ tcpdump", "wall s", "MB/CPU s", "RSS MiB", "ns/message", "target", "met")
}

FNR == NR {
    bytes[$1] = $2; packets[$1] = $3; messages[$1] = $4
    next
}

{
    key = $1 SUBSEP $2
    if (!(key in runs)) {
        order[++keys] = key
        runs[key] = 0
    }
    n = ++runs[key]
    cpu[key, n] = ($3 > 0 ? $3 : 0.001); wall[key, n] = $4; rss[key, n] = $5
}

END {
    for (k = 1; k <= keys; k++) one(order[k])
    slopes()
    print_table()
}

function one(key,    parts, profile, command, seconds, base, ratio, target, verdict, over, per) {
    split(key, parts, SUBSEP)
    profile = parts[1]; command = parts[2]
    seconds = least(cpu, key); base = profile SUBSEP "tcpdump"
    ratio = base in runs ? seconds / least(cpu, base) : 0
    target = ""; verdict = ""
    if (command == "summary" && profile in most_cpu) judge(ratio <= most_cpu[profile], "<= " sprintf("%.1f", most_cpu[profile]) " x tcpdump")
    if (command ~ /^(summary|ndjson)$/ && profile in most_rss) judge(median(rss, key) / 1024 < most_rss[profile], "RSS < " most_rss[profile] " MiB")
    if (command == "summary" && profile in least_speed) judge(bytes[profile] / seconds / 1e6 >= least_speed[profile], ">= " least_speed[profile] " MB/CPU s")
    if (command == "messages" && profile in most_line) {
        over = (seconds - least(cpu, profile SUBSEP "summary")) * 1e9 / messages[profile]
        judge(over <= most_line[profile], sprintf("%.0f ns/message over summary, <= %d", over, most_line[profile]))
    }
    if (command == "summary -j 2") threads(profile, key)
    per = (command == "tcpdump" || command == "two summaries" || messages[profile] == 0) ? "" : sprintf("%.0f", seconds * 1e9 / messages[profile])
    row(profile, command, bytes[profile], packets[profile], sprintf("%.2f", seconds), sprintf("%.2f", ratio), \
        sprintf("%.2f", least(wall, key)), sprintf("%.0f", bytes[profile] / seconds / 1e6), sprintf("%.1f", median(rss, key) / 1024), \
        per, targets, verdicts)
    targets = ""; verdicts = ""
}

# How much two threads bring, and what part that is of what two processors are worth: two processes that have nothing to do with
# each other get through twice the work, on idle processors in the same time.
function threads(profile, key,    single, worth, brought, what) {
    single = least(wall, profile SUBSEP "summary")
    brought = single / least(wall, key)
    worth = 2 * single / least(wall, profile SUBSEP "two summaries")
    what = sprintf("%.2f x as fast, two at once %.2f x", brought, worth)
    if (!(profile in least_threads)) targets = what
    else judge(brought >= least_threads[profile] * (worth < 2 ? worth : 2) / 2, what sprintf(", >= %.1f x where that is 2", least_threads[profile]))
}

# Notes a target and whether it is met.
function judge(met, target) {
    targets = targets (targets == "" ? "" : "; ") target
    verdicts = verdicts (verdicts == "" ? "" : "; ") (met ? "yes" : "NO")
}

# What one more silent WebSocket takes.
function slopes(    formats, n, i, few, many, slope) {
    n = split("summary messages ndjson", formats, " ")
    for (i = 1; i <= n; i++) {
        few = "idle 100000" SUBSEP formats[i]; many = "idle 200000" SUBSEP formats[i]
        if (!(few in runs) || !(many in runs)) continue
        slope = (median(rss, many) - median(rss, few)) * 1024 / 100000
        judge(slope <= most_idle, sprintf("%.0f B for one more, <= %d", slope, most_idle))
        row("idle", formats[i], "", "", "", "", "", "", "", "", targets, verdicts)
        targets = ""; verdicts = ""
    }
}

# What else the machine does only adds to what a command takes.
function least(values, key,    n, i, found) {
    n = runs[key]
    found = values[key, 1] + 0
    for (i = 2; i <= n; i++) if (values[key, i] + 0 < found) found = values[key, i] + 0
    return found
}

function median(values, key,    n, i, j, sorted, kept) {
    n = runs[key]
    for (i = 1; i <= n; i++) {
        kept = values[key, i] + 0
        for (j = i - 1; j >= 1 && sorted[j] > kept; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = kept
    }
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function row(a, b, c, d, e, f, g, h, i, j, k, l) {
    rows++
    cell(1, a); cell(2, b); cell(3, c); cell(4, d); cell(5, e); cell(6, f)
    cell(7, g); cell(8, h); cell(9, i); cell(10, j); cell(11, k); cell(12, l)
}

function cell(column, text) {
    cells[rows, column] = text
    if (length(text) > width[column]) width[column] = length(text)
}

# Words to the left, numbers to the right.
function print_table(    r, c, line, text, rule) {
    for (r = 1; r <= rows; r++) {
        line = ""; rule = ""
        for (c = 1; c <= 12; c++) {
            text = sprintf((c <= 2 || c > 10 ? "%-" : "%") width[c] "s", cells[r, c])
            line = line (markdown ? "| " : (c > 1 ? "  " : "")) text (markdown ? " " : "")
            rule = rule (c <= 2 || c > 10 ? "|---" : "|---:")
        }
        sub(/ +$/, "", line)
        print line (markdown ? " |" : "")
        if (markdown && r == 1) print rule "|"
    }
}
