//! Link types: what the first header of a captured packet is, and which file takes it off.

use std::fmt;

use crate::{Skipped, captured::Captured, cooked, layer::Layer, loopback, ppp, pppoe};

/// The link-layer header type of a capture (the LINKTYPE_ registry; also the numbers of some DLT_ values that BSDs write).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// Ethernet (1).
    Ethernet,
    /// BSD loopback, address family in host byte order (0).
    Null,
    /// OpenBSD loopback, address family in network byte order (108).
    Loop,
    /// IPv4 or IPv6 without a link header (101; 12 and 14 are the DLT_RAW of BSDs).
    RawIp,
    /// IPv4 without a link header (228).
    Ipv4,
    /// IPv6 without a link header (229).
    Ipv6,
    /// PPP, with or without HDLC framing (9).
    Ppp,
    /// PPP in HDLC framing, or Cisco HDLC (50).
    PppSerial,
    /// PPP over Ethernet, without the Ethernet header (51).
    PppEthernet,
    /// Linux cooked capture, version 1 (113).
    LinuxSll,
    /// Linux cooked capture, version 2 (276).
    LinuxSll2,
    /// Any other number.
    Other(u32),
}

impl LinkType {
    /// The number as capture files write it.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::Null => 0,
            Self::Ethernet => 1,
            Self::Ppp => 9,
            Self::PppSerial => 50,
            Self::PppEthernet => 51,
            Self::RawIp => 101,
            Self::Loop => 108,
            Self::LinuxSll => 113,
            Self::Ipv4 => 228,
            Self::Ipv6 => 229,
            Self::LinuxSll2 => 276,
            Self::Other(number) => number,
        }
    }
}

impl From<u32> for LinkType {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::Null,
            1 => Self::Ethernet,
            9 => Self::Ppp,
            50 => Self::PppSerial,
            51 => Self::PppEthernet,
            12 | 14 | 101 => Self::RawIp,
            108 => Self::Loop,
            113 => Self::LinuxSll,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            276 => Self::LinuxSll2,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ethernet => f.write_str("Ethernet"),
            Self::Null => f.write_str("BSD loopback"),
            Self::Loop => f.write_str("OpenBSD loopback"),
            Self::RawIp => f.write_str("raw IP"),
            Self::Ipv4 => f.write_str("raw IPv4"),
            Self::Ipv6 => f.write_str("raw IPv6"),
            Self::Ppp => f.write_str("PPP"),
            Self::PppSerial => f.write_str("PPP over a serial line"),
            Self::PppEthernet => f.write_str("PPP over Ethernet"),
            Self::LinuxSll => f.write_str("Linux cooked v1"),
            Self::LinuxSll2 => f.write_str("Linux cooked v2"),
            Self::Other(number) => write!(f, "link type {number}"),
        }
    }
}

/// What the packet begins with, once a header that stands only there is taken off.
#[inline]
pub(crate) fn start(link: LinkType, rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    match link {
        LinkType::Ethernet => Ok(Layer::Ethernet),
        LinkType::Null => loopback::strip_null(rest),
        LinkType::Loop => loopback::strip_loop(rest),
        LinkType::LinuxSll => cooked::strip_version_1(rest),
        LinkType::LinuxSll2 => cooked::strip_version_2(rest),
        LinkType::Ppp => Ok(Layer::Ppp),
        LinkType::PppSerial => ppp::strip_serial(rest),
        LinkType::PppEthernet => pppoe::strip(rest),
        LinkType::RawIp | LinkType::Ipv4 | LinkType::Ipv6 => Ok(Layer::Ip),
        LinkType::Other(number) => Err(Skipped::LinkType(number)),
    }
}
