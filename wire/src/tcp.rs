//! The TCP header: which fields of a segment stand where, and which bytes are its payload (RFC 9293 3.1).
//!
//! The header is read by hand because a snapshot length may cut it inside its options: etherparse refuses such a header,
//! while everything that places the segment in its stream stands in the first twenty bytes.

use crate::{
    Checksum, Endpoint, Flags, Packet, Segment, Seq, Skipped, TcpOptions, ip::Datagram, options,
};

/// Reads the segment that an IP packet carried.
#[inline]
pub(crate) fn read<'a>(packet: &Packet<'a>, ip: &Datagram<'a>) -> Result<Segment<'a>, Skipped> {
    let header = Header::read(ip)?;
    let (options, payload) = split_options(header.len, ip.payload.bytes);
    let timestamps = options::only_timestamps(options);
    let mut segment = Segment {
        packet: packet.index,
        at: packet.at,
        interface: packet.interface,
        source: Endpoint {
            address: ip.header.source(),
            port: header.source_port,
        },
        destination: Endpoint {
            address: ip.header.destination(),
            port: header.destination_port,
        },
        seq: header.seq,
        ack: header.ack,
        window: header.window,
        flags: header.flags,
        options: TcpOptions {
            timestamps,
            ..TcpOptions::default()
        },
        ip_id: ip.header.ip_id(),
        unfinished_length: ip.unfinished_length,
        checksum: Checksum::Unknown,
        payload,
        payload_len: ip.payload.len.saturating_sub(u32::from(header.len)),
    };
    if timestamps.is_none() && !options.is_empty() {
        segment.options = TcpOptions::read(options);
    }
    Ok(segment)
}

/// The fixed part of the header, and the length of the whole of it.
struct Header {
    source_port: u16,
    destination_port: u16,
    seq: Seq,
    ack: Seq,
    len: u8,
    flags: Flags,
    window: u16,
}

impl Header {
    #[inline]
    fn read(ip: &Datagram<'_>) -> Result<Self, Skipped> {
        if usize::try_from(ip.payload.len).is_ok_and(|len| len < FIXED_LEN) {
            return Err(Skipped::Malformed("TCP"));
        }
        let fixed = ip
            .payload
            .bytes
            .first_chunk::<FIXED_LEN>()
            .ok_or(Skipped::Cut("TCP"))?;
        #[rustfmt::skip]
        let [
            s0, s1, d0, d1,
            q0, q1, q2, q3,
            a0, a1, a2, a3,
            offset, bits, w0, w1,
            _checksum_and_urgent_pointer @ ..,
        ] = *fixed;
        let len = (offset >> 4) * 4;
        if usize::from(len) < FIXED_LEN || u32::from(len) > ip.payload.len {
            return Err(Skipped::Malformed("TCP"));
        }
        Ok(Self {
            source_port: u16::from_be_bytes([s0, s1]),
            destination_port: u16::from_be_bytes([d0, d1]),
            seq: Seq(u32::from_be_bytes([q0, q1, q2, q3])),
            ack: Seq(u32::from_be_bytes([a0, a1, a2, a3])),
            len,
            flags: Flags(u16::from_be_bytes([offset & 0x0f, bits])),
            window: u16::from_be_bytes([w0, w1]),
        })
    }
}

/// The captured options and the captured payload; the payload is empty where the capture ends before it.
fn split_options(header_len: u8, bytes: &[u8]) -> (&[u8], &[u8]) {
    let (header, payload) = bytes
        .split_at_checked(usize::from(header_len))
        .unwrap_or((bytes, &[]));
    (header.get(FIXED_LEN..).unwrap_or_default(), payload)
}

/// The header without options.
const FIXED_LEN: usize = 20;
