//! Linux cooked captures, as `-i any` writes them: where the IP header starts (LINKTYPE_LINUX_SLL and _SLL2).

use crate::{Skipped, ethernet};

/// Version 1 is 16 bytes long and ends with the protocol.
pub(crate) fn strip_version_1(data: &[u8]) -> Result<&[u8], Skipped> {
    let (header, rest) = data
        .split_first_chunk::<16>()
        .ok_or(Skipped::Cut("Linux cooked"))?;
    let [.., high, low] = *header;
    ethernet::behind_ether_type(u16::from_be_bytes([high, low]), rest)
}

/// Version 2 is 20 bytes long and begins with the protocol.
pub(crate) fn strip_version_2(data: &[u8]) -> Result<&[u8], Skipped> {
    let (header, rest) = data
        .split_first_chunk::<20>()
        .ok_or(Skipped::Cut("Linux cooked"))?;
    let [high, low, ..] = *header;
    ethernet::behind_ether_type(u16::from_be_bytes([high, low]), rest)
}
