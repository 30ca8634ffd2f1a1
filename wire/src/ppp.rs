//! PPP: where the IP header starts behind its protocol field (RFC 1661 2), its HDLC framing (RFC 1662 3.1), and Cisco's.

use crate::{Skipped, captured::Captured, layer::Layer};

/// Takes the protocol field off, and address and control in front of it where they were not negotiated away.
///
/// A protocol field whose first byte is odd was compressed to that one byte (RFC 1661 6.5).
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    match rest.bytes {
        [ALL_STATIONS] => return Err(Skipped::Cut("PPP")),
        [ALL_STATIONS, UNNUMBERED_INFORMATION, ..] => rest.skip(2, "PPP")?,
        _ => {}
    }
    let &[first] = rest.take::<1>("PPP")?;
    let protocol = match first & 1 {
        1 => u16::from(first),
        _ => u16::from_be_bytes([first, rest.take::<1>("PPP")?[0]]),
    };
    match protocol {
        IPV4 | IPV6 => Ok(Layer::Ip),
        MPLS | MPLS_MULTICAST => Ok(Layer::Mpls),
        other => Err(Skipped::NotIp(other)),
    }
}

/// The same on a serial line, where Cisco's HDLC may be spoken instead: address, control and an EtherType.
#[inline]
pub(crate) fn strip_serial(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    match rest.bytes {
        [CISCO_UNICAST | CISCO_MULTICAST, 0, ..] => {
            let &[_, _, high, low] = rest.take::<4>("PPP")?;
            Ok(Layer::EtherType(u16::from_be_bytes([high, low])))
        }
        _ => strip(rest),
    }
}

/// HDLC's address and control (RFC 1662 3.1), and Cisco's addresses.
const ALL_STATIONS: u8 = 0xff;
const UNNUMBERED_INFORMATION: u8 = 0x03;
const CISCO_UNICAST: u8 = 0x0f;
const CISCO_MULTICAST: u8 = 0x8f;

/// Protocol numbers (RFC 1332 3, RFC 5072 3, RFC 3032 4.3).
const IPV4: u16 = 0x0021;
const IPV6: u16 = 0x0057;
const MPLS: u16 = 0x0281;
const MPLS_MULTICAST: u16 = 0x0283;
