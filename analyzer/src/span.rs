//! Where bytes lie: offsets, spans, and the map from a stream's bytes to the packets that carried them.
//!
//! ```text
//!   stream   0        60                 300      420
//!   bytes    |---------|------------------|--------|
//!   pieces   |  pkt 4  |      pkt 9       | pkt 7  |      pkt 7 came before pkt 9: out of order
//!   frames        |------ F1 -------|-- F2 --|
//!                 20                280      310
//!   slices of F1: #4 20..60, #9 60..280        F2: #9 280..300, #7 300..310
//! ```

use std::fmt;

use wireseam_wire::PacketIndex;

/// A byte's position in one direction's stream: 0 is the first byte after the SYN; it never wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl Offset {
    /// The position `bytes` further on; stops at the largest one.
    #[must_use]
    pub fn plus(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A half-open range of stream bytes: `start` is in it, `end` is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: Offset,
    /// The byte after the last.
    pub end: Offset,
}

impl Span {
    /// The bytes from `start` up to `end`; empty where `end` is not behind `start`.
    #[must_use]
    pub fn new(start: Offset, end: Offset) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// `length` bytes from `start` on.
    #[must_use]
    pub fn of_length(start: Offset, length: u64) -> Self {
        Self {
            start,
            end: start.plus(length),
        }
    }

    /// How many bytes.
    #[must_use]
    pub fn length(self) -> u64 {
        self.end.0 - self.start.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start >= self.end
    }

    /// The bytes that are in both; empty where there are none.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// Prints as `start..end`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}..{}", self.start, self.end))
    }
}

/// A run of bytes that one packet carried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The packet.
    pub packet: PacketIndex,
    /// The bytes.
    pub span: Span,
    /// Whether they were carried more than once, or by a retransmission, as far as was known when this was written.
    pub retransmitted: bool,
}

/// How a frame or message lies against the segments that carried it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alignment {
    /// How its edges and the segments' edges meet.
    pub kind: AlignmentKind,
    /// How many different packets carried it.
    pub segments: u64,
    /// The nearest other frames with bytes in one of these packets, in order; at most [`Limits::shared_frames`](crate::Limits::shared_frames).
    pub shares_with: Vec<crate::FrameId>,
    /// How many there are in all.
    pub shared_frames: u64,
    /// Whether the head of the upgrade's request or response ends in one of these packets.
    pub with_handshake: bool,
    /// The segment edges strictly inside one of its frames.
    pub torn: Vec<Torn>,
    /// Whether any of its bytes was retransmitted, as far as was known when this was written.
    pub retransmission: bool,
    /// Whether the capture lacks any of its bytes.
    pub gap: bool,
    /// Whether one of the packets is a super-segment: its edges are the capturing host's, not the wire's.
    pub super_segment: bool,
}

/// The four ways a message can meet segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlignmentKind {
    /// One segment, and nothing else in it.
    Aligned,
    /// Several segments, and nothing else in them.
    Split,
    /// One segment, shared with other bytes.
    Coalesced,
    /// Several segments, at least one of them shared.
    SplitAndCoalesced,
}

impl fmt::Display for AlignmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aligned => "aligned",
            Self::Split => "split",
            Self::Coalesced => "coalesced",
            Self::SplitAndCoalesced => "split_and_coalesced",
        })
    }
}

/// A segment edge inside a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The frame it cuts.
    pub frame: crate::FrameId,
    /// The packet that carried the first byte after the cut.
    pub packet: PacketIndex,
    /// The part of the frame to which that byte belongs.
    pub part: Part,
    /// That byte's offset in the stream.
    pub at: Offset,
    /// How many bytes of that part lie before the cut.
    pub after: u64,
}

/// A part of a frame (RFC 6455 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The first two bytes.
    Header,
    /// The extended payload length.
    ExtendedLength,
    /// The masking key.
    Mask,
    /// The payload.
    Payload,
    /// The payload, between the bytes of one UTF-8 code point of uncompressed text.
    CodePoint,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::ExtendedLength => "extended_length",
            Self::Mask => "mask",
            Self::Payload => "payload",
            Self::CodePoint => "code_point",
        })
    }
}
