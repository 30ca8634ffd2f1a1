//! IPv6 and its extension headers: addresses, fragments, and which bytes it carries (RFC 8200 3 and 4, RFC 2675, RFC 4302).

use etherparse::{
    IpNumber, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, Ipv6RawExtHeaderSlice,
    err::ipv6::HeaderSliceError,
};

use crate::{
    Skipped,
    captured::Captured,
    ip::{
        Carried, Datagram, Fragment, Header, behind, behind_authentication, bounded, may_hold_tcp,
    },
};

/// Reads the header at the front of a packet.
#[inline]
pub(crate) fn header(bytes: &[u8]) -> Result<Ipv6HeaderSlice<'_>, Skipped> {
    Ipv6HeaderSlice::from_slice(bytes).map_err(|error| match error {
        HeaderSliceError::Len(_) => Skipped::Cut("IPv6"),
        HeaderSliceError::Content(_) => Skipped::Malformed("IPv6"),
    })
}

/// Reads an IPv6 packet with this header.
#[inline]
pub(crate) fn read<'a>(
    header: Ipv6HeaderSlice<'a>,
    captured: Captured<'a>,
) -> Result<Carried<'a>, Skipped> {
    let (packet_len, unfinished_length) = packet_len(&header, captured);
    behind_extensions(Datagram {
        header: Header::V6(header),
        unfinished_length,
        has_route: false,
        protocol: header.next_header(),
        payload: behind(bounded(captured, packet_len), header.slice())?,
    })
}

/// Steps over all extension headers.
#[inline]
pub(crate) fn behind_extensions(mut datagram: Datagram<'_>) -> Result<Carried<'_>, Skipped> {
    loop {
        let payload = datagram.payload;
        match datagram.protocol {
            IpNumber::IPV6_HEADER_HOP_BY_HOP
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::IPV6_DESTINATION_OPTIONS => {
                let header = Ipv6RawExtHeaderSlice::from_slice(payload.bytes)
                    .map_err(|_| Skipped::Cut("IPv6 extension"))?;
                datagram.has_route |=
                    datagram.protocol == IpNumber::IPV6_ROUTE_HEADER && has_segments_left(&header);
                datagram.protocol = header.next_header();
                datagram.payload = behind(payload, header.slice())?;
            }
            IpNumber::IPV6_FRAGMENTATION_HEADER => {
                let header = Ipv6FragmentHeaderSlice::from_slice(payload.bytes)
                    .map_err(|_| Skipped::Cut("IPv6 fragment"))?;
                datagram.protocol = header.next_header();
                datagram.payload = behind(payload, header.slice())?;
                if header.is_fragmenting_payload() {
                    return fragment(datagram, &header);
                }
            }
            IpNumber::AUTHENTICATION_HEADER => {
                (datagram.protocol, datagram.payload) = behind_authentication(payload)?;
            }
            _ => return Ok(Carried::Whole(datagram)),
        }
    }
}

/// What follows a fragment header; one that leaves the packet whole is stepped over (RFC 6946 2: an atomic fragment).
fn fragment<'a>(
    datagram: Datagram<'a>,
    header: &Ipv6FragmentHeaderSlice<'_>,
) -> Result<Carried<'a>, Skipped> {
    if !may_hold_tcp(datagram.protocol) {
        return Err(Skipped::NotTcp(datagram.protocol.0));
    }
    Ok(Carried::Fragment(Fragment {
        datagram,
        identification: header.identification(),
        offset: header.fragment_offset().byte_offset().into(),
        more: header.more_fragments(),
    }))
}

/// Whether a routing header names nodes still to be visited (RFC 8200 4.4).
fn has_segments_left(header: &Ipv6RawExtHeaderSlice<'_>) -> bool {
    header.slice().get(3).is_some_and(|left| *left != 0)
}

/// The packet's length on the wire, and whether the header left it to the interface.
///
/// Payload Length 0 announces a jumbogram if there is a Jumbo Payload option (RFC 2675 3), otherwise a super-segment
/// that the interface was to cut.
fn packet_len(header: &Ipv6HeaderSlice<'_>, captured: Captured<'_>) -> (u32, bool) {
    let payload = match header.payload_length() {
        0 => jumbo_payload_length(header, captured.bytes),
        length => Some(u32::from(length)),
    };
    match payload {
        Some(length) => (length.saturating_add(HEADER_LEN), false),
        None => (captured.len, true),
    }
}

/// The Jumbo Payload option of the Hop-by-Hop Options header, where there is one.
fn jumbo_payload_length(header: &Ipv6HeaderSlice<'_>, bytes: &[u8]) -> Option<u32> {
    if header.next_header() != IpNumber::IPV6_HEADER_HOP_BY_HOP {
        return None;
    }
    let hop_by_hop = Ipv6RawExtHeaderSlice::from_slice(bytes.get(header.slice().len()..)?).ok()?;
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

/// The fixed header (RFC 8200 3).
const HEADER_LEN: u32 = 40;

/// Option types of a Hop-by-Hop Options header (RFC 8200 4.2, RFC 2675 2).
const PAD_1: u8 = 0;
const JUMBO_PAYLOAD: u8 = 0xc2;
