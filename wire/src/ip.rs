//! What the internet layer hands to TCP, whichever IP version carried it, and how the IP length bounds it.

use etherparse::{IpAuthHeaderSlice, IpNumber};

use crate::{Address, Skipped, ipv4, ipv6};

/// The TCP part of one IP packet.
///
/// ```text
/// on the wire  | IP header, extensions | TCP header | payload ......................... |
/// captured     | IP header, extensions | TCP header | payload ....|  (snapshot length)
///                                      |<------- bytes ---------->|
///                                      |<------------------- len --------------------->|
/// ```
pub(crate) struct Datagram<'a> {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    /// The IPv4 identification field.
    pub(crate) ip_id: Option<u16>,
    /// Whether the IP header left its length to the interface.
    pub(crate) unfinished_length: bool,
    /// The captured bytes from the TCP header on, without what pads the frame.
    pub(crate) bytes: &'a [u8],
    /// How many bytes there were on the wire from the TCP header on.
    pub(crate) len: u32,
}

/// Reads an IP packet of either version; `wire_len` is what the capture says of its length on the wire.
pub(crate) fn read(bytes: &[u8], wire_len: u32) -> Result<Datagram<'_>, Skipped> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => ipv4::read(bytes, wire_len),
        Some(6) => ipv6::read(bytes, wire_len),
        Some(_) => Err(Skipped::Malformed("IP")),
        None => Err(Skipped::Cut("IP")),
    }
}

/// The bytes of the IP packet itself: what lies beyond its length pads the frame (Ethernet fills up to 60 bytes).
pub(crate) fn bounded(bytes: &[u8], packet_len: u32) -> &[u8] {
    let end = usize::try_from(packet_len).unwrap_or(usize::MAX);
    bytes.get(..end).unwrap_or(bytes)
}

/// How many bytes of an IP packet follow its headers, on the wire; `rest` is the captured part of them.
pub(crate) fn len_behind(packet: &[u8], rest: &[u8], packet_len: u32) -> Result<u32, Skipped> {
    let headers = length(packet).saturating_sub(length(rest));
    packet_len
        .checked_sub(headers)
        .ok_or(Skipped::Malformed("IP"))
}

/// Takes an authentication header off (RFC 4302 2): the protocol behind it, and its bytes.
pub(crate) fn behind_authentication(bytes: &[u8]) -> Result<(IpNumber, &[u8]), Skipped> {
    use etherparse::err::ip_auth::HeaderSliceError;

    let header = IpAuthHeaderSlice::from_slice(bytes).map_err(|error| match error {
        HeaderSliceError::Len(_) => Skipped::Cut("IP authentication"),
        HeaderSliceError::Content(_) => Skipped::Malformed("IP authentication"),
    })?;
    let rest = bytes.get(header.slice().len()..).unwrap_or_default();
    Ok((header.next_header(), rest))
}

/// The length of captured bytes in the type that lengths on the wire have.
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
