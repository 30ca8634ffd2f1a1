//! The command as it is typed: what it prints where, and how it exits.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use wireseam_fixtures::Script;

#[test]
fn text_is_what_is_printed_unless_asked_otherwise() {
    let capture = Capture::of("greeting", GREETING);
    let output = wireseam(&["inspect", capture.path()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stdout.starts_with(b"conn 1  "),
        "{}",
        stdout(&output)
    );
    assert_eq!(stderr(&output), "");
    assert!(!output.stdout.contains(&0x1b), "no colour in a pipe");
    assert_eq!(
        stdout(&wireseam(&["inspect", capture.path(), "--format", "text"])),
        stdout(&output)
    );
}

#[test]
fn colour_is_there_when_asked_for() {
    let capture = Capture::of("colour", GREETING);
    let output = wireseam(&["inspect", capture.path(), "--color", "always"]);
    assert!(output.stdout.contains(&0x1b));
}

#[test]
fn every_format_names_the_capture_and_the_message() {
    let capture = Capture::of("formats", GREETING);
    for format in ["text", "summary", "json", "ndjson"] {
        let output = wireseam(&["inspect", capture.path(), "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("formats.pcap"), "{format}");
        assert!(stdout(&output).contains("message"), "{format}");
    }
}

#[test]
fn json_keeps_the_schema_that_the_command_prints() {
    let capture = Capture::of("schema", GREETING);
    let schema: Value = serde_json::from_str(&stdout(&wireseam(&["schema"]))).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let report = capture.json(&["--payload", "full"]);
    let faults: Vec<_> = validator
        .iter_errors(&report)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(report["format"], 1);

    let schema: Value = serde_json::from_str(&stdout(&wireseam(&["schema", "ndjson"]))).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let output = wireseam(&["inspect", capture.path(), "--format", "ndjson"]);
    for line in stdout(&output).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(validator.is_valid(&line), "{line}");
    }
}

#[test]
fn only_lines_of_the_types_asked_for_are_written() {
    let capture = Capture::of("types", GREETING);
    let lines = |typed: &[&str]| {
        let typed = [&["inspect", capture.path(), "--format", "ndjson"], typed].concat();
        stdout(&wireseam(&typed))
    };
    let of = |kind: &str| format!("{{\"type\":\"{kind}\",");
    let all = lines(&[]);
    let wanted = all
        .split_inclusive('\n')
        .filter(|line| line.starts_with(&of("message")) || line.starts_with(&of("ended")));
    let wanted: String = wanted.collect();
    assert!(wanted.lines().count() > 1, "{wanted}");
    assert_eq!(lines(&["--type", "message,ended"]), wanted);
    assert_eq!(lines(&["-t", "ended", "-t", "message"]), wanted);
    assert_eq!(lines(&["--type", "message,ended", "--verify"]), wanted);
    let output = wireseam(&["inspect", capture.path(), "--type", "message"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "wireseam: --type chooses lines of --format ndjson; other formats have none\n"
    );
}

#[test]
fn payload_is_shown_as_far_as_asked_for() {
    let capture = Capture::of(
        "payload",
        &GREETING.replace("\"hello\"", &format!("\"{}\"", "x".repeat(100))),
    );
    let message = |policy: &str| {
        let report = capture.json(&["--payload", policy]);
        report["connections"][0]["websockets"][0]["messages"][0].clone()
    };
    assert_eq!(
        [&message("none")["payload"], &message("none")["sha256"]],
        [&Value::Null; 2]
    );
    assert_eq!(message("preview")["payload"]["text"], "x".repeat(64));
    assert_eq!(message("preview")["payload"]["truncated"], true);
    assert_eq!(message("sha256")["payload"], Value::Null);
    assert_eq!(message("sha256")["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(
        message("full")["payload"],
        serde_json::json!({ "text": "x".repeat(100), "truncated": false })
    );
}

#[test]
fn only_the_connections_asked_for_are_shown() {
    let capture = Capture::of("connection", GREETING);
    assert_eq!(
        capture.json(&["--connection", "1"])["connections"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let output = wireseam(&["inspect", capture.path(), "--connection", "7"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stderr(&output).contains("there is no connection 7; the capture has only connection 1"),
        "{}",
        stderr(&output)
    );
    assert!(
        stdout(&output).ends_with(", 0 of 1 connection shown\n"),
        "{}",
        stdout(&output)
    );
    let summary = stdout(&wireseam(&[
        "inspect",
        capture.path(),
        "-c",
        "7",
        "-f",
        "summary",
    ]));
    assert!(
        summary.starts_with("connections  0 of 1 shown\n"),
        "{summary}"
    );
}

#[test]
fn findings_fail_the_command_only_from_the_level_asked_for() {
    let fine = Capture::of("fine", GREETING);
    assert_eq!(
        wireseam(&["inspect", fine.path(), "--fail-on", "must"])
            .status
            .code(),
        Some(0)
    );
    let unmasked = GREETING.replace("text = \"hello\"", "text = \"hello\", mask = false");
    let broken = Capture::of("broken", &unmasked);
    assert_eq!(wireseam(&["inspect", broken.path()]).status.code(), Some(0));
    for level in ["must", "should", "note"] {
        let output = wireseam(&["inspect", broken.path(), "--fail-on", level]);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{level}: {}",
            stdout(&output)
        );
    }
}

#[test]
fn a_script_becomes_a_capture_on_standard_output_or_in_a_file() {
    let capture = Capture::of("built", GREETING);
    let script = capture.file.with_extension("toml");
    fs::write(&script, GREETING).unwrap();
    let output = wireseam(&["build", script.to_str().unwrap()]);
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(0), "")
    );
    let expected = fs::read(&capture.file).unwrap();
    assert!(output.stdout == expected, "not the bytes of the script");

    let target = capture.file.with_extension("again");
    let output = wireseam(&[
        "build",
        script.to_str().unwrap(),
        "-o",
        target.to_str().unwrap(),
    ]);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(0), "")
    );
    assert_eq!(fs::read(&target).unwrap(), expected);
}

#[test]
fn a_fault_in_a_script_is_named_with_its_file_and_step() {
    let capture = Capture::of("faulty", GREETING);
    let script = capture.file.with_extension("toml");
    let build = |text: &str| {
        fs::write(&script, text).unwrap();
        let output = wireseam(&["build", script.to_str().unwrap()]);
        assert_eq!(stdout(&output), "", "nothing is written of a broken script");
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    let named = format!("wireseam: {}: ", script.display());
    let unknown = build(&GREETING.replace("text = \"hello\"", "txt = \"hello\""));
    assert!(
        unknown.starts_with(&named) && unknown.contains("unknown field `txt`"),
        "{unknown}"
    );
    let uncut = build(&GREETING.replace("\"hello\"", "\"hello\", cut = [99]"));
    assert!(
        uncut.starts_with(&format!("{named}step 2: ")) && uncut.contains("99"),
        "{uncut}"
    );
}

#[test]
fn a_capture_that_cannot_be_built_or_written_says_on_what_it_failed() {
    let capture = Capture::of("unwritable", GREETING);
    let script = capture.file.with_extension("toml");
    let script = script.to_str().unwrap();
    let output = wireseam(&["build", script]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains(&format!("failed to read {script}")),
        "{}",
        stderr(&output)
    );
    fs::write(script, GREETING).unwrap();
    let output = wireseam(&["build", script, "-o", "/no/such/folder/x.pcap"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("failed to write /no/such/folder/x.pcap"),
        "{}",
        stderr(&output)
    );
    let output = wireseam(&["build", script, "-o", script]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(script).unwrap(), GREETING);
}

#[test]
fn standard_input_is_a_capture() {
    let capture = Capture::of("stdin", GREETING);
    let mut child = command(&["inspect", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&fs::read(&capture.file).unwrap())
        .unwrap();
    let mut report: Value =
        serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(report["capture"]["name"], "-");
    let file = &mut report["capture"]["files"][0];
    assert_eq!(
        [&file["name"], &file["size"]],
        [&Value::from("standard input"), &Value::Null]
    );
    *file = capture.json(&[])["capture"]["files"][0].clone();
    report["capture"]["name"] = "stdin.pcap".into();
    assert_eq!(report, capture.json(&[]));
}

#[test]
fn lines_come_while_the_capture_is_still_being_made() {
    let capture = Capture::of("live", GREETING);
    let bytes = fs::read(&capture.file).unwrap();
    let mut child = command(&["inspect", "-", "--format", "ndjson"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&bytes[..bytes.len() / 2]).unwrap();
    // it would wait for ever if the first line did not come before the rest of the capture
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("\"opened\""));
    stdin.write_all(&bytes[bytes.len() / 2..]).unwrap();
    drop(stdin);
    assert!(lines.last().unwrap().unwrap().contains("\"capture\""));
    assert!(child.wait().unwrap().success());
}

#[test]
fn output_goes_to_a_file_and_never_over_the_capture() {
    let capture = Capture::of("output", GREETING);
    let target = capture.file.with_extension("map");
    let output = wireseam(&["inspect", capture.path(), "-o", target.to_str().unwrap()]);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(0), "")
    );
    assert_eq!(
        fs::read_to_string(&target).unwrap(),
        stdout(&wireseam(&["inspect", capture.path()]))
    );

    let before = fs::read(&capture.file).unwrap();
    let output = wireseam(&["inspect", capture.path(), "-o", capture.path()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read(&capture.file).unwrap(), before);

    let output = wireseam(&["inspect", capture.path(), "-o", "/no/such/folder/map"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("failed to create /no/such/folder/map"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_file_cut_inside_a_packet_gives_what_stands_before_the_cut() {
    let capture = Capture::of("cut", GREETING);
    let bytes = fs::read(&capture.file).unwrap();
    fs::write(&capture.file, &bytes[..bytes.len() - 10]).unwrap();
    let output = wireseam(&["inspect", capture.path(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stderr(&output).contains("warning: the capture ends inside packet"),
        "{}",
        stderr(&output)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["capture"]["truncated_file"], true);
    assert_eq!(report["connections"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_read_exits_with_3_and_says_why() {
    let capture = Capture::of("unreadable", GREETING);
    let missing = capture.file.with_extension("missing");
    let output = wireseam(&["inspect", missing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("unreadable.missing: there is no such file"),
        "{}",
        stderr(&output)
    );
    fs::write(&capture.file, "GET / HTTP/1.1\r\n\r\n").unwrap();
    let output = wireseam(&["inspect", capture.path()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("neither pcap nor pcapng"),
        "{}",
        stderr(&output)
    );
    assert_eq!(stdout(&output), "");
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_to_type() {
    for (typed, said) in [
        (&["inspect"][..], "wireseam inspect"),
        (
            &["inspect", "x.pcap", "--format", "yaml"],
            "[possible values: text, summary, json, ndjson]",
        ),
        (
            &["inspect", "x.pcap", "--connection", "0"],
            "0 is not in 1..",
        ),
        (
            &[
                "inspect", "x.pcap", "--format", "ndjson", "--type", "mesage",
            ],
            "[possible values: opened, layer, proxy, tls, segment, gap, interim, request, handshake, frame, message,",
        ),
        (&["inpsect"], "inspect"),
        (&[], "Usage: wireseam <COMMAND>"),
    ] {
        let output = wireseam(typed);
        assert_eq!(output.status.code(), Some(2), "{typed:?}");
        assert!(
            stderr(&output).contains(said),
            "{typed:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let capture = Capture::of("pipe", GREETING);
    let mut child = command(&["inspect", capture.path(), "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output).as_str()),
        (Some(0), "")
    );
}

#[test]
fn traffic_cannot_speak_to_the_terminal() {
    let hostile = GREETING.replace("\"hello\"", r#""\u001b[31m \u202e <script> \u009b2J""#);
    let capture = Capture::of("hostile\u{1b}[7m", &hostile);
    for format in ["text", "summary", "json", "ndjson"] {
        let printed = stdout(&wireseam(&["inspect", capture.path(), "--format", format]));
        let told = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!printed.contains(told), "{format}: {printed:?}");
    }
}

/// A capture file in a folder of its own, gone at the end of the test.
struct Capture {
    folder: PathBuf,
    file: PathBuf,
}

impl Capture {
    fn of(name: &str, script: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
            "{}-{}",
            name.escape_default(),
            std::process::id()
        ));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.pcap"));
        fs::write(
            &file,
            Script::parse(script, name).unwrap().build().unwrap().bytes,
        )
        .unwrap();
        Self { folder, file }
    }

    fn path(&self) -> &str {
        self.file.to_str().unwrap()
    }

    fn json(&self, more: &[&str]) -> Value {
        let output = wireseam(&[&["inspect", self.path(), "--format", "json"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn wireseam(typed: &[&str]) -> Output {
    command(typed).output().unwrap()
}

fn command(typed: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wireseam"));
    command.args(typed);
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const GREETING: &str = r#"
    title = "A greeting"
    shows = "One message each way."
    step = [
        { upgrade = {} },
        { from = "client", text = "hello" },
        { from = "server", text = "world" },
    ]
"#;
