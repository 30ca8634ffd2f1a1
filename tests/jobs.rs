//! The report is the same whatever the number of threads, and totals are those of the whole map.

use std::{
    fs,
    io::{self, Cursor},
    iter,
    path::Path,
};

use wireseam::{
    Error, Options,
    analyzer::{AlignmentKind, Config, Limits},
    capture::FileSource,
    fixtures::traffic::{Profile, Traffic},
    inspect, read,
    report::{Ndjson, Render, Summary, schema::Report},
    wire::Checksums,
};

use crate::records::records;

/// Captures with many connections: some that end, some with losses, some that never end.
fn captures() -> Vec<(String, Vec<u8>)> {
    let profiles = [
        (Profile::Chat, 300),
        (Profile::Mixed, 60),
        (Profile::Short, 200),
        (Profile::Idle, 500),
    ];
    let made = profiles.into_iter().map(|(profile, flows)| {
        let mut capture = Vec::new();
        let traffic = Traffic {
            size: 1 << 20,
            flows,
            ..Traffic::new(profile)
        };
        traffic.write(&mut capture).unwrap();
        (format!("{profile:?}"), capture)
    });
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    let recorded = ["http-decoys", "net-mixed", "net-port-reuse"].map(|name| {
        let file = recordings.join(name).with_extension("pcap");
        (name.to_owned(), fs::read(file).unwrap())
    });
    let mut all: Vec<_> = made.chain(recorded).collect();
    let twice = all.first().map(|(name, capture)| {
        // so far behind that part of the copies are known as such, and part not any more
        (format!("{name} twice"), copied(capture, 900))
    });
    all.extend(twice);
    all
}

/// The packets of a capture, and a copy of each that many packets later.
fn copied(capture: &[u8], later: usize) -> Vec<u8> {
    let (header, packets) = records(capture);
    let copies = iter::repeat_n(None, later).chain(packets.iter().map(Some));
    let packets = packets.iter().map(Some).chain(iter::repeat(None));
    let both = packets
        .zip(copies)
        .flat_map(|(packet, copy)| [packet, copy]);
    let packets: Vec<&[u8]> = both.flatten().copied().collect();
    [header, &packets.concat()].concat()
}

fn rendered<R: Render>(
    capture: &[u8],
    options: &Options,
    render: impl FnOnce(Vec<u8>) -> R,
    out: impl FnOnce(R) -> Vec<u8>,
) -> String {
    let mut source = FileSource::from_reader("c.pcap", Cursor::new(capture.to_vec())).unwrap();
    let mut render = render(Vec::new());
    inspect(&mut source, options, &mut render).unwrap();
    String::from_utf8(out(render)).unwrap()
}

fn with_jobs(jobs: usize, limits: Limits) -> Options {
    Options {
        jobs,
        config: Config {
            limits,
            ..Config::default()
        },
        ..Options::default()
    }
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    // with room for few connections, who has to go must not depend on the threads either
    let tight = Limits {
        connections: 64,
        lingering: 32,
        half_open: 16,
        ..Limits::default()
    };
    for (name, capture) in captures() {
        for limits in [Limits::default(), tight] {
            let lines = |jobs| {
                let options = with_jobs(jobs, limits);
                rendered(&capture, &options, Ndjson::new, Ndjson::into_inner)
            };
            let counts = |jobs| {
                let options = with_jobs(jobs, limits);
                rendered(&capture, &options, Summary::new, Summary::into_inner)
            };
            let (one_lines, one_counts) = (lines(1), counts(1));
            for jobs in [2, 3, 16] {
                assert!(
                    lines(jobs) == one_lines,
                    "{name}: ndjson with {jobs} threads"
                );
                assert_eq!(
                    counts(jobs),
                    one_counts,
                    "{name}: summary with {jobs} threads"
                );
            }
        }
    }
}

/// The same with something wrong in every third packet: checksums, lengths, fragments, protocols.
fn damaged(capture: &[u8]) -> Vec<u8> {
    let (header, packets) = records(capture);
    let mut damaged = header.to_vec();
    for (number, packet) in packets.into_iter().enumerate() {
        let at = (16 + 12 + number / 3 % 45).min(packet.len() - 1);
        let start = damaged.len();
        damaged.extend_from_slice(packet);
        if number % 3 == 0 {
            damaged[start + at] ^= 1 << (number / 135 % 8);
        }
    }
    damaged
}

#[test]
fn any_number_of_threads_counts_and_skips_the_same_packets() {
    for (name, capture) in captures() {
        let capture = damaged(&capture);
        for checksums in [Checksums::Ignore, Checksums::Count, Checksums::Require] {
            for connections in [vec![], vec![1, 3, 20]] {
                let run = |jobs| {
                    let options = Options {
                        checksums,
                        connections: connections.iter().copied().collect(),
                        ..with_jobs(jobs, Limits::default())
                    };
                    let source = Cursor::new(capture.clone());
                    let mut source = FileSource::from_reader("c.pcap", source).unwrap();
                    let mut render = Summary::new(Vec::new());
                    let outcome = inspect(&mut source, &options, &mut render).unwrap();
                    (outcome, String::from_utf8(render.into_inner()).unwrap())
                };
                let one = run(1);
                assert!(!one.0.capture.skipped.is_empty(), "{name}");
                for jobs in [2, 5] {
                    assert_eq!(run(jobs), one, "{name} with {jobs} threads, {checksums:?}");
                }
            }
        }
    }
}

/// Room for so many bytes.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => {
                self.0 = left;
                Ok(bytes.len())
            }
            None => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_report_that_cannot_be_written_ends_all_threads() {
    for (name, capture) in captures() {
        for jobs in [1, 2, 5] {
            for room in [0, 10_000, 100_000] {
                let source = Cursor::new(capture.clone());
                let mut source = FileSource::from_reader("c.pcap", source).unwrap();
                let options = with_jobs(jobs, Limits::default());
                let end = inspect(&mut source, &options, &mut Ndjson::new(Full(room)));
                let is_full = matches!(&end, Err(Error::Output(fault)) if fault.kind() == io::ErrorKind::StorageFull);
                assert!(
                    is_full || end.is_ok() && room > 0,
                    "{name}, {jobs} threads: {end:?}"
                );
            }
        }
    }
}

#[test]
fn counts_are_those_of_the_map() {
    for (name, capture) in captures() {
        let options = Options::default();
        let summary = rendered(&capture, &options, Summary::new, Summary::into_inner);
        let mut source = FileSource::from_reader("c.pcap", Cursor::new(capture)).unwrap();
        let report = read(&mut source, &options).unwrap();
        for line in expected(&report) {
            assert!(
                summary.contains(&line),
                "{name}: {line} is not in\n{summary}"
            );
        }
    }
}

/// Lines of the summary as the whole report has them.
fn expected(report: &Report) -> Vec<String> {
    let websockets = report
        .connections
        .iter()
        .flat_map(|connection| &connection.websockets);
    let messages: Vec<_> = websockets
        .flat_map(|websocket| &websocket.messages)
        .collect();
    let of = |kind| {
        messages
            .iter()
            .filter(|message| message.alignment.kind.0 == kind)
            .count()
    };
    let kinds = [
        (AlignmentKind::Aligned, "aligned"),
        (AlignmentKind::Coalesced, "coalesced"),
        (AlignmentKind::Split, "split"),
        (AlignmentKind::SplitAndCoalesced, "split and coalesced"),
    ];
    let mut lines: Vec<String> = kinds
        .into_iter()
        .map(|(kind, name)| (of(kind), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    lines.push(format!("connections  {}: ", report.connections.len()));
    if report
        .connections
        .iter()
        .any(|connection| !connection.websockets.is_empty())
    {
        lines.push(format!("messages     {}", messages.len()));
    }
    let findings: usize = report
        .connections
        .iter()
        .map(|connection| connection.findings.len())
        .sum();
    lines.push(format!("findings     {findings}\n"));
    lines
}
