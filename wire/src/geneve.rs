//! Geneve: eight bytes, options, then a frame or packet by EtherType (RFC 8926 3.4).

use crate::{Skipped, captured::Captured, ether_type, layer::Layer, udp::NO_TUNNEL};

/// Takes a Geneve header and its options off.
///
/// ```text
/// | version (2) | options in words (6) | O | C | reserved (6) | protocol type | network identifier (24) | reserved |
/// ```
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    if rest.len < HEADER_LEN {
        return Err(NO_TUNNEL);
    }
    let &[version_and_length, flags, t0, t1, .., reserved] = rest.take::<8>("Geneve")?;
    if version_and_length >> 6 != 0 || flags & RESERVED != 0 || reserved != 0 {
        return Err(NO_TUNNEL);
    }
    let options = u32::from(version_and_length & OPTIONS_LEN) * 4;
    if rest.len < options {
        return Err(NO_TUNNEL);
    }
    rest.skip(usize::try_from(options).unwrap_or(usize::MAX), "Geneve")?;
    Ok(ether_type::tunnelled(u16::from_be_bytes([t0, t1])))
}

const HEADER_LEN: u32 = 8;
const OPTIONS_LEN: u8 = 0x3f;
const RESERVED: u8 = 0x3f;
