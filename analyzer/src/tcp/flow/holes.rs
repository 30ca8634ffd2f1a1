//! Bytes that do not come: when the hole that they leave is given up, and why they are missing.

use wireseam_wire::Timestamp;

use super::Flow;
use crate::finding::bytes;
use crate::{GapCause, Limits, Offset, Span};

impl Flow {
    /// Whether the hole before `next` need not be waited for any longer.
    pub(crate) fn is_out_of_patience(&self, now: Option<Timestamp>, limits: &Limits) -> bool {
        if !self.reassembly.has_hole() {
            return false;
        }
        if self.has_too_much(limits) {
            return true;
        }
        let hole = self.hole_at(self.reassembly.next());
        let Some(received) = hole.and_then(|hole| hole.received) else {
            return false;
        };
        let waited = now
            .zip(received.at)
            .is_some_and(|(now, received)| now.nanoseconds_since(received) > limits.hole_patience);
        waited || self.reassembly.held_segments() > limits.hole_patience_segments
    }

    /// Whether more is held behind a hole than may be.
    fn has_too_much(&self, limits: &Limits) -> bool {
        self.reassembly.held_bytes() > limits.held_bytes
            || self.reassembly.held_segments() > limits.held_segments
    }

    /// What is to be said where more is held behind a hole than may be.
    pub(crate) fn full(&self, limits: &Limits) -> Option<String> {
        let (held, segments) = (
            self.reassembly.held_bytes(),
            self.reassembly.held_segments(),
        );
        let limit = if held > limits.held_bytes {
            "held-bytes"
        } else {
            "held-segments"
        };
        self.has_too_much(limits).then(|| {
            let held = bytes(held);
            format!("{held} in {segments} segments wait behind missing ones (limit {limit})")
        })
    }

    /// Gives up the hole before the next captured bytes, or what of it the receiver has, unless too much is held behind it.
    pub(crate) fn give_up_hole(&mut self, limits: &Limits) -> Option<(Span, GapCause)> {
        let received = self.acknowledged();
        let received = received.filter(|_| !self.has_too_much(limits));
        self.lose_hole(None, received)
    }

    /// Gives up the hole before the next captured bytes, or the bytes missing at the end of the stream.
    pub(crate) fn give_up_hole_at_end(&mut self) -> Option<(Span, GapCause)> {
        self.lose_hole(self.known_end(), None)
    }

    fn lose_hole(&mut self, end: Option<Offset>, kept: Option<Offset>) -> Option<(Span, GapCause)> {
        let span = self.reassembly.give_up_hole(end, kept)?;
        let cause = self.cause_of(span);
        self.hole = None;
        Some((span, cause))
    }

    /// The farthest place where the stream is known to reach, captured or not.
    fn known_end(&self) -> Option<Offset> {
        let acknowledged = self.acknowledged().map(|end| match self.fin {
            Some(fin) => end.min(fin),
            // The last acknowledged number may be a FIN's that the capture lacks.
            None if end.0 == self.reassembly.seen_end().0 + 1 => self.reassembly.seen_end(),
            None => end,
        });
        let end = self
            .fin
            .into_iter()
            .chain(acknowledged)
            .max()?
            .max(self.reassembly.seen_end());
        self.reassembly.origin().map(|_| end)
    }

    fn cause_of(&self, gap: Span) -> GapCause {
        match self.acknowledged() {
            Some(end) if end >= gap.end => GapCause::Capture,
            Some(end) if end >= gap.start && self.hole_at(gap.start).is_some() => GapCause::Network,
            _ => GapCause::Unknown,
        }
    }
}
