//! Link layer, IP and TCP headers taken off one packet.

use crate::ip::length;
use crate::{Packet, Segment, Skipped, ip, link, tcp};

/// Reads the TCP segment out of a captured packet.
///
/// # Errors
///
/// [`Skipped`] says why there is none; it is a fact about the traffic, to be counted and not to be raised.
pub fn decode<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
    let ip_bytes = link::strip(packet.link, packet.data)?;
    let datagram = ip::read(ip_bytes, wire_length(packet, ip_bytes))?;
    tcp::read(packet, &datagram)
}

/// How many bytes the packet had on the wire from the IP header on, as far as the capture knows.
///
/// Some writers store an original length below the captured one; then the captured bytes are the better witness.
fn wire_length(packet: &Packet<'_>, ip_bytes: &[u8]) -> u32 {
    let link_header = length(packet.data).saturating_sub(length(ip_bytes));
    let original = packet.original_len.max(length(packet.data));
    original.saturating_sub(link_header)
}
