//! Much of one thing: what is too large for a fixture that a person reads. Where a reader would need time or memory that grows
//! with the square of what comes, these tests would not end; what is held is looked at on the way.

use std::io::Cursor;

use wireseam::{
    analyzer::{Analyzer, Config, EventKind, MessageKind},
    capture::{FileSource, Source},
    fixtures::Script,
    wire,
};

/// So many times as much without debug assertions, which take most of the time.
const SCALE: usize = if cfg!(debug_assertions) { 1 } else { 25 };

/// What was found in a capture.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    frames: usize,
    messages: usize,
    incomplete: usize,
    /// The bytes of all messages.
    bytes: u64,
    texts: usize,
    /// The length of the analyzer's debug form at eight places on the way.
    held: Vec<usize>,
}

impl Found {
    /// Whether no more was held at the end than halfway.
    fn holds_no_more_at_its_end(&self) -> bool {
        let halfway = self.held[self.held.len() / 2];
        *self.held.last().unwrap() < halfway + halfway / 4
    }
}

/// Builds a conversation and reads it.
fn found(step: &str, capture: &str) -> Found {
    let text = format!(
        "title = \"t\"\nshows = \"s\"\nstep = [{step}]\n[capture]\nacks = false\n{capture}\n"
    );
    let script = Script::parse(&text, "case.toml").unwrap_or_else(|fault| panic!("{fault}"));
    let built = script.build().unwrap_or_else(|fault| panic!("{fault}"));
    let packets = built.packets.len();
    let mut source = FileSource::from_reader("case.pcap", Cursor::new(built.bytes)).unwrap();
    let mut analyzer = Analyzer::new(Config::default());
    let mut found = Found::default();
    let mut number = 0;
    while let Some(packet) = source.next_packet().unwrap() {
        number += 1;
        analyzer.handle_segment(&wire::decode(&packet).unwrap());
        drain(&mut analyzer, &mut found);
        if number % (packets / 8).max(1) == 0 {
            found.held.push(format!("{analyzer:?}").len());
        }
    }
    analyzer.finish();
    drain(&mut analyzer, &mut found);
    found
}

fn drain(analyzer: &mut Analyzer, found: &mut Found) {
    while let Some(event) = analyzer.poll_event() {
        match event.kind {
            EventKind::Frame(_) => found.frames += 1,
            EventKind::Message(message) => {
                found.messages += 1;
                found.incomplete += usize::from(!message.complete);
                found.bytes += message.length.unwrap_or(0);
                found.texts += usize::from(message.kind == MessageKind::Text);
            }
            _ => {}
        }
    }
}

/// Cuts of `count` segments of `size` bytes.
fn cuts(count: usize, size: usize) -> String {
    let cuts: Vec<String> = (1..count).map(|nth| (nth * size).to_string()).collect();
    format!("cut = [{}]", cuts.join(", "))
}

/// Wireshark issue 10989: 32,747 empty frames fill a segment of the largest size, and each was a call deeper.
#[test]
fn segments_full_of_empty_frames_are_messages_each() {
    let segments = 6 * SCALE;
    let frames = 32_747 * segments;
    let found = found(
        &format!(
            "{{ upgrade = {{}} }}, {{ from = \"server\", hex = {{ hex = \"82 00\", times = {frames} }}, super_segment = true, {} }}",
            cuts(segments, 65_494)
        ),
        "timestamps = false",
    );
    assert_eq!((found.frames, found.messages), (frames, frames));
    assert!(
        found.incomplete == 0 && found.holds_no_more_at_its_end(),
        "{found:?}"
    );
}

/// ws issue 2331, CVE-2026-48779: a message of one-byte fragments that never ends.
#[test]
fn a_message_whose_fragments_never_end_is_one_message() {
    let fragments = 131_000 * SCALE;
    let found = found(
        &format!(
            "{{ upgrade = {{}} }}, {{ from = \"server\", text = \"a\", fin = false }}, {{ from = \"server\", hex = {{ hex = \"00 01 61\", times = {fragments} }} }}"
        ),
        "",
    );
    assert_eq!(found.frames, fragments + 1);
    assert_eq!((found.messages, found.incomplete), (1, 1));
}

#[test]
fn a_message_of_many_fragments_ends_with_the_last() {
    let fragments = 30_000 * SCALE;
    let found = found(
        &format!(
            "{{ upgrade = {{}} }}, {{ from = \"server\", text = \"a\", fin = false }}, {{ from = \"server\", hex = {{ hex = \"00 01 61\", times = {fragments} }} }}, {{ from = \"server\", continuation = \"b\" }}"
        ),
        "",
    );
    let bytes = u64::try_from(fragments).unwrap() + 2;
    assert_eq!(
        (found.messages, found.incomplete, found.bytes),
        (1, 0, bytes)
    );
}

/// tungstenite issue 376 and CVE-2026-65623: work that begins anew with each segment.
#[test]
fn one_large_frame_in_segments_of_one_byte_is_one_message() {
    let length = 40_000 * SCALE;
    let found = found(
        &format!(
            "{{ upgrade = {{}} }}, {{ from = \"client\", binary = {{ hex = \"61\", times = {length} }}, every_byte = true }}"
        ),
        "",
    );
    let bytes = u64::try_from(length).unwrap();
    assert_eq!((found.frames, found.messages, found.bytes), (1, 1, bytes));
}

/// tungstenite issue 376 (CVE-2023-43669): each byte of a long head had all before it read again.
#[test]
fn a_long_request_in_segments_of_one_byte_is_one_upgrade() {
    let cookie = "0123456789abcdef".repeat(2_500);
    let found = found(
        &format!(
            "{{ request = {{ headers = [\"Cookie: session={cookie}\"] }}, every_byte = true }}, {{ response = {{}} }}, {{ from = \"server\", text = \"hello\" }}"
        ),
        "",
    );
    assert_eq!((found.frames, found.messages, found.texts), (1, 1, 1));
}

/// mitmproxy issue 6620: a connection that lives long must not be remembered.
#[test]
fn a_long_lived_connection_is_held_in_what_it_began_with() {
    let messages = 60_000 * SCALE;
    let found = found(
        &format!(
            "{{ upgrade = {{}} }}, {{ from = \"server\", hex = {{ hex = \"81 01 61\", times = {messages} }} }}"
        ),
        "",
    );
    assert_eq!((found.messages, found.texts), (messages, messages));
    assert!(
        found.incomplete == 0 && found.holds_no_more_at_its_end(),
        "{found:?}"
    );
}
