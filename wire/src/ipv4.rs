//! IPv4: addresses, identification, fragments, and which bytes it carries (RFC 791 3.1).

use etherparse::{IpNumber, Ipv4HeaderSlice, err::ipv4::HeaderSliceError};

use crate::{
    Skipped,
    captured::Captured,
    ip::{
        Carried, Datagram, Fragment, Header, behind, behind_authentication, bounded, may_hold_tcp,
    },
};

/// Reads the header at the front of a packet.
#[inline]
pub(crate) fn header(bytes: &[u8]) -> Result<Ipv4HeaderSlice<'_>, Skipped> {
    Ipv4HeaderSlice::from_slice(bytes).map_err(|error| match error {
        HeaderSliceError::Len(_) => Skipped::Cut("IPv4"),
        HeaderSliceError::Content(_) => Skipped::Malformed("IPv4"),
    })
}

/// Reads an IPv4 packet with this header.
#[inline]
pub(crate) fn read<'a>(
    header: Ipv4HeaderSlice<'a>,
    captured: Captured<'a>,
) -> Result<Carried<'a>, Skipped> {
    let (packet_len, unfinished_length) = packet_len(&header, captured.len);
    let packet = bounded(captured, packet_len);
    if packet.bytes.len() < header.slice().len() {
        return Err(Skipped::Malformed("IPv4"));
    }
    let datagram = Datagram {
        header: Header::V4(header),
        unfinished_length,
        has_route: has_route(header.options()),
        protocol: header.protocol(),
        payload: behind(packet, header.slice())?,
    };
    if header.is_fragmenting_payload() && may_hold_tcp(datagram.protocol) {
        return Ok(Carried::Fragment(Fragment {
            datagram,
            identification: header.identification().into(),
            offset: header.fragments_offset().byte_offset().into(),
            more: header.more_fragments(),
        }));
    }
    behind_extensions(datagram).map(Carried::Whole)
}

/// Steps over an authentication header, which is all that may stand between IPv4 and what it carries.
#[inline]
pub(crate) fn behind_extensions(datagram: Datagram<'_>) -> Result<Datagram<'_>, Skipped> {
    if datagram.protocol != IpNumber::AUTHENTICATION_HEADER {
        return Ok(datagram);
    }
    let (protocol, payload) = behind_authentication(datagram.payload)?;
    Ok(Datagram {
        protocol,
        payload,
        ..datagram
    })
}

/// The packet's length on the wire, and whether the header left it to the interface.
///
/// A host that hands a super-segment to its interface leaves 0 in Total Length, or the header's own length; each packet
/// that the interface cuts out of it gets its own. A Total Length that ends before the first byte behind the header
/// could not hold anything else.
fn packet_len(header: &Ipv4HeaderSlice<'_>, wire_len: u32) -> (u32, bool) {
    let total = header.total_len();
    if total == 0 || usize::from(total) == header.slice().len() {
        return (wire_len, true);
    }
    (u32::from(total), false)
}

/// Whether the options hold a source route (RFC 791 3.1).
fn has_route(mut options: &[u8]) -> bool {
    loop {
        match options {
            [NO_OPERATION, rest @ ..] => options = rest,
            [LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE, ..] => return true,
            [END_OF_LIST, ..] | [_, 0 | 1, ..] => return false,
            [_, length, ..] => options = options.get(usize::from(*length)..).unwrap_or_default(),
            _ => return false,
        }
    }
}

/// Options with their copied bit (RFC 791 3.1).
const END_OF_LIST: u8 = 0;
const NO_OPERATION: u8 = 1;
const LOOSE_SOURCE_ROUTE: u8 = 131;
const STRICT_SOURCE_ROUTE: u8 = 137;
