//! Frames found without a handshake, and none found where there are none.

use base64::Engine as _;
use wireseam_analyzer::{Config, Direction, HandshakeResult};

use crate::bench::{Numbers, Outcome, REQUEST, frame_bytes, full, masked, text, with_limits};
use crate::scene::Scene;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

/// These bytes in segments of up to 1,460, mid-stream, in each direction in turn.
fn found_in(bytes: &[u8]) -> Vec<Direction> {
    Direction::BOTH
        .into_iter()
        .filter(|direction| {
            let mut scene = Scene::mid_stream(Config::default());
            for segment in bytes.chunks(1_460) {
                scene.send(*direction, segment);
            }
            !scene.finish().websockets().is_empty()
        })
        .collect()
}

#[test]
fn nothing_is_found_in_200_random_connections() {
    let mut numbers = Numbers(6455);
    for connection in 0..200 {
        let mut scene = Scene::mid_stream(Config::default());
        for _ in 0..40 {
            let direction = Direction::BOTH[numbers.below(2)];
            let length = 1 + numbers.below(1_460);
            let bytes = numbers.bytes(length);
            scene.send(direction, &bytes);
        }
        assert!(
            scene.finish().websockets().is_empty(),
            "connection {connection}"
        );
    }
}

#[test]
fn nothing_is_found_in_runs_of_one_byte() {
    for byte in 0..=u8::MAX {
        assert_eq!(found_in(&[byte; 8_000]), [], "0x{byte:02x}");
        let mut scene = Scene::mid_stream(Config::default());
        for _ in 0..20 {
            scene.up(&[byte; 1_000]);
        }
        assert!(
            scene.finish().websockets().is_empty(),
            "0x{byte:02x} in segments of 1,000"
        );
    }
}

#[test]
fn nothing_is_found_in_text() {
    let line = b"The quick brown fox jumps over the lazy dog, 0123456789 times.\r\n";
    assert_eq!(found_in(&line.repeat(300)), []);
    let numbers = Numbers(1).bytes(20_000);
    let encoded = base64::engine::general_purpose::STANDARD.encode(numbers);
    assert_eq!(found_in(encoded.as_bytes()), []);
}

/// Four bytes of length, big-endian and little-endian, and then so many bytes: zeros, or anything.
#[test]
fn nothing_is_found_in_length_prefixed_records() {
    let mut numbers = Numbers(2);
    for big_endian in [true, false] {
        for filled in [true, false] {
            let mut bytes = Vec::new();
            for _ in 0..300 {
                let length = numbers.below(100);
                let prefix = u32::try_from(length).unwrap();
                bytes.extend(if big_endian {
                    prefix.to_be_bytes()
                } else {
                    prefix.to_le_bytes()
                });
                bytes.extend(if filled {
                    numbers.bytes(length)
                } else {
                    vec![0; length]
                });
            }
            assert_eq!(
                found_in(&bytes),
                [],
                "big-endian {big_endian}, filled {filled}"
            );
        }
    }
}

/// Application data records (RFC 8446 5.1), met in the middle of one.
#[test]
fn nothing_is_found_in_tls_records() {
    let mut numbers = Numbers(3);
    let mut bytes = numbers.bytes(700);
    for _ in 0..60 {
        let length = 30 + numbers.below(1_000);
        bytes.extend([0x17, 3, 3]);
        bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        bytes.extend(numbers.bytes(length));
    }
    assert_eq!(found_in(&bytes), []);
}

fn told(outcome: &Outcome) -> (HandshakeResult, Vec<Vec<u8>>) {
    let said = [UP, DOWN].map(|direction| outcome.said(direction)).concat();
    let handshake = outcome.websockets()[0];
    assert!(handshake.confidence.is_some());
    (
        handshake.result,
        said.into_iter().map(<[u8]>::to_vec).collect(),
    )
}

#[test]
fn frames_at_the_edge_of_the_first_segment_are_found() {
    let mut scene = Scene::mid_stream(full());
    scene
        .down(&text("a text of the server"))
        .down(&text("another text"));
    let (result, said) = told(scene.finish());
    assert_eq!(result, HandshakeResult::NotCaptured);
    assert_eq!(
        said,
        [b"a text of the server".to_vec(), b"another text".to_vec()]
    );
}

#[test]
fn frames_behind_the_rest_of_a_message_are_found() {
    let mut scene = Scene::mid_stream(full());
    let begun = masked(b"a text that begins before the capture");
    scene
        .up(&begun[20..])
        .up(&masked(b"a whole text"))
        .up(&masked(b"another whole text"));
    let (_, said) = told(scene.finish());
    assert_eq!(
        said,
        [b"a whole text".to_vec(), b"another whole text".to_vec()]
    );
}

/// Text in three fragments, of which the first begins before the capture.
#[test]
fn a_message_whose_first_fragment_is_not_there_is_reported_incomplete() {
    let mut scene = Scene::mid_stream(full());
    scene
        .down(&frame_bytes(0x01, None, b"the first part, cut")[9..])
        .down(&frame_bytes(0x80, None, b"the last part"))
        .down(&text("a whole text of the server"))
        .down(&text("and another one"));
    let outcome = scene.finish();
    let messages: Vec<_> = outcome
        .messages()
        .iter()
        .map(|message| (message.complete, message.frames.len()))
        .collect();
    assert_eq!(messages, [(false, 1), (true, 1), (true, 1)]);
    assert!(!outcome.rules().contains(&"ws.continuation.orphan"));
}

/// Behind an upgrade request frames are expected, and little evidence is asked for; behind a gap they no longer are.
#[test]
fn a_gap_ends_what_an_upgrade_request_lets_expect() {
    let mut scene = Scene::opened(Config::default());
    scene.up(REQUEST).up(&[0xFF; 20]).lose(UP, 100);
    scene.up(&frame_bytes(0x82, Some([1, 2, 3, 4]), b"some bytes"));
    let results: Vec<_> = scene
        .finish()
        .websockets()
        .iter()
        .map(|websocket| websocket.result)
        .collect();
    assert_eq!(results, [HandshakeResult::Unanswered]);
}

#[test]
fn a_search_that_was_given_up_keeps_nothing() {
    let mut scene = Scene::mid_stream(with_limits(|limits| {
        limits.search_bytes = 10_000;
        limits.search_window = 1_000;
    }));
    let mut held = Vec::new();
    for _ in 0..3 {
        for _ in 0..200 {
            scene.down(&[0xEE; 100]);
        }
        held.push(scene.held());
    }
    assert!(held[2] < held[1] + 100, "{held:?}");
    for _ in 0..9 {
        scene.down(&text("what comes too late to be found"));
    }
    let outcome = scene.finish();
    assert!(outcome.websockets().is_empty());
    assert_eq!(outcome.rules(), ["limit.search"]);
}

/// In a WebSocket whose place was lost it is said of that WebSocket.
#[test]
fn a_search_that_was_given_up_behind_a_loss_is_told_of_its_websocket() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.search_bytes = 1_000));
    scene.lose(Direction::ServerToClient, 1);
    for _ in 0..80 {
        scene.down(&[0xEE; 100]);
    }
    let outcome = scene.finish();
    let told: Vec<_> = outcome
        .findings()
        .into_iter()
        .filter(|finding| finding.rule.id == "limit.search")
        .map(|finding| finding.websocket.map(|websocket| websocket.0))
        .collect();
    assert_eq!(told, [Some(1)]);
}

/// The frame is larger than what is kept; its end is where the next ones are found.
#[test]
fn frames_behind_one_larger_than_the_search_window_are_found() {
    let mut scene = Scene::mid_stream(with_limits(|limits| limits.search_window = 1_000));
    for piece in frame_bytes(0x82, None, &[0xEE; 5_000]).chunks(500) {
        scene.down(piece);
    }
    scene
        .down(&text("the first text of the server"))
        .down(&text("the second text of the server"));
    let outcome = scene.finish();
    assert_eq!(
        outcome.said(DOWN).last(),
        Some(&&b"the second text of the server"[..])
    );
    assert!(
        outcome
            .messages()
            .iter()
            .any(|message| message.payload.bytes == b"the first text of the server")
    );
}

/// RFC 6455 5.2: the shortest form is a must, so that another is no evidence.
#[test]
fn frames_whose_length_is_not_in_its_shortest_form_are_not_believed() {
    let mut scene = Scene::mid_stream(Config::default());
    for _ in 0..9 {
        scene.down(b"\x81\x7E\x00\x05hello");
    }
    assert!(scene.finish().websockets().is_empty());
}
