//! What inflation costs, from segments to events: `cargo bench -p wireseam-analyzer`.
//!
//! Items are messages, bytes those inflated. A server sends JSON, compressed by zlib at level 6, one message a segment.

#![allow(clippy::unwrap_used, reason = "a bench may unwrap")]

use std::sync::LazyLock;

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use flate2::{Compress, Compression, FlushCompress};
use wireseam_analyzer::{Analyzer, Config, EventKind, PayloadPolicy};
use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

fn main() {
    divan::main();
}

/// 4,000 messages of 4,400 bytes on one connection.
#[divan::bench]
fn one_context(bencher: Bencher<'_, '_>) {
    static TRAFFIC: LazyLock<Traffic> = LazyLock::new(|| traffic(1, 4_000, 44, ""));
    run(bencher, &TRAFFIC);
}

/// 40,000 messages of 100 bytes on one connection.
#[divan::bench]
fn small_messages(bencher: Bencher<'_, '_>) {
    static TRAFFIC: LazyLock<Traffic> = LazyLock::new(|| traffic(1, 40_000, 1, ""));
    run(bencher, &TRAFFIC);
}

/// The same without context takeover.
#[divan::bench]
fn small_messages_without_takeover(bencher: Bencher<'_, '_>) {
    static TRAFFIC: LazyLock<Traffic> =
        LazyLock::new(|| traffic(1, 40_000, 1, "; server_no_context_takeover"));
    run(bencher, &TRAFFIC);
}

/// The same with a window of 4,096 bytes, whose references are looked at.
#[divan::bench]
fn small_messages_with_small_window(bencher: Bencher<'_, '_>) {
    static TRAFFIC: LazyLock<Traffic> =
        LazyLock::new(|| traffic(1, 40_000, 1, "; server_max_window_bits=12"));
    run(bencher, &TRAFFIC);
}

/// 1,000 connections, in turn, with 40 messages of 500 bytes each.
#[divan::bench]
fn thousand_contexts(bencher: Bencher<'_, '_>) {
    static TRAFFIC: LazyLock<Traffic> = LazyLock::new(|| traffic(1_000, 40, 5, ""));
    run(bencher, &TRAFFIC);
}

struct Traffic {
    connections: u32,
    /// The heads of one connection.
    heads: [Vec<u8>; 2],
    /// The frames, in turn for each connection.
    frames: Vec<Vec<u8>>,
    /// How many bytes are inflated.
    bytes: u64,
}

/// So many connections with so many messages each, of so many records.
fn traffic(connections: u32, messages: u32, records: u32, parameters: &str) -> Traffic {
    let heads = [
        "GET /feed HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
    ];
    let extension = format!("Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n\r\n");
    let heads = heads.map(|head| [head.as_bytes(), extension.as_bytes()].concat());
    let bits = if parameters.contains("bits=12") {
        12
    } else {
        15
    };
    let mut compress = Compress::new_with_window_bits(Compression::new(6), false, bits);
    let mut bytes = 0;
    let of_one = (0..messages).map(|message| {
        if parameters.contains("no_context") {
            compress.reset();
        }
        let text: String = (0..records)
            .map(|at| record(message * records + at))
            .collect();
        bytes += text.len() as u64 * u64::from(connections);
        let mut payload = Vec::with_capacity(text.len() + 64);
        let flush = FlushCompress::Sync;
        compress
            .compress_vec(text.as_bytes(), &mut payload, flush)
            .unwrap();
        payload.truncate(payload.len() - 4);
        frame(&payload)
    });
    let frames = of_one.collect();
    Traffic {
        connections,
        heads,
        frames,
        bytes,
    }
}

/// About 100 bytes of JSON whose numbers only look random.
fn record(number: u32) -> String {
    let mixed = number.wrapping_mul(2_654_435_761) ^ number.rotate_left(13);
    let (price, size) = (mixed % 90_000, mixed >> 20);
    format!(
        "{{\"type\":\"trade\",\"symbol\":\"BTC-USD\",\"price\":{price},\"size\":{size},\"time\":{},\"id\":\"{mixed:08x}\"}}",
        1_700_000_000 + number / 7
    )
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xC1];
    match u8::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(length),
        _ => {
            frame.push(126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

fn run(bencher: Bencher<'_, '_>, traffic: &'static LazyLock<Traffic>) {
    let traffic: &Traffic = traffic;
    let messages = traffic.frames.len() * traffic.connections as usize;
    bencher
        .counter(ItemsCount::new(messages))
        .counter(BytesCount::new(traffic.bytes))
        .bench(|| assert_eq!(traffic.analyze(), (messages, traffic.bytes)));
}

impl Traffic {
    /// How many messages are found, and how many bytes are in them.
    fn analyze(&self) -> (usize, u64) {
        let mut analyzer = Analyzer::new(Config {
            payload: PayloadPolicy::None,
            ..Config::default()
        });
        let (mut packet, mut messages, mut bytes) = (0, 0, 0);
        let mut seqs = vec![Seq(1); self.connections as usize];
        let server = endpoint(0, 80);
        let mut send = |source, destination, seq, flags, payload: &[u8]| {
            packet += 1;
            let packet = PacketIndex(packet);
            let segment = Segment::new(packet, source, destination, seq, flags, payload);
            analyzer.handle_segment(&segment);
            while let Some(event) = analyzer.poll_event() {
                if let EventKind::Message(message) = event.kind {
                    messages += 1;
                    bytes += message.length.unwrap();
                }
            }
        };
        for (number, next) in (0..).zip(&mut seqs) {
            let client = endpoint(number, 40_000);
            send(client, server, Seq(0), Flags::SYN, &[]);
            send(server, client, Seq(0), Flags::SYN.with(Flags::ACK), &[]);
            send(client, server, Seq(1), Flags::PSH, &self.heads[0]);
            send(server, client, Seq(1), Flags::PSH, &self.heads[1]);
            *next = Seq(1).plus(u32::try_from(self.heads[1].len()).unwrap());
        }
        for frame in &self.frames {
            for (number, next) in (0..).zip(&mut seqs) {
                send(server, endpoint(number, 40_000), *next, Flags::PSH, frame);
                *next = next.plus(u32::try_from(frame.len()).unwrap());
            }
        }
        (messages, bytes)
    }
}

fn endpoint(number: u32, port: u16) -> Endpoint {
    let [_, high, middle, low] = number.to_be_bytes();
    let address = [10, high, middle, low].into();
    Endpoint { address, port }
}
