//! What frames and messages must not be, and what control frames do.

use wireseam_analyzer::{Close, Direction, EventKind, FrameId, Initiator};

use crate::bench::{REQUEST, RESPONSE, frame_bytes, full, masked, text};
use crate::scene::Scene;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;
const KEY: Option<[u8; 4]> = Some([0x11, 0x22, 0x33, 0x44]);

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason].concat()
}

fn closed(scene: &mut Scene) -> Close {
    let events = &scene.finish().events;
    let mut closes = events.iter().filter_map(|event| match &event.kind {
        EventKind::Closed(close) => Some(Close::clone(close)),
        _ => None,
    });
    closes.next().unwrap()
}

/// RFC 6455 7.4.1 and 7.4.2, and the codes registered since: 1012, 1013, 1014.
#[test]
fn close_codes_that_may_be_sent_are_those_of_the_registry() {
    let faults = |code: u16| {
        let mut scene = Scene::websocket(full());
        scene.up(&frame_bytes(0x88, KEY, &close(code, b"")));
        scene.finish().rules() == ["ws.close.code"]
    };
    for code in [
        1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 3999, 4000, 4999,
    ] {
        assert!(!faults(code), "{code}");
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        assert!(faults(code), "{code}");
    }
}

#[test]
fn a_frame_behind_a_close_is_told() {
    let mut scene = Scene::websocket(full());
    scene
        .down(&frame_bytes(0x88, None, &close(1000, b"")))
        .down(&text("late"))
        .up(&masked(b"not late"));
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["ws.close.data"]);
    assert_eq!(outcome.findings()[0].frame, Some(FrameId(2)));
}

#[test]
fn the_first_close_of_a_side_counts() {
    let mut scene = Scene::websocket(full());
    scene
        .down(&frame_bytes(0x88, None, &close(1001, b"first")))
        .down(&frame_bytes(0x88, None, &close(1002, b"second")));
    let server = closed(&mut scene).server.unwrap();
    assert_eq!((server.code, server.reason.as_str()), (Some(1001), "first"));
}

/// The client's Close acknowledges everything before the server's last byte, or all: then it is an answer.
#[test]
fn two_closes_cross_when_the_second_sender_had_not_acknowledged_the_first() {
    let bytes = frame_bytes(0x88, None, &close(1000, b""));
    for (short, initiator) in [(1, Initiator::Both), (0, Initiator::Server)] {
        let mut scene = Scene::websocket(full());
        scene.down(&bytes);
        scene.acknowledge(DOWN, RESPONSE.len() + bytes.len() - short);
        scene.up(&frame_bytes(0x88, KEY, &close(1000, b"")));
        let close = closed(&mut scene);
        assert_eq!((close.initiator, close.clean), (Some(initiator), true));
    }
}

/// RFC 6455 5.5.3: a Pong answers the most recent Ping with its payload; those before it go unanswered.
#[test]
fn a_pong_answers_the_latest_ping_with_its_payload() {
    let mut scene = Scene::websocket(full());
    for payload in [b"a", b"b", b"a", b"c"] {
        scene.down(&frame_bytes(0x89, None, payload));
    }
    for payload in [b"a", b"b", b"c"] {
        scene.up(&frame_bytes(0x8A, KEY, payload));
    }
    let answers: Vec<Option<u64>> = scene
        .finish()
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Control(control) if control.direction == UP => {
                Some(control.answers.map(|id| id.0))
            }
            _ => None,
        })
        .collect();
    assert_eq!(answers, [Some(3), None, Some(4)]);
}

#[test]
fn a_message_without_its_last_frame_is_told_and_listed() {
    let mut scene = Scene::websocket(full());
    scene
        .down(&frame_bytes(0x01, None, b"begun"))
        .down(&frame_bytes(0x89, None, b""));
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["ws.message.unfinished"]);
    assert!(!outcome.messages()[0].complete && outcome.messages()[0].payload.bytes == b"begun");
}

/// What headers break, one each: RFC 6455 5.1, 5.2, 5.4, 5.5; and what just keeps the rules.
#[test]
fn each_fault_of_a_header_is_told() {
    let length_form = [&[0x82, 0x7E, 0, 125][..], &[7; 125]].concat();
    let highest_bit = [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0];
    for (bytes, rules) in [
        (frame_bytes(0x81, KEY, b"x"), &["ws.mask.unexpected"][..]),
        (frame_bytes(0xC1, None, b"x"), &["ws.rsv"]),
        (frame_bytes(0x83, None, b"x"), &["ws.opcode.reserved"]),
        (frame_bytes(0x8B, None, b"x"), &["ws.opcode.reserved"]),
        (frame_bytes(0x09, None, b"x"), &["ws.control.fragmented"]),
        (frame_bytes(0x89, None, &[0; 126]), &["ws.control.length"]),
        (frame_bytes(0x89, None, &[0; 125]), &[]),
        (frame_bytes(0x80, None, b"x"), &["ws.continuation.orphan"]),
        (
            [frame_bytes(0x01, None, b"a"), text("b")].concat(),
            &["ws.message.interrupted"],
        ),
        (length_form, &["ws.length.form"]),
        (frame_bytes(0x82, None, &[7; 126]), &[]),
        (
            highest_bit.to_vec(),
            &["ws.length.msb", "ws.frame.unfinished"],
        ),
        (frame_bytes(0x88, None, &[3]), &["ws.close.length"]),
        (
            frame_bytes(0x88, None, &close(1000, &[0xFF])),
            &["ws.close.reason"],
        ),
        (frame_bytes(0x81, None, &[b'a', 0xFF]), &["ws.utf8"]),
    ] {
        let mut scene = Scene::websocket(full());
        assert_eq!(scene.down(&bytes).finish().rules(), rules, "{bytes:x?}");
    }
}

/// permessage-deflate without takeover by the client only: its second "Hello" refers to what its server must have forgotten.
#[test]
fn takeover_is_given_up_by_the_side_that_said_so() {
    let with = |head: &[u8], field: &str| {
        let head = String::from_utf8_lossy(head);
        format!(
            "{}\r\nSec-WebSocket-Extensions: {field}\r\n\r\n",
            head.trim_end()
        )
        .into_bytes()
    };
    let hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let again = [0xF2, 0x00, 0x11, 0x00, 0x00];
    for (parameter, faulty) in [
        ("client_no_context_takeover", UP),
        ("server_no_context_takeover", DOWN),
    ] {
        let mut scene = Scene::opened(full());
        scene.up(&with(REQUEST, "permessage-deflate"));
        scene.down(&with(RESPONSE, &format!("permessage-deflate; {parameter}")));
        for payload in [&hello[..], &again] {
            scene
                .up(&frame_bytes(0xC1, KEY, payload))
                .down(&frame_bytes(0xC1, None, payload));
        }
        let outcome = scene.finish();
        let faults: Vec<_> = outcome
            .findings()
            .iter()
            .map(|finding| (finding.rule.id, finding.direction))
            .collect();
        assert_eq!(faults, [("deflate.data", Some(faulty))]);
        assert_eq!(outcome.said(faulty.reversed()), [b"Hello", b"Hello"]);
    }
}

/// RFC 7692 6.1: a Ping between the fragments of a compressed message is not compressed and belongs to neither.
#[test]
fn a_ping_between_fragments_of_a_compressed_message_changes_nothing() {
    let hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    for cut in 0..=hello.len() {
        let mut scene = crate::scene::compressing(full());
        scene.down(&frame_bytes(0x41, None, &hello[..cut]));
        scene
            .down(&frame_bytes(0x89, None, b"ping"))
            .down(&frame_bytes(0x80, None, &hello[cut..]));
        let outcome = scene.finish();
        assert_eq!(outcome.said(DOWN), [b"Hello"], "cut at {cut}");
        assert!(outcome.findings().is_empty() && outcome.messages()[0].frames.len() == 2);
    }
}

/// A response of 60 bytes inside the WebSocket, with a gap in its body: the frame behind it is found where the body ends.
#[test]
fn a_gap_in_the_body_of_http_inside_is_counted() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n";
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN) as u64;
    scene
        .down(head)
        .lose(DOWN, 10)
        .down(&[&[b'x'; 10][..], &text("next")].concat());
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["ws.http"]);
    let span = outcome.findings()[0].span.unwrap();
    assert_eq!(
        (span.start.0, span.length()),
        (start, head.len() as u64 + 20)
    );
    assert_eq!(outcome.said(DOWN), [b"next"]);
}

/// `HT` is a Close frame's header, fragmented and with RSV1 set, whose 84 bytes need not go on as HTTP does.
#[test]
fn what_begins_like_http_is_told_by_its_seventh_byte_in_segments_of_any_size() {
    let response = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec();
    for same in 2..=7 {
        let mut bytes = response.clone();
        bytes.resize(2 + 84, b'.');
        if same < 7 {
            bytes[same] ^= 1;
        } else {
            bytes.truncate(response.len());
        }
        bytes.extend(text("next"));
        let rules = if same == 7 {
            &["ws.http"][..]
        } else {
            &["ws.rsv", "ws.control.fragmented", "ws.close.data"]
        };
        for size in [1, 2, 3, 6, 7, bytes.len()] {
            let mut scene = Scene::websocket(full());
            for piece in bytes.chunks(size) {
                scene.down(piece);
            }
            let outcome = scene.finish();
            assert_eq!(outcome.said(DOWN), [b"next"], "{same} as HTTP, by {size}");
            let mut found = outcome.rules();
            found.retain(|rule| !rule.starts_with("ws.close.code"));
            assert_eq!(found, rules, "{same} as HTTP, by {size}");
        }
    }
}
