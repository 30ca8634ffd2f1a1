//! Captures of real programs in `fixtures/recordings`, held against what these programs logged while they ran.
//!
//! The logs come from the applications above and from the wire between them, never from a dissector: nothing here can agree
//! with a mistake of ours by accident.

mod compare;
mod faults;
mod truth;

use std::path::{Path, PathBuf};

use wireseam::{
    Options,
    analyzer::{Config, PayloadPolicy},
    capture::FileSource,
    report::schema::Report,
};

use crate::case::files;

use self::truth::Truth;

/// The capture lacks bytes of these: snapshot length, packets missing, start inside a message, or the server broke the stream.
const LOSSY: [&str; 4] = [
    "fmt-snaplen",
    "net-loss-in-capture",
    "raw-bad-handshakes",
    "ws-midmessage",
];

/// A recording, its log, and what is found in it.
struct Recording {
    name: String,
    capture: PathBuf,
    truth: Truth,
    report: Report,
}

impl Recording {
    fn all() -> Vec<Self> {
        let recordings: Vec<Self> = files("json").iter().map(|path| Self::read(path)).collect();
        assert!(recordings.len() >= 30, "only {}", recordings.len());
        recordings
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let truth = Truth::read(path);
        let capture = path.with_file_name(&truth.capture);
        let options = Options {
            name: truth.capture.clone(),
            config: Config {
                payload: PayloadPolicy::Sha256,
                ..Config::default()
            },
            ..Options::default()
        };
        let mut source = FileSource::open(&capture).unwrap();
        let report = wireseam::read(&mut source, &options).unwrap();
        Self {
            name,
            capture,
            truth,
            report,
        }
    }

    fn is_lossy(&self) -> bool {
        LOSSY.contains(&self.name.as_str())
    }
}

/// Every recording that `check` finds fault with, all at once.
fn hold(recordings: &[Recording], check: impl Fn(&Recording) -> Vec<String>) {
    let wrong: Vec<String> = recordings
        .iter()
        .flat_map(|recording| {
            let capture = format!("fixtures/recordings/{}", recording.truth.capture);
            check(recording)
                .into_iter()
                .map(move |fault| format!("{capture}: {fault}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_are_those_that_the_programs_logged() {
    hold(&Recording::all(), |recording| {
        compare::websockets(&recording.truth, &recording.report, recording.is_lossy())
    });
}

#[test]
fn what_is_not_a_websocket_is_not_taken_for_one() {
    hold(&Recording::all(), |recording| {
        compare::nothing_invented(&recording.truth, &recording.report)
    });
}

#[test]
fn requests_are_those_that_the_programs_logged() {
    let recordings = Recording::all();
    // the malformed upgrades are among the logged requests, and one of them is answered ahead of its turn
    let well_formed: Vec<_> = recordings
        .into_iter()
        .filter(|recording| recording.name != "raw-bad-handshakes")
        .collect();
    hold(&well_formed, |recording| {
        compare::requests(&recording.truth, &recording.report)
    });
}

#[test]
fn close_codes_are_those_that_the_programs_were_told() {
    hold(&Recording::all(), |recording| {
        compare::closes(&recording.truth, &recording.report)
    });
}

#[test]
fn plain_tcp_carries_as_many_bytes_as_were_sent() {
    hold(&Recording::all(), |recording| {
        compare::plain_tcp(&recording.truth, &recording.report)
    });
}

#[test]
fn segments_are_what_the_wire_did_to_them() {
    let recordings = Recording::all();
    let faulty: Vec<_> = recordings
        .into_iter()
        .filter(|recording| !recording.truth.wire_faults.is_empty())
        .collect();
    assert!(faulty.len() >= 4, "only {}", faulty.len());
    hold(&faulty, faults::differences);
}
