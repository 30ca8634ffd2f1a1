//! Packets built header by header, without the library under test.

pub(crate) mod ethernet;
pub(crate) mod fragment;
pub(crate) mod ipv4;
pub(crate) mod ipv6;
pub(crate) mod tcp;
pub(crate) mod tunnel;

use wireseam_wire::{LinkType, Packet, PacketIndex, Timestamp};

/// These bytes captured whole.
pub(crate) fn packet(link: LinkType, data: &[u8]) -> Packet<'_> {
    Packet {
        index: PacketIndex(7),
        at: Some(Timestamp(1_000)),
        interface: 2,
        link,
        original_len: u32::try_from(data.len()).unwrap(),
        data,
    }
}

/// EtherTypes of IP.
pub(crate) mod ether_type {
    pub(crate) const IPV4: u16 = 0x0800;
    pub(crate) const IPV6: u16 = 0x86dd;
}
