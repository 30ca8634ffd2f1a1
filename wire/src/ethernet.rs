//! Ethernet: which header follows, by EtherType or by LLC and SNAP (IEEE 802.3 3.2.6, 802.2; RFC 1042).

use crate::{Skipped, captured::Captured, ether_type::LLC, layer::Layer};

/// Takes an Ethernet header off.
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let header = rest.take::<14>("Ethernet")?;
    let [.., high, low] = *header;
    match u16::from_be_bytes([high, low]) {
        0..FIRST_ETHER_TYPE => behind_length(rest),
        ether_type => Ok(Layer::EtherType(ether_type)),
    }
}

/// Behind a length in place of an EtherType stands LLC, and with SNAP an EtherType after all.
fn behind_length(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    match rest.take::<8>("LLC") {
        Ok(&[0xaa, 0xaa, 0x03, 0, 0, 0, high, low]) => {
            let ether_type = u16::from_be_bytes([high, low]);
            Ok(Layer::EtherType(ether_type))
        }
        Ok(_) | Err(_) => Err(Skipped::NotIp(LLC)),
    }
}

/// Smaller numbers are lengths (IEEE 802.3 3.2.6).
const FIRST_ETHER_TYPE: u16 = 0x0600;
