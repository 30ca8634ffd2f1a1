//! One packet's TCP segment, without anything remembered of other packets.

use crate::{Checksum, Packet, Segment, Skipped, ip::Carried, layer, plain::Plain, tcp};

/// Reads the TCP segment out of a captured packet.
///
/// Nothing is remembered: a fragment of an IP packet is [`Skipped::Fragment`], and checksums are not looked at.
///
/// # Errors
///
/// [`Skipped`] says why there is none; it is a fact about the traffic, to be counted and not to be raised.
#[inline]
pub fn decode<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
    if let Some(plain) = Plain::find(packet)
        && let Some(parts) = plain.split(Checksum::Unknown)
    {
        return Ok(parts.segment(packet));
    }
    by_layers(packet)
}

/// Reads it header by header.
fn by_layers<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
    match layer::unwrap(packet)? {
        Carried::Whole(datagram) => tcp::read(packet, &datagram),
        Carried::Fragment(_) => Err(Skipped::Fragment),
    }
}
