//! What reading some bytes of HTTP/1 comes to, and what it needs to know.

use wireseam_wire::PacketIndex;

use crate::span_map::SpanMap;
use crate::websocket::{Found, Search};
use crate::{Direction, Handshake, Limits};

/// What became of some bytes.
#[derive(Debug)]
pub(crate) struct Step {
    /// How many were used.
    pub(crate) consumed: usize,
    pub(crate) outcome: Outcome,
}

impl Step {
    /// Nothing was used: it waits for more bytes, or for the other direction.
    pub(crate) const WAIT: Self = Self {
        consumed: 0,
        outcome: Outcome::Wait,
    };

    /// So many were used, and it goes on with what follows.
    pub(crate) fn more(consumed: usize) -> Self {
        Self {
            consumed,
            outcome: Outcome::More,
        }
    }
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Go on with what follows.
    More,
    /// Wait for more bytes, or for the other direction.
    Wait,
    /// From here on both directions speak WebSocket.
    WebSocket(Upgraded),
    /// From here on both directions speak HTTP/2 (the upgrade token h2c).
    Http2,
    /// From here on both directions speak something unknown.
    Opaque,
    /// From here on both directions are a tunnel, in which anything may begin (RFC 9110 9.3.6).
    Tunnel,
}

/// A WebSocket that begins.
#[derive(Debug)]
pub(crate) struct Upgraded {
    pub(crate) handshake: Box<Handshake>,
    /// Where each direction's search for frames stands, where the place of its first frame is not known.
    pub(crate) searches: [Option<Box<Search>>; 2],
    /// The direction in which frames were found without their handshake, and those.
    pub(crate) found: Option<(Direction, Found)>,
    /// How many responses to earlier requests the server still owes.
    pub(crate) owed_responses: usize,
    /// The packets in which the request's and the response's heads end.
    pub(crate) head_ends: [Option<PacketIndex>; 2],
}

/// What a step reads besides its input.
pub(crate) struct Surroundings<'a> {
    pub(crate) map: &'a SpanMap,
    pub(crate) limits: &'a Limits,
    /// Whether the capture has this direction from its first byte on, without a gap so far.
    pub(crate) is_whole: bool,
    /// Whether the request that a response answers may still come: the client's stream was captured from its start.
    pub(crate) request_may_follow: bool,
}
