//! WebSockets met in the middle.

use wireseam_analyzer::{Analyzer, Config, EventKind, Message};
use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

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

fn text(content: &str) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("a short text");
    [&[0x81, length], content.as_bytes()].concat()
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
