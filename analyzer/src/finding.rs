//! What should not be in the traffic: the rules, one table, and the finding that cites one.

use wireseam_wire::PacketIndex;

use crate::{Direction, FrameId, MessageId, Span, WebSocketId};

/// How binding the broken rule is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The RFC says MUST, or MUST NOT.
    Must,
    /// The RFC says SHOULD, or SHOULD NOT.
    Should,
    /// No rule is broken; worth knowing.
    Note,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Note => "note",
        })
    }
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Dotted words by area: `ws.mask.missing`.
    pub id: &'static str,
    /// Where it is written: `RFC 6455 5.1`.
    pub reference: &'static str,
    /// How binding it is.
    pub level: Level,
    /// A few words.
    pub title: &'static str,
    /// What it means for whoever meets it.
    pub explanation: &'static str,
}

/// A rule that was broken, where and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Which way the bytes went.
    pub direction: Option<Direction>,
    /// The packet in which it was seen.
    pub packet: PacketIndex,
    /// The stream bytes in question.
    pub span: Option<Span>,
    /// The WebSocket.
    pub websocket: Option<WebSocketId>,
    /// The frame.
    pub frame: Option<FrameId>,
    /// The message.
    pub message: Option<MessageId>,
    /// What was seen, in one sentence.
    pub text: String,
}
