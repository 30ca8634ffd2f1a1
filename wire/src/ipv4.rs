//! IPv4: addresses, identification, and which bytes are TCP (RFC 791 3.1).

use etherparse::{IpNumber, Ipv4HeaderSlice, err::ipv4::HeaderSliceError};

use crate::{
    Skipped,
    ip::{Datagram, behind_authentication, bounded, len_behind},
};

/// Reads an IPv4 packet that carries TCP.
pub(crate) fn read(bytes: &[u8], wire_len: u32) -> Result<Datagram<'_>, Skipped> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|error| match error {
        HeaderSliceError::Len(_) => Skipped::Cut("IPv4"),
        HeaderSliceError::Content(_) => Skipped::Malformed("IPv4"),
    })?;
    let (packet_len, unfinished_length) = packet_len(&header, wire_len);
    let packet = bounded(bytes, packet_len);
    let rest = tcp_bytes(&header, packet)?;
    Ok(Datagram {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        ip_id: Some(header.identification()),
        unfinished_length,
        bytes: rest,
        len: len_behind(packet, rest, packet_len)?,
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

/// The captured bytes behind the header and its options, if they begin with a TCP header.
fn tcp_bytes<'a>(header: &Ipv4HeaderSlice<'_>, packet: &'a [u8]) -> Result<&'a [u8], Skipped> {
    let rest = packet
        .get(header.slice().len()..)
        .ok_or(Skipped::Malformed("IPv4"))?;
    match header.protocol() {
        IpNumber::TCP | IpNumber::AUTHENTICATION_HEADER if header.is_fragmenting_payload() => {
            Err(Skipped::Fragment)
        }
        IpNumber::TCP => Ok(rest),
        IpNumber::AUTHENTICATION_HEADER => match behind_authentication(rest)? {
            (IpNumber::TCP, rest) => Ok(rest),
            (other, _) => Err(Skipped::NotTcp(other.0)),
        },
        other => Err(Skipped::NotTcp(other.0)),
    }
}
