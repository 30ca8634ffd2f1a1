//! That every report adds up, and that one which does not is caught.

use std::{collections::BTreeSet, io, io::Cursor, path::Path, process::Command};

use wireseam::{
    Options,
    analyzer::{Event, EventKind, Offset, Span},
    capture::{FileSource, Source},
    fixtures::{
        Script,
        traffic::{Profile, Traffic},
    },
    report::{Context, Render, Summary, schema::Capture},
    verify::{Class, Verification, Verify},
    wire::PacketIndex,
};

use crate::case::{Case, files};

#[test]
fn every_fixture_adds_up() {
    let cases = Case::all();
    let verified = cases.iter().map(|case| {
        let name = format!("fixtures/{}/{}.toml", case.area, case.name);
        (name, verify(&mut case.source()))
    });
    hold(verified.collect());
}

#[test]
fn every_recording_adds_up() {
    let recordings: Vec<_> = files("pcap").into_iter().chain(files("pcapng")).collect();
    assert!(recordings.len() >= 30, "only {}", recordings.len());
    let verified = recordings.iter().map(|path| {
        let mut source = FileSource::open(path).unwrap();
        (path.display().to_string(), verify(&mut source))
    });
    hold(verified.collect());
}

#[test]
fn every_kind_of_traffic_adds_up() {
    let verified = Profile::ALL.into_iter().map(|profile| {
        let traffic = Traffic {
            size: 1 << 20,
            ..Traffic::new(profile)
        };
        let mut capture = Vec::new();
        traffic.write(&mut capture).unwrap();
        let mut source = FileSource::from_reader("traffic.pcap", Cursor::new(capture)).unwrap();
        (format!("{profile:?}"), verify(&mut source))
    });
    hold(verified.collect());
}

#[test]
fn bytes_are_what_they_are() {
    let case = case("alignment", "coalesced-and-split");
    let verified = verify(&mut case.source());
    let report = case.report();
    let [connection] = report.connections.as_slice() else {
        panic!("more than one connection");
    };
    let frames = || {
        connection
            .websockets
            .iter()
            .flat_map(|websocket| &websocket.frames)
    };
    let expected = [
        (
            Class::Handshake,
            connection
                .requests
                .iter()
                .map(|request| {
                    let heads = [&request.head, &request.response_head];
                    heads
                        .into_iter()
                        .flatten()
                        .map(|head| head.1 - head.0)
                        .sum::<u64>()
                })
                .sum::<u64>(),
        ),
        (
            Class::FrameHeader,
            frames().map(|frame| frame.header.1 - frame.header.0).sum(),
        ),
        (
            Class::Payload,
            frames().filter_map(|frame| frame.length).sum(),
        ),
    ];
    assert_eq!(verified.classes, expected.into());
    let line = verified.to_string();
    assert!(line.starts_with("1 connection, "), "{line}");
    assert!(line.ends_with("; 0 violations"), "{line}");
}

/// Bytes that nothing claims have a name: each of these is in a fixture or a recording.
#[test]
fn every_class_is_met() {
    let mut met = BTreeSet::new();
    let mut note = |verified: Verification| {
        met.extend(
            verified
                .classes
                .into_iter()
                .filter(|(_, bytes)| *bytes > 0)
                .map(|(class, _)| class),
        );
    };
    for case in Case::all() {
        note(verify(&mut case.source()));
    }
    for recording in ["wss-chromium.pcap", "h2c-rfc8441.pcap"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
        note(verify(
            &mut FileSource::open(folder.join(recording)).unwrap(),
        ));
    }
    use Class::{
        FrameHeader, Gap, Handshake, Http, Http2, Opaque, PassedOver, Payload, Proxy, Tls,
    };
    let all = [
        Handshake,
        FrameHeader,
        Payload,
        Proxy,
        Http,
        PassedOver,
        Tls,
        Http2,
        Opaque,
        Gap,
    ];
    assert_eq!(met, all.into());
}

/// One thing at a time is told wrong.
#[test]
fn whatever_does_not_add_up_is_caught() {
    let whole = case("alignment", "coalesced-and-split");
    let lossy = case("tcp", "gap-in-payload");
    type Spoil = (&'static str, fn(EventKind) -> Option<EventKind>);
    let in_whole: [Spoil; 13] = [
        ("a segment is not told", |kind| match kind {
            EventKind::Segment(segment)
                if segment.span.length() > 20 && segment.span.start.0 > 0 =>
            {
                None
            }
            kind => Some(kind),
        }),
        ("a frame is not told", |kind| match kind {
            EventKind::Frame(frame) if frame.id.0 == 2 => None,
            kind => Some(kind),
        }),
        ("a frame begins too early", |kind| {
            Some(match kind {
                EventKind::Frame(mut frame) if frame.id.0 == 2 => {
                    frame.header.start = Offset(frame.header.start.0 - 1);
                    EventKind::Frame(frame)
                }
                kind => kind,
            })
        }),
        ("a frame's payload lies elsewhere", |kind| {
            Some(match kind {
                EventKind::Frame(mut frame) => {
                    frame.payload.start = frame.payload.start.plus(1);
                    EventKind::Frame(frame)
                }
                kind => kind,
            })
        }),
        ("a frame says another length", |kind| {
            Some(match kind {
                EventKind::Frame(mut frame) => {
                    frame.length = frame.length.map(|length| length + 1);
                    EventKind::Frame(frame)
                }
                kind => kind,
            })
        }),
        ("a slice is missing", |kind| {
            Some(match kind {
                EventKind::Frame(mut frame) => {
                    frame.slices.pop();
                    EventKind::Frame(frame)
                }
                kind => kind,
            })
        }),
        ("a slice names another packet", |kind| {
            Some(match kind {
                EventKind::Frame(mut frame) => {
                    for slice in &mut frame.slices {
                        slice.packet = PacketIndex(slice.packet.0 + 1);
                    }
                    EventKind::Frame(frame)
                }
                kind => kind,
            })
        }),
        ("a message has a slice of another frame", |kind| {
            Some(match kind {
                EventKind::Message(mut message) => {
                    let first = message.slices[0];
                    message.slices.push(first);
                    EventKind::Message(message)
                }
                kind => kind,
            })
        }),
        ("a message is longer than its frames", |kind| {
            Some(match kind {
                EventKind::Message(mut message) => {
                    message.wire_length += 1;
                    EventKind::Message(message)
                }
                kind => kind,
            })
        }),
        ("a message is not told", |kind| match kind {
            EventKind::Message(_) => None,
            kind => Some(kind),
        }),
        ("a gap is told where there is none", |kind| {
            Some(match kind {
                EventKind::Frame(mut frame) => {
                    frame.alignment.gap = true;
                    EventKind::Frame(frame)
                }
                kind => kind,
            })
        }),
        ("the totals are others", |kind| {
            Some(match kind {
                EventKind::Ended(mut ended) => {
                    ended.totals[1].bytes += 1;
                    EventKind::Ended(ended)
                }
                kind => kind,
            })
        }),
        ("the connection does not end", |kind| match kind {
            EventKind::Ended(_) => None,
            kind => Some(kind),
        }),
    ];
    let interim = case("handshake", "interim-responses");
    let in_interim: [Spoil; 1] = [("a response before the final one lies in it", |kind| {
        Some(match kind {
            EventKind::Interim(mut interim) => {
                interim.head.end = interim.head.end.plus(1 << 16);
                EventKind::Interim(interim)
            }
            kind => kind,
        })
    })];
    let in_lossy: [Spoil; 2] = [
        ("a gap is not told", |kind| match kind {
            EventKind::Gap(_) => None,
            kind => Some(kind),
        }),
        ("a gap is told shorter", |kind| {
            Some(match kind {
                EventKind::Gap(mut gap) => {
                    gap.span = Span::new(gap.span.start, Offset(gap.span.end.0 - 1));
                    EventKind::Gap(gap)
                }
                kind => kind,
            })
        }),
    ];
    let spoils = in_whole.into_iter().map(|spoil| (&whole, spoil));
    let spoils = spoils.chain(in_interim.into_iter().map(|spoil| (&interim, spoil)));
    for (case, (what, spoil)) in spoils.chain(in_lossy.into_iter().map(|spoil| (&lossy, spoil))) {
        let mut spoiled = Spoiled {
            inner: Verify::new(Silent),
            spoil,
        };
        wireseam::inspect(&mut case.source(), &Options::default(), &mut spoiled).unwrap();
        let verified = spoiled.inner.verification();
        assert!(verified.violations > 0, "{what}: {verified}");
        assert_eq!(verified.listed.len() as u64, verified.violations, "{what}");
    }
}

/// What is held of a message is held up to a number of its frames, and all of it is verified.
#[test]
fn a_message_of_more_frames_than_are_held_adds_up() {
    struct Measured {
        inner: Verify<Silent>,
        frames: u64,
        held: Vec<usize>,
    }
    impl Render for Measured {
        fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
            self.frames += u64::from(matches!(event.kind, EventKind::Frame(_)));
            self.inner.event(context, event)?;
            if [66_000, 90_000].contains(&self.frames) {
                self.frames += 1;
                self.held.push(format!("{:?}", self.inner).len());
            }
            Ok(())
        }

        fn finish(&mut self, capture: &Capture) -> io::Result<()> {
            self.inner.finish(capture)
        }
    }
    let fragments = r#"{ from = "server", hex = { hex = "00 01 61", times = 100000 } }"#;
    let script = format!(
        r#"title = "t"
           shows = "s"
           step = [{{ upgrade = {{}} }}, {{ from = "server", text = "a", fin = false }}, {fragments},
                   {{ from = "server", continuation = "b" }}]"#
    );
    let built = Script::parse(&script, "t.toml").unwrap().build().unwrap();
    let mut source = FileSource::from_reader("t.pcap", Cursor::new(built.bytes)).unwrap();
    let mut measured = Measured {
        inner: Verify::new(Silent),
        frames: 0,
        held: Vec::new(),
    };
    wireseam::inspect(&mut source, &Options::default(), &mut measured).unwrap();
    let verified = measured.inner.verification();
    assert_eq!(verified.violations, 0, "{verified}: {:?}", verified.listed);
    let [full, later] = measured.held[..] else {
        panic!("measured {} times", measured.held.len());
    };
    assert!(later < full + full / 50, "{full}, then {later}");
}

/// A summary that is verified is given more than it asks for.
#[test]
fn verifying_changes_nothing_in_the_report() {
    for case in Case::all() {
        let mut plain = Summary::new(Vec::new());
        wireseam::inspect(&mut case.source(), &Options::default(), &mut plain).unwrap();
        let mut verified = Verify::new(Summary::new(Vec::new()));
        wireseam::inspect(&mut case.source(), &Options::default(), &mut verified).unwrap();
        let [plain, verified] = [plain, verified.into_inner()]
            .map(|summary| String::from_utf8(summary.into_inner()).unwrap());
        assert_eq!(verified, plain, "{}/{}", case.area, case.name);
    }
}

#[test]
fn the_command_says_what_it_verified() {
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recordings");
    let output = Command::new(env!("CARGO_BIN_EXE_wireseam"))
        .args(["inspect", "--verify", "-f", "json"])
        .arg(recordings.join("ws-coalesced.pcap"))
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let is_told = told.starts_with("wireseam: verified: ") && told.ends_with("; 0 violations\n");
    assert!(is_told, "{told}");
}

fn case(area: &str, name: &str) -> Case {
    let mut cases = Case::all().into_iter();
    let found = cases.find(|case| case.area == area && case.name == name);
    found.unwrap_or_else(|| panic!("there is no fixture {area}/{name}"))
}

fn verify(source: &mut dyn Source) -> Verification {
    let mut render = Verify::new(Silent);
    // a capture that is cut off is reported up to there
    let _ = wireseam::inspect(source, &Options::default(), &mut render);
    render.verification().clone()
}

fn hold(verified: Vec<(String, Verification)>) {
    let wrong: Vec<String> = verified
        .iter()
        .filter(|(_, verification)| verification.violations > 0)
        .map(|(name, verification)| {
            let lines = verification
                .listed
                .iter()
                .map(|violation| format!("\n  {violation}"));
            format!("{name}: {verification}{}", lines.collect::<String>())
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let bytes: u64 = verified
        .iter()
        .map(|(_, verification)| verification.bytes)
        .sum();
    assert!(bytes > 10_000, "only {bytes} bytes were verified");
}

/// Says nothing.
#[derive(Debug)]
struct Silent;

impl Render for Silent {
    fn event(&mut self, _: &Context, _: Event) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Capture) -> io::Result<()> {
        Ok(())
    }
}

/// Changes events, or leaves them out, before they are verified.
struct Spoiled {
    inner: Verify<Silent>,
    spoil: fn(EventKind) -> Option<EventKind>,
}

impl Render for Spoiled {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        match (self.spoil)(event.kind) {
            Some(kind) => self.inner.event(context, Event { kind, ..event }),
            None => Ok(()),
        }
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.inner.finish(capture)
    }
}
