//! What the internet layer hands on, whichever IP version carried it, and how the IP length bounds it.

use etherparse::{IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6HeaderSlice};

use crate::{
    Address, Skipped,
    captured::{Captured, length},
    ipv4, ipv6,
};

/// An IP header of either version, without what extends it.
#[derive(Clone, Copy)]
pub(crate) enum Header<'a> {
    V4(Ipv4HeaderSlice<'a>),
    V6(Ipv6HeaderSlice<'a>),
}

impl<'a> Header<'a> {
    /// Reads the header at the front of a packet.
    #[inline]
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, Skipped> {
        match bytes.first().map(|first| first >> 4) {
            Some(4) => ipv4::header(bytes).map(Self::V4),
            Some(6) => ipv6::header(bytes).map(Self::V6),
            Some(_) => Err(Skipped::Malformed("IP")),
            None => Err(Skipped::Cut("IP")),
        }
    }

    #[inline]
    pub(crate) fn source(self) -> Address {
        match self {
            Self::V4(header) => header.source_addr().into(),
            Self::V6(header) => header.source_addr().into(),
        }
    }

    #[inline]
    pub(crate) fn destination(self) -> Address {
        match self {
            Self::V4(header) => header.destination_addr().into(),
            Self::V6(header) => header.destination_addr().into(),
        }
    }

    /// The header's bytes, with the options of IPv4.
    pub(crate) fn slice(self) -> &'a [u8] {
        match self {
            Self::V4(header) => header.slice(),
            Self::V6(header) => header.slice(),
        }
    }

    /// Both addresses, one behind the other.
    #[inline]
    pub(crate) fn address_bytes(self) -> &'a [u8] {
        match self {
            Self::V4(header) => header.slice().get(12..20),
            Self::V6(header) => header.slice().get(8..40),
        }
        .unwrap_or_default()
    }

    /// The IPv4 identification field.
    #[inline]
    pub(crate) fn ip_id(self) -> Option<u16> {
        match self {
            Self::V4(header) => Some(header.identification()),
            Self::V6(_) => None,
        }
    }
}

/// What one IP packet carries behind its headers.
#[derive(Clone, Copy)]
pub(crate) struct Datagram<'a> {
    pub(crate) header: Header<'a>,
    /// Whether the IP header left its length to the interface.
    pub(crate) unfinished_length: bool,
    /// Whether a source route names another last destination, which the checksum of TCP takes in place of this one.
    pub(crate) has_route: bool,
    /// What the payload is.
    pub(crate) protocol: IpNumber,
    /// The captured bytes behind the headers, without what pads the frame, and their length on the wire.
    pub(crate) payload: Captured<'a>,
}

/// A piece of an IP packet that was sent in several.
pub(crate) struct Fragment<'a> {
    /// The piece; its protocol is that of the whole.
    pub(crate) datagram: Datagram<'a>,
    /// What the pieces of one packet have in common, besides addresses.
    pub(crate) identification: u32,
    /// Where the piece lies in the whole, in bytes.
    pub(crate) offset: u32,
    /// Whether others lie behind it.
    pub(crate) more: bool,
}

/// What an IP packet turned out to be.
pub(crate) enum Carried<'a> {
    /// All of it is here.
    Whole(Datagram<'a>),
    /// It is a piece of what may hold TCP.
    Fragment(Fragment<'a>),
}

/// Reads an IP packet of either version, up to TCP or whatever else follows its headers.
#[inline]
pub(crate) fn read(packet: Captured<'_>) -> Result<Carried<'_>, Skipped> {
    match Header::read(packet.bytes)? {
        Header::V4(header) => ipv4::read(header, packet),
        Header::V6(header) => ipv6::read(header, packet),
    }
}

/// Steps over the headers between that of IP and what it carries.
#[inline]
pub(crate) fn behind_extensions(datagram: Datagram<'_>) -> Result<Carried<'_>, Skipped> {
    match datagram.header {
        Header::V4(_) => ipv4::behind_extensions(datagram).map(Carried::Whole),
        Header::V6(_) => ipv6::behind_extensions(datagram),
    }
}

/// The IP packet itself, `packet_len` bytes: what lies beyond pads the frame (Ethernet fills up to 60 bytes).
#[inline]
pub(crate) fn bounded(packet: Captured<'_>, packet_len: u32) -> Captured<'_> {
    let end = usize::try_from(packet_len).unwrap_or(usize::MAX);
    Captured {
        bytes: packet.bytes.get(..end).unwrap_or(packet.bytes),
        len: packet_len,
    }
}

/// Takes an authentication header off (RFC 4302 2): the protocol behind it, and its bytes.
#[inline]
pub(crate) fn behind_authentication(
    payload: Captured<'_>,
) -> Result<(IpNumber, Captured<'_>), Skipped> {
    use etherparse::err::ip_auth::HeaderSliceError;

    let header = IpAuthHeaderSlice::from_slice(payload.bytes).map_err(|error| match error {
        HeaderSliceError::Len(_) => Skipped::Cut("IP authentication"),
        HeaderSliceError::Content(_) => Skipped::Malformed("IP authentication"),
    })?;
    Ok((header.next_header(), behind(payload, header.slice())?))
}

/// What follows a header that was read from the front of `payload`; it must lie within the length that IP tells.
#[inline]
pub(crate) fn behind<'a>(payload: Captured<'a>, header: &[u8]) -> Result<Captured<'a>, Skipped> {
    let len = payload.len.checked_sub(length(header));
    Ok(Captured {
        bytes: payload.bytes.get(header.len()..).unwrap_or_default(),
        len: len.ok_or(Skipped::Malformed("IP"))?,
    })
}

/// Whether a protocol is TCP, or something that TCP may lie in: worth putting its fragments together.
#[inline]
pub(crate) fn may_hold_tcp(protocol: IpNumber) -> bool {
    matches!(
        protocol,
        IpNumber::TCP
            | IpNumber::UDP
            | IpNumber::GRE
            | IpNumber::IPV4
            | IpNumber::IPV6
            | IpNumber::MPLS_IN_IP
            | IpNumber::AUTHENTICATION_HEADER
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::IPV6_DESTINATION_OPTIONS
    )
}
