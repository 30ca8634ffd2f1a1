//! What a hole in one direction does to the layers above, in both.

use wireseam_analyzer::{Config, Direction, GapCause};
use wireseam_wire::Flags;

use crate::bench::{REQUEST, RESPONSE, frame_bytes, full, masked, text, with_limits};
use crate::scene::{Scene, compressing};

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

#[test]
fn a_lost_answer_is_no_refusal() {
    let mut scene = Scene::opened(full());
    scene.up(REQUEST).lose(DOWN, RESPONSE.len());
    scene
        .acknowledge(DOWN, RESPONSE.len())
        .up(&masked(b"hello"));
    scene
        .down(&text("one two three four five six seven"))
        .wait(100);
    scene.acknowledge(DOWN, scene.at(DOWN));
    scene.down(&text("one two three four five six seven"));
    let outcome = scene.finish();
    assert_eq!(
        outcome.gaps(),
        [(DOWN, 0, RESPONSE.len() as u64, GapCause::Capture)]
    );
    assert!(
        !outcome.rules().contains(&"http.upgrade.refused.pipelined"),
        "{:?}",
        outcome.rules()
    );
    assert_eq!(outcome.said(UP), [b"hello"]);
    assert_eq!(outcome.said(DOWN).len(), 2);
}

#[test]
fn a_torn_request_beside_a_gap_of_the_server_was_not_refused() {
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut scene = Scene::opened(Config::default());
    scene.up(get).up(&get[..10]).lose(DOWN, 100).down(b"xxx");
    scene
        .acknowledge(DOWN, 103)
        .wait(100)
        .acknowledge(DOWN, 103)
        .up(&get[10..]);
    let outcome = scene.finish();
    assert!(outcome.findings().is_empty(), "{:?}", outcome.rules());
    assert_eq!(outcome.exchanges().len(), 2);
}

/// The answer lies in the gap, and the server says nothing from which it could be guessed.
#[test]
fn frames_behind_a_request_whose_answer_was_lost_are_found() {
    let mut scene = Scene::opened(full());
    scene
        .up(REQUEST)
        .lose(DOWN, RESPONSE.len())
        .acknowledge(DOWN, RESPONSE.len());
    for _ in 0..5 {
        scene.up(&masked(b"hello, this is text"));
    }
    assert_eq!(scene.finish().said(UP).len(), 5);
}

/// No answer came, and nothing of the server is missing: what the client sent was never a WebSocket's.
#[test]
fn frames_behind_a_request_that_was_not_answered_stay_bytes() {
    let mut scene = Scene::opened(full());
    scene.up(REQUEST).acknowledge(UP, REQUEST.len());
    for _ in 0..5 {
        scene.up(&masked(b"hello, this is text"));
    }
    let outcome = scene.finish();
    assert!(outcome.messages().is_empty() && outcome.websockets().len() == 1);
}

/// RFC 7692 7.2.3.2: the second "Hello" refers to the first.
const HELLO: &[u8] = &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
const HELLO_AGAIN: &[u8] = &[0xF2, 0x00, 0x11, 0x00, 0x00];

#[test]
fn a_message_that_refers_to_lost_ones_is_not_the_senders_fault() {
    let mut scene = compressing(full());
    scene.lose(DOWN, frame_bytes(0xC1, None, HELLO).len());
    for _ in 0..6 {
        scene.down(&frame_bytes(0xC1, None, HELLO_AGAIN));
    }
    let outcome = scene.finish();
    let broken: Vec<_> = outcome
        .rules()
        .into_iter()
        .filter(|id| id.starts_with("deflate"))
        .collect();
    assert_eq!(broken, ["deflate.context.broken"], "told once");
    assert!(
        outcome
            .messages()
            .iter()
            .all(|message| message.length.is_none() && message.complete)
    );
}

#[test]
fn a_message_that_refers_to_nothing_is_the_senders_fault() {
    let mut scene = compressing(full());
    scene
        .down(&frame_bytes(0xC1, None, HELLO_AGAIN))
        .down(&frame_bytes(0xC1, None, HELLO));
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["deflate.data"]);
    assert_eq!(outcome.messages()[1].payload.bytes, b"Hello");
}

/// 10 of 130 payload bytes are missing: the frame ends where its header says, the next one is read, and the message is not whole.
#[test]
fn a_gap_inside_a_payload_keeps_the_framing() {
    let mut scene = Scene::websocket(full());
    let frame = frame_bytes(0x82, None, &[7; 130]);
    let start = scene.at(DOWN) as u64;
    scene
        .down(&frame[..50])
        .lose(DOWN, 10)
        .down(&[&frame[60..], &text("whole")[..]].concat());
    let outcome = scene.finish();
    assert_eq!(
        outcome.gaps(),
        [(DOWN, start + 50, start + 60, GapCause::Unknown)]
    );
    assert!(outcome.findings().is_empty(), "{:?}", outcome.rules());
    let [cut, whole] = outcome.messages()[..] else {
        panic!("two messages, not {:?}", outcome.messages());
    };
    assert_eq!(
        (cut.complete, cut.length, cut.payload.sha256),
        (false, Some(130), None)
    );
    assert!(cut.alignment.gap && whole.complete);
    let pieces: Vec<_> = cut
        .slices
        .iter()
        .map(|slice| (slice.span.start.0, slice.span.end.0))
        .collect();
    assert_eq!(pieces, [(start, start + 50), (start + 60, start + 134)]);
    assert_eq!(whole.payload.bytes, b"whole");
}

/// A gap that ends exactly where the frame does loses nothing but payload; one byte more, and a header is gone.
#[test]
fn a_gap_up_to_the_end_of_a_frame_keeps_the_place_and_one_byte_more_loses_it() {
    for (missing, rules) in [(10, &[][..]), (11, &["ws.lost", "ws.resync"])] {
        let mut scene = Scene::websocket(full());
        let frame = frame_bytes(0x82, None, &[7; 20]);
        let bytes = [frame, text("the next message of the server")].concat();
        scene
            .down(&bytes[..12])
            .lose(DOWN, missing)
            .down(&bytes[12 + missing..]);
        scene
            .down(&text("and another one of the server"))
            .down(&text("and one more of the server"));
        let outcome = scene.finish();
        assert_eq!(outcome.rules(), rules, "{missing} bytes missing");
        assert_eq!(
            outcome.said(DOWN).last(),
            Some(&&b"and one more of the server"[..])
        );
    }
}

#[test]
fn a_gap_over_a_header_is_reported_and_frames_are_found_again() {
    let mut scene = Scene::websocket(full());
    scene.down(&text("before")).lose(DOWN, 40);
    scene
        .down(&text("a text behind the gap"))
        .down(&text("another text behind the gap"));
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["ws.lost", "ws.resync"]);
    assert_eq!(
        outcome.said(DOWN),
        [
            &b"before"[..],
            b"a text behind the gap",
            b"another text behind the gap"
        ]
    );
}

#[test]
fn a_gap_in_one_direction_leaves_the_other_alone() {
    let mut scene = Scene::websocket(full());
    scene
        .lose(DOWN, 1)
        .down(&[0xEE; 100])
        .up(&masked(b"one"))
        .up(&masked(b"two"));
    let outcome = scene.finish();
    assert_eq!(outcome.said(UP), [b"one", b"two"]);
    assert_eq!(outcome.rules(), ["ws.lost"]);
}

/// #1 to #4 are the handshake, and the hole is given up with the last packet.
#[test]
fn lost_and_found_name_the_packet_behind_the_hole() {
    let packets = |scene: &mut Scene| -> Vec<(&str, u64)> {
        let findings = scene.finish().findings();
        let findings = findings.iter();
        findings
            .map(|found| (found.rule.id, found.packet.0))
            .collect()
    };
    let mut scene = Scene::websocket(full());
    scene.down(&text("before")).lose(DOWN, 40);
    scene.down(&[0xEE; 100]);
    for content in ["a text behind the gap", "another", "and another text"] {
        scene.down(&text(content)).up(&masked(b"heard"));
    }
    assert_eq!(packets(&mut scene), [("ws.lost", 6), ("ws.resync", 7)]);
    let mut scene = Scene::websocket(full());
    scene.down(&text("before")).lose(DOWN, 40);
    scene.bare(DOWN, Flags::FIN).up(&masked(b"heard"));
    let expected = [("ws.lost", 7), ("tcp.closed.abnormally", 6)];
    assert_eq!(packets(&mut scene), expected, "nothing is behind the hole");
}

/// Who has what: the receiver acknowledged the bytes, asked for them, said nothing, or the snapshot length cut them.
#[test]
fn the_cause_of_a_gap_is_told_by_the_receiver() {
    let frame = frame_bytes(0x82, None, &[7; 100]);
    let cause = |tell: &dyn Fn(&mut Scene, usize)| {
        let mut scene = Scene::websocket(full());
        let start = scene.at(DOWN);
        scene.down(&frame[..20]).lose(DOWN, 10).down(&frame[30..]);
        tell(&mut scene, start);
        scene.finish().gaps()[0].3
    };
    assert_eq!(cause(&|_, _| ()), GapCause::Unknown);
    assert_eq!(
        cause(&|scene, start| {
            scene.acknowledge(DOWN, start + 102);
        }),
        GapCause::Capture
    );
    assert_eq!(
        cause(&|scene, start| {
            scene.acknowledge(DOWN, start + 20);
        }),
        GapCause::Network
    );
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN);
    scene
        .cut_at(DOWN, start, &frame[..20], 102)
        .down(&text("next"));
    let outcome = scene.finish();
    let start = start as u64;
    assert_eq!(
        outcome.gaps(),
        [(DOWN, start + 20, start + 102, GapCause::SnapLength)]
    );
    assert_eq!(outcome.said(DOWN)[1], b"next");
}

/// The receiver has the first of two missing segments; the second was lost on the way and comes again.
#[test]
fn only_what_the_receiver_has_is_given_up() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.hole_patience = 50_000_000));
    let [lost, late, held] = ["aaaa", "bbbb", "cccc"].map(text);
    let start = scene.at(DOWN);
    let behind = start + lost.len();
    scene.lose(DOWN, lost.len() + late.len()).down(&held);
    scene
        .acknowledge(DOWN, behind)
        .wait(100)
        .acknowledge(DOWN, behind)
        .wait(100);
    scene.send_at(DOWN, behind, &late);
    let outcome = scene.finish();
    assert_eq!(
        outcome.gaps(),
        [(DOWN, start as u64, behind as u64, GapCause::Capture)]
    );
}

#[test]
fn a_late_copy_of_bytes_that_were_given_up_changes_nothing() {
    let mut scene = Scene::websocket(full());
    let frame = frame_bytes(0x82, None, &[7; 100]);
    let start = scene.at(DOWN);
    scene
        .down(&frame[..20])
        .lose(DOWN, 10)
        .down(&frame[30..])
        .acknowledge(DOWN, start + 102);
    scene.wait(20_000).acknowledge(DOWN, start + 102);
    scene
        .send_at(DOWN, start + 20, &frame[20..30])
        .down(&text("next"));
    let outcome = scene.finish();
    assert_eq!(outcome.gaps().len(), 1);
    assert_eq!(
        outcome
            .messages()
            .iter()
            .map(|message| message.complete)
            .collect::<Vec<_>>(),
        [false, true]
    );
}

/// Headers only: no packet holds any payload, one is missing.
#[test]
fn cut_packets_behind_a_hole_are_not_waited_for_for_ever() {
    let mut scene = Scene::opened(full());
    scene.cut_at(DOWN, 0, b"", 100).lose(DOWN, 100);
    let mut held = Vec::new();
    for _ in 0..2 {
        for _ in 0..200 {
            let at = scene.at(DOWN);
            scene
                .cut_at(DOWN, at, b"", 100)
                .acknowledge(DOWN, at + 100)
                .wait(1_000);
        }
        held.push(scene.held());
    }
    assert!(held[1] < held[0] + 100, "{held:?}");
    let gaps = scene.finish().gaps();
    assert_eq!(
        gaps[..2],
        [
            (DOWN, 0, 100, GapCause::SnapLength),
            (DOWN, 100, 200, GapCause::Capture)
        ]
    );
    assert!(
        gaps[2..]
            .iter()
            .all(|(.., cause)| *cause == GapCause::SnapLength)
    );
}

/// Only the client's direction was captured: frames in front of the gap are found behind the request, those behind it by search.
#[test]
fn early_frames_in_front_of_a_gap_are_read() {
    let mut scene = Scene::opened(full());
    scene.up(REQUEST);
    for content in ["the first message", "the second message"] {
        scene.up(&masked(content.as_bytes()));
    }
    scene.lose(UP, 50);
    for content in ["the third message", "the fourth message"] {
        scene.up(&masked(content.as_bytes()));
    }
    assert_eq!(scene.finish().said(UP).len(), 4);
}

/// Behind the gap a continuation belongs to a message whose beginning is missing; the next is an orphan.
#[test]
fn one_message_may_have_begun_in_a_gap_and_no_second() {
    let mut scene = Scene::websocket(full());
    scene.down(&text("before")).lose(DOWN, 50);
    scene.down(&frame_bytes(0x80, None, b"the end of a message"));
    scene
        .down(&frame_bytes(0x80, None, b"an orphan"))
        .down(&text("a whole message"));
    let outcome = scene.finish();
    assert_eq!(
        outcome.rules(),
        ["ws.lost", "ws.resync", "ws.continuation.orphan"]
    );
    let complete: Vec<bool> = outcome
        .messages()
        .iter()
        .map(|message| message.complete)
        .collect();
    assert_eq!(complete, [true, false, true]);
}
