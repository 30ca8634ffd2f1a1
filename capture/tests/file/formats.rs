//! Sound files: every byte order, resolution and block that holds a packet.

use wireseam_capture::Dropped;
use wireseam_wire::LinkType;

use crate::build::{
    Order::{self, Big, Little},
    Seen, pcap, pcapng, read,
};

/// if_tsresol, if_tsoffset, isb_ifdrop, isb_osdrop.
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;
const INTERFACE_DROPPED: u16 = 5;
const KERNEL_DROPPED: u16 = 7;

fn seen(at: impl Into<Option<i64>>, interface: u32, data: &[u8]) -> Seen {
    Seen {
        at: at.into(),
        interface,
        link: 1,
        original_len: u32::try_from(data.len()).unwrap(),
        data: data.to_vec(),
    }
}

#[test]
fn pcap_in_both_orders_and_resolutions() {
    for order in [Little, Big] {
        for (magic, nanoseconds) in [(pcap::MICROSECONDS, 1_000), (pcap::NANOSECONDS, 1)] {
            let file = [
                pcap::header(order, magic, 1),
                pcap::record(order, 1_700_000_000, 999_999, 4, b"abcd"),
                pcap::record(order, u32::MAX, 7, 0, b""),
            ];
            let outcome = read(&file.concat());
            let at = |seconds: i64, fraction: i64| seconds * 1_000_000_000 + fraction * nanoseconds;
            let expected = [
                seen(at(1_700_000_000, 999_999), 0, b"abcd"),
                seen(at(4_294_967_295, 7), 0, b""),
            ];
            assert_eq!(outcome.packets, expected);
            assert_eq!(outcome.statistics.link_types, [LinkType::Ethernet]);
            assert_eq!(
                (outcome.statistics.truncated, outcome.error.is_none()),
                (None, true)
            );
        }
    }
}

#[test]
fn modified_pcap_has_eight_bytes_more_a_record() {
    let record = pcap::record(Little, 3, 4, 9, b"abcd");
    let (fields, data) = record.split_at(16);
    let file = [
        &pcap::header(Little, pcap::MODIFIED, 1)[..],
        fields,
        &[0xee; 8],
        data,
    ]
    .concat();
    let expected = Seen {
        original_len: 9,
        ..seen(3_000_004_000, 0, b"abcd")
    };
    assert_eq!(read(&file).packets, [expected]);
}

#[test]
fn link_type_is_the_lower_half_of_its_field() {
    let with_check_sequence = pcap::header(Little, pcap::MICROSECONDS, 0x2400_0001);
    let file = [with_check_sequence, pcap::record(Little, 0, 0, 0, b"")].concat();
    assert_eq!(read(&file).packets, [seen(0, 0, b"")]);
    for (number, link) in [(12, 101), (14, 101), (276, 276), (9_999, 9_999)] {
        let file = [
            pcap::header(Big, pcap::MICROSECONDS, number),
            pcap::record(Big, 0, 0, 0, b""),
        ]
        .concat();
        assert_eq!(read(&file).packets[0].link, link);
    }
}

#[test]
fn original_length_below_captured_length_is_handed_on() {
    let file = [
        pcap::header(Little, pcap::MICROSECONDS, 1),
        pcap::record(Little, 0, 0, 1, b"abcd"),
    ]
    .concat();
    let outcome = read(&file);
    assert_eq!(
        (
            outcome.packets[0].original_len,
            &outcome.packets[0].data[..]
        ),
        (1, &b"abcd"[..])
    );
    let file = [
        section_with_ethernet(Big),
        pcapng::enhanced(Big, 0, 0, 1, b"abcd"),
    ]
    .concat();
    assert_eq!(
        (
            read(&file).packets[0].original_len,
            read(&file).packets[0].data.len()
        ),
        (1, 4)
    );
}

fn section_with_ethernet(order: Order) -> Vec<u8> {
    [pcapng::section(order), pcapng::interface(order, 1, 0, &[])].concat()
}

#[test]
fn sections_keep_their_byte_order_and_interfaces_count_on() {
    for (one, other) in [(Little, Big), (Big, Little)] {
        let file = [
            section_with_ethernet(one),
            pcapng::interface(one, 113, 0, &[(RESOLUTION, &[9])]),
            pcapng::enhanced(one, 1, 5, 2, b"ab"),
            pcapng::enhanced(one, 0, 5, 3, b"abc"),
            section_with_ethernet(other),
            pcapng::enhanced(other, 0, 6, 4, b"abcd"),
            pcapng::obsolete(other, 0, 7, 5, b"abcde"),
            pcapng::section(one),
            pcapng::interface(one, 1, 0, &[]),
            pcapng::simple(one, 1, b"a"),
        ];
        let outcome = read(&file.concat());
        let expected = [
            Seen {
                link: 113,
                ..seen(5, 1, b"ab")
            },
            seen(5_000, 0, b"abc"),
            seen(6_000, 2, b"abcd"),
            seen(7_000, 2, b"abcde"),
            seen(None, 3, b"a"),
        ];
        assert_eq!(outcome.packets, expected);
        assert_eq!(
            outcome.statistics.link_types,
            [LinkType::LinuxSll, LinkType::Ethernet]
        );
        assert!(outcome.error.is_none());
    }
}

#[test]
fn clocks_have_resolutions_and_offsets_in_both_orders() {
    for order in [Little, Big] {
        let minus_ten = (-10_i64).cast_unsigned();
        let file = [
            pcapng::section(order),
            pcapng::interface(order, 1, 0, &[(RESOLUTION, &[6]), (OFFSET, &order.u64(10))]),
            pcapng::interface(
                order,
                1,
                0,
                &[(RESOLUTION, &[0x80 | 10]), (OFFSET, &order.u64(minus_ten))],
            ),
            pcapng::interface(order, 1, 0, &[(RESOLUTION, &[12])]),
            pcapng::interface(
                order,
                1,
                0,
                &[(1, b"comment"), (RESOLUTION, &[6, 6]), (OFFSET, &[1])],
            ),
            pcapng::enhanced(order, 0, 1, 0, b""),
            pcapng::enhanced(order, 1, 1_536, 0, b""),
            pcapng::enhanced(order, 2, 123_456_789_012_345_678, 0, b""),
            pcapng::enhanced(order, 3, 1, 0, b""),
        ];
        let times: Vec<_> = read(&file.concat())
            .packets
            .iter()
            .map(|packet| packet.at.unwrap())
            .collect();
        assert_eq!(
            times,
            [10_000_001_000, -8_500_000_000, 123_456_789_012_345, 1_000]
        );
    }
}

#[test]
fn simple_packet_is_as_long_as_the_snapshot_length_lets_it() {
    for (snaplen, original_len, captured) in [(0, 6, 6), (4, 6, 4), (4, 3, 3), (100, 6, 6)] {
        let file = [
            pcapng::section(Big),
            pcapng::interface(Big, 1, snaplen, &[]),
            pcapng::simple(Big, original_len, &b"abcdef"[..captured]),
        ];
        let expected = Seen {
            original_len,
            ..seen(None, 0, &b"abcdef"[..captured])
        };
        assert_eq!(read(&file.concat()).packets, [expected]);
    }
}

#[test]
fn other_blocks_are_skipped_whatever_is_in_them() {
    let unreadable = [4, 5, 7, 8, 10, 0xbad, 0x8000_0001, 0x4000_0bad];
    for number in unreadable {
        for body in [&[][..], &[0xff; 4], &[0xff; 64]] {
            let file = [
                section_with_ethernet(Little),
                pcapng::block(Little, number, body),
                pcapng::enhanced(Little, 0, 1, 2, b"ab"),
            ];
            let outcome = read(&file.concat());
            assert_eq!(
                outcome.packets,
                [seen(1_000, 0, b"ab")],
                "{number:#x} {body:?}"
            );
        }
    }
}

#[test]
fn options_past_the_end_leave_the_packet() {
    let mut body = [&[0; 12][..], &Little.u32(2), &Little.u32(2), b"ab\0\0"].concat();
    body.extend([1, 0, 0xff, 0xff, b'x', 0, 0, 0]);
    let file = [
        section_with_ethernet(Little),
        pcapng::block(Little, 6, &body),
    ]
    .concat();
    assert_eq!(read(&file).packets, [seen(0, 0, b"ab")]);
}

#[test]
fn losses_are_summed_over_interfaces_and_sections() {
    for order in [Little, Big] {
        let dropped = |interface: u32, kernel: u64, by_interface: u64| {
            let values = [order.u64(kernel), order.u64(by_interface)];
            pcapng::statistics(
                order,
                interface,
                &[
                    (KERNEL_DROPPED, &values[0]),
                    (INTERFACE_DROPPED, &values[1]),
                ],
            )
        };
        let file = [
            section_with_ethernet(order),
            pcapng::interface(order, 1, 0, &[]),
            dropped(0, 1, 0),
            dropped(0, 3, 0),
            dropped(1, 10, 5),
            dropped(9, 1_000, 1_000),
            section_with_ethernet(order),
            pcapng::statistics(order, 0, &[(KERNEL_DROPPED, &order.u64(100))]),
        ];
        let statistics = read(&file.concat()).statistics;
        assert_eq!(
            statistics.dropped,
            Dropped {
                kernel: Some(113),
                interface: Some(5),
                between: None,
            }
        );
    }
}

#[test]
fn uncounted_losses_are_unknown() {
    let file = [
        section_with_ethernet(Little),
        pcapng::statistics(Little, 0, &[(4, &[0; 8])]),
    ]
    .concat();
    assert_eq!(
        read(&file).statistics.dropped,
        Dropped {
            kernel: None,
            interface: None,
            between: None,
        }
    );
    let file = [
        section_with_ethernet(Little),
        pcapng::statistics(Little, 0, &[(KERNEL_DROPPED, &[0; 8])]),
    ]
    .concat();
    assert_eq!(
        read(&file).statistics.dropped,
        Dropped {
            kernel: Some(0),
            interface: None,
            between: None,
        }
    );
}

#[test]
fn headers_alone_are_a_capture_without_packets() {
    for file in [
        pcap::header(Big, pcap::NANOSECONDS, 1),
        pcapng::section(Big),
    ] {
        let outcome = read(&file);
        assert!(
            outcome.packets.is_empty()
                && outcome.error.is_none()
                && outcome.statistics.truncated.is_none()
        );
    }
}
