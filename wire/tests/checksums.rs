//! What a `Decoder` says about checksums; the sums here are made word by word, as RFC 1071 1 describes them.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]
#![allow(dead_code, reason = "each test binary builds what it needs")]

mod build;

use build::{ipv4, ipv6, tcp};
use proptest::prelude::*;
use wireseam_wire::{
    Checksum, ChecksumStatistics, Checksums, Config, Decoder, LinkType, Packet, PacketIndex,
    Segment, Skipped, decode,
};

fn packet(data: &[u8]) -> Packet<'_> {
    Packet {
        index: PacketIndex(1),
        at: None,
        interface: 0,
        link: LinkType::RawIp,
        original_len: u32::try_from(data.len()).unwrap(),
        data,
    }
}

fn requiring() -> Decoder {
    Decoder::new(Config {
        checksums: Checksums::Require,
        ..Config::default()
    })
}

/// One's complement sum of 16-bit words in network byte order.
fn sum(pieces: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for piece in pieces {
        for word in piece.chunks(2) {
            sum += u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    u16::try_from(sum).unwrap()
}

/// Addresses, protocol and length (RFC 9293 3.1, RFC 8200 8.1).
fn pseudo_header(ip: &[u8], length: usize) -> Vec<u8> {
    let addresses = if ip[0] >> 4 == 4 {
        &ip[12..20]
    } else {
        &ip[8..40]
    };
    let length = u32::try_from(length).unwrap().to_be_bytes();
    [addresses, &length, &[0, 6]].concat()
}

/// Where TCP begins in a packet without options or extension headers.
fn header_len(ip: &[u8]) -> usize {
    if ip[0] >> 4 == 4 { 20 } else { 40 }
}

/// Fills both checksums.
fn fill(mut ip: Vec<u8>) -> Vec<u8> {
    let start = header_len(&ip);
    let pseudo_header = pseudo_header(&ip, ip.len() - start);
    let tcp = !sum(&[&pseudo_header, &ip[start..]]);
    ip[start + 16..start + 18].copy_from_slice(&tcp.to_be_bytes());
    if start == 20 {
        let header = !sum(&[&ip[..20]]);
        ip[10..12].copy_from_slice(&header.to_be_bytes());
    }
    ip
}

/// The same segment in both IP versions, with both checksums filled.
fn packets(payload: &[u8]) -> [Vec<u8>; 2] {
    let tcp = tcp::Builder::default().payload(payload).build();
    [
        ipv4::Builder::new(6, tcp.clone()).build(),
        ipv6::build(&[], 6, &tcp),
    ]
    .map(fill)
}

fn checksum_of(data: &[u8]) -> Checksum {
    Decoder::default().decode(&packet(data)).unwrap().checksum
}

#[test]
fn sums_of_rfc_1071_come_out() {
    let words = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
    assert_eq!(sum(&[&words]), 0xddf2, "RFC 1071 3");
    for ip in packets(&words) {
        assert_eq!(checksum_of(&ip), Checksum::Good);
    }
}

#[test]
#[rustfmt::skip]
fn checksums_of_a_real_host_are_as_its_interface_left_them() {
    // A WebSocket frame of twelve bytes on a virtual cable, and a SYN to the host itself; both Linux, IPv4 header first.
    let filled = [
        0x45, 0x00, 0x00, 0x40, 0xfe, 0x62, 0x40, 0x00, 0x40, 0x06, 0x27, 0xb9,
        0x0a, 0x4d, 0x00, 0x02, 0x0a, 0x4d, 0x00, 0x01, 0x1f, 0x90, 0xec, 0xe0,
        0x3e, 0x34, 0x0b, 0x9c, 0xe2, 0xb6, 0xbf, 0x57, 0x80, 0x18, 0x00, 0x61,
        0x0e, 0xe1, 0x00, 0x00, 0x01, 0x01, 0x08, 0x0a, 0x19, 0xfd, 0x2b, 0x97,
        0xc6, 0xc3, 0xe6, 0x31, 0x81, 0x0a, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e,
        0x2e, 0x2e, 0x2e, 0x2e,
    ];
    let unfilled = [
        0x45, 0x00, 0x00, 0x3c, 0x0e, 0x79, 0x40, 0x00, 0x40, 0x06, 0x2e, 0x41,
        0x7f, 0x00, 0x00, 0x01, 0x7f, 0x00, 0x00, 0x01, 0xba, 0x2c, 0x0b, 0xb8,
        0x96, 0xc6, 0x1d, 0xd7, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xff, 0xd7,
        0xfe, 0x30, 0x00, 0x00, 0x02, 0x04, 0xff, 0xd7, 0x04, 0x02, 0x08, 0x0a,
        0xc5, 0xc6, 0xb7, 0x4c, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
    ];
    let mut decoder = requiring();
    assert_eq!(decoder.decode(&packet(&filled)).unwrap().checksum, Checksum::Good);
    assert_eq!(decoder.decode(&packet(&unfilled)).unwrap().checksum, Checksum::LeftToInterface);
    assert_eq!(decoder.statistics().ip_checksums, ChecksumStatistics::default());
}

#[test]
fn changed_bytes_are_wrong_and_counted() {
    for ip in packets(b"hello") {
        let start = header_len(&ip);
        for at in start..ip.len() {
            let mut changed = ip.clone();
            changed[at] ^= 0x04;
            if at == start + 12 {
                continue; // The data offset: then it is no segment of this length.
            }
            let mut decoder = Decoder::default();
            let data = packet(&changed);
            let segment: Segment<'_> = decoder.decode(&data).unwrap();
            assert_eq!(segment.checksum, Checksum::Wrong, "{at}");
            assert_eq!(
                decoder.statistics().tcp_checksums,
                ChecksumStatistics {
                    wrong: 1,
                    left_to_interface: 0
                }
            );
            let mut decoder = requiring();
            assert_eq!(decoder.decode(&data).unwrap_err(), Skipped::Checksum);
            assert_eq!(decoder.statistics().tcp_checksums.wrong, 1);
        }
    }
}

#[test]
fn changed_header_of_ipv4_is_counted_and_only_where_required_skipped() {
    let [ip, _] = packets(b"hello");
    let mut changed = ip.clone();
    changed[8] -= 1;
    let mut decoder = Decoder::default();
    assert_eq!(
        decoder.decode(&packet(&changed)).unwrap().checksum,
        Checksum::Good
    );
    assert_eq!(decoder.statistics().ip_checksums.wrong, 1);
    assert_eq!(
        requiring().decode(&packet(&changed)).unwrap_err(),
        Skipped::Checksum
    );
    let mut unfilled = ip;
    unfilled[10..12].fill(0);
    let mut decoder = requiring();
    assert!(decoder.decode(&packet(&unfilled)).is_ok());
    assert_eq!(
        decoder.statistics().ip_checksums,
        ChecksumStatistics {
            wrong: 0,
            left_to_interface: 1
        }
    );
}

#[test]
fn sum_of_the_pseudo_header_was_left_to_the_interface() {
    for ip in packets(b"hello") {
        let start = header_len(&ip);
        let len = ip.len() - start;
        let unfilled = [
            sum(&[&pseudo_header(&ip, len)]),
            sum(&[&pseudo_header(&ip, 0)]),
            0,
        ];
        for unfilled in unfilled {
            let mut ip = ip.clone();
            ip[start + 16..start + 18].copy_from_slice(&unfilled.to_be_bytes());
            let mut decoder = requiring();
            let segment = decoder.decode(&packet(&ip)).unwrap().checksum;
            assert_eq!(segment, Checksum::LeftToInterface);
            assert_eq!(
                decoder.statistics().tcp_checksums,
                ChecksumStatistics {
                    wrong: 0,
                    left_to_interface: 1
                }
            );
        }
    }
}

#[test]
fn what_was_not_captured_whole_cannot_be_told() {
    for ip in packets(b"hello") {
        let whole = packet(&ip);
        let cut = Packet {
            data: &ip[..ip.len() - 1],
            ..whole
        };
        assert_eq!(
            requiring().decode(&cut).unwrap().checksum,
            Checksum::Unknown
        );
        assert_eq!(decode(&whole).unwrap().checksum, Checksum::Unknown);
        let mut ignoring = Decoder::new(Config {
            checksums: Checksums::Ignore,
            ..Config::default()
        });
        assert_eq!(ignoring.decode(&whole).unwrap().checksum, Checksum::Unknown);
    }
}

#[test]
fn length_left_to_the_interface_makes_no_checksum_wrong() {
    let [mut ip, _] = packets(b"hello");
    ip[2..4].fill(0);
    ip[36] ^= 1;
    let mut decoder = Decoder::default();
    let checksum = decoder.decode(&packet(&ip)).unwrap().checksum;
    assert_eq!(checksum, Checksum::Unknown);
    assert_eq!(decoder.statistics().unfinished_lengths, 1);
}

#[test]
fn source_route_takes_another_destination_into_the_sum() {
    let tcp = tcp::Builder::default().build();
    let v4 = |options: &[u8]| ipv4::Builder::new(6, tcp.clone()).options(options).build();
    let routed = [
        v4(&[1, 131, 7, 4, 10, 0, 0, 9]),
        v4(&[148, 4, 0, 0, 137, 7, 4, 10, 0, 0, 9, 0]),
        ipv6::build(&[(43, vec![4, 1, 0, 0, 0, 0])], 6, &tcp),
    ];
    for mut ip in routed {
        let last = ip.len() - 4;
        ip[last] = 0x12;
        assert_eq!(checksum_of(&ip), Checksum::Unknown, "{ip:02x?}");
    }
    let not_routed = [
        v4(&[7, 7, 4, 0, 0, 0, 0, 0]),
        v4(&[0, 131, 7, 4, 10, 0, 0, 9]),
        v4(&[9, 0, 131, 3]),
        ipv6::build(&[(43, vec![4, 0, 0, 0, 0, 0])], 6, &tcp),
    ];
    for mut ip in not_routed {
        let last = ip.len() - 4;
        ip[last] = 0x12;
        assert_eq!(checksum_of(&ip), Checksum::Wrong, "{ip:02x?}");
    }
}

proptest! {
    #[test]
    fn sums_of_any_length_are_those_made_word_by_word(
        payload in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xff), Just(0)], 0..400),
        at in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        for ip in packets(&payload) {
            prop_assert_eq!(checksum_of(&ip), Checksum::Good);
            let mut changed = ip.clone();
            let start = header_len(&ip) + 20;
            if !payload.is_empty() {
                changed[start + at.index(payload.len())] ^= 1 << bit;
                prop_assert_ne!(checksum_of(&changed), Checksum::Good);
            }
        }
    }
}
