//! The two kinds of segments that nearly all are, and the short way for them: what it comes to is the same.

use wireseam_wire::{Flags, Segment};

use super::{Flow, Placed};
use crate::span_map::Carrier;
use crate::tcp::reassembly::Incoming;
use crate::{Moment, SegmentKind, SegmentSeen, Span};

impl Flow {
    /// Whether a segment carries the next bytes of a stream with nothing missing, all of them captured, and says nothing
    /// else. Nearly all do.
    pub(super) fn is_plain_next(&self, segment: &Segment<'_>) -> bool {
        segment.flags.0 & !(Flags::ACK.0 | Flags::PSH.0) == 0
            && segment.payload_len > 0
            && segment.payload.len() == segment.payload_len as usize
            && self.reassembly.is_next(segment.seq)
            && !(segment.payload_len == 1 && self.window_closed)
    }

    /// Whether a segment is an acknowledgement and no more, from a sender of whose stream nothing is missing.
    pub(crate) fn is_plain_ack(&self, segment: &Segment<'_>) -> bool {
        segment.flags == Flags::ACK
            && segment.payload_len == 0
            && self.reassembly.is_next(segment.seq)
    }

    /// The short way for such a segment; what it comes to is the same.
    pub(super) fn place_ack<'a>(&mut self, segment: &Segment<'a>, seen_lately: bool) -> Placed<'a> {
        let kind = self.count_ack(seen_lately);
        let at = self.reassembly.next();
        Placed {
            seen: SegmentSeen {
                direction: self.direction,
                span: Span::new(at, at),
                flags: segment.flags,
                kind,
                super_segment: false,
                captured: 0,
            },
            incoming: None,
            conflicts: Vec::new(),
        }
    }

    /// Counts such a segment; what it was.
    pub(crate) fn count_ack(&mut self, seen_lately: bool) -> SegmentKind {
        let kind = if seen_lately {
            SegmentKind::Duplicate
        } else {
            SegmentKind::Ack
        };
        self.count(kind, false);
        kind
    }

    /// The short way for such a segment; what it comes to is the same.
    pub(super) fn place_next<'a>(&mut self, segment: &Segment<'a>, moment: Moment) -> Placed<'a> {
        let start = self.reassembly.next();
        let span = Span::of_length(start, u64::from(segment.payload_len));
        self.classifier.extend(segment);
        self.totals.segments += 1;
        self.reassembly.note_end(span.end);
        let super_segment = self.is_super_segment(segment);
        let carrier = Carrier {
            moment,
            reach: span,
            super_segment,
        };
        Placed {
            seen: SegmentSeen {
                direction: self.direction,
                span,
                flags: segment.flags,
                kind: SegmentKind::Data,
                super_segment,
                captured: segment.payload_len,
            },
            incoming: Some(Incoming {
                start,
                bytes: segment.payload,
                wire_end: span.end,
                carrier,
            }),
            conflicts: Vec::new(),
        }
    }
}
