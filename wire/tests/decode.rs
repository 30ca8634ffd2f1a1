//! What `decode` promises, on packets built by hand field by field from the RFCs' header diagrams.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]
#![allow(dead_code, reason = "each test binary builds what it needs")]

mod build;

use build::{ether_type, ethernet, ipv4, ipv6, packet, tcp};
use wireseam_wire::{
    Flags, LinkType, Packet, PacketIndex, Segment, Seq, Skipped, Timestamp, decode,
};

fn raw(data: &[u8]) -> Result<Segment<'_>, Skipped> {
    decode(&packet(LinkType::RawIp, data))
}

fn hello() -> Vec<u8> {
    tcp::Builder::default().payload(b"hello").build()
}

#[test]
fn every_field_stands_where_rfc_9293_puts_it() {
    let tcp = tcp::Builder {
        source_port: 40_000,
        destination_port: 9_001,
        seq: 0xffff_ff00,
        ack: 0x0102_0304,
        flags: 0x118,
        window: 0xfff1,
        options: vec![1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6],
        payload: b"hello".to_vec(),
    };
    let bytes = ipv4::Builder::new(6, tcp.build())
        .identification(0xbeef)
        .build();
    let segment = raw(&bytes).unwrap();
    assert_eq!(segment.packet, PacketIndex(7));
    assert_eq!(segment.at, Some(Timestamp(1_000)));
    assert_eq!(segment.interface, 2);
    assert_eq!(segment.source.to_string(), "10.0.0.1:40000");
    assert_eq!(segment.destination.to_string(), "10.0.0.2:9001");
    assert_eq!(
        (segment.seq, segment.ack),
        (Seq(0xffff_ff00), Seq(0x0102_0304))
    );
    assert_eq!(segment.window, 0xfff1);
    assert_eq!(
        segment.flags,
        Flags::PSH.with(Flags::ACK).with(Flags(0x100))
    );
    assert_eq!(segment.options.timestamps, Some((5, 6)));
    assert_eq!(segment.ip_id, Some(0xbeef));
    assert!(!segment.unfinished_length);
    assert_eq!((segment.payload, segment.payload_len), (&b"hello"[..], 5));
}

#[test]
fn every_link_header_is_taken_off() {
    let v4 = ipv4::Builder::new(6, hello()).build();
    let v6 = ipv6::build(&[], 6, &hello());
    let cases = [
        (
            LinkType::Ethernet,
            ethernet::frame(&[], ether_type::IPV4, &v4),
        ),
        (
            LinkType::Ethernet,
            ethernet::frame(&[], ether_type::IPV6, &v6),
        ),
        (
            LinkType::Ethernet,
            ethernet::frame(&[0x8100], ether_type::IPV4, &v4),
        ),
        (
            LinkType::Ethernet,
            ethernet::frame(&[0x88a8, 0x8100], ether_type::IPV6, &v6),
        ),
        (
            LinkType::Ethernet,
            ethernet::frame(&[0x9100, 0x9100, 0x8100], ether_type::IPV4, &v4),
        ),
        (
            LinkType::Ethernet,
            [
                &[2; 12][..],
                &[0, 53],
                &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
                &v4[..],
            ]
            .concat(),
        ),
        (
            LinkType::LinuxSll,
            [&[0; 14][..], &[0x08, 0x00], &v4[..]].concat(),
        ),
        (
            LinkType::LinuxSll,
            [&[0; 14][..], &[0x86, 0xdd], &v6[..]].concat(),
        ),
        (
            LinkType::LinuxSll,
            [&[0; 14][..], &[0x81, 0x00, 0, 5, 0x08, 0x00], &v4[..]].concat(),
        ),
        (
            LinkType::LinuxSll2,
            [&[0x08, 0x00][..], &[0; 18], &v4[..]].concat(),
        ),
        (
            LinkType::LinuxSll2,
            [&[0x86, 0xdd][..], &[0; 18], &v6[..]].concat(),
        ),
        (LinkType::Null, [&[2, 0, 0, 0], &v4[..]].concat()),
        (LinkType::Null, [&[0, 0, 0, 2], &v4[..]].concat()),
        (LinkType::Null, [&[10, 0, 0, 0], &v6[..]].concat()),
        (LinkType::Null, [&[24, 0, 0, 0], &v6[..]].concat()),
        (LinkType::Null, [&[0, 0, 0, 28], &v6[..]].concat()),
        (LinkType::Null, [&[30, 0, 0, 0], &v6[..]].concat()),
        (LinkType::Loop, [&[0, 0, 0, 2], &v4[..]].concat()),
        (LinkType::Loop, [&[0, 0, 0, 24], &v6[..]].concat()),
        (LinkType::Ppp, [&[0xff, 3, 0, 0x21], &v4[..]].concat()),
        (LinkType::Ppp, [&[0, 0x57], &v6[..]].concat()),
        (LinkType::Ppp, [&[0x21], &v4[..]].concat()),
        (LinkType::Ppp, [&[0xff, 3, 0x57], &v6[..]].concat()),
        (LinkType::PppSerial, [&[0xff, 3, 0, 0x57], &v6[..]].concat()),
        (LinkType::PppSerial, [&[0x0f, 0, 8, 0], &v4[..]].concat()),
        (
            LinkType::PppSerial,
            [&[0x8f, 0, 0x86, 0xdd], &v6[..]].concat(),
        ),
        (
            LinkType::PppEthernet,
            [&[0x11, 0, 0, 1, 0, 47, 0, 0x21], &v4[..]].concat(),
        ),
        (LinkType::RawIp, v4.clone()),
        (LinkType::RawIp, v6.clone()),
        (LinkType::Ipv4, v4.clone()),
        (LinkType::Ipv6, v6.clone()),
    ];
    for (link, data) in &cases {
        let packet = packet(*link, data);
        let segment =
            decode(&packet).unwrap_or_else(|skipped| panic!("{link} {data:02x?}: {skipped}"));
        assert_eq!(
            (segment.payload, segment.payload_len),
            (&b"hello"[..], 5),
            "{link}"
        );
    }
}

#[test]
fn what_is_not_ip_is_named() {
    let arp = ethernet::frame(&[], 0x0806, &[0; 28]);
    let tagged_arp = ethernet::frame(&[0x8100], 0x0806, &[0; 28]);
    assert_eq!(
        decode(&packet(LinkType::Ethernet, &arp)).unwrap_err(),
        Skipped::NotIp(0x0806)
    );
    assert_eq!(
        decode(&packet(LinkType::Ethernet, &tagged_arp)).unwrap_err(),
        Skipped::NotIp(0x0806)
    );
    assert_eq!(
        decode(&packet(LinkType::Null, &[7, 0, 0, 0])).unwrap_err(),
        Skipped::NotIp(7)
    );
    assert_eq!(
        decode(&packet(LinkType::Loop, &[2, 0, 0, 0])).unwrap_err(),
        Skipped::NotIp(u16::MAX)
    );
    assert_eq!(
        decode(&packet(LinkType::Other(147), &[0; 60])).unwrap_err(),
        Skipped::LinkType(147)
    );
    assert_eq!(raw(&[0x50; 60]).unwrap_err(), Skipped::Malformed("IP"));
    assert_eq!(raw(&[]).unwrap_err(), Skipped::Cut("IP"));
    let spanning_tree = [&[2; 12][..], &[0, 38, 0x42, 0x42, 3], &[0; 43]].concat();
    assert_eq!(
        decode(&packet(LinkType::Ethernet, &spanning_tree)).unwrap_err(),
        Skipped::NotIp(4)
    );
}

#[test]
fn what_is_not_tcp_is_named() {
    assert_eq!(
        raw(&ipv4::Builder::new(17, vec![0; 8]).build()).unwrap_err(),
        Skipped::NotTcp(17)
    );
    assert_eq!(
        raw(&ipv6::build(&[], 58, &[0; 8])).unwrap_err(),
        Skipped::NotTcp(58)
    );
    let behind_hop_by_hop = ipv6::build(&[(0, vec![1, 4, 0, 0, 0, 0])], 17, &[0; 8]);
    assert_eq!(raw(&behind_hop_by_hop).unwrap_err(), Skipped::NotTcp(17));
}

#[test]
fn ethernet_padding_is_no_payload() {
    let syn = tcp::Builder::default().build();
    for ip in [
        ipv4::Builder::new(6, syn.clone()).build(),
        ipv6::build(&[], 6, &syn),
    ] {
        let number = if ip[0] >> 4 == 4 {
            ether_type::IPV4
        } else {
            ether_type::IPV6
        };
        let mut frame = ethernet::frame(&[], number, &ip);
        frame.resize(frame.len() + 6, 0xee);
        let packet = packet(LinkType::Ethernet, &frame);
        let segment = decode(&packet).unwrap();
        assert_eq!((segment.payload, segment.payload_len), (&b""[..], 0));
    }
}

#[test]
fn ipv4_options_are_stepped_over() {
    let bytes = ipv4::Builder::new(6, hello())
        .options(&[7, 7, 4, 0, 0, 0, 0, 0])
        .build();
    assert_eq!(raw(&bytes).unwrap().payload, b"hello");
}

#[test]
fn super_segment_without_ip_length_takes_the_packet_length() {
    let payload = vec![0x55; 70_000];
    let tcp = tcp::Builder::default().payload(&payload).build();
    let v6 = ipv6::with_payload_length(0, &[], 6, &tcp);
    for total_length in [0, 20] {
        let v4 = ipv4::Builder::new(6, tcp.clone())
            .total_length(total_length)
            .build();
        for (number, ip) in [(ether_type::IPV4, &v4), (ether_type::IPV6, &v6)] {
            let frame = ethernet::frame(&[0x8100], number, ip);
            let packet = packet(LinkType::Ethernet, &frame);
            let segment = decode(&packet).unwrap();
            assert!(segment.unfinished_length);
            assert_eq!(
                (segment.payload.len(), segment.payload_len),
                (70_000, 70_000)
            );
            let cut = Packet {
                data: &frame[..100],
                ..packet
            };
            assert_eq!(decode(&cut).unwrap().payload_len, 70_000);
            let nonsense = Packet {
                original_len: 0,
                ..packet
            };
            assert_eq!(decode(&nonsense).unwrap().payload_len, 70_000);
        }
    }
}

#[test]
fn jumbogram_has_the_length_of_its_option() {
    let tcp = tcp::Builder::default().payload(&[0x55; 70_000]).build();
    let length = u32::try_from(tcp.len() + 8).unwrap().to_be_bytes();
    let option = [&[0xc2, 4], &length[..]].concat();
    let bytes = ipv6::with_payload_length(0, &[(0, option)], 6, &tcp);
    let segment = raw(&bytes).unwrap();
    assert!(!segment.unfinished_length);
    assert_eq!(
        (segment.payload.len(), segment.payload_len),
        (70_000, 70_000)
    );
}

#[test]
fn snapshot_length_cuts_payload_and_not_its_length() {
    let tcp = tcp::Builder::default().payload(&[0x55; 1_000]).build();
    let v4 = ethernet::frame(
        &[],
        ether_type::IPV4,
        &ipv4::Builder::new(6, tcp.clone()).build(),
    );
    let v6 = ethernet::frame(&[], ether_type::IPV6, &ipv6::build(&[], 6, &tcp));
    for frame in [v4, v6] {
        let whole = packet(LinkType::Ethernet, &frame);
        let cut = Packet {
            data: &frame[..96],
            ..whole
        };
        let segment = decode(&cut).unwrap();
        assert_eq!(segment.payload_len, 1_000);
        assert_eq!(segment.payload, &whole.data[frame.len() - 1_000..96]);
        let captured_as_original = Packet {
            original_len: 96,
            ..cut
        };
        assert_eq!(decode(&captured_as_original).unwrap().payload_len, 1_000);
        let nonsense = Packet {
            original_len: 0,
            ..cut
        };
        assert_eq!(decode(&nonsense).unwrap().payload_len, 1_000);
    }
}

#[test]
fn fragments_are_named_and_atomic_ones_pass() {
    let first = ipv4::Builder::new(6, hello()).fragment(0x2000).build();
    let later = ipv4::Builder::new(6, hello()).fragment(0x0003).build();
    let unfragmented = ipv4::Builder::new(6, hello()).fragment(0x4000).build();
    assert_eq!(raw(&first).unwrap_err(), Skipped::Fragment);
    assert_eq!(raw(&later).unwrap_err(), Skipped::Fragment);
    assert_eq!(raw(&unfragmented).unwrap().payload, b"hello");
    let v6 = |offset_and_more: u16| {
        let [high, low] = offset_and_more.to_be_bytes();
        ipv6::build(&[(44, vec![high, low, 0, 0, 0, 9])], 6, &hello())
    };
    assert_eq!(raw(&v6(0x0001)).unwrap_err(), Skipped::Fragment);
    assert_eq!(raw(&v6(0x0010)).unwrap_err(), Skipped::Fragment);
    assert_eq!(raw(&v6(0)).unwrap().payload, b"hello");
}

#[test]
fn extension_headers_are_stepped_over() {
    let options = |len: usize| vec![0; len];
    let authentication = [&[0, 0], &[0x11; 16][..]].concat();
    let bytes = ipv6::build(
        &[
            (0, options(14)),
            (60, options(6)),
            (43, options(22)),
            (60, options(6)),
        ],
        6,
        &hello(),
    );
    assert_eq!(raw(&bytes).unwrap().payload, b"hello");
    let bytes = ipv6::build(&[(0, options(6)), (51, authentication)], 6, &hello());
    assert_eq!(
        (
            raw(&bytes).unwrap().payload,
            raw(&bytes).unwrap().payload_len
        ),
        (&b"hello"[..], 5)
    );
    let authentication = [&[6, 4, 0, 0], &[0x11; 20][..], &hello()].concat();
    assert_eq!(
        raw(&ipv4::Builder::new(51, authentication).build())
            .unwrap()
            .payload,
        b"hello"
    );
}

#[test]
fn contradicting_headers_are_named() {
    let mut short_offset = hello();
    short_offset[12] = 0x40;
    assert_eq!(
        raw(&ipv4::Builder::new(6, short_offset).build()).unwrap_err(),
        Skipped::Malformed("TCP")
    );
    let mut long_offset = hello();
    long_offset[12] = 0xf0;
    assert_eq!(
        raw(&ipv4::Builder::new(6, long_offset).build()).unwrap_err(),
        Skipped::Malformed("TCP")
    );
    let short = ipv4::Builder::new(6, hello()).total_length(19).build();
    assert_eq!(raw(&short).unwrap_err(), Skipped::Malformed("IPv4"));
    let header_beyond_length = ipv4::Builder::new(6, hello()).total_length(30).build();
    assert_eq!(
        raw(&header_beyond_length).unwrap_err(),
        Skipped::Malformed("TCP")
    );
}
