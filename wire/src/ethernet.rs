//! Ethernet and its VLAN tags: where the IP header starts, by EtherType (IEEE 802.3, 802.1Q, 802.1ad).

use crate::Skipped;

/// The bytes behind an Ethernet header and any VLAN tags, if they are IP.
pub(crate) fn strip(frame: &[u8]) -> Result<&[u8], Skipped> {
    let (header, rest) = frame
        .split_first_chunk::<14>()
        .ok_or(Skipped::Cut("Ethernet"))?;
    let [.., high, low] = *header;
    behind_ether_type(u16::from_be_bytes([high, low]), rest)
}

/// The bytes that an EtherType announces, behind any VLAN tags, if they are IP.
///
/// Each tag is two bytes of priority and number and the EtherType of what follows; tags may be stacked to any depth.
pub(crate) fn behind_ether_type(mut ether_type: u16, mut bytes: &[u8]) -> Result<&[u8], Skipped> {
    while let VLAN | SERVICE_VLAN | OLD_SERVICE_VLAN = ether_type {
        let (tag, rest) = bytes.split_first_chunk::<4>().ok_or(Skipped::Cut("VLAN"))?;
        let [_, _, high, low] = *tag;
        (ether_type, bytes) = (u16::from_be_bytes([high, low]), rest);
    }
    match ether_type {
        IPV4 | IPV6 => Ok(bytes),
        other => Err(Skipped::NotIp(other)),
    }
}

/// EtherTypes; 0x9100 was used for stacked tags before 802.1ad named 0x88a8.
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
const OLD_SERVICE_VLAN: u16 = 0x9100;
