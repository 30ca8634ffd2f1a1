//! What must come of a stream: its events, and the faults at which a decoder has to fail the connection.
//!
//! An inspector goes on behind a fault, an endpoint ends there (RFC 6455 7.1.7), hence faults stand among the events, in
//! the order of the bytes: what stands behind one that must be refused is not expected.

use std::fmt;

use wireseam_analyzer::{Level, RULES};

use super::decoder::{CloseEvent, Content, Event, Kind, MessageType};

/// One thing that must come of a stream, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event(Wanted),
    /// Bytes that are not as they must be.
    Fault(Fault),
}

/// An event that must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is, as far as that is known.
    pub what: Pattern,
    /// The offset behind its last byte: the chunk with the byte before it has to bring it.
    pub complete: usize,
}

/// What an event has to be; `None` is anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A message.
    Message {
        /// Its type.
        kind: Option<MessageType>,
        /// Its length.
        length: Option<u64>,
        /// What it says.
        content: Option<Content>,
    },
    /// A Ping with this payload.
    Ping(Content),
    /// A Pong with this payload.
    Pong(Content),
    /// A Close frame.
    Close(CloseEvent),
}

/// Bytes that break a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The rule's id: `ws.utf8`.
    pub rule: &'static str,
    /// The offset of the first byte that can tell.
    pub from: usize,
    /// The offset behind the last byte for which a decoder may wait: that of the frame; of one that does not end, no offset
    /// that there is.
    pub until: usize,
    /// What a decoder has to do.
    pub binding: Binding,
    /// The status codes that fit (RFC 6455 7.4.1).
    pub codes: &'static [u16],
    /// Whether it is in the handshake, which not every decoder sees.
    pub in_handshake: bool,
}

/// What a decoder has to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Fail the connection.
    Must,
    /// Fail it; to accept the bytes is no breach of a MUST for receivers.
    Should,
    /// What it likes: the rule binds the sender.
    May,
}

impl Pattern {
    /// Which kind of event.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Message { .. } => Kind::Message,
            Self::Ping(_) => Kind::Ping,
            Self::Pong(_) => Kind::Pong,
            Self::Close(_) => Kind::Close,
        }
    }

    /// Whether an event is this one.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        match (self, event) {
            (
                Self::Message {
                    kind,
                    length,
                    content,
                },
                Event::Message(found_kind, found),
            ) => {
                kind.is_none_or(|kind| kind == *found_kind)
                    && length.is_none_or(|length| found.length.is_none_or(|found| found == length))
                    && content.as_ref().is_none_or(|content| content == found)
            }
            (Self::Ping(content), Event::Ping(found))
            | (Self::Pong(content), Event::Pong(found)) => content == found,
            (Self::Close(close), Event::Close(found)) => close == found,
            _ => false,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message {
                kind: Some(kind),
                content: Some(content),
                ..
            } => Event::Message(*kind, content.clone()).fmt(f),
            Self::Message { kind, length, .. } => {
                match kind {
                    Some(kind) => write!(f, "{kind} message")?,
                    None => f.write_str("message")?,
                }
                length.map_or(Ok(()), |length| write!(f, ", {length} bytes"))
            }
            Self::Ping(content) => Event::Ping(content.clone()).fmt(f),
            Self::Pong(content) => Event::Pong(content.clone()).fmt(f),
            Self::Close(close) => Event::Close(close.clone()).fmt(f),
        }
    }
}

impl Item {
    /// Where it stands among the others: an event where it is complete, a fault where it begins.
    pub(super) fn place(&self) -> usize {
        match self {
            Self::Event(wanted) => wanted.complete,
            Self::Fault(fault) => fault.from,
        }
    }
}

impl Fault {
    /// The section that the rule is from.
    #[must_use]
    pub fn reference(&self) -> &'static str {
        let rule = RULES.iter().find(|rule| rule.id == self.rule);
        rule.map_or("", |rule| rule.reference)
    }
}

/// What breaking this rule demands of a decoder, and with which status code; `None` where it says nothing to decoders.
///
/// Where RFC 6455 binds the sender only, and says nothing of what a receiver does, the receiver may do both.
pub(super) fn demands(rule: &str, level: Level) -> Option<(Binding, &'static [u16])> {
    match rule {
        "ws.mask.missing"
        | "ws.mask.unexpected"
        | "ws.rsv"
        | "ws.opcode.reserved"
        | "ws.control.fragmented"
        | "ws.control.length"
        | "ws.length.msb"
        | "ws.continuation.orphan"
        | "ws.message.interrupted"
        | "ws.close.length"
        | "ws.http"
        | "deflate.rsv1" => Some((Binding::Must, &[PROTOCOL, TOO_BIG])),
        "ws.utf8" | "ws.close.reason" => Some((Binding::Must, &[NOT_CONSISTENT])),
        "deflate.data" => Some((Binding::Must, &[PROTOCOL, UNSUPPORTED, NOT_CONSISTENT])),
        "ws.close.code" => Some((Binding::Should, &[PROTOCOL])),
        "ws.length.form" | "deflate.window" | "deflate.tail" | "deflate.limit" => {
            Some((Binding::May, &[]))
        }
        _ if rule.starts_with("http.upgrade.") && level == Level::Must => Some((Binding::May, &[])),
        "deflate.parameter" | "http.response.order" => Some((Binding::May, &[])),
        _ => None,
    }
}

/// 1002, protocol error.
const PROTOCOL: u16 = 1002;
/// 1003, data that cannot be accepted.
const UNSUPPORTED: u16 = 1003;
/// 1007, data that is not consistent with its type.
const NOT_CONSISTENT: u16 = 1007;
/// 1009, too big to be processed: what a decoder says that looks at a length before all else.
pub(super) const TOO_BIG: u16 = 1009;
/// 1008, a policy of its own.
pub(super) const POLICY: u16 = 1008;
