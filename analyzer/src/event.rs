//! Everything the analyzer has to say, as plain data in the order it became known.
//!
//! An [`Event`] owns what it holds, so that it can cross a thread or wait in a queue. Offsets are positions in one
//! direction's stream ([`Offset`](crate::Offset)), packets are numbered as in the capture, frames and messages are
//! numbered from 1 within their WebSocket, both directions together.

use std::fmt;

use wireseam_wire::{Endpoint, Flags, PacketIndex, Timestamp};

use crate::{Alignment, Finding, Slice, Span};

/// Which way bytes travel. The client is the end that opened the connection; see `tcp/state.rs` for how it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the end that opened the connection.
    ClientToServer,
    /// From the end that accepted it.
    ServerToClient,
}

impl Direction {
    /// Both, the client's first.
    pub const BOTH: [Self; 2] = [Self::ClientToServer, Self::ServerToClient];

    /// The other way.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientToServer => "client_to_server",
            Self::ServerToClient => "server_to_client",
        })
    }
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The end that opened the connection.
    Client,
    /// The end that accepted it.
    Server,
}

impl Role {
    /// Who sends in `direction`.
    #[must_use]
    pub fn sender(direction: Direction) -> Self {
        match direction {
            Direction::ClientToServer => Self::Client,
            Direction::ServerToClient => Self::Server,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// A connection's number in the capture, 1 for the one whose first packet came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A WebSocket's number in its connection, from 1; refused upgrades count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebSocketId(pub u32);

/// A frame's number in its WebSocket, from 1, in the order in which first bytes became deliverable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub u64);

/// A message's number in its WebSocket, from 1, in the order in which first bytes became deliverable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// A packet and its capture time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The packet.
    pub packet: PacketIndex,
    /// When it was captured, where the capture says so.
    pub at: Option<Timestamp>,
}

/// Something that became known, and the packet that made it so.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The connection it belongs to.
    pub connection: ConnectionId,
    /// The packet that was being read.
    pub moment: Moment,
    /// What became known.
    pub kind: EventKind,
}

/// What an [`Event`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The first packet of a connection. Always its first event.
    Opened(Opened),
    /// A protocol layer was recognised; outermost first.
    Layer(Layer),
    /// What a TLS handshake shows in the clear; may come again with more.
    Tls(TlsHello),
    /// One captured TCP segment and what it was.
    Segment(SegmentSeen),
    /// Bytes that the capture lacks and that are no longer waited for.
    Gap(Gap),
    /// An HTTP request with its response, or without where none was captured.
    Exchange(Exchange),
    /// A WebSocket: an upgrade that was granted, refused or left unanswered, or frames recognised without one.
    WebSocket(Box<Handshake>),
    /// A WebSocket frame, whole or as far as it was captured.
    Frame(Box<Frame>),
    /// A WebSocket message, whole or as far as it was captured.
    Message(Box<Message>),
    /// What a control frame does; comes with its [`Frame`].
    Control(Control),
    /// The other side acknowledged a message's last byte for the first time.
    Acknowledged(Acknowledged),
    /// How a WebSocket ended. Its last event.
    Closed(Box<Close>),
    /// Something that should not be.
    Finding(Finding),
    /// How a connection ended, and its totals. Always its last event.
    Ended(Box<Ended>),
}

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

/// What a TLS handshake says in the clear (RFC 8446 4.1.2, 4.1.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsHello {
    /// The version chosen by the server (0x0303 is TLS 1.2, 0x0304 is 1.3).
    pub version: Option<u16>,
    /// The cipher suite chosen by the server.
    pub cipher_suite: Option<u16>,
    /// The server's name as the client asked for it (RFC 6066 3).
    pub server_name: Option<String>,
    /// The application protocol: the server's choice where it shows one, else the client's offers, joined by commas (RFC 7301).
    pub application_protocol: Option<String>,
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

/// An HTTP/1 request and its final response (RFC 9110 3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The method; `None` where the request was not captured.
    pub method: Option<String>,
    /// The request target; `None` where the request was not captured.
    pub target: Option<String>,
    /// The final status; `None` where no response was captured.
    pub status: Option<u16>,
    /// The version in the request line, else in the status line: `HTTP/1.1`.
    pub version: String,
    /// Whether the request asked for an upgrade to websocket.
    pub upgrade: bool,
    /// Where the request's head lies in the client's stream.
    pub request_head: Option<Span>,
    /// Where the final response's head lies in the server's stream.
    pub response_head: Option<Span>,
    /// The packets that carry the request's head.
    pub request_packets: Vec<PacketIndex>,
    /// The packets that carry the response's head.
    pub response_packets: Vec<PacketIndex>,
}

/// What came of an opening handshake (RFC 6455 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HandshakeResult {
    /// 101: frames follow.
    Accepted,
    /// Another final status: it stays HTTP.
    Refused,
    /// No response was captured.
    Unanswered,
    /// The capture holds frames, but not the handshake.
    NotCaptured,
}

impl fmt::Display for HandshakeResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::NotCaptured => "not_captured",
        })
    }
}

/// An opening handshake (RFC 6455 1.3, 4) as both sides wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The WebSocket it opens or would have opened.
    pub websocket: WebSocketId,
    /// What came of it.
    pub result: HandshakeResult,
    /// The response's status.
    pub status: Option<u16>,
    /// The request target.
    pub target: Option<String>,
    /// The Host field.
    pub host: Option<String>,
    /// The Origin field.
    pub origin: Option<String>,
    /// Sec-WebSocket-Protocol of the request, one a token.
    pub offered_subprotocols: Vec<String>,
    /// Sec-WebSocket-Protocol of the response.
    pub subprotocol: Option<String>,
    /// Sec-WebSocket-Extensions of the request, one an offer, parameters included.
    pub offered_extensions: Vec<String>,
    /// Sec-WebSocket-Extensions of the response, one an extension, parameters included.
    pub extensions: Vec<String>,
    /// Whether Sec-WebSocket-Accept answers the key (RFC 6455 4.2.2); `None` where either is not there to compare.
    pub accept_valid: Option<bool>,
    /// The packets that carry the request's head.
    pub request_packets: Vec<PacketIndex>,
    /// The packets that carry the response's head.
    pub response_packets: Vec<PacketIndex>,
    /// Where each direction's frames begin, the client's first; `None` where the upgrade was not granted or the place is not known.
    pub frames_from: [Option<u64>; 2],
    /// How sure it is that these are frames, in bits of evidence above chance, where no handshake says so.
    pub confidence: Option<u32>,
}

/// A frame's opcode (RFC 6455 5.2, 11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opcode {
    /// 0: more of the message before.
    Continuation,
    /// 1: text, UTF-8.
    Text,
    /// 2: binary.
    Binary,
    /// 8: Close.
    Close,
    /// 9: Ping.
    Ping,
    /// 10: Pong.
    Pong,
    /// 3 to 7, 11 to 15: reserved.
    Reserved(u8),
}

impl Opcode {
    /// The opcode in a frame's first byte.
    #[must_use]
    pub fn from_first_byte(byte: u8) -> Self {
        match byte & 0x0F {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => Self::Reserved(other),
        }
    }

    /// The four bits on the wire.
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
            Self::Reserved(bits) => bits,
        }
    }

    /// Whether it is a control frame's (RFC 6455 5.5): the highest of the four bits is set.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.bits() & 0x08 != 0
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Continuation => f.pad("continuation"),
            Self::Text => f.pad("text"),
            Self::Binary => f.pad("binary"),
            Self::Close => f.pad("close"),
            Self::Ping => f.pad("ping"),
            Self::Pong => f.pad("pong"),
            Self::Reserved(bits) => f.pad(&format!("reserved 0x{bits:x}")),
        }
    }
}

/// A frame (RFC 6455 5.2) and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its WebSocket.
    pub websocket: WebSocketId,
    /// Its number.
    pub id: FrameId,
    /// Which way it went.
    pub direction: Direction,
    /// Its opcode.
    pub opcode: Opcode,
    /// FIN: the last frame of its message.
    pub fin: bool,
    /// RSV1, RSV2, RSV3.
    pub rsv: [bool; 3],
    /// The masking key (5.3), where the frame is masked and the key was captured.
    pub masking_key: Option<[u8; 4]>,
    /// Whether the MASK bit is set.
    pub masked: bool,
    /// The header's bytes, as far as they were captured.
    pub header: Span,
    /// The payload's bytes as the header declares them, captured or not.
    pub payload: Span,
    /// The payload length as the header announces it, all 64 bits; `None` where the header was cut off.
    pub length: Option<u64>,
    /// The message it is part of; `None` for control frames and for fragments that belong to none.
    pub message: Option<MessageId>,
    /// Whether every byte of it was captured.
    pub complete: bool,
    /// Its captured pieces, in stream order.
    pub slices: Vec<Slice>,
    /// How it lies against the segments.
    pub alignment: Alignment,
}

/// Text or binary (RFC 6455 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// Text, UTF-8.
    Text,
    /// Binary.
    Binary,
    /// Its first frame's header is not in the capture.
    Unknown,
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Unknown => "unknown",
        })
    }
}

/// A message (RFC 6455 5.4): its frames joined, unmasked and inflated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its WebSocket.
    pub websocket: WebSocketId,
    /// Its number.
    pub id: MessageId,
    /// Which way it went.
    pub direction: Direction,
    /// Text or binary.
    pub kind: MessageKind,
    /// Bytes of application data, after inflation; `None` where they cannot be known.
    pub length: Option<u64>,
    /// The sum of its frames' payload lengths, as declared.
    pub wire_length: u64,
    /// Whether RSV1 of its first frame says that it is compressed (RFC 7692 6).
    pub compressed: bool,
    /// Whether every byte was captured, its last frame's included. A message whose data then does not inflate has no `length`.
    pub complete: bool,
    /// What was kept of its application data.
    pub payload: Payload,
    /// Its frames, in order; none where all that was captured is the rest of a frame whose header was not.
    pub frames: Vec<FrameId>,
    /// From its first frame's first byte to its last frame's last.
    pub span: Span,
    /// The captured pieces of its frames, one frame after the other.
    pub slices: Vec<Slice>,
    /// How it lies against the segments.
    pub alignment: Alignment,
    /// When it came.
    pub timing: Timing,
}

/// What was kept of a message's application data; see [`PayloadPolicy`](crate::PayloadPolicy).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// SHA-256 of all of it, where the message is complete.
    pub sha256: Option<[u8; 32]>,
    /// Its first bytes, or all, as was asked for.
    pub bytes: Vec<u8>,
}

/// When a message's bytes were captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The packet that carried its first byte.
    pub first: Moment,
    /// The latest-captured packet that carried any of its bytes.
    pub last: Moment,
    /// The packet with which all its bytes and all before it in the stream had been captured, so that a receiver could have it.
    pub completed: Moment,
}

/// What a control frame does (RFC 6455 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its WebSocket.
    pub websocket: WebSocketId,
    /// The frame.
    pub frame: FrameId,
    /// Which way it went.
    pub direction: Direction,
    /// Close, Ping, Pong or a reserved control opcode.
    pub opcode: Opcode,
    /// Its payload length in bytes.
    pub length: u64,
    /// For a Pong, the Ping that it answers (5.5.3).
    pub answers: Option<FrameId>,
    /// For a Pong that answers, the time between the two packets in nanoseconds.
    pub round_trip: Option<i64>,
}

/// A message's last byte was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its WebSocket.
    pub websocket: WebSocketId,
    /// The message.
    pub message: MessageId,
}

/// A Close frame's content (RFC 6455 5.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The status code (7.4); `None` where the frame is empty.
    pub code: Option<u16>,
    /// The reason, with U+FFFD for what is not UTF-8.
    pub reason: String,
    /// The packet that completed the frame.
    pub moment: Moment,
}

/// How a WebSocket ended (RFC 6455 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Its WebSocket.
    pub websocket: WebSocketId,
    /// The client's Close frame.
    pub client: Option<CloseFrame>,
    /// The server's Close frame.
    pub server: Option<CloseFrame>,
    /// Who began the closing handshake, or who ended the TCP connection without one; `None` where neither happened.
    pub initiator: Option<Initiator>,
    /// Whether both Close frames were seen (7.1.4).
    pub clean: bool,
    /// One sentence: who ended it, how, after what.
    pub verdict: String,
}

/// Who began a closing handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Initiator {
    /// The client.
    Client,
    /// The server.
    Server,
    /// Both: their Close frames crossed.
    Both,
}

impl fmt::Display for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "both",
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
