//! The types of lines, so that one can ask for those one wants.

use std::str::FromStr;

use wireseam_analyzer::{Detail, EventKind};

/// What a line is about: the word that stands in its `type`. [`Line`](crate::report::schema::Line) says what is in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is described where its record is")]
pub enum LineType {
    Opened,
    Layer,
    Proxy,
    Tls,
    Segment,
    Gap,
    Interim,
    Request,
    Handshake,
    Frame,
    Message,
    Control,
    Acknowledged,
    Close,
    Finding,
    Ended,
    Capture,
}

/// A word that is no [`LineType`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no line has the type {0:?}; there are {names}", names = LineType::ALL.map(LineType::name).join(", "))]
pub struct UnknownLineType(
    /// The word.
    pub String,
);

impl LineType {
    /// All of them, in the order in which a connection first has them.
    pub const ALL: [Self; 17] = [
        Self::Opened,
        Self::Layer,
        Self::Proxy,
        Self::Tls,
        Self::Segment,
        Self::Gap,
        Self::Interim,
        Self::Request,
        Self::Handshake,
        Self::Frame,
        Self::Message,
        Self::Control,
        Self::Acknowledged,
        Self::Close,
        Self::Finding,
        Self::Ended,
        Self::Capture,
    ];

    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Layer => "layer",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Segment => "segment",
            Self::Gap => "gap",
            Self::Interim => "interim",
            Self::Request => "request",
            Self::Handshake => "handshake",
            Self::Frame => "frame",
            Self::Message => "message",
            Self::Control => "control",
            Self::Acknowledged => "acknowledged",
            Self::Close => "close",
            Self::Finding => "finding",
            Self::Ended => "ended",
            Self::Capture => "capture",
        }
    }

    /// The type of an event's line; `None` for what is only counted.
    pub(super) fn of(kind: &EventKind) -> Option<Self> {
        Some(match kind {
            EventKind::Opened(_) => Self::Opened,
            EventKind::Layer(_) => Self::Layer,
            EventKind::Proxied(_) => Self::Proxy,
            EventKind::Tls(_) => Self::Tls,
            EventKind::Segment(_) => Self::Segment,
            EventKind::Gap(_) => Self::Gap,
            EventKind::Interim(_) => Self::Interim,
            EventKind::Exchange(_) => Self::Request,
            EventKind::WebSocket(_) => Self::Handshake,
            EventKind::Frame(_) => Self::Frame,
            EventKind::Message(_) => Self::Message,
            EventKind::Control(_) => Self::Control,
            EventKind::Acknowledged(_) => Self::Acknowledged,
            EventKind::Closed(_) => Self::Close,
            EventKind::Finding(_) => Self::Finding,
            EventKind::Ended(_) => Self::Ended,
            EventKind::Counted(_) => return None,
        })
    }

    /// How much the analyzer has to say so that such lines can be written.
    pub(super) fn detail(self) -> Detail {
        match self {
            Self::Opened
            | Self::Layer
            | Self::Proxy
            | Self::Gap
            | Self::Control
            | Self::Finding
            | Self::Ended
            | Self::Capture => Detail::Counts,
            Self::Message => Detail::Messages,
            Self::Tls
            | Self::Segment
            | Self::Interim
            | Self::Request
            | Self::Handshake
            | Self::Frame
            | Self::Acknowledged
            | Self::Close => Detail::Map,
        }
    }
}

impl FromStr for LineType {
    type Err = UnknownLineType;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|line| line.name() == word);
        named.ok_or_else(|| UnknownLineType(word.to_owned()))
    }
}
