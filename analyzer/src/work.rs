//! How many bytes were searched or parsed, counted so that tests can ask that it grows with the bytes of a head or hello and
//! not with bytes times segments (CVE-2023-43669 is what else can come of it).

use std::cell::Cell;

use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

use crate::{Analyzer, Config};

thread_local! {
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

/// Counts bytes that were looked at.
pub(crate) fn note(bytes: usize) {
    BYTES.set(BYTES.get() + bytes as u64);
}

/// How many bytes are looked at when these come in segments of one byte, the server's behind the client's.
fn for_single_bytes(client: &[u8], server: &[u8]) -> u64 {
    let end = |last, port| Endpoint {
        address: [10, 0, 0, last].into(),
        port,
    };
    let ends = [end(1, 40_000), end(2, 80)];
    let mut analyzer = Analyzer::new(Config::default());
    let mut packet = 0;
    let mut send = |from: usize, seq, flags, payload: &[u8]| {
        packet += 1;
        let (source, destination) = (ends[from], ends[1 - from]);
        let index = PacketIndex(packet);
        analyzer.handle_segment(&Segment::new(
            index,
            source,
            destination,
            seq,
            flags,
            payload,
        ));
        while analyzer.poll_event().is_some() {}
    };
    send(0, Seq(0), Flags::SYN, b"");
    send(1, Seq(0), Flags::SYN.with(Flags::ACK), b"");
    BYTES.set(0);
    for (from, bytes) in [client, server].into_iter().enumerate() {
        let mut seq = Seq(1);
        for byte in bytes {
            send(from, seq, Flags::ACK, std::slice::from_ref(byte));
            seq = seq.plus(1);
        }
    }
    BYTES.get()
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
