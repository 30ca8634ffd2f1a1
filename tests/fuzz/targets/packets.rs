//! Any bytes as packets of any link type, fragments and tunnels among them.

use std::time::Duration;

use wireseam::wire::{
    Checksums, Config, Decoder, Limits, LinkType, Packet, PacketIndex, Skipped, Timestamp, decode,
};

use super::input::Input;

/// The input: packets, each a byte for the link type, a byte for a cut and what was said to be there, two bytes of length,
/// and as many bytes.
pub(crate) fn packets(data: &[u8]) {
    let mut input = Input::new(data);
    let limits = Limits {
        fragmented_packets: 8,
        fragment_memory: 256 << 10,
        fragment_age: Duration::from_secs(30),
    };
    let [mut counting, mut ignoring] = [Checksums::Count, Checksums::Ignore]
        .map(|checksums| Decoder::new(Config { checksums, limits }));
    let mut index = 0;
    while !input.is_empty() {
        index += 1;
        let link = LINKS[usize::from(input.byte()) % LINKS.len()];
        let choices = input.byte();
        let length = input.number();
        let bytes = input.take(length);
        let original = bytes.len() + usize::from(choices >> 4) * 100;
        let packet = Packet {
            index: PacketIndex(index),
            at: Some(Timestamp(i64::from(choices & 7) * 10_000_000_000)),
            interface: 0,
            link,
            original_len: u32::try_from(original).unwrap_or(u32::MAX),
            data: bytes,
        };
        let alone = decode(&packet);
        let counted = counting.decode(&packet);
        let ignored = ignoring.decode(&packet);
        match (&counted, &ignored) {
            (Ok(counted), Ok(ignored)) => {
                assert_eq!(
                    (
                        counted.seq,
                        counted.ack,
                        counted.flags,
                        counted.payload,
                        counted.payload_len
                    ),
                    (
                        ignored.seq,
                        ignored.ack,
                        ignored.flags,
                        ignored.payload,
                        ignored.payload_len
                    ),
                );
                assert!(counted.payload.len() <= counted.payload_len as usize);
            }
            (Err(counted), Err(ignored)) => assert_eq!(counted, ignored),
            _ => panic!("whether checksums are looked at decides: {counted:?}, {ignored:?}"),
        }
        match (&alone, &counted) {
            (Ok(alone), Ok(counted)) => {
                assert_eq!((alone.seq, alone.payload), (counted.seq, counted.payload))
            }
            (Err(Skipped::Fragment), _) => {}
            (Err(alone), Err(counted)) => assert_eq!(alone, counted),
            _ => panic!("{alone:?}, {counted:?}"),
        }
        if let Ok(whole) = alone {
            hold_cut(
                &packet,
                whole.payload,
                usize::from(choices) * bytes.len() / 256,
            );
        }
    }
    let counts = counting.statistics();
    assert!(counts.fragments.pending <= 8, "{counts:?}");
    assert_eq!(counts.fragments, ignoring.statistics().fragments);
}

/// A packet of which less was captured holds less of the same payload, or nothing that can be read.
fn hold_cut(packet: &Packet<'_>, whole: &[u8], captured: usize) {
    let less = Packet {
        data: &packet.data[..captured],
        ..*packet
    };
    if let Ok(cut) = decode(&less) {
        assert!(whole.starts_with(cut.payload), "{cut:?}");
    }
}

/// The link types, by the number that the input gives.
pub(crate) const LINKS: [LinkType; 12] = [
    LinkType::Ethernet,
    LinkType::Null,
    LinkType::Loop,
    LinkType::RawIp,
    LinkType::Ipv4,
    LinkType::Ipv6,
    LinkType::Ppp,
    LinkType::PppSerial,
    LinkType::PppEthernet,
    LinkType::LinuxSll,
    LinkType::LinuxSll2,
    LinkType::Other(147),
];
