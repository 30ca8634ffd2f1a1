//! What is said of control frames, acknowledgements and the end of a WebSocket (RFC 6455 5.5, 7).

use std::fmt;

use crate::{Direction, FrameId, MessageId, Moment, Opcode, WebSocketId};

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
