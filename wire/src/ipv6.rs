//! IPv6 and its extension headers: addresses, and which bytes are TCP (RFC 8200 3 and 4, RFC 2675, RFC 4302).

use etherparse::{
    IpNumber, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
    err::ipv6::HeaderSliceError,
};

use crate::{
    Skipped,
    ip::{Datagram, behind_authentication, bounded, len_behind},
};

/// Reads an IPv6 packet that carries TCP.
pub(crate) fn read(bytes: &[u8], wire_len: u32) -> Result<Datagram<'_>, Skipped> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|error| match error {
        HeaderSliceError::Len(_) => Skipped::Cut("IPv6"),
        HeaderSliceError::Content(_) => Skipped::Malformed("IPv6"),
    })?;
    let (packet_len, unfinished_length) = packet_len(&header, bytes, wire_len);
    let packet = bounded(bytes, packet_len);
    let rest = tcp_bytes(&header, packet)?;
    Ok(Datagram {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ip_id: None,
        unfinished_length,
        bytes: rest,
        len: len_behind(packet, rest, packet_len)?,
    })
}

/// The packet's length on the wire, and whether the header left it to the interface.
///
/// Payload Length 0 announces a jumbogram if there is a Jumbo Payload option (RFC 2675 3), otherwise a super-segment
/// that the interface was to cut.
fn packet_len(header: &Ipv6HeaderSlice<'_>, bytes: &[u8], wire_len: u32) -> (u32, bool) {
    let payload = match header.payload_length() {
        0 => jumbo_payload_length(header, bytes),
        length => Some(u32::from(length)),
    };
    match payload {
        Some(length) => (length.saturating_add(HEADER_LEN), false),
        None => (wire_len, true),
    }
}

/// The Jumbo Payload option of the Hop-by-Hop Options header, where there is one.
fn jumbo_payload_length(header: &Ipv6HeaderSlice<'_>, bytes: &[u8]) -> Option<u32> {
    if header.next_header() != IpNumber::IPV6_HEADER_HOP_BY_HOP {
        return None;
    }
    let hop_by_hop = Ipv6RawExtHeaderSlice::from_slice(behind_header(header, bytes)).ok()?;
    let mut options = hop_by_hop.payload();
    loop {
        match options {
            [PAD_1, rest @ ..] => options = rest,
            [JUMBO_PAYLOAD, 4, a, b, c, d, ..] => {
                return Some(u32::from_be_bytes([*a, *b, *c, *d]));
            }
            [_, length, rest @ ..] => options = rest.get(usize::from(*length)..)?,
            _ => return None,
        }
    }
}

/// The captured bytes behind all extension headers, if they begin with a TCP header.
fn tcp_bytes<'a>(header: &Ipv6HeaderSlice<'_>, packet: &'a [u8]) -> Result<&'a [u8], Skipped> {
    let mut next = header.next_header();
    let mut rest = behind_header(header, packet);
    while next != IpNumber::TCP {
        (next, rest) = behind_extension(next, rest)?;
    }
    Ok(rest)
}

/// Takes one extension header off: the number of what follows, and its bytes.
fn behind_extension(number: IpNumber, bytes: &[u8]) -> Result<(IpNumber, &[u8]), Skipped> {
    match number {
        IpNumber::IPV6_HEADER_HOP_BY_HOP
        | IpNumber::IPV6_ROUTE_HEADER
        | IpNumber::IPV6_DESTINATION_OPTIONS => {
            let header = Ipv6RawExtHeaderSlice::from_slice(bytes)
                .map_err(|_| Skipped::Cut("IPv6 extension"))?;
            Ok((header.next_header(), from(bytes, header.slice().len())))
        }
        IpNumber::IPV6_FRAGMENTATION_HEADER => behind_fragment_header(bytes),
        IpNumber::AUTHENTICATION_HEADER => behind_authentication(bytes),
        other => Err(Skipped::NotTcp(other.0)),
    }
}

/// A fragment header that leaves the packet whole is stepped over (RFC 6946 2: an atomic fragment).
fn behind_fragment_header(bytes: &[u8]) -> Result<(IpNumber, &[u8]), Skipped> {
    let header =
        Ipv6FragmentHeaderSlice::from_slice(bytes).map_err(|_| Skipped::Cut("IPv6 fragment"))?;
    if header.is_fragmenting_payload() {
        return Err(Skipped::Fragment);
    }
    Ok((header.next_header(), from(bytes, header.slice().len())))
}

fn behind_header<'a>(header: &Ipv6HeaderSlice<'_>, packet: &'a [u8]) -> &'a [u8] {
    from(packet, header.slice().len())
}

fn from(bytes: &[u8], start: usize) -> &[u8] {
    bytes.get(start..).unwrap_or_default()
}

/// The fixed header (RFC 8200 3).
const HEADER_LEN: u32 = 40;

/// Option types of a Hop-by-Hop Options header (RFC 8200 4.2, RFC 2675 2).
const PAD_1: u8 = 0;
const JUMBO_PAYLOAD: u8 = 0xc2;
