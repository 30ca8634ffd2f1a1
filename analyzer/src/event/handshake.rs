//! What is said of the layers before frames: TLS in the clear, HTTP exchanges, the opening handshake.

use std::fmt;

use wireseam_wire::PacketIndex;

use crate::{Span, WebSocketId};

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

/// A response before the final one, 101 aside (RFC 9110 15.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interim {
    /// Its status.
    pub status: u16,
    /// Where its head lies in the server's stream; it is all there is of it.
    pub head: Span,
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
///
/// Without [`Detail::Map`](crate::Detail::Map) it lacks what the request says, the subprotocol and the packets; of the
/// extensions offered it has those of a request that was granted any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The WebSocket it opens or would have opened.
    pub websocket: WebSocketId,
    /// What came of it.
    pub result: HandshakeResult,
    /// The response's status.
    pub status: Option<u16>,
    /// The request's method.
    pub method: Option<String>,
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
