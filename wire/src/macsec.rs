//! MACsec: where the frame goes on behind a security tag, if it is not encrypted (IEEE 802.1AE 9.3).

use crate::{Skipped, captured::Captured, ether_type, layer::Layer};

/// Takes a security tag off, and the EtherType behind it.
///
/// The check value at the end of the frame stays where it is: the length of the IP packet keeps it out.
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let &[control, ..] = rest.take::<6>("MACsec")?;
    if control & (ENCRYPTED | CHANGED) != 0 {
        return Err(Skipped::NotIp(ether_type::MACSEC));
    }
    let channel_identifier = if control & CHANNEL_IDENTIFIER != 0 {
        8
    } else {
        0
    };
    rest.skip(channel_identifier, "MACsec")?;
    let ether_type = rest.take::<2>("MACsec")?;
    Ok(Layer::EtherType(u16::from_be_bytes(*ether_type)))
}

/// Bits of the tag's control information.
const CHANNEL_IDENTIFIER: u8 = 0x20;
const ENCRYPTED: u8 = 0x08;
const CHANGED: u8 = 0x04;
