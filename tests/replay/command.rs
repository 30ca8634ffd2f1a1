//! `wireseam replay` as it is typed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// The command's output in the repository's folder.
pub(crate) fn replay(typed: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wireseam"))
        .arg("replay")
        .args(typed)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder of one test's own, gone with it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("wireseam-replay-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MASK: &str = "fixtures/alignment/torn-mask.toml";

/// What tungstenite gets wrong: two lines of one header field.
const LINES: &str = "fixtures/handshake/fields-in-two-lines.toml";

#[test]
fn a_table_has_a_line_for_each_fixture_and_a_column_for_each_implementation() {
    let output = replay(&[
        MASK,
        "fixtures/close",
        "--to",
        "tungstenite",
        "--to",
        "wireseam",
        "--segmentation",
        "fields",
    ]);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), String::new())
    );
    let text = stdout(&output);
    let rows: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert!(
        rows[0].starts_with("fixture ") && rows[0].contains(" tungstenite 0.30  wireseam 0."),
        "{text}"
    );
    assert!(
        rows[1].starts_with(MASK) && rows[1].ends_with("OK              OK"),
        "{text}"
    );
    assert!(
        rows.len() > 20
            && rows[2..]
                .iter()
                .all(|row| row.starts_with("fixtures/close/")),
        "{text}"
    );
    assert!(text.contains("\ntungstenite 0.30: "), "{text}");
}

/// What `recording` names is replayed like what steps make, and held against the same claim.
#[test]
fn a_script_that_names_a_recording_is_replayed() {
    let folder = Folder::new("recording");
    let recording = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/recordings/raw-pipelined-upgrade.pcap");
    fs::copy(recording, folder.path().join("real.pcap")).unwrap();
    // the program's log beside the recording: one binary message of 512 bytes, echoed
    let script = |length: u32| {
        format!(
            "title = \"Real\"\nshows = \"An echo.\"\nrecording = \"real.pcap\"\n[claim]\nmessages = [\n\
             {{ from = \"client\", length = {length} }},\n{{ from = \"server\", length = 512 }}]\n"
        )
    };
    let named = folder.write("real.toml", &script(512));
    let output = replay(&[&named, "--to", "tungstenite", "--segmentation", "one-byte"]);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), String::new())
    );
    assert!(stdout(&output).contains(": 2 OK; "), "{}", stdout(&output));
    let named = folder.write("wrong.toml", &script(511));
    let text = stdout(&replay(&[&named, "--to", "tungstenite"]));
    assert!(text.contains("claimed length 511, found 512"), "{text}");
}

#[test]
fn a_failure_is_told_with_the_command_that_repeats_it() {
    let output = replay(&[
        LINES,
        "--to",
        "tungstenite:handshake",
        "--role",
        "server",
        "--segmentation",
        "cuts:100",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let told: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("FAILED"))
        .collect();
    assert!(told[0].starts_with("FAILED  fixtures/handshake/fields-in-two-lines.toml  tungstenite 0.30 as server, connection 1"), "{text}");
    assert!(
        told[1]
            .starts_with("  refused, and nothing is wrong: cuts:100, chunk 2 of 2, bytes 100..200"),
        "{text}"
    );
    assert!(
        told[2].starts_with("  at byte   100, in the handshake 0..200"),
        "{text}"
    );
    assert!(told[3].starts_with("  expected  "), "{text}");
    assert!(
        told[4].contains("No \"Connection: upgrade\" header"),
        "{text}"
    );
    assert!(told[5].starts_with("  bytes     88: "), "{text}");
    let again = told[6]
        .strip_prefix("  again     wireseam replay ")
        .unwrap();
    let repeated = replay(&again.split(' ').collect::<Vec<_>>());
    assert_eq!((repeated.status.code(), stdout(&repeated)), (Some(1), text));
}

#[test]
fn json_says_the_same_in_a_document_and_in_lines() {
    let typed = [
        MASK,
        LINES,
        "--to",
        "tungstenite:handshake",
        "--segmentation",
        "fields",
        "--format",
    ];
    let document = replay(&[&typed[..], &["json"]].concat());
    assert_eq!(document.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    let lines = stdout(&replay(&[&typed[..], &["ndjson"]].concat()));
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let trials = document["fixtures"].as_array().unwrap().iter();
    let trials: Vec<&Value> = trials
        .flat_map(|fixture| fixture["trials"].as_array().unwrap())
        .collect();
    let mut told = lines.iter().filter(|line| line["type"] == "trial");
    for trial in &trials {
        let mut line = told.next().unwrap().clone();
        line.as_object_mut().unwrap().remove("type");
        assert_eq!(&&line, trial);
    }
    let failed: Vec<_> = trials
        .iter()
        .filter(|trial| trial["verdict"] == "FAILED")
        .collect();
    assert_eq!((trials.len(), failed.len()), (4, 1));
    assert_eq!(
        (&failed[0]["role"], &failed[0]["failure"]["at"]),
        (&"server".into(), &0.into())
    );
    let total = lines.last().unwrap();
    assert_eq!(
        (&total["type"], &total["verdicts"]["FAILED"]),
        (&"total".into(), &1.into())
    );
}

#[test]
fn a_broken_fixture_is_named_and_the_others_are_replayed() {
    let folder = Folder::new("broken");
    let script = folder.write("a.toml", "title = 1");
    let capture = folder.write("b.pcap", "no capture");
    for (fixtures, exit) in [
        (vec![script.as_str(), MASK], 2),
        (vec![capture.as_str(), MASK], 3),
        (vec!["missing.toml", MASK], 3),
        (vec![folder.path().to_str().unwrap(), MASK], 2),
    ] {
        let output = replay(
            &[
                &fixtures[..],
                &["--to", "tungstenite", "--segmentation", "one-byte"],
            ]
            .concat(),
        );
        assert_eq!(output.status.code(), Some(exit), "{fixtures:?}");
        assert!(
            stderr(&output).starts_with("wireseam: "),
            "{}",
            stderr(&output)
        );
        assert!(
            stdout(&output).contains("torn-mask.toml  OK"),
            "{}",
            stdout(&output)
        );
    }
}

#[test]
fn what_cannot_be_typed_is_refused_with_what_can() {
    let nothing = Folder::new("empty");
    let empty = nothing.path().to_str().unwrap();
    for (typed, says) in [
        (vec![MASK], "--to"),
        (vec![MASK, "--to", "nobody"], "the targets are tungstenite"),
        (
            vec![MASK, "--to", "wireseam", "--segmentation", "thrice"],
            "the segmentations are original",
        ),
        (
            vec![MASK, "--to", "wireseam", "--timeout", "0"],
            "a number of seconds",
        ),
        (
            vec![empty, "--to", "wireseam"],
            "there is no script (.toml)",
        ),
    ] {
        let output = replay(&typed);
        assert_eq!(output.status.code(), Some(2), "{typed:?}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}

#[test]
fn a_capture_is_replayed_as_a_script_is() {
    let output = replay(&[
        "fixtures/recordings/ws-coalesced.pcap",
        "--to",
        "wireseam",
        "--segmentation",
        "original,seed:4",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("ws-coalesced.pcap  OK"),
        "{}",
        stdout(&output)
    );
}
