//! Link layer, IP and TCP headers taken off one packet; what cannot be read is named.

use std::fmt;

use crate::{Packet, Segment, ip, link, tcp};

/// Why a packet holds no TCP segment that can be used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// The link type is not one this version reads.
    LinkType(u32),
    /// Neither IPv4 nor IPv6 (the EtherType or protocol family number).
    NotIp(u16),
    /// IP, but not TCP (the IP protocol number).
    NotTcp(u8),
    /// A fragment of an IP packet.
    Fragment,
    /// The capture ends inside the named header.
    Cut(&'static str),
    /// The named header contradicts itself.
    Malformed(&'static str),
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkType(number) => write!(f, "link type {number}"),
            Self::NotIp(0x0806) => f.write_str("ARP"),
            Self::NotIp(number) => write!(f, "not IP (0x{number:04x})"),
            Self::NotTcp(1) => f.write_str("ICMP"),
            Self::NotTcp(17) => f.write_str("UDP"),
            Self::NotTcp(58) => f.write_str("ICMPv6"),
            Self::NotTcp(number) => write!(f, "IP protocol {number}"),
            Self::Fragment => f.write_str("IP fragment"),
            Self::Cut(header) => write!(f, "cut inside the {header} header"),
            Self::Malformed(header) => write!(f, "malformed {header} header"),
        }
    }
}

/// Reads the TCP segment out of a captured packet.
///
/// # Errors
///
/// [`Skipped`] says why there is none; it is a fact about the traffic, to be counted and not to be raised.
pub fn decode<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
    let ip_bytes = link::strip(packet.link, packet.data)?;
    let datagram = ip::read(ip_bytes, wire_length(packet, ip_bytes))?;
    tcp::read(packet, &datagram)
}

/// How many bytes the packet had on the wire from the IP header on, as far as the capture knows.
///
/// Some writers store an original length below the captured one; then the captured bytes are the better witness.
fn wire_length(packet: &Packet<'_>, ip_bytes: &[u8]) -> u32 {
    let link_header = length(packet.data).saturating_sub(length(ip_bytes));
    let original = packet.original_len.max(length(packet.data));
    original.saturating_sub(link_header)
}

/// The length of captured bytes in the type that lengths on the wire have.
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
