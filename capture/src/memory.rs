//! Packets that lie in memory already: for tests, and for users who bring their own.

use std::vec;

use wireseam_wire::{LinkType, Packet, PacketIndex, Timestamp};

use crate::{CaptureError, Source, Statistics};

/// A packet that owns its bytes; its number is its place in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedPacket {
    /// When it was captured, where that is known.
    pub at: Option<Timestamp>,
    /// The interface it was captured on.
    pub interface: u32,
    /// What the first header in `data` is.
    pub link: LinkType,
    /// Its length on the wire in bytes.
    pub original_len: u32,
    /// The captured bytes.
    pub data: Vec<u8>,
}

impl OwnedPacket {
    /// A packet captured whole on interface 0, without a time.
    #[must_use]
    pub fn new(link: LinkType, data: Vec<u8>) -> Self {
        Self {
            at: None,
            interface: 0,
            link,
            original_len: u32::try_from(data.len()).unwrap_or(u32::MAX),
            data,
        }
    }

    /// The same packet, captured at a time.
    #[must_use]
    pub fn at(self, at: Timestamp) -> Self {
        Self {
            at: Some(at),
            ..self
        }
    }
}

/// Hands over packets from memory, in order, numbered from 1.
#[derive(Debug)]
pub struct MemorySource {
    packets: vec::IntoIter<OwnedPacket>,
    current: Option<OwnedPacket>,
    statistics: Statistics,
}

impl MemorySource {
    /// A source of these packets.
    #[must_use]
    pub fn new(packets: impl IntoIterator<Item = OwnedPacket>) -> Self {
        Self {
            packets: packets.into_iter().collect::<Vec<_>>().into_iter(),
            current: None,
            statistics: Statistics::default(),
        }
    }
}

impl Source for MemorySource {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        self.current = self.packets.next();
        let Some(packet) = &self.current else {
            return Ok(None);
        };
        self.statistics
            .count(packet.link, packet.data.len(), packet.at);
        Ok(Some(Packet {
            index: PacketIndex(self.statistics.packets),
            at: packet.at,
            interface: packet.interface,
            link: packet.link,
            original_len: packet.original_len,
            data: &packet.data,
        }))
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_in_order_with_numbers_from_one() {
        let mut source = MemorySource::new([
            OwnedPacket::new(LinkType::Ethernet, vec![1, 2]).at(Timestamp(5)),
            OwnedPacket::new(LinkType::RawIp, vec![3]),
        ]);
        let first = source.next_packet().unwrap().unwrap();
        assert_eq!(
            (first.index, first.at, first.data),
            (PacketIndex(1), Some(Timestamp(5)), &[1, 2][..])
        );
        let second = source.next_packet().unwrap().unwrap();
        assert_eq!(
            (second.index, second.at, second.data),
            (PacketIndex(2), None, &[3][..])
        );
        assert!(source.next_packet().unwrap().is_none());
        assert_eq!(source.statistics().bytes, 3);
        assert_eq!(
            source.statistics().link_types,
            [LinkType::Ethernet, LinkType::RawIp]
        );
    }

    #[test]
    fn boxed_and_borrowed_sources_are_sources() {
        let packets = || [OwnedPacket::new(LinkType::RawIp, vec![0])];
        let mut boxed: Box<dyn Source> = Box::new(MemorySource::new(packets()));
        assert_eq!(drain(&mut boxed), 1);
        assert_eq!(drain(MemorySource::new(packets())), 1);
    }

    fn drain(mut source: impl Source) -> u64 {
        while source.next_packet().unwrap().is_some() {}
        source.statistics().packets
    }
}
