//! The records of the JSON report, format 1: every key that leaves this program is a field here.
//!
//! With `schema/capture.rs`, which has those of the capture itself, the one file that derives `Serialize` for output. Within a format a key may be added; none is renamed or dropped. Offsets
//! and lengths are in bytes, packet numbers start at 1, times are seconds since the first packet, unknown is null.
//! What the words mean is written at the types of [`wireseam_analyzer`] that they come from.

mod capture;

use std::fmt;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::Value;
use wireseam_analyzer::{
    AlignmentKind, Direction, GapCause, HandshakeResult, Initiator, Level, MessageKind, Part, Role,
    SegmentKind, Span,
};

pub use self::capture::{
    Backwards, Capture, CaptureFile, Checksums, Comment, Dropped, Fragments, Interface, LeftOut,
    LinkLayer, Secrets, Section, WrongChecksums,
};
pub use super::value::{Beginning, Code, Ending, Flags, Piece, Seconds, Vocabulary, Word};

/// The version of these records.
pub const FORMAT: u32 = 1;

/// Everything found in one capture: the document that `--format json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this format: 1.
    pub format: u32,
    /// The capture itself.
    pub capture: Capture,
    /// Its TCP connections, by first packet.
    pub connections: Vec<Connection>,
}

/// A TCP connection and everything in it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Connection {
    /// Its number, by first packet.
    pub id: u64,
    /// The end that opened it.
    pub client: String,
    /// The end that accepted it.
    pub server: String,
    /// Its first packet.
    pub first_packet: u64,
    /// Its last packet.
    pub last_packet: u64,
    /// When its first packet was captured.
    pub start: Option<Seconds>,
    /// From its first packet to its last.
    pub duration: Option<Seconds>,
    /// From where on the capture has it.
    pub opened: Word<Beginning>,
    /// How it ended.
    pub ended: Word<Ending>,
    /// Who ended it: sent the first FIN, or the RST.
    pub ended_by: Option<Word<Role>>,
    /// Its protocols, outermost first: `tcp`, then `tls`, `http`, `http2`, `websocket`, or `opaque`.
    pub layers: Vec<String>,
    /// What a proxy says in front of the client's bytes (PROXY protocol).
    pub proxy: Option<Proxy>,
    /// What its TLS handshake shows.
    pub tls: Option<Tls>,
    /// Totals of each direction.
    pub directions: Directions,
    /// Its HTTP/1 requests with their responses.
    pub requests: Vec<Request>,
    /// HTTP/1 responses before the final ones, such as 100 and 103.
    pub interim: Vec<Interim>,
    /// Its captured segments, in capture order.
    pub segments: Vec<Segment>,
    /// Its WebSockets; an upgrade that was refused counts.
    pub websockets: Vec<WebSocket>,
    /// What should not be in it.
    pub findings: Vec<Finding>,
}

/// The header of the PROXY protocol with which a connection begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Proxy {
    /// 1 (text) or 2 (binary).
    pub version: u8,
    /// Whether the proxy speaks for itself, as when it asks whether the server is well.
    pub local: bool,
    /// Who connected to the proxy; null where it does not say, or not as an IP address.
    pub source: Option<String>,
    /// To whom.
    pub destination: Option<String>,
    /// The header's bytes in what the client sent.
    pub header: Bytes,
}

/// What a TLS handshake shows in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tls {
    /// The version: `TLS 1.3`.
    pub version: Option<String>,
    /// The cipher suite: `TLS_AES_128_GCM_SHA256`, or its number in hex.
    pub cipher_suite: Option<String>,
    /// The server name that the client asked for.
    pub sni: Option<String>,
    /// The application protocol.
    pub alpn: Option<String>,
    /// Whether what is inside could be read.
    pub decrypted: bool,
}

/// Totals of the two directions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Directions {
    /// What the client sent.
    pub client_to_server: Totals,
    /// What the server sent.
    pub server_to_client: Totals,
}

/// Totals of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Totals {
    /// Stream bytes captured, each counted once.
    pub bytes: u64,
    /// Segments with payload.
    pub segments: u64,
    /// Retransmitted segments, partly retransmitted ones included.
    pub retransmissions: u64,
    /// Reordered segments.
    pub out_of_order: u64,
    /// Packets captured twice.
    pub duplicates: u64,
    /// Bytes that the capture lacks.
    pub gaps: Vec<Gap>,
}

/// Stream bytes that the capture lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Gap {
    /// Which bytes.
    pub span: Bytes,
    /// Why.
    pub cause: Word<GapCause>,
}

/// An HTTP/1 request and its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Request {
    /// The method; null where the request was not captured.
    pub method: Option<String>,
    /// The target; null where the request was not captured.
    pub target: Option<String>,
    /// The final status; null where no response was captured.
    pub status: Option<u16>,
    /// The HTTP version: `HTTP/1.1`.
    pub version: String,
    /// Whether it asked for an upgrade to WebSocket.
    pub upgrade: bool,
    /// The bytes of the request's head in what the client sent; null where it was not captured.
    pub head: Option<Bytes>,
    /// The bytes of the final response's head in what the server sent; null where it was not captured.
    pub response_head: Option<Bytes>,
    /// The packets that carry the request's head.
    pub packets: Vec<u64>,
    /// The packets that carry the response's head.
    pub response_packets: Vec<u64>,
}

/// A response before the final one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Interim {
    /// Its status.
    pub status: u16,
    /// The bytes of its head in what the server sent.
    pub head: Bytes,
}

/// A captured segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Segment {
    /// Its packet.
    pub packet: u64,
    /// Which way it went.
    pub direction: Word<Direction>,
    /// When it was captured.
    pub time: Option<Seconds>,
    /// The stream bytes of its payload, as it was on the wire.
    pub span: Bytes,
    /// How many of these the capture holds; fewer where the snapshot length cut the packet.
    pub captured: u32,
    /// Its control bits in tcpdump's letters: `S` SYN, `F` FIN, `R` RST, `P` PSH, `.` ACK, `U` URG, `E` ECE, `W` CWR.
    pub flags: Flags,
    /// What it was.
    pub kind: Word<SegmentKind>,
    /// Whether the capturing host had not cut it yet, or had merged several: its edges are not the wire's.
    pub super_segment: bool,
    /// The frames that have bytes in it, in stream order; null in a line of its own, which is written before they are known.
    pub carries: Option<Vec<Carried>>,
}

/// A frame's bytes in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Carried {
    /// The frame's WebSocket.
    pub websocket: u32,
    /// The frame.
    pub frame: u64,
    /// Its message; null for control frames and for fragments that belong to none.
    pub message: Option<u64>,
    /// The frame's bytes that are in the segment.
    pub span: Bytes,
    /// Which piece of the frame that is.
    pub piece: Word<Piece>,
}

/// A WebSocket.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WebSocket {
    /// Its number in its connection.
    pub id: u32,
    /// Its HTTP/2 stream; null over HTTP/1.1.
    pub stream: Option<u32>,
    /// Whether its frames were found without its handshake.
    pub picked_up_mid_stream: bool,
    /// How it was opened.
    pub handshake: Handshake,
    /// Its frames.
    pub frames: Vec<Frame>,
    /// Its messages.
    pub messages: Vec<Message>,
    /// Its control frames.
    pub control: Vec<Control>,
    /// How it was closed.
    pub close: Close,
}

/// An opening handshake as both sides wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Handshake {
    /// What came of it.
    pub result: Word<HandshakeResult>,
    /// The response's status.
    pub status: Option<u16>,
    /// The request's method; null where the request was not captured.
    pub method: Option<String>,
    /// The request target.
    pub target: Option<String>,
    /// The Host field.
    pub host: Option<String>,
    /// The Origin field.
    pub origin: Option<String>,
    /// The subprotocols that the client offered.
    pub offered_subprotocols: Vec<String>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<String>,
    /// The extensions that the client offered, parameters included.
    pub offered_extensions: Vec<String>,
    /// The extensions that the server chose, parameters included.
    pub extensions: Vec<String>,
    /// Whether Sec-WebSocket-Accept answers the key; null where either was not captured, or not sent.
    pub accept_valid: Option<bool>,
    /// The packets that carry the request's head.
    pub request_packets: Vec<u64>,
    /// The packets that carry the response's head.
    pub response_packets: Vec<u64>,
    /// Where the frames of each direction begin.
    pub frames_from: FramesFrom,
    /// Without a handshake, how sure it is that these are frames: bits of evidence above chance.
    pub confidence: Option<u32>,
    /// The ids of the findings about it.
    pub findings: Vec<String>,
}

/// Where the frames of each direction begin: behind the request's head and the response's, or where they were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FramesFrom {
    /// In what the client sent; null where there are none or the place is not known.
    pub client_to_server: Option<u64>,
    /// In what the server sent; null where there are none or the place is not known.
    pub server_to_client: Option<u64>,
}

/// A frame and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Frame {
    /// Its number in its WebSocket, both directions together.
    pub id: u64,
    /// Which way it went.
    pub direction: Word<Direction>,
    /// `continuation`, `text`, `binary`, `close`, `ping`, `pong`, or a number where reserved.
    pub opcode: Code,
    /// The last frame of its message.
    pub fin: bool,
    /// RSV1.
    pub rsv1: bool,
    /// RSV2.
    pub rsv2: bool,
    /// RSV3.
    pub rsv3: bool,
    /// Whether the MASK bit is set.
    pub masked: bool,
    /// The masking key in hex; null where there is none or it was not captured.
    pub masking_key: Option<String>,
    /// The header's bytes, as far as they were captured.
    pub header: Bytes,
    /// The payload's bytes, as the header declares them.
    pub payload: Bytes,
    /// The payload's length, as the header declares it; null where the header was cut off.
    pub length: Option<u64>,
    /// Whether every byte was captured.
    pub complete: bool,
    /// Its message; null for control frames and for fragments that belong to none.
    pub message: Option<u64>,
    /// Its captured pieces, in stream order; of a frame with very many the last ones.
    pub slices: Vec<Slice>,
    /// How many pieces before those were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slices_left_out: Option<u64>,
    /// How it lies against the segments.
    pub alignment: Alignment,
}

/// A message and where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Message {
    /// Its number in its WebSocket, both directions together.
    pub id: u64,
    /// Which way it went.
    pub direction: Word<Direction>,
    /// `text` or `binary`; null where the header that says so was not captured.
    pub opcode: Option<Word<MessageKind>>,
    /// Bytes of application data, after inflation; null where they cannot be known.
    pub length: Option<u64>,
    /// The sum of its frames' payload lengths.
    pub wire_length: u64,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Whether all of it was captured, its last frame included. Where it still cannot be inflated `length` is null, and a finding says why.
    pub complete: bool,
    /// SHA-256 of its application data in hex; null where it was not asked for, or where that data cannot be known.
    pub sha256: Option<String>,
    /// Its application data, as far as asked for.
    pub payload: Option<Payload>,
    /// Its frames, in order; of a message with very many the last ones.
    pub frames: Vec<u64>,
    /// How many frames before those were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames_left_out: Option<u64>,
    /// From its first frame's first byte to its last frame's last.
    pub span: Bytes,
    /// The captured pieces of its frames, one frame after the other; of a message with very many the last ones.
    pub slices: Vec<Slice>,
    /// How many pieces before those were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slices_left_out: Option<u64>,
    /// How it lies against the segments.
    pub alignment: Alignment,
    /// When it came.
    pub timing: Timing,
    /// What a subprotocol says about it; null: none is decoded yet.
    pub decoded: Option<String>,
}

/// Application data of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Payload {
    /// The data of a text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The data of a binary message, or of text that is not UTF-8, in base64 (RFC 4648 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Whether the message has more than what is here.
    pub truncated: bool,
}

/// A run of bytes that one packet carried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Slice {
    /// The packet.
    pub packet: u64,
    /// The bytes.
    pub span: Bytes,
    /// Whether they were carried by more than one packet, or by a retransmission.
    pub retransmitted: bool,
}

/// How a frame or message lies against the segments that carried it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Alignment {
    /// How its edges and the segments' edges meet.
    pub kind: Word<AlignmentKind>,
    /// How many packets carried it.
    pub segments: u64,
    /// The nearest frames that have bytes in one of these packets.
    pub shares_with: Vec<u64>,
    /// How many there are in all.
    pub shared_frames: u64,
    /// Whether the upgrade's request or response ends in one of these packets.
    pub with_handshake: bool,
    /// The segment edges strictly inside one of its frames.
    pub torn: Vec<Torn>,
    /// Whether any of it was retransmitted.
    pub retransmission: bool,
    /// Whether the capture lacks any of it.
    pub gap: bool,
    /// Whether one of the packets is a super-segment.
    pub super_segment: bool,
}

/// A segment edge inside a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Torn {
    /// The packet that carried the first byte after the cut.
    pub packet: u64,
    /// The part of the frame to which that byte belongs.
    #[serde(rename = "in")]
    pub part: Word<Part>,
    /// That byte's offset.
    pub at: u64,
    /// The frame.
    pub frame: u64,
    /// How many bytes of that part lie before the cut.
    pub after: u64,
}

/// When a message came.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Timing {
    /// When its first byte was first captured.
    pub first: Option<Seconds>,
    /// When the latest-captured of its bytes was.
    pub last: Option<Seconds>,
    /// When all its bytes and all before it had been captured, so that a receiver could have it.
    pub completed: Option<Seconds>,
    /// The packet of `first`.
    pub first_packet: u64,
    /// The packet of `last`.
    pub last_packet: u64,
    /// The packet of `completed`.
    pub completed_by: u64,
    /// When the other side first acknowledged its last byte.
    pub acked: Option<Seconds>,
    /// What held it up; none is told yet.
    pub stalls: Vec<Stall>,
}

/// Something that held a message up.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Stall {
    /// What it was.
    pub cause: String,
    /// For how long.
    pub seconds: Seconds,
    /// The packets that show it.
    pub packets: Vec<u64>,
}

/// What a control frame does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Control {
    /// The frame.
    pub frame: u64,
    /// Which way it went.
    pub direction: Word<Direction>,
    /// `ping`, `pong`, `close`, or a number where reserved.
    pub opcode: Code,
    /// Its payload length.
    pub length: u64,
    /// For a pong, the ping that it answers.
    pub answers: Option<u64>,
    /// From that ping to this pong, as captured.
    pub round_trip: Option<Seconds>,
}

/// How a WebSocket was closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Close {
    /// The client's Close frame.
    pub client: Option<CloseFrame>,
    /// The server's Close frame.
    pub server: Option<CloseFrame>,
    /// Who began, or who ended the TCP connection without a Close frame.
    pub initiator: Option<Word<Initiator>>,
    /// Whether both sent a Close frame.
    pub clean: bool,
    /// Who ended it, how, after what.
    pub verdict: String,
}

/// A Close frame's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CloseFrame {
    /// The status code; null where the frame is empty.
    pub code: Option<u16>,
    /// The reason.
    pub reason: String,
    /// The packet that completed the frame.
    pub packet: u64,
}

/// Something that should not be in the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The rule; `wireseam explain ID` tells more.
    pub id: String,
    /// How binding it is.
    pub level: Word<Level>,
    /// Where it is written.
    pub reference: String,
    /// Which way the bytes went.
    pub direction: Option<Word<Direction>>,
    /// The packet in which it was seen.
    pub packet: u64,
    /// The bytes in question.
    pub span: Option<Bytes>,
    /// The WebSocket.
    pub websocket: Option<u32>,
    /// The frame.
    pub frame: Option<u64>,
    /// The message.
    pub message: Option<u64>,
    /// What was seen.
    pub text: String,
}

/// One line of `--format ndjson`: a record, its kind, and where it belongs, written as soon as it is known.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first packet of a connection.
    Opened(Within<Opened>),
    /// A protocol was recognised.
    Layer(Within<Layer>),
    /// A proxy's header in front of the client's bytes.
    Proxy(Within<Proxy>),
    /// What its TLS handshake shows; may come again with more.
    Tls(Within<Tls>),
    /// A captured segment.
    Segment(Within<Segment>),
    /// Bytes that the capture lacks.
    Gap(Within<Directed<Gap>>),
    /// A response before the final one.
    Interim(Within<Interim>),
    /// An HTTP/1 request with its response.
    Request(Within<Request>),
    /// An opening handshake; frames follow where it was accepted.
    Handshake(Within<Handshake>),
    /// A frame.
    Frame(Within<Frame>),
    /// A message. What came to be known after it was complete is in later lines: see `segment`, `acknowledged`.
    Message(Within<Message>),
    /// A control frame.
    Control(Within<Control>),
    /// The other side acknowledged a message's last byte.
    Acknowledged(Within<Acknowledged>),
    /// How a WebSocket was closed.
    Close(Within<Close>),
    /// Something that should not be.
    Finding(Within<Finding>),
    /// The end of a connection and its totals.
    Ended(Within<Ended>),
    /// The capture as a whole: the last line.
    Capture(Capture),
}

/// A record in a line of its own, with the connection and WebSocket that it belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Within<T> {
    /// The connection's number.
    pub connection: u64,
    /// The WebSocket's number in its connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub websocket: Option<u32>,
    /// The record.
    #[serde(flatten)]
    pub record: T,
}

/// A record in a line of its own, with its direction.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Directed<T> {
    /// Which way the bytes went.
    pub direction: Word<Direction>,
    /// The record.
    #[serde(flatten)]
    pub record: T,
}

/// A connection's beginning.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Opened {
    /// The end that opened it.
    pub client: String,
    /// The end that accepted it.
    pub server: String,
    /// Its first packet.
    pub first_packet: u64,
    /// When that was captured.
    pub start: Option<Seconds>,
    /// From where on the capture has it.
    pub opened: Word<Beginning>,
}

/// A protocol layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Layer {
    /// Its name.
    pub layer: String,
}

/// An acknowledgement of a message's last byte.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Acknowledged {
    /// The message.
    pub message: u64,
    /// The packet that acknowledges it.
    pub packet: u64,
    /// When that was captured.
    pub time: Option<Seconds>,
}

/// A connection's end.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ended {
    /// Its last packet.
    pub last_packet: u64,
    /// When that was captured.
    pub time: Option<Seconds>,
    /// How it ended.
    pub ended: Word<Ending>,
    /// Who ended it.
    pub ended_by: Option<Word<Role>>,
    /// Totals of each direction, without the gaps, which have their own lines.
    pub directions: Directions,
}

/// A half-open range of stream bytes; `[start, end]` in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Bytes(
    /// The first byte.
    pub u64,
    /// The byte after the last.
    pub u64,
);

impl Bytes {
    /// How many bytes.
    #[must_use]
    pub fn length(self) -> u64 {
        self.1.saturating_sub(self.0)
    }

    /// Whether the two have a byte in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.0.max(other.0) < self.1.min(other.1)
    }
}

impl From<Span> for Bytes {
    fn from(span: Span) -> Self {
        Self(span.start.0, span.end.0)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}..{}", self.0, self.1))
    }
}

/// The JSON Schema of [`Report`], which `wireseam schema` prints.
#[must_use]
pub fn json_schema() -> Value {
    schema_of::<Report>()
}

/// The JSON Schema of a [`Line`] of `--format ndjson`.
#[must_use]
pub fn line_schema() -> Value {
    schema_of::<Line>()
}

fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}
