//! Linux cooked captures, as `-i any` writes them: which header follows (LINKTYPE_LINUX_SLL and _SLL2).

use crate::{Skipped, captured::Captured, layer::Layer};

/// Version 1 is 16 bytes long and ends with the protocol.
#[inline]
pub(crate) fn strip_version_1(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let header = rest.take::<16>("Linux cooked")?;
    let [.., high, low] = *header;
    Ok(Layer::EtherType(u16::from_be_bytes([high, low])))
}

/// Version 2 is 20 bytes long and begins with the protocol.
#[inline]
pub(crate) fn strip_version_2(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let header = rest.take::<20>("Linux cooked")?;
    let [high, low, ..] = *header;
    Ok(Layer::EtherType(u16::from_be_bytes([high, low])))
}
