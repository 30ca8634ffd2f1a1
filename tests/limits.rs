//! Limits that are set on the command line: each bites where it was put, and says how to move it.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use wireseam_fixtures::Script;

/// The folder of one test, with a capture in it.
struct Capture(PathBuf);

impl Capture {
    fn of(name: &str, script: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let file = folder.join(format!("limits-{name}-{}.pcap", std::process::id()));
        let built = Script::parse(script, name).unwrap().build().unwrap();
        fs::write(&file, built.bytes).unwrap();
        Self(file)
    }

    fn inspect(&self, more: &[&str]) -> String {
        let typed = [&["inspect", self.0.to_str().unwrap()], more].concat();
        let output = wireseam(&typed);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn wireseam(typed: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_wireseam");
    Command::new(program).args(typed).output().unwrap()
}

fn refused(limit: &str) -> String {
    let output = wireseam(&["inspect", "none.pcap", "--limit", limit]);
    assert_eq!(output.status.code(), Some(2), "{limit}");
    String::from_utf8(output.stderr).unwrap()
}

const OVERLAP: &str = include_str!("../fixtures/tcp/overlap-behind-what-was-read.toml");
const EVERY_BYTE: &str = include_str!("../fixtures/alignment/every-byte.toml");

#[test]
fn bytes_read_are_compared_as_far_as_asked_and_for_the_summary_only_when_asked() {
    let capture = Capture::of("compared", OVERLAP);
    let conflict = "tcp.overlap.conflict";
    assert!(capture.inspect(&[]).contains(conflict));
    assert!(
        !capture
            .inspect(&["--limit", "compared-bytes=0"])
            .contains(conflict)
    );
    let summary = ["--format", "summary", "--limit", "compared-bytes=64K"];
    assert!(capture.inspect(&summary).contains(conflict));
    assert!(!capture.inspect(&summary[..2]).contains(conflict));
}

/// The exit code does not hang on the format: what is asked for with `--fail-on` is looked for, unless a limit says no.
#[test]
fn a_summary_that_may_fail_compares_bytes_as_the_map_does() {
    let capture = Capture::of("failing", OVERLAP);
    let code = |more: &[&str]| {
        let typed = [&["inspect", capture.0.to_str().unwrap()], more].concat();
        wireseam(&typed).status.code()
    };
    let list = ["ndjson", "--type", "message"];
    for format in [&["text"], &["summary"], &["json"], &["ndjson"], &list[..]] {
        let typed = [&["--fail-on", "must", "--format"], format].concat();
        assert_eq!(code(&typed), Some(1), "{format:?}");
        let without = [&typed[..], &["--limit", "compared-bytes=0"]].concat();
        assert_eq!(code(&without), Some(0), "{format:?}");
        let never = [&["--fail-on", "never", "--format"], format].concat();
        assert_eq!(code(&never), Some(0), "{format:?}");
    }
}

/// A list of messages says no word of copies that differ, and is the same whether they are looked for.
#[test]
fn a_list_of_messages_is_the_same_whether_bytes_are_compared() {
    let capture = Capture::of("listed", OVERLAP);
    let list = ["--format", "ndjson", "--type", "message"];
    let compared = [&list[..], &["--limit", "compared-bytes=64K"]].concat();
    assert_eq!(capture.inspect(&list), capture.inspect(&compared));
    let findings = ["--format", "ndjson", "--type", "message,finding"];
    assert!(capture.inspect(&findings).contains("tcp.overlap.conflict"));
}

#[test]
fn a_limit_that_is_reached_is_named_and_the_last_value_counts() {
    let capture = Capture::of("places", EVERY_BYTE);
    assert!(!capture.inspect(&[]).contains("limit.places"));
    let few = capture.inspect(&["--limit", "places=1000", "--limit", "places=2"]);
    assert!(
        few.contains("finding limit.places") && few.contains("(limit places)"),
        "{few}"
    );
    let explained = wireseam(&["explain", "limit.places"]).stdout;
    let explained = String::from_utf8(explained).unwrap();
    assert!(
        explained.ends_with("\nAnother limit: --limit places=N.\n"),
        "{explained}"
    );
}

/// What is left out of a message is verified as what is there.
#[test]
fn a_message_with_fewer_places_than_it_has_adds_up() {
    let fragments = include_str!("../fixtures/messages/many-empty-fragments.toml");
    for (name, script) in [("bytes", EVERY_BYTE), ("fragments", fragments)] {
        let capture = Capture::of(name, script);
        for places in 1..12 {
            let limit = format!("places={places}");
            capture.inspect(&["--verify", "--limit", &limit]);
        }
    }
}

#[test]
fn a_limit_without_sense_is_refused_with_a_way_out() {
    for (limit, said) in [
        (
            "conections=5",
            "there is no limit conections; `wireseam limits` lists them",
        ),
        (
            "connections",
            "a limit is set as NAME=VALUE; `wireseam limits` lists them",
        ),
        (
            "connections=many",
            "connections is a number from 1 to 1073741824",
        ),
        (
            "http-head=1",
            "http-head is a number from 64 to 1G in bytes, or in K, M or G of 1024",
        ),
    ] {
        let stderr = refused(limit);
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn every_limit_listed_is_taken_at_its_default() {
    let listed = String::from_utf8(wireseam(&["limits"]).stdout).unwrap();
    let capture = Capture::of("defaults", OVERLAP);
    let limits: Vec<String> = listed
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let mut words = line.split_whitespace();
            format!("{}={}", words.next().unwrap(), words.next().unwrap())
        })
        .collect();
    assert!(limits.len() > 10, "{listed}");
    for told in ["(limit.held)", "(limit.head)", "(deflate.limit)"] {
        assert!(listed.contains(told), "{listed}");
    }
    let typed: Vec<&str> = limits.iter().flat_map(|limit| ["--limit", limit]).collect();
    assert_eq!(capture.inspect(&typed), capture.inspect(&[]));
}
