//! A TCP segment (RFC 9293 3.1) with what the capture knows about it, and the one place that compares sequence numbers.

use std::fmt;

use crate::{Checksum, Endpoint, PacketIndex, TcpOptions, Timestamp};

/// A sequence number (RFC 9293 3.4): counts modulo 2^32, so it is compared by distance and never by `<`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// The signed distance from `origin` to this number, the shorter way round the circle.
    #[must_use]
    pub fn distance_from(self, origin: Self) -> i32 {
        self.0.wrapping_sub(origin.0).cast_signed()
    }

    /// This number moved on by `bytes`, across 2^32 if need be.
    #[must_use]
    pub fn plus(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

/// The control bits of a segment (RFC 9293 3.1, RFC 3168).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgement field is significant.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x20);
    /// ECN echo.
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x80);

    /// Whether all bits of `other` are set here.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// One letter a bit, in tcpdump's letters: `S` SYN, `F` FIN, `R` RST, `P` PSH, `.` ACK, `U` URG, `E` ECE, `W` CWR.
    pub fn letters(self) -> impl Iterator<Item = char> {
        let letters = [
            (Self::SYN, 'S'),
            (Self::FIN, 'F'),
            (Self::RST, 'R'),
            (Self::PSH, 'P'),
            (Self::ACK, '.'),
            (Self::URG, 'U'),
            (Self::ECE, 'E'),
            (Self::CWR, 'W'),
        ];
        letters
            .into_iter()
            .filter(move |(bit, _)| self.contains(*bit))
            .map(|(_, letter)| letter)
    }

    /// The bits of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Prints its [letters](Flags::letters).
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.letters().collect::<String>())
    }
}

/// One captured TCP segment; `payload` borrows the packet.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// The packet that carried it.
    pub packet: PacketIndex,
    /// When that packet was captured.
    pub at: Option<Timestamp>,
    /// The interface it was captured on.
    pub interface: u32,
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// SEG.SEQ: the sequence number of the first payload byte, or of the SYN.
    pub seq: Seq,
    /// SEG.ACK: the next sequence number its sender expects; meaningful with [`Flags::ACK`] only.
    pub ack: Seq,
    /// SEG.WND as it stands in the header, unscaled.
    pub window: u16,
    /// The control bits.
    pub flags: Flags,
    /// The options that matter to an observer.
    pub options: TcpOptions,
    /// The IPv4 identification field; `None` with IPv6.
    pub ip_id: Option<u16>,
    /// Whether the IP header left its length 0, as a host does that lets the interface cut a super-segment.
    pub unfinished_length: bool,
    /// Whether its checksum is right, as far as it was looked at.
    pub checksum: Checksum,
    /// The payload bytes that the capture holds.
    pub payload: &'a [u8],
    /// The payload's length on the wire; larger than `payload` where the snapshot length cut the packet.
    pub payload_len: u32,
}

impl<'a> Segment<'a> {
    /// A segment with this payload, whole, and nothing else told: for packets that come from elsewhere than a capture.
    ///
    /// ```
    /// use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};
    ///
    /// let client = Endpoint { address: [10, 0, 0, 1].into(), port: 40_000 };
    /// let server = Endpoint { address: [10, 0, 0, 2].into(), port: 80 };
    /// let segment = Segment::new(PacketIndex(1), client, server, Seq(u32::MAX), Flags::PSH, b"hello");
    /// assert_eq!(segment.payload_seq().plus(segment.seq_len()), Seq(4));
    /// ```
    #[must_use]
    pub fn new(
        packet: PacketIndex,
        source: Endpoint,
        destination: Endpoint,
        seq: Seq,
        flags: Flags,
        payload: &'a [u8],
    ) -> Self {
        Self {
            packet,
            at: None,
            interface: 0,
            source,
            destination,
            seq,
            ack: Seq(0),
            window: u16::MAX,
            flags,
            options: TcpOptions::default(),
            ip_id: None,
            unfinished_length: false,
            checksum: Checksum::Unknown,
            payload,
            payload_len: u32::try_from(payload.len()).unwrap_or(u32::MAX),
        }
    }

    /// The sequence space it takes (RFC 9293 3.4): its payload on the wire, one for SYN, one for FIN.
    #[must_use]
    pub fn seq_len(&self) -> u32 {
        let control =
            u32::from(self.flags.contains(Flags::SYN)) + u32::from(self.flags.contains(Flags::FIN));
        self.payload_len.wrapping_add(control)
    }

    /// The sequence number of its first payload byte, which follows the SYN where there is one.
    #[must_use]
    pub fn payload_seq(&self) -> Seq {
        self.seq.plus(u32::from(self.flags.contains(Flags::SYN)))
    }
}
