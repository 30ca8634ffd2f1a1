//! WebSockets met in the middle.

use wireseam_analyzer::{Analyzer, Config, EventKind, Message, Offset, Span};
use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

use crate::bench::{frame_bytes, full, text, with_limits};
use crate::scene::Scene;

/// What is made of the server's segments alone, which begin mid-stream.
fn messages_of_server(payloads: &[&[u8]]) -> Vec<Message> {
    let end = |last: u8, port| Endpoint {
        address: [10, 0, 0, last].into(),
        port,
    };
    let (client, server) = (end(1, 40_000), end(2, 80));
    let mut analyzer = Analyzer::new(Config::default());
    let mut seq = Seq(1);
    for (index, payload) in (1..).zip(payloads) {
        let segment = Segment::new(PacketIndex(index), server, client, seq, Flags::PSH, payload);
        seq = seq.plus(segment.seq_len());
        analyzer.handle_segment(&segment);
    }
    analyzer.finish();
    let events = std::iter::from_fn(|| analyzer.poll_event());
    let messages = events.filter_map(|event| match event.kind {
        EventKind::Message(message) => Some(*message),
        _ => None,
    });
    messages.collect()
}

/// The head's first half is not in the capture, so it cannot be told to be HTTP by its beginning.
#[test]
fn the_end_of_a_head_is_no_message() {
    let head = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Long: ".to_vec();
    let head = [head, vec![b'x'; 200], b"\r\n\r\n".to_vec()].concat();
    let messages = messages_of_server(&[
        &head,
        &text("the first message of the server"),
        &text("and the second"),
    ]);
    let texts: Vec<&[u8]> = messages
        .iter()
        .map(|message| &*message.payload.bytes)
        .collect();
    assert_eq!(
        texts,
        [
            b"the first message of the server".as_slice(),
            b"and the second"
        ]
    );
}

#[test]
fn the_end_of_a_large_message_is_a_message_without_its_beginning() {
    let messages = messages_of_server(&[
        &[0xEE; 1_000],
        &text("the first message of the server"),
        &text("and the second"),
    ]);
    assert_eq!(messages.len(), 3);
    assert!(!messages[0].complete && messages[0].length.is_none() && messages[0].frames.is_empty());
    assert_eq!(messages[0].span.length(), 1_000);
    assert!(messages[1..].iter().all(|message| message.complete));
}

/// The search keeps a window of what it passed over; the message's rest is what of it is left, not more.
#[test]
fn the_rest_of_a_message_larger_than_the_search_window_is_tiled_by_its_slices() {
    let mut scene = Scene::mid_stream(with_limits(|limits| limits.search_window = 4_000));
    for _ in 0..20 {
        scene.down(&[0xEE; 1_000]);
    }
    let outcome = scene
        .down(&text("the first message of the server"))
        .down(&text("and the second"))
        .finish();
    let rest = outcome.messages()[0];
    assert_eq!(rest.span.end, Offset(20_000));
    assert!((3_000..6_000).contains(&rest.span.length()));
    let ends = rest.slices.iter().map(|slice| slice.span.end);
    let starts = rest.slices.iter().map(|slice| slice.span.start);
    assert!(
        starts.eq(std::iter::once(rest.span.start)
            .chain(ends)
            .take(rest.slices.len()))
    );
    let passed = outcome.findings()[0];
    assert_eq!((passed.rule.id, passed.packet.0), ("ws.resync", 21));
    assert_eq!(passed.span, Some(Span::new(Offset(0), Offset(20_000))));
}

#[test]
fn control_frames_do_not_hide_the_rest_of_a_message_before_them() {
    let mut scene = Scene::mid_stream(full());
    scene.down(&[0xEE; 1_000]);
    for _ in 0..6 {
        scene.down(&frame_bytes(0x89, None, b"ping"));
    }
    let outcome = scene
        .down(&text("the first message of the server"))
        .finish();
    let spans: Vec<u64> = outcome
        .messages()
        .iter()
        .map(|message| message.span.length())
        .collect();
    assert_eq!(spans, [1_000, 33]);
    assert_eq!(outcome.messages()[0].slices.len(), 1);
}
