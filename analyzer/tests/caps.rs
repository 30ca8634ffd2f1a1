//! Each cap of `limits.rs`, lowered and reached. `linger` and `lingering` are in `endings.rs`, `search_window` in `pickup.rs`,
//! `search_bytes` in `search.rs`, `proxy_header` in `proxy.rs`, those on what waits in `waiting.rs`.

use wireseam_analyzer::{Analyzer, Config, Direction, EventKind, Limits, PayloadPolicy};
use wireseam_wire::Flags;

use crate::bench::{Outcome, blank, frame_bytes, full, masked, text, with_limits};
use crate::scene::{Scene, compressing};

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

#[test]
fn shared_frames_names_so_many_neighbours_and_counts_all() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.shared_frames = 2));
    scene.down(&text("x").repeat(9));
    let outcome = scene.finish();
    let named = |at: usize| {
        let alignment = &outcome.messages()[at].alignment;
        assert_eq!(alignment.shared_frames, 8);
        let named: Vec<u64> = alignment.shares_with.iter().map(|id| id.0).collect();
        named
    };
    assert_eq!(
        (named(0), named(4), named(8)),
        (vec![2, 3], vec![4, 6], vec![7, 8])
    );
}

/// A message, another one, and a copy of the first that differs; whether that was told with so many bytes kept.
fn tells_the_copy(compared_bytes: usize) -> bool {
    let mut scene = Scene::websocket(with_limits(|limits| limits.compared_bytes = compared_bytes));
    let (at, first) = (scene.at(DOWN), text(&"a".repeat(100)));
    scene.down(&first).down(&text(&"b".repeat(300)));
    scene.send_at(DOWN, at, &text(&"A".repeat(100)));
    let outcome = scene.finish();
    assert_eq!(outcome.said(DOWN).len(), 2);
    outcome.rules().contains(&"tcp.overlap.conflict")
}

#[test]
fn compared_bytes_are_those_read_last_and_of_a_copy_of_others_nothing_is_said() {
    assert!(tells_the_copy(1 << 20));
    assert!(tells_the_copy(1 << 10));
    assert!(!tells_the_copy(102 + 303));
    assert!(!tells_the_copy(0));
}

/// The fourth frame comes early in a segment of its own; one segment brings the three before it and the five behind.
#[test]
fn shared_frames_names_the_nearest_of_all_pieces_of_a_segment() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.shared_frames = 2));
    let (at, frame) = (scene.at(DOWN), text("x"));
    scene.send_at(DOWN, at + 3 * frame.len(), &frame);
    scene.send_at(DOWN, at, &frame.repeat(9));
    let outcome = scene.finish();
    let messages = outcome.messages();
    let named = |id: usize| {
        let message = messages.iter().find(|message| message.id.0 == id as u64);
        let alignment = &message.unwrap().alignment;
        let named: Vec<u64> = alignment.shares_with.iter().map(|id| id.0).collect();
        (alignment.shared_frames, named)
    };
    assert_eq!(named(9), (7, vec![7, 8]));
    assert_eq!(named(3), (7, vec![2, 5]));
    assert_eq!(named(5), (7, vec![3, 6]));
    assert_eq!(named(1), (7, vec![2, 3]));
    assert_eq!(named(4), (0, vec![]));
}

/// What is said of the one message of these segments, with no more than so many places kept.
fn with_places(places: usize, segments: &[Vec<u8>]) -> Outcome {
    let mut config = full();
    config.limits.places = places;
    let mut scene = Scene::websocket(config);
    for segment in segments {
        scene.down(segment);
    }
    scene.finish();
    std::mem::take(&mut scene.outcome)
}

/// The first places are left out and counted; all else is as it is of a message that is kept.
fn check_places(segments: &[Vec<u8>], slices: u64) {
    let (all, last) = (with_places(1 << 16, segments), with_places(8, segments));
    let (all_messages, last_messages) = (all.messages(), last.messages());
    let ([all_of_it], [message]) = (&all_messages[..], &last_messages[..]) else {
        panic!("one message each");
    };
    assert_eq!(all_of_it.slices.len() as u64, slices);
    assert!(message.slices.len() <= 10, "{}", message.slices.len());
    assert!(all_of_it.slices.ends_with(&message.slices));
    assert_eq!(
        message.slices_left_out + message.slices.len() as u64,
        slices
    );
    assert!(all_of_it.frames.ends_with(&message.frames));
    let frames = message.frames_left_out + message.frames.len() as u64;
    assert_eq!(frames, all_of_it.frames.len() as u64);
    assert_eq!(message.span, all_of_it.span);
    assert_eq!(message.length, all_of_it.length);
    assert_eq!(message.payload, all_of_it.payload);
    assert_eq!(message.timing, all_of_it.timing);
    assert_eq!(message.alignment.kind, all_of_it.alignment.kind);
    assert_eq!(message.alignment.segments, all_of_it.alignment.segments);
    assert_eq!(all.rules(), Vec::<&str>::new());
    assert_eq!(last.rules(), ["limit.places"]);
}

#[test]
fn places_of_a_message_of_many_frames_are_kept_up_to_so_many() {
    let mut frames = vec![frame_bytes(0x01, None, b"a")];
    frames.extend(vec![frame_bytes(0x00, None, b"b"); 98]);
    frames.push(frame_bytes(0x80, None, b"c"));
    check_places(&frames, 100);
    // Of the 42 edges between segments of 7 bytes every third lies between two frames of 3 bytes.
    let across: Vec<Vec<u8>> = frames.concat().chunks(7).map(<[u8]>::to_vec).collect();
    check_places(&across, 128);
}

#[test]
fn places_of_a_frame_of_many_segments_are_kept_up_to_so_many() {
    let frame = frame_bytes(0x82, None, &[7; 198]);
    let bytes: Vec<Vec<u8>> = frame.chunks(2).map(<[u8]>::to_vec).collect();
    check_places(&bytes, 101);
}

/// A text of which one frame came, and then Pings without an end; and a frame without an end.
#[test]
fn places_take_bounded_memory_while_nothing_ends() {
    let endless = [&[0x82, 127], &(1_u64 << 62).to_be_bytes()[..]].concat();
    for (first, more) in [
        (frame_bytes(0x01, None, b"a"), frame_bytes(0x89, None, b"p")),
        (frame_bytes(0x01, None, b"a"), frame_bytes(0x00, None, b"b")),
        (endless, vec![7; 10]),
    ] {
        let mut scene = Scene::websocket(Config {
            payload: PayloadPolicy::None,
            ..with_limits(|limits| limits.places = 16)
        });
        let mut held = Vec::new();
        scene.down(&first);
        for _ in 0..2 {
            let held_after_each = (0..200).map(|_| scene.down(&more).held());
            held.push(held_after_each.max().unwrap());
        }
        assert!(held[1] <= held[0] + held[0] / 5, "{held:?} with {more:?}");
        let outcome = scene.finish();
        let messages = outcome.messages();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].timing.first.packet.0, 5);
        assert!(outcome.rules().contains(&"limit.places"));
    }
}

#[test]
fn preview_keeps_so_many_bytes_of_each_message() {
    let limits = Limits {
        preview: 3,
        ..Limits::default()
    };
    let mut scene = Scene::websocket(Config {
        limits,
        ..Config::default()
    });
    scene
        .down(&text("hello"))
        .down(&frame_bytes(0x01, None, b"a"))
        .down(&frame_bytes(0x80, None, b"bcdef"));
    let outcome = scene.finish();
    assert_eq!(outcome.said(DOWN), [b"hel", b"abc"]);
    assert!(
        outcome
            .messages()
            .iter()
            .all(|message| message.payload.sha256.is_none())
    );
}

#[test]
fn payload_policy_keeps_what_it_names() {
    let keeps = |payload| {
        let mut scene = Scene::websocket(Config {
            payload,
            ..Config::default()
        });
        let outcome = scene.down(&text(&"x".repeat(100))).finish();
        let kept = &outcome.messages()[0].payload;
        (kept.bytes.len(), kept.sha256.is_some())
    };
    assert_eq!(keeps(PayloadPolicy::None), (0, false));
    assert_eq!(keeps(PayloadPolicy::Preview), (64, false));
    assert_eq!(keeps(PayloadPolicy::Sha256), (0, true));
    assert_eq!(keeps(PayloadPolicy::Full), (100, true));
}

/// Stored blocks (RFC 1951 3.2.4) inflate to themselves: a message of exactly the limit is whole, of one byte more not.
#[test]
fn inflated_message_may_be_so_large() {
    for (limit, rules) in [(5, &[][..]), (4, &["deflate.limit"])] {
        let mut scene = compressing(with_limits(|limits| limits.inflated_message = limit));
        scene.down(&frame_bytes(
            0xC1,
            None,
            &[0, 5, 0, 0xFA, 0xFF, b'H', b'e', b'l', b'l', b'o', 0],
        ));
        let outcome = scene.finish();
        assert_eq!(outcome.rules(), rules);
        assert_eq!(outcome.messages()[0].length.is_some(), rules.is_empty());
    }
}

/// 10,000 zeros: beyond what is let through at any ratio they may become so many times what was sent.
#[test]
fn inflated_at_any_ratio_and_inflation_ratio_bound_what_is_sent_small() {
    let mut zeros = Vec::with_capacity(1_000);
    let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
    let flush = flate2::FlushCompress::Sync;
    compress
        .compress_vec(&[0; 10_000], &mut zeros, flush)
        .unwrap();
    zeros.truncate(zeros.len() - 4);
    let enough = 10_000_u64.div_ceil(zeros.len() as u64);
    for (at_any_ratio, ratio, is_whole) in [
        (9_999, enough, true),
        (9_999, enough - 1, false),
        (10_000, 1, true),
    ] {
        let mut scene = compressing(with_limits(|limits| {
            limits.inflated_at_any_ratio = at_any_ratio;
            limits.inflation_ratio = ratio;
        }));
        scene.down(&frame_bytes(0xC1, None, &zeros));
        let outcome = scene.finish();
        assert_eq!(outcome.messages()[0].length, is_whole.then_some(10_000));
        assert_eq!(outcome.rules().is_empty(), is_whole);
    }
}

#[test]
fn findings_per_rule_lists_so_many_in_each_direction() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.findings_per_rule = 2));
    for _ in 0..5 {
        scene.up(&text("not masked")).down(&masked(b"masked"));
    }
    let outcome = scene.finish();
    let count = |id| {
        outcome
            .rules()
            .into_iter()
            .filter(|rule| *rule == id)
            .count()
    };
    assert_eq!(
        (count("ws.mask.missing"), count("ws.mask.unexpected")),
        (2, 2)
    );
    let said_so = outcome
        .findings()
        .iter()
        .filter(|finding| finding.text.contains("not listed"))
        .count();
    assert_eq!(said_so, 2, "the last one listed says that more are not");
}

/// 2^62 bytes are announced; nothing is kept for them but where the packets lie.
#[test]
fn an_announced_length_costs_nothing() {
    let mut scene = Scene::websocket(full());
    let before = scene.held();
    scene.down(&[0x82, 0x7F, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    assert!(scene.held() < before + 4_000, "{} letters", scene.held());
    let outcome = scene.bare(DOWN, Flags::FIN.with(Flags::ACK)).finish();
    assert_eq!(outcome.frames()[0].length, Some(1 << 62));
    assert!(!outcome.frames()[0].complete && !outcome.messages()[0].complete);
}

/// RFC 6455 5.4 sets no limit to a connection's messages: what is held does not grow with them.
#[test]
fn messages_that_ended_are_forgotten() {
    let mut scene = Scene::websocket(Config::default());
    let mut held = Vec::new();
    for _ in 0..3 {
        for _ in 0..200 {
            scene.down(&text("a message")).up(&masked(b"another"));
            scene
                .up(&frame_bytes(0x89, Some([0; 4]), b"?"))
                .down(&frame_bytes(0x8A, None, b"?"));
            let [client, server] = [UP, DOWN].map(|direction| scene.at(direction));
            scene.acknowledge(DOWN, server).acknowledge(UP, client);
        }
        held.push(scene.held());
    }
    assert!(held[2] < held[1] + 100, "{held:?}");
}

/// A flood of SYNs: so many are kept, the oldest ones go, each is reported once, and one that was answered stays.
#[test]
fn half_open_connections_are_kept_up_to_so_many() {
    let config = with_limits(|limits| limits.half_open = 10);
    let (ended, open) = flood(config, 100);
    assert_eq!(ended, 90, "all but ten; the answered one is not of them");
    assert_eq!(open, 11);
}

/// The same where every connection counts.
#[test]
fn connections_are_kept_up_to_so_many() {
    let config = with_limits(|limits| limits.connections = 20);
    let (ended, open) = flood(config, 100);
    assert_eq!((ended, open), (81, 20));
}

/// One connection that is answered, then so many SYNs from other ports; how many connections were given up, and how many
/// were left at the end.
fn flood(config: Config, connections: u16) -> (usize, usize) {
    let mut analyzer = Analyzer::new(config);
    let mut given_up = 0;
    let (mut ended, mut all) = (0, 0);
    let mut count = |analyzer: &mut Analyzer, given_up: &mut usize| {
        while let Some(event) = analyzer.poll_event() {
            match event.kind {
                EventKind::Opened(_) => all += 1,
                EventKind::Ended(_) => ended += 1,
                EventKind::Finding(finding) => {
                    assert_eq!(finding.rule.id, "limit.connections");
                    *given_up += 1;
                }
                _ => {}
            }
        }
    };
    let mut packet = 0;
    for port in 0..=connections {
        for direction in if port == 0 { &[UP, DOWN][..] } else { &[UP] } {
            packet += 1;
            let mut segment = blank(*direction, packet);
            segment.flags = Flags::SYN;
            if *direction == UP {
                segment.source.port = 10_000 + port;
            } else {
                segment.destination.port = 10_000 + port;
                segment.flags = Flags::SYN.with(Flags::ACK);
            }
            analyzer.handle_segment(&segment);
            count(&mut analyzer, &mut given_up);
        }
    }
    let left = usize::from(connections) + 1 - given_up;
    analyzer.finish();
    count(&mut analyzer, &mut 0);
    assert_eq!(
        (ended, all),
        (usize::from(connections) + 1, usize::from(connections) + 1)
    );
    (given_up, left)
}
