//! permessage-deflate (RFC 7692): what was agreed, what a break costs and says, what is too large. Compressed by flate2.

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;
use wireseam_analyzer::{Direction, Finding, MessageId};

use crate::bench::{Numbers, Outcome, frame_bytes, full, masked, text, with_limits};
use crate::scene::{Scene, agreeing, compressing};

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;
const KEY: Option<[u8; 4]> = Some([0x11, 0x22, 0x33, 0x44]);

/// RFC 7692 7.2.3.1, and 7.2.3.2 which refers to it.
const HELLO: &[u8] = &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
const HELLO_AGAIN: &[u8] = &[0xF2, 0x00, 0x11, 0x00, 0x00];

/// A sender's compressor.
struct Sender {
    compress: Compress,
    takeover: bool,
}

impl Sender {
    fn new(bits: u8, takeover: bool) -> Self {
        let compress = Compress::new_with_window_bits(Compression::new(6), false, bits);
        Self { compress, takeover }
    }

    /// A message's data (RFC 7692 7.2.1).
    fn compress(&mut self, data: &[u8]) -> Vec<u8> {
        if !self.takeover {
            self.compress.reset();
        }
        let mut out = Vec::with_capacity(data.len() + 1_000);
        self.compress
            .compress_vec(data, &mut out, FlushCompress::Sync)
            .unwrap();
        if out.is_empty() {
            return vec![0]; // nothing to flush: RFC 7692 7.2.3.6
        }
        out.strip_suffix(&[0, 0, 0xFF, 0xFF]).unwrap().to_vec()
    }
}

/// A server's compressed text message.
fn compressed(data: &[u8]) -> Vec<u8> {
    frame_bytes(0xC1, None, data)
}

/// Letters that only look random: nothing in them is worth a reference.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    (0..length)
        .map(|_| b' ' + u8::try_from(numbers.below(95)).unwrap())
        .collect()
}

fn deflate_findings(outcome: &Outcome) -> Vec<&Finding> {
    let mut findings = outcome.findings();
    findings.retain(|finding| finding.rule.id.starts_with("deflate."));
    findings
}

fn texts(outcome: &Outcome) -> Vec<&str> {
    let findings = deflate_findings(outcome).into_iter();
    findings.map(|finding| finding.text.as_str()).collect()
}

fn numbers(outcome: &Outcome) -> Vec<Option<u64>> {
    let messages = outcome.messages().into_iter();
    messages.map(|message| message.length).collect()
}

/// RFC 7692 7.1.2: each side's window is its own; what goes beyond is told, by how much, and inflated all the same.
#[test]
fn references_beyond_the_agreed_window_are_told() {
    for agreed in [9_u8, 11, 12, 15] {
        for used in [9_u8, 10, 12, 13, 15] {
            for (direction, side) in [(UP, "client"), (DOWN, "server")] {
                let extension = format!("permessage-deflate; {side}_max_window_bits=\"{agreed}\"");
                let mut scene = agreeing(full(), &extension);
                let mut sender = Sender::new(used, true);
                let (greeting, rest) = (noise(1, 100), noise(2, (1 << used) - 500));
                let masking_key = KEY.filter(|_| direction == UP);
                for data in [&greeting, &rest, &greeting] {
                    let payload = sender.compress(data);
                    scene.send(direction, &frame_bytes(0xC1, masking_key, &payload));
                }
                let outcome = scene.finish();
                let said = outcome.said(direction);
                assert_eq!(said, [&greeting[..], &rest, &greeting], "{agreed} {used}");
                let (back, window) = (rest.len() + 100, 1 << agreed);
                let expected =
                    format!("a reference {back} bytes back; the agreed window is {window} bytes");
                let last = texts(outcome).pop().map(str::to_owned);
                assert_eq!(
                    last,
                    (used > agreed).then_some(expected),
                    "{side}: {agreed} agreed, {used} used"
                );
                let rules = outcome.rules();
                assert!(rules.iter().all(|rule| *rule == "deflate.window"));
            }
        }
    }
}

/// The parameters of one side say nothing of the other's messages.
#[test]
fn takeover_and_window_hold_for_the_side_that_agreed_them() {
    let mut scene = agreeing(
        full(),
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
    );
    let far = noise(3, 2_000);
    let (mut client, mut server) = (Sender::new(9, true), Sender::new(15, false));
    for _ in 0..2 {
        scene.up(&frame_bytes(0xC1, KEY, &client.compress(&far)));
        scene.down(&compressed(&server.compress(&[&far[..], &far].concat())));
    }
    let outcome = scene.finish();
    assert!(outcome.findings().is_empty(), "{:?}", outcome.findings());
    assert_eq!(numbers(outcome), [Some(2_000), Some(4_000)].repeat(2));
}

/// Plain messages between compressed ones are not in the window (RFC 7692 7.2.1).
#[test]
fn messages_without_rsv1_leave_the_window_alone() {
    let mut scene = compressing(full());
    for _ in 0..2 {
        scene.down(&text("plain")).down(&compressed(HELLO));
    }
    scene.down(&compressed(HELLO_AGAIN));
    let outcome = scene.finish();
    let said = outcome.said(DOWN);
    assert_eq!(
        said,
        [&b"plain"[..], b"Hello", b"plain", b"Hello", b"Hello"]
    );
    assert!(outcome.findings().is_empty());
}

/// RFC 7692 6.1: one message in fragments, a block or a part of one in each, control frames between, a code point torn.
#[test]
fn fragments_with_control_frames_between_inflate_as_one() {
    let content = "gr\u{fc}\u{df}e aus der ferne, ".repeat(20);
    let (first, second) = content.as_bytes().split_at(3);
    let mut compress = Compress::new(Compression::new(6), false);
    let mut payload = Vec::with_capacity(4_000);
    for part in [first, second] {
        let status = compress.compress_vec(part, &mut payload, FlushCompress::Sync);
        status.unwrap();
    }
    payload.truncate(payload.len() - 4);
    for size in [1, 2, 7, payload.len()] {
        let mut scene = compressing(full());
        let mut rest = payload.chunks(size).peekable();
        let mut opcode = 0x41;
        while let Some(part) = rest.next() {
            let fin = if rest.peek().is_none() { 0x80 } else { 0 };
            scene.down(&frame_bytes(opcode | fin, None, part));
            scene.down(&frame_bytes(0x89, None, b"ping"));
            opcode = 0;
        }
        let outcome = scene.finish();
        assert_eq!(outcome.said(DOWN), [content.as_bytes()]);
        assert!(outcome.findings().is_empty(), "{:?}", outcome.findings());
    }
}

/// RFC 7692 7.2.3.6 is one byte; no byte at all says the same.
#[test]
fn empty_messages_are_empty_and_harm_nothing() {
    let mut scene = compressing(full());
    for payload in [HELLO, &[0x00], &[], HELLO_AGAIN] {
        scene.down(&compressed(payload));
    }
    // In fragments, all of them empty.
    scene.down(&frame_bytes(0x41, None, b""));
    scene.down(&frame_bytes(0x80, None, b""));
    scene.down(&compressed(HELLO_AGAIN));
    let outcome = scene.finish();
    let lengths = [5, 0, 0, 5, 0, 5].map(Some);
    assert_eq!(numbers(outcome), lengths);
    assert!(outcome.findings().is_empty());
}

#[test]
fn a_tail_that_was_not_taken_off_is_told() {
    let mut scene = compressing(full());
    scene.down(&compressed(&[HELLO, &[0, 0, 0xFF, 0xFF]].concat()));
    scene.down(&compressed(HELLO_AGAIN));
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["deflate.tail"]);
    assert_eq!(outcome.said(DOWN), [b"Hello", b"Hello"]);
}

/// One finding where it begins, with the cause; one where it ends, with the number of messages it cost.
#[test]
fn a_break_and_its_end_are_told_once_each() {
    let mut scene = compressing(full());
    let mut sender = Sender::new(15, true);
    scene.down(&compressed(&sender.compress(&noise(4, 300))));
    let lost = compressed(&sender.compress(&noise(5, 300)));
    let start = scene.at(DOWN) + 100;
    scene.down(&lost[..100]).lose(DOWN, 60).down(&lost[160..]);
    for _ in 0..7 {
        scene.down(&compressed(&sender.compress(&noise(4, 300))));
    }
    let mut anew = Sender::new(15, true);
    for seed in 0..100 {
        scene.down(&compressed(&anew.compress(&noise(100 + seed, 500))));
    }
    let outcome = scene.finish();
    let end = start + 60;
    assert_eq!(
        texts(outcome),
        [
            format!("undecodable from message 3 on: 60 bytes lost at {start}..{end} (after #6)"),
            "decodable again from message 10 on, 7 messages undecodable before it".to_owned(),
        ]
    );
    let places: Vec<Option<MessageId>> = deflate_findings(outcome)
        .iter()
        .map(|finding| finding.message)
        .collect();
    assert_eq!(places, [Some(MessageId(3)), Some(MessageId(10))]);
    let decoded = numbers(outcome).iter().flatten().count();
    assert_eq!((outcome.messages().len(), decoded), (109, 101));
}

/// Between the two a message may stand alone and the next one not: it is one break.
#[test]
fn messages_that_stand_alone_do_not_end_a_break() {
    let mut scene = compressing(full());
    scene.lose(DOWN, compressed(HELLO).len());
    for _ in 0..4 {
        scene
            .down(&compressed(HELLO_AGAIN))
            .down(&compressed(HELLO));
        scene.down(&text("plain"));
    }
    let outcome = scene.finish();
    let decoded = [None, Some(5), Some(5)];
    assert_eq!(numbers(outcome)[..3], decoded);
    let begun = texts(outcome);
    assert_eq!(begun.len(), 2, "{begun:?}");
    assert!(begun[0].starts_with("undecodable from message 1 on: "));
}

#[test]
fn the_cause_of_a_break_is_named() {
    // A reserved block type, then references.
    let mut scene = compressing(full());
    scene.down(&compressed(HELLO)).down(&compressed(&[0x07, 0]));
    scene.down(&compressed(HELLO_AGAIN));
    assert_eq!(
        texts(scene.finish()),
        [
            "the message's data does not inflate",
            "undecodable from message 3 on: the data of message 2 does not inflate"
        ]
    );
    // A message that another one interrupts.
    let mut scene = compressing(full());
    scene.down(&frame_bytes(0x41, None, HELLO));
    scene.down(&compressed(HELLO_AGAIN));
    assert_eq!(
        texts(scene.finish()),
        ["undecodable from message 2 on: message 1 has no end"]
    );
    // One that is too large.
    let mut scene = compressing(with_limits(|limits| limits.inflated_message = 4));
    scene
        .down(&compressed(HELLO))
        .down(&compressed(HELLO_AGAIN));
    assert_eq!(
        texts(scene.finish()),
        [
            "the message's 7 bytes inflate to more than 4 bytes (limit inflated-message or inflation-ratio)",
            "undecodable from message 2 on: message 1 inflates to more than the limit"
        ]
    );
    // A capture that begins late.
    let mut scene = Scene::mid_stream(full());
    scene.acknowledge(DOWN, 0);
    for _ in 0..9 {
        scene
            .down(&compressed(HELLO_AGAIN))
            .up(&masked(b"something"));
    }
    let outcome = scene.finish();
    let first = outcome
        .messages()
        .into_iter()
        .find(|message| message.direction == DOWN);
    let first = first.unwrap().id.0;
    let cause = "what was sent before is missing";
    let told = format!("undecodable from message {first} on: {cause}");
    assert_eq!(texts(outcome), [told]);
}

/// A break that no message feels is not told.
#[test]
fn without_takeover_nothing_outlives_its_message() {
    let mut scene = agreeing(full(), "permessage-deflate; server_no_context_takeover");
    let frame = compressed(&Sender::new(15, false).compress(&noise(6, 500)));
    scene.down(&frame[..50]).lose(DOWN, 60).down(&frame[110..]);
    scene.down(&compressed(&[0x07, 0])).down(&compressed(HELLO));
    let outcome = scene.finish();
    assert_eq!(outcome.rules(), ["deflate.data"]);
    assert_eq!(outcome.messages()[2].length, Some(5));
}

/// 200 MiB of zeros: one MiB of them, 200 times.
fn bomb() -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut zeros = Vec::with_capacity(1 << 14);
    let status = compress.compress_vec(&vec![0; 1 << 20], &mut zeros, FlushCompress::Full);
    status.unwrap();
    zeros.repeat(200)
}

/// 200 MiB of zeros in 200 KiB: given up at 64 MiB, below which any ratio is taken.
#[test]
fn a_bomb_stops_early_and_the_next_message_inflates() {
    for (fragments, mask) in [(1, None), (3, KEY)] {
        let direction = if mask.is_some() { UP } else { DOWN };
        let extension =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        let mut scene = agreeing(full(), extension);
        let bomb = bomb();
        assert!(bomb.len() < 240_000);
        let parts: Vec<&[u8]> = bomb.chunks(bomb.len().div_ceil(fragments)).collect();
        for (at, part) in parts.iter().enumerate() {
            let first = if at == 0 { 0x42 } else { 0 };
            let fin = if at + 1 == fragments { 0x80 } else { 0 };
            let frame = frame_bytes(first | fin, mask, part);
            for piece in frame.chunks(1_400) {
                scene.send(direction, piece);
            }
        }
        scene.send(direction, &frame_bytes(0xC1, mask, HELLO));
        let outcome = scene.finish();
        assert_eq!(outcome.rules(), ["deflate.limit"]);
        assert_eq!(numbers(outcome), [None, Some(5)]);
        let most = (64_u64 << 20).to_string();
        assert!(
            fragments > 1 || texts(outcome)[0].contains(&most),
            "{:?}",
            texts(outcome)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged or not, however the bytes are cut: the same messages, and the same said of them.
    #[test]
    fn any_cut_of_compressed_messages_gives_the_same(
        seed in any::<u64>(), bits in 9..=15_u8, agreed in 8..=15_u8, takeover in any::<bool>(),
        sizes in prop::collection::vec(0..3_000_usize, 1..8),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        piece in 1..3_000_usize,
    ) {
        let mut sender = Sender::new(bits, takeover);
        let takeover = if takeover { "" } else { "; server_no_context_takeover" };
        let extension = format!("permessage-deflate; server_max_window_bits={agreed}{takeover}");
        let mut stream = Vec::new();
        for (at, size) in sizes.iter().enumerate() {
            let data = noise(seed.wrapping_add(at as u64 % 3), *size);
            let mut payload = sender.compress(&[&data[..], &data[..*size / 2]].concat());
            for (at, byte) in &damage {
                if let Some(at) = (!payload.is_empty()).then(|| at.index(payload.len())) {
                    payload[at] ^= byte;
                }
            }
            stream.extend(compressed(&payload));
        }
        let mut whole = agreeing(full(), &extension);
        whole.down(&stream);
        let mut cut = agreeing(with_limits(|limits| limits.inflated_at_any_ratio = 1 << 20), &extension);
        for piece in stream.chunks(piece) {
            cut.down(piece);
        }
        prop_assert_eq!(whole.finish().meaning(), cut.finish().meaning());
    }
}
