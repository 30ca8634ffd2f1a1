//! Generic Routing Encapsulation: what stands behind its header and optional fields (RFC 2784 2, RFC 2890 2).
//!
//! The source routes of the first version (RFC 1701) and the variant of PPTP (RFC 2637) are not read.

use etherparse::IpNumber;

use crate::{Skipped, captured::Captured, erspan, ether_type, layer::Layer};

/// Takes a GRE header off.
///
/// ```text
/// |C| |K|S| reserved | version | protocol type | checksum, reserved (C) | key (K) | sequence number (S) |
/// ```
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    if rest.len < HEADER_LEN {
        return Err(Skipped::Malformed("GRE"));
    }
    let &[high, low, t0, t1] = rest.take::<4>("GRE")?;
    let (flags, protocol) = (
        u16::from_be_bytes([high, low]),
        u16::from_be_bytes([t0, t1]),
    );
    if flags & (ROUTING | VERSION) != 0 {
        return Err(Skipped::NotTcp(IpNumber::GRE.0));
    }
    let present = flags & (CHECKSUM | KEY | SEQUENCE_NUMBER);
    let fields = present.count_ones() * 4;
    if rest.len < fields {
        return Err(Skipped::Malformed("GRE"));
    }
    rest.skip(usize::try_from(fields).unwrap_or(usize::MAX), "GRE")?;
    match protocol {
        ERSPAN if flags & SEQUENCE_NUMBER == 0 => Ok(Layer::Ethernet),
        ERSPAN => erspan::strip_type_2(rest),
        ERSPAN_TYPE_3 => erspan::strip_type_3(rest),
        other => Ok(ether_type::tunnelled(other)),
    }
}

/// The header without optional fields.
const HEADER_LEN: u32 = 4;

/// Bits of the first two bytes.
const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE_NUMBER: u16 = 0x1000;
const VERSION: u16 = 0x0007;

/// Protocol types of mirrored frames: types I and II share one and differ by the sequence number.
const ERSPAN: u16 = 0x88be;
const ERSPAN_TYPE_3: u16 = 0x22eb;
