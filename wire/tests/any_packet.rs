//! What `decode` promises of any packet: valid, damaged, cut short, or no packet at all.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]
#![allow(dead_code, reason = "each test binary builds what it needs")]

mod build;

use build::{ether_type, ethernet, ipv4, ipv6, packet, tcp};
use proptest::prelude::*;
use wireseam_wire::{
    Checksums, Config, Decoder, Flags, LinkType, Packet, Segment, Seq, Skipped, decode,
};

const LINKS: [LinkType; 12] = [
    LinkType::Ethernet,
    LinkType::Ppp,
    LinkType::PppSerial,
    LinkType::PppEthernet,
    LinkType::Null,
    LinkType::Loop,
    LinkType::RawIp,
    LinkType::Ipv4,
    LinkType::Ipv6,
    LinkType::LinuxSll,
    LinkType::LinuxSll2,
    LinkType::Other(147),
];

/// Whatever the packet, a segment's payload is captured bytes of it, and the wire had at least as many.
///
/// A decoder that has seen nothing else says the same.
fn payload_is_honest(packet: &Packet<'_>) -> Result<(), TestCaseError> {
    let told = |segment: Segment<'_>| format!("{segment:?}");
    let mut decoder = Decoder::new(Config {
        checksums: Checksums::Ignore,
        ..Config::default()
    });
    prop_assert_eq!(decoder.decode(packet).map(told), decode(packet).map(told));
    let _ = Decoder::default().decode(packet);
    let (mut one, mut many) = (Decoder::default(), Decoder::default());
    let mut segments = Vec::new();
    let added = many.decode_onto(packet, &mut segments);
    prop_assert_eq!(segments.len(), usize::from(added == Ok(true)));
    match added {
        Ok(true) => prop_assert_eq!(one.decode(packet).map(told), Ok(told(segments[0]))),
        Ok(false) => {
            prop_assert_eq!(
                one.decode(packet).map(told),
                many.put_together(packet).map(told)
            );
        }
        Err(reason) => prop_assert_eq!(one.decode(packet).unwrap_err(), reason),
    }
    prop_assert_eq!(one.statistics(), many.statistics());
    if let Ok(segment) = decode(packet) {
        prop_assert!(
            segment.payload.is_empty()
                || packet
                    .data
                    .as_ptr_range()
                    .contains(&segment.payload.as_ptr())
        );
        prop_assert!(segment.payload.len() <= packet.data.len());
        prop_assert!(segment.payload.len() <= usize::try_from(segment.payload_len).unwrap());
    }
    Ok(())
}

/// Any valid packet: either IP version, any options and payload, on Ethernet with some tags.
fn valid_frame() -> impl Strategy<Value = (tcp::Builder, Vec<u8>)> {
    let tags = prop::collection::vec(prop::sample::select(vec![0x8100, 0x88a8, 0x9100]), 0..3);
    (
        tcp::any_builder(),
        any::<bool>(),
        tags,
        prop::collection::vec(0_u8..3, 0..4),
    )
        .prop_map(|(tcp, v4, tags, extensions)| {
            let bytes = tcp.build();
            let extensions: Vec<_> = extensions
                .iter()
                .map(|n| ([0, 60, 43][usize::from(*n)], vec![0; 6]))
                .collect();
            let frame = match v4 {
                true => ethernet::frame(
                    &tags,
                    ether_type::IPV4,
                    &ipv4::Builder::new(6, bytes).build(),
                ),
                false => ethernet::frame(
                    &tags,
                    ether_type::IPV6,
                    &ipv6::build(&extensions, 6, &bytes),
                ),
            };
            (tcp, frame)
        })
}

proptest! {
    #[test]
    fn any_bytes_decode_without_panic(
        data in prop::collection::vec(any::<u8>(), 0..200),
        original_len in any::<u32>(),
    ) {
        for link in LINKS {
            payload_is_honest(&Packet { original_len, ..packet(link, &data) })?;
        }
    }

    #[test]
    fn damaged_packets_decode_without_panic(
        (_, mut frame) in valid_frame(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (at, byte) in damage {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        payload_is_honest(&packet(LinkType::Ethernet, &frame))?;
    }

    #[test]
    fn packet_decodes_to_what_was_built((tcp, frame) in valid_frame()) {
        let packet = packet(LinkType::Ethernet, &frame);
        let segment = decode(&packet).unwrap();
        prop_assert_eq!(segment.source.port, tcp.source_port);
        prop_assert_eq!(segment.destination.port, tcp.destination_port);
        prop_assert_eq!((segment.seq, segment.ack), (Seq(tcp.seq), Seq(tcp.ack)));
        prop_assert_eq!((segment.flags, segment.window), (Flags(tcp.flags), tcp.window));
        prop_assert_eq!(segment.payload, &tcp.payload[..]);
        prop_assert_eq!(usize::try_from(segment.payload_len).unwrap(), tcp.payload.len());
    }

    #[test]
    fn truncation_only_shortens_payload((tcp, frame) in valid_frame()) {
        let whole = packet(LinkType::Ethernet, &frame);
        let headers = frame.len() - tcp.payload.len();
        for len in 0..frame.len() {
            let cut = Packet { data: &frame[..len], ..whole };
            match decode(&cut) {
                Ok(segment) => {
                    prop_assert_eq!(usize::try_from(segment.payload_len).unwrap(), tcp.payload.len());
                    prop_assert_eq!(segment.payload, &tcp.payload[..len.saturating_sub(headers)]);
                }
                Err(skipped) => prop_assert!(matches!(skipped, Skipped::Cut(_)) && len < headers, "{} at {}", skipped, len),
            }
        }
    }
}
