//! The TCP header: which fields of a segment stand where, and which bytes are its payload (RFC 9293 3.1).
//!
//! The header is read by hand because a snapshot length may cut it inside its options: etherparse refuses such a header,
//! while everything that places the segment in its stream stands in the first twenty bytes.

use crate::{
    Address, Checksum, Endpoint, Flags, Packet, Segment, Seq, Skipped, TcpOptions,
    captured::length, ip::Datagram,
};

/// Reads the segment that an IP packet carried.
#[inline]
pub(crate) fn read<'a>(packet: &Packet<'a>, ip: &Datagram<'a>) -> Result<Segment<'a>, Skipped> {
    if usize::try_from(ip.payload.len).is_ok_and(|len| len < FIXED_LEN) {
        return Err(Skipped::Malformed("TCP"));
    }
    let bytes = ip.payload.bytes;
    let fixed = bytes.first_chunk().ok_or(Skipped::Cut("TCP"))?;
    let len = header_len(fixed);
    if len < FIXED_LEN || usize::try_from(ip.payload.len).is_ok_and(|most| len > most) {
        return Err(Skipped::Malformed("TCP"));
    }
    let (options, payload) = split_options(len, bytes);
    let addresses = [ip.header.source(), ip.header.destination()];
    let options = TcpOptions::read(options);
    let mut segment = segment(packet, addresses, fixed, options, payload);
    segment.ip_id = ip.header.ip_id();
    segment.unfinished_length = ip.unfinished_length;
    segment.payload_len = ip
        .payload
        .len
        .saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
    Ok(segment)
}

/// The fixed header, the options and the payload of a segment that was captured whole; `None` where its header is not what
/// it should be.
#[inline]
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8; FIXED_LEN], &[u8], &[u8])> {
    let (fixed, behind) = bytes.split_first_chunk()?;
    let (options, payload) = behind.split_at_checked(header_len(fixed).checked_sub(FIXED_LEN)?)?;
    Some((fixed, options, payload))
}

/// The length of the header, options included, that its fixed part tells.
#[inline]
fn header_len(fixed: &[u8; FIXED_LEN]) -> usize {
    let [.., offset, _, _, _, _, _, _, _] = *fixed;
    usize::from(offset >> 4) * 4
}

/// What a header says, with its options and the payload behind it.
#[inline]
pub(crate) fn segment<'a>(
    packet: &Packet<'a>,
    [source, destination]: [Address; 2],
    fixed: &[u8; FIXED_LEN],
    options: TcpOptions,
    payload: &'a [u8],
) -> Segment<'a> {
    #[rustfmt::skip]
    let [
        s0, s1, d0, d1,
        q0, q1, q2, q3,
        a0, a1, a2, a3,
        offset, bits, w0, w1,
        _checksum_and_urgent_pointer @ ..,
    ] = *fixed;
    Segment {
        packet: packet.index,
        at: packet.at,
        interface: packet.interface,
        source: Endpoint {
            address: source,
            port: u16::from_be_bytes([s0, s1]),
        },
        destination: Endpoint {
            address: destination,
            port: u16::from_be_bytes([d0, d1]),
        },
        seq: Seq(u32::from_be_bytes([q0, q1, q2, q3])),
        ack: Seq(u32::from_be_bytes([a0, a1, a2, a3])),
        window: u16::from_be_bytes([w0, w1]),
        flags: Flags(u16::from_be_bytes([offset & 0x0f, bits])),
        options,
        ip_id: None,
        unfinished_length: false,
        checksum: Checksum::Unknown,
        payload,
        payload_len: length(payload),
    }
}

/// The captured options and the captured payload; the payload is empty where the capture ends before it.
fn split_options(header_len: usize, bytes: &[u8]) -> (&[u8], &[u8]) {
    let (header, payload) = bytes.split_at_checked(header_len).unwrap_or((bytes, &[]));
    (header.get(FIXED_LEN..).unwrap_or_default(), payload)
}

/// The header without options.
const FIXED_LEN: usize = 20;
