//! Which packets carried which bytes of one direction's stream: the map every frame and message is projected onto.
//!
//! Pieces are appended in stream order as bytes become deliverable, looked up by binary search and forgotten from the
//! front ([`SpanMap::release`]), so that the map is as long as what is still open and no longer. A piece is a run of
//! bytes one packet carried first, or a gap.
//!
//! ```text
//!   pieces   | #4 | #9        | gap | #7 |
//!   reach         |<---- #9's payload ---->|     what of a packet's payload others had carried first is not its piece
//! ```

use std::collections::VecDeque;

use wireseam_wire::PacketIndex;

use crate::spare::Reuse;
use crate::{Moment, Offset, Slice, Span};

/// The packet that carried a piece first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carrier {
    pub(crate) moment: Moment,
    /// The stream bytes that the whole packet stands for; all its pieces lie in here.
    pub(crate) reach: Span,
    pub(crate) super_segment: bool,
}

/// A run of stream bytes with one carrier, or without any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) span: Span,
    /// `None`: the capture lacks these bytes.
    pub(crate) carrier: Option<Carrier>,
    /// The latest packet among the carriers of all bytes up to this piece's end: with it they were deliverable.
    latest: Moment,
}

impl Piece {
    pub(crate) fn packet(&self) -> Option<PacketIndex> {
        self.carrier.map(|carrier| carrier.moment.packet)
    }
}

/// The map of one direction.
#[derive(Debug, Default)]
pub(crate) struct SpanMap {
    pieces: VecDeque<Piece>,
    /// Bytes that more than one packet carried, or one that is a retransmission; by start, and none touches another.
    repeated: VecDeque<Span>,
    latest: Option<Moment>,
}

impl Reuse for SpanMap {
    fn clear(&mut self) {
        self.pieces.clear();
        self.repeated.clear();
        self.latest = None;
    }
}

impl SpanMap {
    /// The map of a stream with no bytes.
    pub(crate) const fn new() -> Self {
        Self {
            pieces: VecDeque::new(),
            repeated: VecDeque::new(),
            latest: None,
        }
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty() && self.repeated.is_empty()
    }

    /// Appends bytes that one packet carried first.
    pub(crate) fn push(&mut self, span: Span, carrier: Carrier) {
        let latest = match self.latest {
            Some(latest) if latest.packet > carrier.moment.packet => latest,
            _ => carrier.moment,
        };
        self.latest = Some(latest);
        match self.pieces.back_mut() {
            Some(back)
                if back.packet() == Some(carrier.moment.packet) && back.span.end == span.start =>
            {
                back.span.end = span.end
            }
            _ => self.pieces.push_back(Piece {
                span,
                carrier: Some(carrier),
                latest,
            }),
        }
    }

    /// Appends bytes that the capture lacks; `now` is the packet at which they were given up.
    pub(crate) fn push_gap(&mut self, span: Span, now: Moment) {
        let latest = self.latest.unwrap_or(now);
        self.pieces.push_back(Piece {
            span,
            carrier: None,
            latest,
        });
    }

    /// Notes that these bytes were carried again, or by a retransmission.
    pub(crate) fn repeat(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        let from = self
            .repeated
            .partition_point(|known| known.end < span.start);
        if let Some(known) = self.repeated.get(from)
            && known.intersection(span) == span
        {
            return;
        }
        let to = self
            .repeated
            .partition_point(|known| known.start <= span.end);
        let joined = self.repeated.drain(from..to).fold(span, |joined, known| {
            Span::new(joined.start.min(known.start), joined.end.max(known.end))
        });
        self.repeated.insert(from, joined);
    }

    /// Forgets the pieces that end at or before `before`.
    pub(crate) fn release(&mut self, before: Offset) {
        while self
            .pieces
            .front()
            .is_some_and(|piece| piece.span.end <= before)
        {
            self.pieces.pop_front();
        }
        while self.repeated.front().is_some_and(|span| span.end <= before) {
            self.repeated.pop_front();
        }
    }

    /// Where the latest so many pieces begin; `None` where there are no more than those.
    pub(crate) fn start_of_latest(&self, pieces: usize) -> Option<Offset> {
        let first = self.pieces.len().checked_sub(pieces).filter(|at| *at > 0)?;
        self.pieces.get(first).map(|piece| piece.span.start)
    }

    /// How many pieces there are.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The pieces that hold any byte of `span`, in stream order.
    pub(crate) fn pieces_over(&self, span: Span) -> impl Iterator<Item = &Piece> {
        let first = self
            .pieces
            .partition_point(|piece| piece.span.end <= span.start);
        self.pieces
            .range(first..)
            .take_while(move |piece| piece.span.start < span.end)
    }

    /// The captured runs of bytes in `span`, one a packet and run.
    pub(crate) fn slices(&self, span: Span) -> Vec<Slice> {
        self.pieces_over(span)
            .filter_map(|piece| {
                let packet = piece.packet()?;
                let span = piece.span.intersection(span);
                Some(Slice {
                    packet,
                    span,
                    retransmitted: self.is_repeated(span),
                })
            })
            .collect()
    }

    /// The offsets in `span`, its start included, at which another packet's bytes begin.
    pub(crate) fn edges_in(&self, span: Span) -> impl Iterator<Item = Offset> {
        self.pieces_over(span)
            .map(|piece| piece.span.start)
            .filter(move |start| *start >= span.start)
    }

    /// Whether the capture lacks any byte of `span`.
    pub(crate) fn has_gap(&self, span: Span) -> bool {
        self.pieces_over(span).any(|piece| piece.carrier.is_none())
    }

    /// The piece with the byte at `offset`.
    pub(crate) fn piece_at(&self, offset: Offset) -> Option<&Piece> {
        // mostly it is in the last one
        match self.pieces.back()? {
            last if last.span.start <= offset => Some(last).filter(|last| offset < last.span.end),
            _ => self.pieces_over(Span::of_length(offset, 1)).next(),
        }
    }

    /// The packet that carried the byte at `offset` first.
    pub(crate) fn packet_at(&self, offset: Offset) -> Option<PacketIndex> {
        self.piece_at(offset)?.packet()
    }

    /// The packet with which every captured byte before `end` had been captured.
    pub(crate) fn completed(&self, end: Offset) -> Option<Moment> {
        let last = Offset(end.0.checked_sub(1)?);
        self.piece_at(last).map(|piece| piece.latest)
    }

    fn is_repeated(&self, span: Span) -> bool {
        let at = self
            .repeated
            .partition_point(|known| known.end <= span.start);
        self.repeated
            .get(at)
            .is_some_and(|known| known.start < span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64) -> Span {
        Span::new(Offset(start), Offset(end))
    }

    fn carrier(packet: u64, reach: Span) -> Carrier {
        Carrier {
            moment: Moment {
                packet: PacketIndex(packet),
                at: None,
            },
            reach,
            super_segment: false,
        }
    }

    /// Packet 4 holds 0..60, packet 9 60..300, packet 7 300..420 and came before packet 9.
    fn reordered() -> SpanMap {
        let mut map = SpanMap::default();
        map.push(span(0, 60), carrier(4, span(0, 60)));
        map.push(span(60, 300), carrier(9, span(60, 300)));
        map.push(span(300, 420), carrier(7, span(300, 420)));
        map
    }

    fn packets_and_spans(map: &SpanMap, of: Span) -> Vec<(u64, Span)> {
        map.slices(of)
            .into_iter()
            .map(|slice| (slice.packet.0, slice.span))
            .collect()
    }

    #[test]
    fn slices_tile_the_span_they_are_asked_for() {
        let map = reordered();
        assert_eq!(
            packets_and_spans(&map, span(20, 280)),
            [(4, span(20, 60)), (9, span(60, 280))]
        );
        assert_eq!(
            packets_and_spans(&map, span(280, 310)),
            [(9, span(280, 300)), (7, span(300, 310))]
        );
    }

    #[test]
    fn completed_names_the_latest_packet_of_all_bytes_before() {
        let map = reordered();
        let completed = |end| map.completed(Offset(end)).map(|moment| moment.packet.0);
        assert_eq!(completed(60), Some(4));
        assert_eq!(completed(61), Some(9));
        assert_eq!(
            completed(420),
            Some(9),
            "packet 7 came earlier but could not be delivered before packet 9"
        );
    }

    #[test]
    fn release_keeps_the_piece_that_reaches_beyond() {
        let mut map = reordered();
        map.release(Offset(61));
        assert_eq!(
            packets_and_spans(&map, span(0, 420)),
            [(9, span(60, 300)), (7, span(300, 420))]
        );
    }

    #[test]
    fn repeated_bytes_mark_only_the_slices_that_hold_them() {
        let mut map = reordered();
        map.repeat(span(50, 60));
        let marks = |map: &SpanMap| -> Vec<bool> {
            map.slices(span(0, 420))
                .iter()
                .map(|slice| slice.retransmitted)
                .collect()
        };
        assert_eq!(marks(&map), [true, false, false]);
        map.repeat(span(310, 320));
        assert_eq!(marks(&map), [true, false, true]);
        map.repeat(span(55, 290));
        assert_eq!(map.repeated, [span(50, 290), span(310, 320)]);
        map.repeat(span(290, 310));
        assert_eq!(map.repeated, [span(50, 320)]);
        assert_eq!(marks(&map), [true, true, true]);
    }
}
