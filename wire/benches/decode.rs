//! What decoding costs for each packet, by layout, by payload with checksums, and in a tunnel: `cargo bench -p wireseam-wire`.
//!
//! Each sample decodes a block of packets that lie behind one another, as those of a capture file's block do.

#![allow(clippy::unwrap_used, reason = "a benchmark may unwrap")]

use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use wireseam_wire::{Checksums, Config, Decoder, LinkType, Packet, PacketIndex, Timestamp, decode};

fn main() {
    divan::main();
}

/// Packets with 100 bytes of payload, by what stands in front of TCP.
#[divan::bench(args = LAYOUTS)]
fn headers(bencher: Bencher, layout: &str) {
    let (link, bytes) = packet(layout, 100);
    let block = vec![bytes; PACKETS];
    bencher.counter(ItemsCount::new(PACKETS)).bench_local(|| {
        for data in &block {
            black_box(&decode(&captured(link, black_box(data))))
                .as_ref()
                .unwrap();
        }
    });
}

/// The same with a decoder that does not look at checksums.
#[divan::bench(args = LAYOUTS)]
fn headers_with_decoder(bencher: Bencher, layout: &str) {
    with_decoder(bencher, Checksums::Ignore, packet(layout, 100), PACKETS);
}

/// With a decoder that verifies checksums, by payload.
#[divan::bench(args = [0, 100, 1_460, 65_400])]
fn checksums(bencher: Bencher, payload: usize) {
    let packets = if payload > 10_000 { 1 } else { PACKETS };
    with_decoder(bencher, Checksums::Count, packet("IPv4", payload), packets);
}

fn with_decoder(
    bencher: Bencher,
    checksums: Checksums,
    (link, bytes): (LinkType, Vec<u8>),
    packets: usize,
) {
    let mut decoder = Decoder::new(Config {
        checksums,
        ..Config::default()
    });
    let block = vec![bytes; packets];
    bencher
        .counter(ItemsCount::new(packets))
        .counter(BytesCount::new(block.concat().len()))
        .bench_local(|| {
            for data in &block {
                let packet = captured(link, black_box(data));
                black_box(&decoder.decode(&packet)).as_ref().unwrap();
            }
        });
}

fn captured(link: LinkType, data: &[u8]) -> Packet<'_> {
    Packet {
        index: PacketIndex(1),
        at: Some(Timestamp(1)),
        interface: 0,
        link,
        original_len: u32::try_from(data.len()).unwrap(),
        data,
    }
}

/// A packet with a timestamps option and this much payload.
fn packet(layout: &str, payload: usize) -> (LinkType, Vec<u8>) {
    let tcp = tcp(payload);
    let v4 = ipv4(6, &tcp);
    let mut v6 = vec![0x60, 0, 0, 0];
    v6.extend(u16::try_from(tcp.len()).unwrap().to_be_bytes());
    v6.extend([6, 64]);
    v6.extend([0x20; 32]);
    v6.extend(&tcp);
    let ethernet = |rest: &[u8]| [&[2; 12][..], rest].concat();
    let inner = ethernet(&[&[8, 0], &v4[..]].concat());
    let bytes = match layout {
        "IPv4" => inner,
        "IPv6" => ethernet(&[&[0x86, 0xdd], &v6[..]].concat()),
        "VLAN" => ethernet(&[&[0x81, 0, 0, 5, 8, 0], &v4[..]].concat()),
        "VXLAN" => {
            let length = u16::try_from(inner.len() + 16).unwrap().to_be_bytes();
            let udp = [&[0xc0, 0, 0x12, 0xb5][..], &length, &[0, 0]].concat();
            let vxlan = [&udp[..], &[8, 0, 0, 0, 0, 0, 7, 0], &inner].concat();
            ethernet(&[&[8, 0], &ipv4(17, &vxlan)[..]].concat())
        }
        _ => [&[0; 14][..], &[8, 0], &v4].concat(),
    };
    let link = match layout {
        "cooked" => LinkType::LinuxSll,
        _ => LinkType::Ethernet,
    };
    (link, bytes)
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend(u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
    bytes.extend([0, 1, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend(payload);
    bytes
}

/// A header with timestamps.
fn tcp(payload: usize) -> Vec<u8> {
    let mut bytes = vec![0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2];
    bytes.extend([0x80, 0x18, 1, 0, 0, 0, 0, 0]);
    bytes.extend([1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6]);
    bytes.resize(bytes.len() + payload, 0x55);
    bytes
}

const LAYOUTS: [&str; 5] = ["IPv4", "IPv6", "VLAN", "cooked", "VXLAN"];

/// As many as a block of a file reader holds.
const PACKETS: usize = 64;
