//! Why a packet holds no TCP segment, in words that can be counted.

use std::fmt;

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
    /// A wrong checksum, where right ones are required.
    Checksum,
    /// Tunnels lie in each other deeper than anyone builds them.
    Nested,
    /// The capture ends inside the named header.
    Cut(&'static str),
    /// The named header contradicts itself.
    Malformed(&'static str),
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkType(number) => write!(f, "link type {number}"),
            Self::NotIp(0x0004) => f.write_str("LLC"),
            Self::NotIp(0x0806) => f.write_str("ARP"),
            Self::NotIp(number) => write!(f, "not IP (0x{number:04x})"),
            Self::NotTcp(1) => f.write_str("ICMP"),
            Self::NotTcp(17) => f.write_str("UDP"),
            Self::NotTcp(58) => f.write_str("ICMPv6"),
            Self::NotTcp(number) => write!(f, "IP protocol {number}"),
            Self::Checksum => f.write_str("wrong checksum"),
            Self::Nested => f.write_str("tunnels in tunnels"),
            Self::Fragment => f.write_str("IP fragment"),
            Self::Cut(header) => write!(f, "cut inside the {header} header"),
            Self::Malformed(header) => write!(f, "malformed {header} header"),
        }
    }
}
