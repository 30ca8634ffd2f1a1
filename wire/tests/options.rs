//! What `decode` promises about TCP options: any order, unknown kinds, wrong lengths, and a capture that ends in them.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]
#![allow(dead_code, reason = "each test binary builds what it needs")]

mod build;

use build::{ipv4, tcp};
use wireseam_wire::{
    LinkType, Packet, PacketIndex, SackBlock, Segment, Seq, Skipped, TcpOptions, decode,
};

fn packet(link: LinkType, data: &[u8]) -> Packet<'_> {
    Packet {
        index: PacketIndex(7),
        at: None,
        interface: 2,
        link,
        original_len: u32::try_from(data.len()).unwrap(),
        data,
    }
}

fn raw(data: &[u8]) -> Result<Segment<'_>, Skipped> {
    decode(&packet(LinkType::RawIp, data))
}

#[test]
fn cut_inside_tcp_options_keeps_the_segment() {
    let options = vec![
        2, 4, 0x05, 0xb4, 1, 3, 3, 7, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6, 1, 0,
    ];
    let tcp = tcp::Builder {
        options,
        ..tcp::Builder::default()
    }
    .payload(b"hello")
    .build();
    let bytes = ipv4::Builder::new(6, tcp).build();
    let whole = packet(LinkType::RawIp, &bytes);
    for len in 40..60 {
        let segment = decode(&Packet {
            data: &bytes[..len],
            ..whole
        })
        .unwrap();
        assert_eq!((segment.payload, segment.payload_len), (&b""[..], 5));
        assert_eq!(segment.options.mss, (len >= 44).then_some(1_460));
        assert_eq!(segment.options.window_scale, (len >= 48).then_some(7));
        assert_eq!(segment.options.timestamps, (len >= 58).then_some((5, 6)));
    }
    assert_eq!(
        decode(&Packet {
            data: &bytes[..39],
            ..whole
        })
        .unwrap_err(),
        Skipped::Cut("TCP")
    );
}

#[test]
fn options_are_read_in_any_order_and_unknown_ones_stepped_over() {
    let packet_with = |options: &[u8]| {
        let tcp = tcp::Builder {
            options: options.to_vec(),
            ..tcp::Builder::default()
        };
        ipv4::Builder::new(6, tcp.build()).build()
    };
    let block = |left, right| SackBlock {
        left: Seq(left),
        right: Seq(right),
    };
    let syn = [30, 4, 9, 9, 4, 2, 3, 3, 14, 2, 4, 0x05, 0xb4, 34, 2, 1];
    assert_eq!(
        raw(&packet_with(&syn)).unwrap().options,
        TcpOptions {
            mss: Some(1_460),
            window_scale: Some(14),
            sack_permitted: true,
            ..TcpOptions::default()
        }
    );
    let sack = [
        &[1, 1, 5, 18][..],
        &[0, 0, 0, 1, 0, 0, 0, 2],
        &[0, 0, 0, 3, 0, 0, 0, 4],
    ]
    .concat();
    let sack_of = |options: &[u8]| -> Vec<SackBlock> {
        let bytes = packet_with(options);
        raw(&bytes).unwrap().options.sack.iter().collect()
    };
    assert_eq!(sack_of(&sack), [block(1, 2), block(3, 4)]);
    let full = [&[1, 1, 5, 34][..], &[0xff; 32]].concat();
    assert_eq!(sack_of(&full), [block(u32::MAX, u32::MAX); 4]);
    for malformed in [
        &[8, 0, 1, 1][..],
        &[8, 1, 1, 1],
        &[8, 11, 0, 0],
        &[5, 4, 0, 0],
        &[2, 3, 5, 0],
        &[3],
        &[0, 8, 10, 0],
    ] {
        let bytes = packet_with(malformed);
        let options = raw(&bytes).unwrap().options;
        assert_eq!(options, TcpOptions::default(), "{malformed:?}");
    }
}
