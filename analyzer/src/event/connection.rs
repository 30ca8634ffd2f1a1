//! What is said of a connection and its segments: who, from where on, what each segment was, what is missing, how it ended.

use std::fmt;

use wireseam_wire::{Endpoint, Flags};

use crate::{Direction, Moment, Role, Span};

/// The ends of a connection and how the capture met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Who opened it.
    pub client: Endpoint,
    /// Who accepted it.
    pub server: Endpoint,
    /// Whether its SYN was captured.
    pub seen_from: SeenFrom,
}

/// From where on the capture has a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenFrom {
    /// From its three-way handshake on (RFC 9293 3.5).
    Handshake,
    /// From somewhere later.
    MidStream,
}

/// A protocol above TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// TLS (RFC 8446, 5246).
    Tls,
    /// HTTP/1 (RFC 9112).
    Http,
    /// HTTP/2 (RFC 9113).
    Http2,
    /// WebSocket (RFC 6455).
    WebSocket,
    /// Bytes of no protocol known here.
    Opaque,
}

/// One captured segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentSeen {
    /// Which way it went.
    pub direction: Direction,
    /// The stream bytes its payload stands for on the wire; empty without payload.
    ///
    /// Bytes before the stream's start (a keep-alive before any data) are cut off.
    pub span: Span,
    /// Its control bits.
    pub flags: Flags,
    /// What it was.
    pub kind: SegmentKind,
    /// Whether it is larger than a segment on the wire can have been: the capturing host had not cut it yet, or had merged several (TSO, GSO, GRO, LRO).
    pub super_segment: bool,
    /// How many of its payload bytes the capture holds; less than `span` where the snapshot length cut it.
    pub captured: u32,
}

/// What a segment was, told from the bytes it covers and the evidence on it, never from time alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// New bytes at the end of what was seen.
    Data,
    /// New bytes that fill a hole, sent before the bytes behind it: reordered on the way.
    OutOfOrder,
    /// Bytes sent again (RFC 9293 3.8.1), or new ones that fill a hole and were sent after the bytes behind it.
    Retransmission,
    /// Old bytes and new ones behind them.
    PartialRetransmission,
    /// The same packet captured or delivered twice.
    Duplicate,
    /// At most one old byte, to see whether the other side is still there (RFC 9293 3.8.4).
    KeepAlive,
    /// One byte sent into a closed window (RFC 9293 3.8.6.1).
    ZeroWindowProbe,
    /// Begins the connection; may carry data.
    Syn,
    /// No payload: ends its direction.
    Fin,
    /// Resets the connection; what it carries is not stream.
    Rst,
    /// No payload: acknowledges.
    Ack,
    /// Outside any window this stream can have: not counted in.
    OutOfWindow,
}

impl fmt::Display for SegmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Data => "data",
            Self::OutOfOrder => "out_of_order",
            Self::Retransmission => "retransmission",
            Self::PartialRetransmission => "partial_retransmission",
            Self::Duplicate => "duplicate",
            Self::KeepAlive => "keep_alive",
            Self::ZeroWindowProbe => "zero_window_probe",
            Self::Syn => "syn",
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Ack => "ack",
            Self::OutOfWindow => "out_of_window",
        })
    }
}

/// Bytes the capture lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which way they went.
    pub direction: Direction,
    /// Which bytes.
    pub span: Span,
    /// Why, as far as the packets tell.
    pub cause: GapCause,
}

/// Why bytes are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapCause {
    /// The receiver acknowledged them: they were on the wire and the capture lost them.
    Capture,
    /// The receiver asked for them and never acknowledged them.
    Network,
    /// The snapshot length cut the packet.
    SnapLength,
    /// Nothing tells.
    Unknown,
}

impl fmt::Display for GapCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture => "capture",
            Self::Network => "network",
            Self::SnapLength => "snaplen",
            Self::Unknown => "unknown",
        })
    }
}

/// How a connection ended in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndedBy {
    /// A FIN (RFC 9293 3.6); the end that sent the first one.
    Fin(Role),
    /// A RST (RFC 9293 3.5.2); the end that sent it.
    Rst(Role),
    /// It was still open at the end of the capture.
    Open,
}

/// The end of a connection and its totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its ends, as they were told when it began.
    pub opened: Opened,
    /// The innermost protocol; `None` where it carried no bytes.
    pub layer: Option<Layer>,
    /// How many WebSocket messages it carried, whole or not.
    pub messages: u64,
    /// How many findings there were, listed or not.
    pub findings: u64,
    /// How it ended.
    pub how: EndedBy,
    /// Its last packet.
    pub last: Moment,
    /// The totals of the client's direction and of the server's.
    pub totals: [Totals; 2],
}

/// One direction's totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Stream bytes captured, each counted once.
    pub bytes: u64,
    /// Segments with payload.
    pub segments: u64,
    /// Segments that were retransmissions, partial ones included.
    pub retransmissions: u64,
    /// Segments that were reordered.
    pub out_of_order: u64,
    /// Packets captured twice.
    pub duplicates: u64,
}
