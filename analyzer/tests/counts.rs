//! Who asks for counts gets what the map would come to, and who asks for messages those of the map, whatever way the
//! segments of a quiet WebSocket go.

use proptest::collection::vec;
use proptest::prelude::*;
use wireseam_analyzer::{Analyzer, Config, Control, Detail, Direction, Ended, Event, EventKind};
use wireseam_wire::{Flags, Timestamp};

use crate::bench::{REQUEST, RESPONSE, frame_bytes};
use crate::scene::Scene;

/// What an end does next with its stream of frames.
#[derive(Clone, Debug)]
enum Act {
    /// Sends so many of its bytes.
    Send(Direction, usize),
    /// Sends the rest of the frame that it is in, and so many whole ones behind it.
    SendFrames(Direction, usize),
    /// Sends bytes that were sent before, so many from so far back.
    Again(Direction, usize, usize),
    /// So many bytes are missing in the capture.
    Lose(Direction, usize),
    /// The receiver acknowledges all but so many bytes.
    Acknowledge(Direction, usize),
    /// The sender asks whether the other end is still there.
    KeepAlive(Direction),
    /// The sender ends its stream.
    Fin(Direction),
    /// It resets the connection with a number so far beyond its stream.
    Reset(Direction, usize),
    /// It opens another connection with the same ends.
    Syn(Direction),
    /// Both ends end their streams, this one first, and acknowledge all of the other's.
    Close(Direction),
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        Just(Direction::ClientToServer),
        Just(Direction::ServerToClient)
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        24 => (direction(), 1_usize..60).prop_map(|(of, bytes)| Act::Send(of, bytes)),
        24 => (direction(), prop_oneof![3 => Just(0_usize), 1 => 1..4_usize])
            .prop_map(|(of, more)| Act::SendFrames(of, more)),
        4 => (direction(), 1_usize..80, 1_usize..80).prop_map(|(of, back, bytes)| Act::Again(of, back, bytes)),
        2 => (direction(), 1_usize..60).prop_map(|(of, bytes)| Act::Lose(of, bytes)),
        16 => (direction(), prop_oneof![4 => Just(0_usize), 1 => 0..60_usize])
            .prop_map(|(of, behind)| Act::Acknowledge(of, behind)),
        3 => direction().prop_map(Act::KeepAlive),
        2 => direction().prop_map(Act::Fin),
        1 => (direction(), 0_usize..2_000).prop_map(|(of, beyond)| Act::Reset(of, beyond)),
        1 => direction().prop_map(Act::Syn),
        1 => direction().prop_map(Act::Close),
    ]
}

/// What leaves nothing missing.
fn smooth_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (direction(), 0_usize..4).prop_map(|(of, more)| Act::SendFrames(of, more)),
        2 => (direction(), 1_usize..80, 1_usize..80).prop_map(|(of, back, bytes)| Act::Again(of, back, bytes)),
        4 => direction().prop_map(|of| Act::Acknowledge(of, 0)),
        1 => direction().prop_map(Act::KeepAlive),
    ]
}

/// Frames that are mostly whole messages, with what a quiet WebSocket has besides.
fn frames(masked: bool) -> impl Strategy<Value = Vec<Vec<u8>>> {
    let first = prop_oneof![
        20 => Just(0x81_u8), 10 => Just(0x82), 2 => Just(0x89), 1 => Just(0x01), 1 => Just(0x80), 1 => Just(0x83),
    ];
    let payload = prop_oneof![
        8 => "[a-z€🦀]{0,40}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..60),
        2 => vec(Just(b'a'), 120..300),
        1 => vec(Just(b'a'), 1_990..2_100),
    ];
    let data = (first, payload);
    // Of few payloads, so that some Pongs answer.
    let control = (0x89_u8..=0x8a, "[pq]{0,1}".prop_map(String::into_bytes));
    let close = prop_oneof![
        Just(Vec::new()),
        Just(vec![0x03, 0xe8]),
        Just(b"\x03\xe9bye".to_vec()),
        Just(vec![0x03]),
        Just(vec![0x03, 0xed]),
        Just(vec![0x03, 0xe8, 0xff]),
    ];
    let close = (Just(0x88_u8), close);
    let frame = (
        prop_oneof![24 => data.boxed(), 8 => control.boxed(), 1 => close.boxed()],
        any::<[u8; 4]>(),
    )
        .prop_map(move |((first, payload), key)| {
            frame_bytes(first, masked.then_some(key), &payload)
        });
    vec(frame, 1..30)
}

/// Requests with their responses, whose bodies end in every way but with the connection.
fn exchange() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let body = || "[a-zA-Z0-9 \r\n]{0,150}";
    let request = prop_oneof![
        3 => Just("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        1 => body().prop_map(|body| format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )),
    ];
    let response = prop_oneof![
        body().prop_map(|body| format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )),
        vec(body(), 0..4).prop_map(|chunks| {
            let chunks: String = chunks
                .iter()
                .filter(|chunk| !chunk.is_empty())
                .map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()))
                .collect();
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
        }),
    ];
    (request, response)
        .prop_map(|(request, response)| (request.into_bytes(), response.into_bytes()))
}

/// What was counted: each message and each finding, in any order, each Ping, Pong and Close, and the end.
#[derive(Debug, PartialEq)]
struct Tally {
    messages: Vec<String>,
    controls: Vec<Control>,
    findings: Vec<String>,
    ended: Vec<Ended>,
}

/// What is said of a connection that becomes a WebSocket first, where it `upgrades`.
fn tally(detail: Detail, upgrades: bool, frames: [&[Vec<u8>]; 2], acts: &[Act]) -> Tally {
    let mut tally = Tally {
        messages: Vec::new(),
        controls: Vec::new(),
        findings: Vec::new(),
        ended: Vec::new(),
    };
    for event in said(detail, upgrades, frames, acts, |_| ()) {
        match event.kind {
            EventKind::Counted(message) => tally.messages.push(format!(
                "{} {} {:?} {}",
                message.direction, message.alignment, message.length, message.complete
            )),
            EventKind::Message(message) => tally.messages.push(format!(
                "{} {} {:?} {}",
                message.direction, message.alignment.kind, message.length, message.complete
            )),
            EventKind::Finding(finding) => tally.findings.push(format!(
                "{} {:?} {:?}",
                finding.rule.id, finding.direction, finding.span
            )),
            EventKind::Control(control) => tally.controls.push(control),
            EventKind::Ended(ended) => tally.ended.push(*ended),
            _ => {}
        }
    }
    tally.messages.sort();
    tally.findings.sort();
    tally
}

/// Every event of it, with something done `between` acts.
fn said(
    detail: Detail,
    upgrades: bool,
    frames: [&[Vec<u8>]; 2],
    acts: &[Act],
    between: impl Fn(&mut Analyzer),
) -> Vec<Event> {
    let config = Config {
        detail,
        ..Config::default()
    };
    let (mut scene, heads) = if upgrades {
        (Scene::websocket(config), [REQUEST.len(), RESPONSE.len()])
    } else {
        (Scene::opened(config), [0, 0])
    };
    let streams = frames.map(|frames| frames.concat());
    for (of, head) in Direction::BOTH.into_iter().zip(heads) {
        scene.acknowledge(of, head);
    }
    let mut sent = [0; 2];
    for act in acts {
        let (Act::Send(of, _)
        | Act::SendFrames(of, _)
        | Act::Again(of, ..)
        | Act::Lose(of, _)
        | Act::Acknowledge(of, _)
        | Act::KeepAlive(of)
        | Act::Fin(of)
        | Act::Reset(of, _)
        | Act::Syn(of)
        | Act::Close(of)) = *act;
        let side = of as usize;
        let (stream, head, at) = (&streams[side], heads[side], sent[side]);
        let mut send = |scene: &mut Scene, end: usize| {
            if end > at {
                scene.send_at(of, head + at, &stream[at..end]);
                sent[side] = end;
            }
        };
        match *act {
            Act::Send(_, bytes) => send(&mut scene, stream.len().min(at + bytes)),
            Act::SendFrames(_, more) => {
                let ends = frames[side].iter().scan(0, |end, frame| {
                    *end += frame.len();
                    Some(*end)
                });
                let mut ends = ends.into_iter().skip_while(|end| *end <= at);
                send(&mut scene, ends.nth(more).unwrap_or(at));
            }
            Act::Again(_, back, bytes) => {
                let start = at.saturating_sub(back);
                let end = at.min(start + bytes);
                if end > start {
                    scene.send_at(of, head + start, &stream[start..end]);
                }
            }
            Act::Lose(_, bytes) => {
                let end = stream.len().min(at + bytes);
                scene.lose(of, end - at);
                sent[side] = end;
            }
            Act::Acknowledge(_, behind) => {
                scene.acknowledge(of, head + at.saturating_sub(behind));
            }
            Act::KeepAlive(_) => {
                scene.keep_alive(of);
            }
            Act::Fin(_) => {
                scene.bare(of, Flags::FIN);
            }
            Act::Reset(_, beyond) => {
                scene.lose(of, beyond).bare(of, Flags::RST);
            }
            Act::Syn(_) => {
                scene.bare(of, Flags::SYN);
            }
            Act::Close(_) => {
                scene.bare(of, Flags::FIN);
                scene.acknowledge(of, scene.at(of) + 1);
                let back = of.reversed();
                scene.bare(back, Flags::FIN);
                scene.acknowledge(back, scene.at(back) + 1);
            }
        }
        between(&mut scene.analyzer);
    }
    scene.finish();
    scene.outcome.events
}

/// Whether both details come to the same.
fn counts_are_the_map(
    upgrades: bool,
    frames: [&[Vec<u8>]; 2],
    acts: &[Act],
) -> Result<(), TestCaseError> {
    let [map, counts] =
        [Detail::Map, Detail::Counts].map(|detail| tally(detail, upgrades, frames, acts));
    prop_assert_eq!(map, counts);
    Ok(())
}

/// Whether a list of messages, and of all else that it comes with, is the one among all that the map has.
fn messages_are_the_map(
    upgrades: bool,
    frames: [&[Vec<u8>]; 2],
    acts: &[Act],
) -> Result<(), TestCaseError> {
    let [map, messages] = [Detail::Map, Detail::Messages].map(|detail| {
        let mut events = said(detail, upgrades, frames, acts, |_| ());
        events.retain(|event| {
            use EventKind::{Control, Ended, Finding, Gap, Layer, Message, Opened};

            matches!(
                event.kind,
                Opened(_) | Layer(_) | Gap(_) | Message(_) | Control(_) | Finding(_) | Ended(_)
            )
        });
        events
    });
    prop_assert_eq!(map, messages);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn counts_are_those_of_the_map(
        client in frames(true),
        server in frames(false),
        acts in vec(act(), 1..80),
    ) {
        counts_are_the_map(true, [&client, &server], &acts)?;
    }

    #[test]
    fn messages_are_those_of_the_map(
        client in frames(true),
        server in frames(false),
        acts in vec(act(), 1..80),
    ) {
        messages_are_the_map(true, [&client, &server], &acts)?;
    }

    #[test]
    fn bodies_are_passed_as_in_the_map(
        exchanges in vec(exchange(), 1..6),
        client in frames(true),
        server in frames(false),
        acts in vec(act(), 1..120),
    ) {
        let (requests, responses): (Vec<_>, Vec<_>) = exchanges.into_iter().unzip();
        let client = [requests, vec![REQUEST.to_vec()], client].concat();
        let server = [responses, vec![RESPONSE.to_vec()], server].concat();
        counts_are_the_map(false, [&client, &server], &acts)?;
        messages_are_the_map(false, [&client, &server], &acts)?;
    }

    #[test]
    fn bytes_that_nothing_reads_are_counted_as_those_of_the_map(
        client in vec(vec(any::<u8>(), 1..60), 1..30),
        server in vec(vec(any::<u8>(), 1..60), 1..30),
        acts in vec(act(), 1..80),
    ) {
        counts_are_the_map(false, [&client, &server], &acts)?;
        messages_are_the_map(false, [&client, &server], &acts)?;
    }

    #[test]
    fn what_comes_behind_the_end_is_told_as_in_the_map(
        upgrades in any::<bool>(),
        client in frames(true),
        server in frames(false),
        before in vec(smooth_act(), 0..20),
        first in direction(),
        behind in vec(act(), 0..12),
    ) {
        let acts = [before, vec![Act::Close(first)], behind].concat();
        counts_are_the_map(upgrades, [&client, &server], &acts)?;
        messages_are_the_map(upgrades, [&client, &server], &acts)?;
    }

    #[test]
    fn a_connection_that_slept_says_what_one_says_that_did_not(
        detail in prop_oneof![Just(Detail::Counts), Just(Detail::Messages), Just(Detail::Map)],
        upgrades in any::<bool>(),
        client in frames(true),
        server in frames(false),
        acts in vec(act(), 1..80),
    ) {
        let [slept, awake] = [true, false].map(|sleeps| {
            said(detail, upgrades, [&client, &server], &acts, |analyzer| {
                if sleeps {
                    // So early that nothing has waited for long.
                    analyzer.handle_timeout(Timestamp(0));
                }
            })
        });
        prop_assert_eq!(slept, awake);
    }
}

#[test]
fn a_message_in_two_segments_is_counted_as_split_and_one_that_never_ends_as_cut() {
    let text = frame_bytes(0x81, None, b"in two segments");
    let (first, second) = text.split_at(7);
    let mut scene = Scene::websocket(Config {
        detail: Detail::Counts,
        ..Config::default()
    });
    for (of, head) in Direction::BOTH
        .into_iter()
        .zip([REQUEST.len(), RESPONSE.len()])
    {
        scene.acknowledge(of, head);
    }
    scene.down(first).down(second);
    scene.down(first).down(&[second, &text].concat());
    scene.down(first);
    let counted: Vec<String> = scene
        .finish()
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Counted(counted) => {
                Some(format!("{} {}", counted.alignment, counted.complete))
            }
            _ => None,
        })
        .collect();
    let wanted = [
        "split true",
        "split_and_coalesced true",
        "coalesced true",
        "aligned false",
    ];
    assert_eq!(counted, wanted);
}
