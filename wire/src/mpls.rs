//! MPLS: what stands behind a label stack (RFC 3032 2.1), which no header tells: IP, or a pseudowire's frame (RFC 4448).

use crate::{Skipped, captured::Captured, ether_type, layer::Layer};

/// Takes a label stack off.
///
/// The first four bits behind it are those of an IP header, or 0 of a control word, which stands there so that frames
/// do not look like IP (RFC 4385 3). A frame without a control word is believed only where its EtherType is known here.
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    while rest.take::<4>("MPLS")?[2] & BOTTOM_OF_STACK == 0 {}
    match rest.first_nibble() {
        None => Err(Skipped::Cut("MPLS")),
        Some(4 | 6) => Ok(Layer::Ip),
        Some(0) if is_frame(rest.bytes.get(CONTROL_WORD_LEN..).unwrap_or_default()) => {
            rest.skip(CONTROL_WORD_LEN, "MPLS")?;
            Ok(Layer::Ethernet)
        }
        Some(_) if is_frame(rest.bytes) => Ok(Layer::Ethernet),
        Some(_) if rest.bytes.len() < CONTROL_WORD_LEN + ETHERNET_LEN => Err(Skipped::Cut("MPLS")),
        Some(_) => Err(Skipped::NotIp(ether_type::MPLS)),
    }
}

/// Whether these bytes begin with an Ethernet header whose EtherType is known.
fn is_frame(bytes: &[u8]) -> bool {
    let header = bytes.first_chunk::<ETHERNET_LEN>();
    header.is_some_and(|[.., high, low]| ether_type::is_known(u16::from_be_bytes([*high, *low])))
}

/// The bit that marks the last entry of a stack.
const BOTTOM_OF_STACK: u8 = 0x01;

/// Zeros, flags, length and sequence number (RFC 4448 4.6).
const CONTROL_WORD_LEN: usize = 4;

/// An Ethernet header without tags.
const ETHERNET_LEN: usize = 14;
