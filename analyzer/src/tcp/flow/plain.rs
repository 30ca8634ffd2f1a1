//! The two kinds of segments that nearly all are, and the short way for them: what it comes to is the same.

use wireseam_wire::{Flags, Segment};

use super::super::classify::without_payload;
use super::super::reassembly::Incoming;
use super::{Flow, Placed};
use crate::span_map::Carrier;
use crate::{Moment, Offset, SegmentKind, SegmentSeen, Span};

impl Flow {
    /// Where a segment without payload stands, if its sender's stream has come to there: an acknowledgement, a SYN, a FIN, or
    /// what is behind that.
    fn bare_at(&self, segment: &Segment<'_>) -> Option<Offset> {
        if segment.payload_len > 0 || segment.flags.contains(Flags::RST) {
            return None;
        }
        let (seq, end) = (segment.payload_seq(), self.reassembly.seen_end());
        let begins = segment.flags.contains(Flags::SYN) && self.reassembly.origin().is_none();
        if begins || self.reassembly.is_at_end(seq) {
            return Some(end);
        }
        let behind = self.fin.filter(|fin| *fin == end)?.plus(1);
        (self.reassembly.position(seq) == i64::try_from(behind.0).ok()).then_some(behind)
    }

    /// Takes such a segment. `None`, and nothing has happened, where it is anything else.
    #[inline(always)] // one of the two callers only has to know whether
    pub(crate) fn take_bare(
        &mut self,
        segment: &Segment<'_>,
        seen_lately: bool,
    ) -> Option<SegmentSeen> {
        let at = self.bare_at(segment)?;
        if segment.flags.contains(Flags::SYN) {
            self.begin(segment);
        }
        if segment.flags.contains(Flags::FIN) {
            self.fin.get_or_insert(at);
        }
        if at > self.reassembly.seen_end() {
            self.classifier.extend(segment);
        }
        let kind = if seen_lately {
            SegmentKind::Duplicate
        } else {
            without_payload(segment)
        };
        self.count(kind, false);
        Some(SegmentSeen {
            direction: self.direction,
            span: Span::new(at, at),
            flags: segment.flags,
            kind,
            super_segment: false,
            captured: 0,
        })
    }

    /// Whether a segment carries the bytes behind all that was seen of its stream, all of them captured, and says nothing else.
    /// Nearly all do.
    fn is_plain_next(&self, segment: &Segment<'_>) -> bool {
        segment.flags.0 & !(Flags::ACK.0 | Flags::PSH.0) == 0
            && segment.payload_len > 0
            && segment.payload.len() == segment.payload_len as usize
            && self.reassembly.is_at_end(segment.seq)
            && !(segment.payload_len == 1 && self.window_closed)
    }

    /// Takes such a segment; `None`, and nothing has happened, where it is anything else.
    pub(crate) fn take_next<'a>(
        &mut self,
        segment: &Segment<'a>,
        moment: Moment,
    ) -> Option<Incoming<'a>> {
        if !self.is_plain_next(segment) {
            return None;
        }
        let start = self.reassembly.seen_end();
        let span = Span::of_length(start, u64::from(segment.payload_len));
        self.classifier.extend(segment);
        self.totals.segments += 1;
        self.reassembly.note_end(span.end);
        Some(Incoming {
            start,
            bytes: segment.payload,
            wire_end: span.end,
            carrier: Carrier {
                moment,
                reach: span,
                super_segment: self.is_super_segment(segment),
            },
        })
    }

    /// Such a segment, placed.
    pub(super) fn placed_next<'a>(
        &self,
        segment: &Segment<'a>,
        incoming: Incoming<'a>,
    ) -> Placed<'a> {
        let Carrier {
            reach,
            super_segment,
            ..
        } = incoming.carrier;
        Placed {
            seen: SegmentSeen {
                direction: self.direction,
                span: reach,
                flags: segment.flags,
                kind: SegmentKind::Data,
                super_segment,
                captured: segment.payload_len,
            },
            incoming: Some(incoming),
            conflicts: Vec::new(),
        }
    }
}
