//! Since when, and why, one direction's messages cannot be inflated, and since when they can again.
//!
//! ```text
//!   Whole --cause--> Broken --message refers to what is not there, told--> Undecodable
//!     ^                                                                        |
//!     +--all that a message may refer to was inflated since, told-- Doubtful <-+ a message stands alone
//! ```
//!
//! Each break is told once, and its end once: a message that stands alone shows only that it does. What ended a break is
//! known when as much was inflated behind it as a message may refer to, or when nothing else came.

use wireseam_wire::PacketIndex;

use super::inflater::{Fault, Inflated};
use crate::finding::{self, bytes};
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::{MessageId, Offset, Span};

/// Why messages cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Frames were found with none known before them.
    Beginning,
    /// The capture lacks these bytes, which stand behind those of this packet.
    Lost(Span, Option<PacketIndex>),
    /// This message's data does not inflate.
    Data(MessageId),
    /// This message inflates to more than the limit.
    TooLarge(MessageId),
    /// This message was given up by its sender.
    Unfinished(MessageId),
}

/// One direction's state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Health {
    cause: Option<Cause>,
    /// How many messages could not be inflated because of it.
    undecodable: u64,
    /// The first message since that could, with none behind it that could not.
    again: Option<(MessageId, Place)>,
}

impl Health {
    /// Something that later messages may refer to is not there.
    pub(crate) fn harm(&mut self, cause: Cause) {
        self.cause.get_or_insert(cause);
        self.again = None;
    }

    /// Judges a message by what it came to.
    pub(crate) fn judge(
        &mut self,
        id: MessageId,
        inflated: &Inflated,
        place: Place,
        out: &mut Outbox<'_>,
    ) {
        match inflated.length {
            Ok(_) if self.cause.is_none() => {}
            Ok(_) => {
                self.again.get_or_insert((id, place));
                if inflated.has_context {
                    self.recover(out);
                }
            }
            Err(Fault::Data | Fault::Unfinished) => self.harm(Cause::Data(id)),
            Err(Fault::TooLarge(_)) => self.harm(Cause::TooLarge(id)),
            Err(Fault::Context) => {
                self.again = None;
                self.undecodable += 1;
                if self.undecodable == 1 {
                    let cause = self.cause.map_or_else(String::new, Cause::in_words);
                    let text = format!("undecodable from message {} on: {cause}", id.0);
                    out.finding_at(&finding::DEFLATE_CONTEXT_BROKEN, place, text);
                }
            }
        }
    }

    /// Ends the break, or what is known of it.
    pub(crate) fn recover(&mut self, out: &mut Outbox<'_>) {
        let Self {
            undecodable, again, ..
        } = *self;
        if let Some((id, place)) = again.filter(|_| undecodable > 0) {
            let messages = if undecodable == 1 {
                "1 message".to_owned()
            } else {
                format!("{undecodable} messages")
            };
            let text = format!(
                "decodable again from message {} on, {messages} undecodable before it",
                id.0
            );
            out.finding_at(&finding::DEFLATE_CONTEXT_BROKEN, place, text);
        }
        if again.is_some() {
            *self = Self::default();
        }
    }
}

impl Cause {
    /// The capture lacks these bytes.
    pub(crate) fn lost(span: Span, map: &SpanMap) -> Self {
        let before = span.start.0.checked_sub(1).map(Offset);
        let carrier = before.and_then(|at| map.piece_at(at)?.carrier);
        Self::Lost(span, carrier.map(|carrier| carrier.moment.packet))
    }

    fn in_words(self) -> String {
        match self {
            Self::Beginning => "what was sent before is missing".to_owned(),
            Self::Lost(span, packet) => {
                let lost = bytes(span.length());
                let packet =
                    packet.map_or_else(String::new, |packet| format!(" (after #{})", packet.0));
                format!("{lost} lost at {}..{}{packet}", span.start, span.end)
            }
            Self::Data(id) => format!("the data of message {} does not inflate", id.0),
            Self::TooLarge(id) => format!("message {} inflates to more than the limit", id.0),
            Self::Unfinished(id) => format!("message {} has no end", id.0),
        }
    }
}
