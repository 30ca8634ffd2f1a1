//! Which stream bytes were carried by more than one captured packet.
//!
//! ```text
//!   #4  |--------------|                        data
//!   #6        |----------------|                partial retransmission
//!   #9                              |-----|     retransmission that fills a hole: its first copy was not captured
//!   ->        |========|            |=====|     retransmitted
//! ```

use wireseam_analyzer::{Direction, SegmentKind};

use super::schema::{Bytes, Segment, Slice};

/// The bytes of one direction that travelled more than once: disjoint ranges in stream order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Copies {
    ranges: Vec<Bytes>,
}

impl Copies {
    /// Finds them with one sort and one pass over the direction's segments.
    pub(super) fn of(segments: &[Segment], direction: Direction) -> Self {
        let mut edges = Vec::new();
        for segment in segments
            .iter()
            .filter(|segment| segment.direction.0 == direction && carries_stream(segment))
        {
            // a retransmission stands for the copy before it as well, captured or not
            let weight = if segment.kind.0 == SegmentKind::Retransmission {
                2
            } else {
                1
            };
            edges.push((segment.span.0, weight));
            edges.push((segment.span.1, -weight));
        }
        edges.sort_unstable();
        let (mut ranges, mut carriers, mut from) = (Vec::<Bytes>::new(), 0, 0);
        for (at, change) in edges {
            let before = carriers;
            carriers += change;
            if before < 2 && carriers >= 2 {
                from = at;
            } else if before >= 2 && carriers < 2 && from < at {
                match ranges.last_mut() {
                    Some(last) if last.1 == from => last.1 = at,
                    _ => ranges.push(Bytes(from, at)),
                }
            }
        }
        Self { ranges }
    }

    /// Marks the slices that hold such bytes; answers whether any does.
    pub(super) fn mark(&self, slices: &mut [Slice]) -> bool {
        for slice in &mut *slices {
            slice.retransmitted |= self.touch(slice.span);
        }
        slices.iter().any(|slice| slice.retransmitted)
    }

    fn touch(&self, span: Bytes) -> bool {
        let next = self.ranges.partition_point(|range| range.1 <= span.0);
        self.ranges
            .get(next)
            .is_some_and(|range| range.overlaps(span))
    }
}

/// Whether what it carries is part of the stream: a RST's text is not, nor is what lies outside the window.
pub(super) fn carries_stream(segment: &Segment) -> bool {
    segment.span.length() > 0
        && !matches!(segment.kind.0, SegmentKind::Rst | SegmentKind::OutOfWindow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::schema::{Flags, Word};

    #[test]
    fn bytes_of_two_packets_and_of_a_retransmission_are_copies() {
        let copies = Copies::of(
            &[
                segment(4, Bytes(0, 100), SegmentKind::Data),
                segment(6, Bytes(50, 150), SegmentKind::PartialRetransmission),
                segment(9, Bytes(200, 240), SegmentKind::Retransmission),
                segment(10, Bytes(150, 200), SegmentKind::OutOfOrder),
                segment(11, Bytes(0, 9), SegmentKind::Rst),
            ],
            Direction::ClientToServer,
        );
        assert_eq!(copies.ranges, [Bytes(50, 100), Bytes(200, 240)]);
        assert_eq!(
            [
                Bytes(0, 50),
                Bytes(40, 51),
                Bytes(99, 100),
                Bytes(100, 200),
                Bytes(239, 300),
                Bytes(240, 300)
            ]
            .map(|span| copies.touch(span)),
            [false, true, true, false, true, false]
        );
    }

    #[test]
    fn the_other_direction_does_not_count() {
        let segments = [
            segment(4, Bytes(0, 9), SegmentKind::Data),
            segment(5, Bytes(0, 9), SegmentKind::Duplicate),
        ];
        assert_eq!(
            Copies::of(&segments, Direction::ServerToClient),
            Copies::default()
        );
        assert_eq!(
            Copies::of(&segments, Direction::ClientToServer).ranges,
            [Bytes(0, 9)]
        );
    }

    fn segment(packet: u64, span: Bytes, kind: SegmentKind) -> Segment {
        Segment {
            packet,
            direction: Word(Direction::ClientToServer),
            time: None,
            span,
            captured: 0,
            flags: Flags(wireseam_wire::Flags::ACK),
            kind: Word(kind),
            super_segment: false,
            carries: None,
        }
    }
}
