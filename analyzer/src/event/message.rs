//! What is said of frames and messages (RFC 6455 5).

use std::fmt;

use crate::{
    Alignment, AlignmentKind, Direction, FrameId, MessageId, Moment, Slice, Span, WebSocketId,
};

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
    /// Its captured pieces, in stream order; of a frame with very many the last ones.
    pub slices: Vec<Slice>,
    /// How many pieces before those were forgotten; see [`Limits::places`](crate::Limits::places).
    pub slices_left_out: u64,
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
    /// How many frames before those were forgotten; see [`Limits::places`](crate::Limits::places).
    pub frames_left_out: u64,
    /// From its first frame's first byte to its last frame's last.
    pub span: Span,
    /// The captured pieces of its frames, one frame after the other; of a message with very many the last ones.
    pub slices: Vec<Slice>,
    /// How many pieces before those were forgotten; see [`Limits::places`](crate::Limits::places).
    pub slices_left_out: u64,
    /// How it lies against the segments.
    pub alignment: Alignment,
    /// When it came.
    pub timing: Timing,
}

/// What is counted of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its WebSocket.
    pub websocket: WebSocketId,
    /// Which way it went.
    pub direction: Direction,
    /// How it lies against the segments.
    pub alignment: AlignmentKind,
    /// Bytes of application data, after inflation; `None` where they cannot be known.
    pub length: Option<u64>,
    /// Whether every byte was captured.
    pub complete: bool,
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
