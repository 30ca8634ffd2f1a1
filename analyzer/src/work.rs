//! How many bytes were searched or parsed, and how many pieces of segments and neighbouring frames were looked at, counted so
//! that tests can ask that it grows with what came and not with its square (CVE-2023-43669 is what else can come of it).

use std::cell::Cell;

use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

use crate::{Analyzer, Config};

thread_local! {
    static WORK: Cell<u64> = const { Cell::new(0) };
}

/// Counts bytes or pieces that were looked at.
pub(crate) fn note(looked_at: usize) {
    WORK.set(WORK.get() + looked_at as u64);
}

/// How many bytes are looked at when these come in segments of one byte, the server's behind the client's.
fn for_single_bytes(client: &[u8], server: &[u8]) -> u64 {
    let mut wire = Wire::opened();
    WORK.set(0);
    for (from, bytes) in [client, server].into_iter().enumerate() {
        for (at, byte) in bytes.iter().enumerate() {
            wire.send_at(from, at, std::slice::from_ref(byte));
        }
    }
    WORK.get()
}

/// RFC 6455 1.3's key.
pub(crate) const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// And the answer to it.
pub(crate) const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Both ends of a connection.
struct Wire {
    analyzer: Analyzer,
    packet: u64,
}

impl Wire {
    fn opened() -> Self {
        let analyzer = Analyzer::new(Config::default());
        let mut wire = Self {
            analyzer,
            packet: 0,
        };
        wire.send(0, Seq(0), Flags::SYN, b"");
        wire.send(1, Seq(0), Flags::SYN.with(Flags::ACK), b"");
        wire
    }

    /// Sends bytes from the client, 0, or the server, 1.
    fn send_at(&mut self, from: usize, at: usize, payload: &[u8]) {
        let at = u32::try_from(at).expect("a short stream");
        self.send(from, Seq(1).plus(at), Flags::ACK, payload);
    }

    fn send(&mut self, from: usize, seq: Seq, flags: Flags, payload: &[u8]) {
        let end = |last, port| Endpoint {
            address: [10, 0, 0, last].into(),
            port,
        };
        let ends = [end(1, 40_000), end(2, 80)];
        self.packet += 1;
        let index = PacketIndex(self.packet);
        let (source, destination) = (ends[from], ends[1 - from]);
        let segment = Segment::new(index, source, destination, seq, flags, payload);
        self.analyzer.handle_segment(&segment);
        while self.analyzer.poll_event().is_some() {}
    }
}

/// How much is looked at when every `step`-th run of `size` bytes of a server's frames waits behind a hole, and one segment
/// brings all the others.
fn for_one_segment_between_many(frames: &[u8], size: usize, step: usize) -> u64 {
    let mut wire = Wire::opened();
    wire.send_at(0, 0, REQUEST);
    wire.send_at(1, 0, RESPONSE);
    WORK.set(0);
    for (at, run) in frames.chunks(size).enumerate().skip(1).step_by(step) {
        wire.send_at(1, RESPONSE.len() + at * size, run);
    }
    wire.send_at(1, RESPONSE.len(), frames);
    WORK.get()
}

/// Bytes may be looked at a few times each: as they come, when the head is whole, and again around each of its edges.
fn is_linear(work: u64, bytes: usize) -> bool {
    work >= bytes as u64 && work <= 8 * bytes as u64
}

fn long_head(first_line: &str) -> Vec<u8> {
    let fields = "X: y\r\n".repeat(10_000);
    format!("{first_line}\r\n{fields}\r\n").into_bytes()
}

#[test]
fn a_head_in_single_bytes_costs_time_linear_in_its_length() {
    let request = long_head("GET / HTTP/1.1");
    let response = long_head("HTTP/1.1 200 OK");
    let work = for_single_bytes(&request, &response);
    assert!(
        is_linear(work, request.len() + response.len()),
        "{work} for {}",
        request.len() + response.len()
    );
}

#[test]
fn a_response_that_waits_for_its_request_is_not_read_again_with_each_byte() {
    let mut response = long_head("HTTP/1.1 200 OK");
    response.extend([b'x'; 20_000]);
    let work = for_single_bytes(b"", &response);
    assert!(
        is_linear(work, response.len()),
        "{work} for {}",
        response.len()
    );
}

#[test]
fn a_hello_in_single_bytes_costs_time_linear_in_its_length() {
    let record = |content: &[u8]| {
        let length = u16::try_from(content.len()).expect("a record");
        [&[22, 3, 1], length.to_be_bytes().as_slice(), content].concat()
    };
    // A ClientHello of 12,000 bytes that is none inside, and records behind it.
    let message = [[1, 0, 0x2e, 0xe0].as_slice(), &[0xff; 12_000]].concat();
    let client = [record(&message), record(&[0; 12_000])].concat();
    let work = for_single_bytes(&client, b"");
    assert!(
        is_linear(work, message.len()),
        "{work} for {}",
        client.len()
    );
}

/// Twice as many frames may take twice the work and a little more; and each takes some.
fn grows_with_the_frames(work: impl Fn(usize) -> u64) {
    let (once, twice) = (work(2_000), work(4_000));
    assert!(once >= 2_000, "{once} looks at 2,000 frames");
    assert!(
        twice <= 2 * once + once / 10,
        "{once} looks at 2,000 frames, {twice} at 4,000"
    );
}

#[test]
fn frames_between_the_pieces_of_one_segment_cost_time_linear_in_their_number() {
    grows_with_the_frames(|count| for_one_segment_between_many(&[0x81, 0].repeat(count), 2, 2));
}

#[test]
fn frames_cut_by_the_pieces_of_one_segment_cost_time_linear_in_their_number() {
    grows_with_the_frames(|count| for_one_segment_between_many(&[0x81, 0].repeat(count), 1, 2));
}

#[test]
fn a_frame_of_many_pieces_of_one_segment_costs_time_linear_in_their_number() {
    grows_with_the_frames(|count| {
        let length = u16::try_from(2 * count).expect("a length of two bytes");
        let frame = [&[0x82, 126], &length.to_be_bytes()[..], &vec![7; 2 * count]].concat();
        for_one_segment_between_many(&frame, 1, 2)
    });
}

/// How much is looked at for so many copies of the first bytes of a stream, one byte each, behind so many segments of one byte.
fn for_copies(behind: usize, copies: usize) -> u64 {
    let mut wire = Wire::opened();
    for at in 0..behind {
        wire.send_at(0, at, b"x");
    }
    WORK.set(0);
    for at in 0..copies {
        wire.send_at(0, at, b"x");
    }
    WORK.get()
}

/// A flood of copies is not compared with all that is kept: 100 times as much behind them costs each a few steps more.
#[test]
fn a_copy_is_found_in_a_few_steps_however_much_was_read_behind_it() {
    let (few, many) = (for_copies(60, 50), for_copies(6_000, 50));
    assert!(few >= 50, "{few} steps for 50 copies");
    assert!(
        many <= few + 50 * 20,
        "{few} steps behind 60 segments, {many} behind 6,000"
    );
}
