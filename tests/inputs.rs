//! What `inspect` reads: packed files, several files, files that are no captures; and how it is stopped.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use wireseam_fixtures::Script;

use crate::records::records;

#[test]
fn several_files_are_one_capture_whatever_their_order() {
    let folder = Folder::new("several");
    let pieces = pieces::<4>(&folder);
    let whole = json(&[&folder.whole()]);
    let typed = [&pieces[2], &pieces[0], &pieces[3], &pieces[1]].map(PathBuf::as_path);
    let output = inspect(&typed, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    let told = stderr(&output);
    assert!(
        told.starts_with("wireseam: the files are read in the order of their first packets: "),
        "{told}"
    );
    let order: Vec<_> = told
        .trim_end()
        .rsplit(": ")
        .next()
        .unwrap()
        .split(", ")
        .collect();
    assert_eq!(
        order,
        pieces.each_ref().map(|piece| piece.to_str().unwrap())
    );

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["connections"], whole["connections"]);
    let capture = &report["capture"];
    assert_eq!(capture["name"], "piece-0.pcap and 3 more");
    assert_eq!(
        [&capture["packets"], &capture["duration"]],
        [&whole["capture"]["packets"], &whole["capture"]["duration"]]
    );
    let files = capture["files"].as_array().unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "piece-0.pcap",
            "piece-1.pcap",
            "piece-2.pcap",
            "piece-3.pcap"
        ]
    );

    let quiet = inspect(&typed, &["--format", "json", "--quiet"]);
    assert_eq!((stderr(&quiet).as_str(), quiet.stdout), ("", output.stdout));
}

#[test]
fn one_file_that_cannot_be_read_leaves_the_others_and_exits_with_3() {
    let folder = Folder::new("unreadable");
    let [one, two, rest @ ..] = pieces::<4>(&folder);
    fs::write(&two, "nothing of that kind").unwrap();
    let missing = folder.0.join("missing");
    let paths = [&one, &two, &missing, &rest[0], &rest[1]].map(PathBuf::as_path);
    let output = inspect(&paths, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(3));
    let told = stderr(&output);
    let behind = "; the report covers the other files";
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(
        lines,
        [
            format!(
                "wireseam: failed to read {}: it is neither pcap nor pcapng; it looks like text, not a capture{behind}",
                two.display()
            ),
            format!(
                "wireseam: failed to open {}: there is no such file{behind}",
                missing.display()
            ),
        ]
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = report["capture"]["files"].as_array().unwrap();
    let read: Vec<_> = files.iter().map(|file| file["fault"].is_null()).collect();
    assert_eq!(read, [true, false, false, true, true]);

    let none = inspect(&[&two, &missing], &[]);
    assert_eq!(
        (none.status.code(), none.stdout.as_slice()),
        (Some(3), &b""[..])
    );
    assert!(
        stderr(&none).contains("missing: there is no such file"),
        "{}",
        stderr(&none)
    );
}

#[test]
fn times_that_overlap_are_named_in_one_line() {
    let folder = Folder::new("overlap");
    let [one, two, _] = pieces(&folder);
    let output = inspect(&[&one, &two, &one], &["--format", "summary"]);
    assert_eq!(output.status.code(), Some(0));
    let told = stderr(&output);
    let warnings: Vec<_> = told
        .lines()
        .filter(|line| line.contains("files overlap"))
        .collect();
    let [warning] = warnings[..] else {
        panic!("{told}");
    };
    assert!(
        warning.contains(&format!("{} and {}", one.display(), one.display())),
        "{warning}"
    );
}

#[test]
fn standard_input_has_no_place_among_files() {
    let folder = Folder::new("among");
    let output = inspect(&[&folder.whole(), Path::new("-")], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("type wireseam inspect - alone"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_directory_says_the_way_out() {
    let folder = Folder::new("directory");
    let output = inspect(&[&folder.0], &[]);
    assert_eq!(output.status.code(), Some(3));
    let expected = format!(
        "failed to read {}: it is a directory; name a capture file in it",
        folder.0.display()
    );
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
}

#[test]
fn a_limit_ends_the_reading_and_is_told() {
    let folder = Folder::new("limit");
    let report: Value = {
        let output = inspect(&[&folder.whole()], &["--format", "json", "--packets", "5"]);
        assert_eq!(
            (output.status.code(), stderr(&output).as_str()),
            (Some(0), "")
        );
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let capture = &report["capture"];
    assert_eq!(
        [&capture["packets"], &capture["stopped"]],
        [&Value::from(5), &Value::from("limit")]
    );
    let text = inspect(&[&folder.whole()], &["--packets", "5"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.ends_with("  stopped: after as many packets as were asked for; the capture may go on behind what was read\n"), "{text}");
}

#[test]
fn what_a_capture_says_of_itself_is_told_and_cannot_speak_to_the_terminal() {
    let folder = Folder::new("says");
    let says = r#"
        [capture]
        format = "pcapng"
        comment = "seen \u001b[31m at \u202e the \u009b2J gateway"
        lost = 7
    "#;
    let script = format!("{CONVERSATION}\n{says}");
    let capture = Script::parse(&script, "says").unwrap().build().unwrap();
    fs::write(folder.whole(), capture.bytes).unwrap();
    let report = &json(&[&folder.whole()])["capture"];
    assert_eq!(report["dropped"]["interface"], 7);
    let packets = report["packets"].as_u64().unwrap();
    let comments = report["comments"].as_array().unwrap();
    let on = comments
        .iter()
        .filter_map(|comment| comment["packet"].as_u64());
    assert!(on.eq(1..=packets));
    for format in ["text", "summary", "json", "ndjson"] {
        let output = inspect(&[&folder.whole()], &["--format", format]);
        let printed = String::from_utf8(output.stdout).unwrap();
        let told = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!printed.contains(told), "{format}: {printed:?}");
        assert!(printed.contains("gateway"), "{format}: {printed}");
    }
    let summary = inspect(&[&folder.whole()], &["--format", "summary"]);
    let summary = String::from_utf8(summary.stdout).unwrap();
    assert!(
        summary.contains("\ndropped      7 by the interface\n"),
        "{summary}"
    );
}

/// The first line is there before the signal goes out, and standard input stays open: only the signal can end it.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_reading_and_the_report_is_whole() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::new("signal");
        let bytes = fs::read(folder.whole()).unwrap();
        let mut child = command(&[Path::new("-")], &["--format", "ndjson"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&bytes[..bytes.len() / 2]).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().contains("\"opened\""));
        let sent = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        if !sent.is_ok_and(|status| status.success()) {
            let _ = child.kill().and_then(|()| child.wait());
            let _ = writeln!(
                std::io::stderr(),
                "SKIPPED: there is no kill(1) to send a signal with"
            );
            return;
        }
        let last = lines.last().unwrap().unwrap();
        let capture: Value = serde_json::from_str(&last).unwrap();
        assert_eq!(
            [&capture["type"], &capture["stopped"]],
            ["capture", "interrupted"]
        );
        let mut told = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut told)
            .unwrap();
        let packets = match capture["packets"].as_u64().unwrap() {
            1 => "1 packet".to_owned(),
            packets => format!("{packets} packets"),
        };
        let expected =
            format!("wireseam: interrupted after {packets}; the report covers what was read\n");
        assert_eq!(told, expected);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        drop(stdin);
    }
}

/// A folder of its own with a capture in it, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("inputs-{name}-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        let capture = Script::parse(CONVERSATION, name).unwrap().build().unwrap();
        fs::write(folder.join("whole.pcap"), capture.bytes).unwrap();
        Self(folder)
    }

    fn whole(&self) -> PathBuf {
        self.0.join("whole.pcap")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The capture in as many files, each with the file header in front.
fn pieces<const N: usize>(folder: &Folder) -> [PathBuf; N] {
    let bytes = fs::read(folder.whole()).unwrap();
    let (header, records) = records(&bytes);
    let each = records.len().div_ceil(N);
    std::array::from_fn(|at| {
        let path = folder.0.join(format!("piece-{at}.pcap"));
        let piece = records.iter().skip(at * each).take(each);
        let piece: Vec<u8> = piece.flat_map(|record| record.iter().copied()).collect();
        fs::write(&path, [header, &piece].concat()).unwrap();
        path
    })
}

fn json(files: &[&Path]) -> Value {
    let output = inspect(files, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn inspect(files: &[&Path], more: &[&str]) -> Output {
    command(files, more).output().unwrap()
}

fn command(files: &[&Path], more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wireseam"));
    command.arg("inspect").args(files).args(more);
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const CONVERSATION: &str = r#"
    title = "Some messages"
    shows = "Messages both ways."
    step = [
        { upgrade = {} },
        { from = "client", text = "hello", cut = ["mask+2"] },
        { from = "server", text = "world" },
        { from = "client", text = "and again", cut = ["mask+1"] },
        { from = "server", text = "once more" },
    ]
"#;
