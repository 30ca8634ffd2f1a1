//! How frames lie against segments: slices, cuts, neighbours. Every word of the boundary map is decided here.
//!
//! It is asked when all bytes that one captured packet made deliverable have been read, because only then is it known
//! what else the packets of a frame hold: all bytes of one packet become deliverable together.

use std::collections::VecDeque;
use std::ops::Range;

use wireseam_wire::PacketIndex;

use crate::span_map::{Piece, SpanMap};
use crate::{
    Alignment, AlignmentKind, FrameId, Limits, Moment, Offset, Part, Slice, Span, Timing, Torn,
};

/// Where a frame's parts begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FrameParts {
    pub(crate) id: FrameId,
    pub(crate) start: Offset,
    /// The extended length, or what follows where there is none.
    pub(crate) extended_length: Offset,
    /// The masking key, or what follows where there is none.
    pub(crate) mask: Offset,
    pub(crate) payload: Offset,
    /// The byte after its last, as its header declares.
    pub(crate) end: Offset,
    /// The cuts in front of a UTF-8 continuation byte of uncompressed text.
    pub(crate) code_points: Vec<Offset>,
}

impl FrameParts {
    /// The rest of something whose header the capture lacks.
    pub(crate) fn rest(span: Span) -> Self {
        let Span { start, end } = span;
        Self {
            id: FrameId(0),
            start,
            extended_length: start,
            mask: start,
            payload: start,
            end,
            code_points: Vec::new(),
        }
    }

    /// Whether its header was read, so that it is a frame with a number.
    pub(crate) fn has_header(&self) -> bool {
        self.id != FrameId(0)
    }

    pub(crate) fn span(&self) -> Span {
        Span::new(self.start, self.end)
    }

    /// The part to which the byte at `at` belongs, and how many of its bytes come before.
    fn part(&self, at: Offset) -> (Part, u64) {
        let (part, begin) = if at < self.extended_length {
            (Part::Header, self.start)
        } else if at < self.mask {
            (Part::ExtendedLength, self.extended_length)
        } else if at < self.payload {
            (Part::Mask, self.mask)
        } else if self.code_points.binary_search(&at).is_ok() {
            (Part::CodePoint, self.payload)
        } else {
            (Part::Payload, self.payload)
        };
        (part, at.0 - begin.0)
    }
}

/// One direction's bytes, frames and head, as far back as anything open reaches.
pub(crate) struct Layout<'a> {
    pub(crate) map: &'a SpanMap,
    /// Every frame, one after the other; the last may still be open.
    pub(crate) frames: &'a VecDeque<(FrameId, Span)>,
    /// The packet in which the direction's head of the upgrade ends.
    pub(crate) head_end: Option<PacketIndex>,
    pub(crate) limits: &'a Limits,
}

impl Layout<'_> {
    /// The captured pieces of some frames, one frame after the other.
    pub(crate) fn slices(&self, frames: &[FrameParts]) -> Vec<Slice> {
        frames
            .iter()
            .flat_map(|frame| self.map.slices(frame.span()))
            .collect()
    }

    /// How these frames, taken together, lie against the segments; `slices` are theirs.
    pub(crate) fn alignment(&self, frames: &[FrameParts], slices: &[Slice]) -> Alignment {
        let segments = distinct_packets(slices);
        let neighbours = self.neighbours(frames, slices);
        let kind = match (segments > 1, neighbours.shared) {
            (false, false) => AlignmentKind::Aligned,
            (true, false) => AlignmentKind::Split,
            (false, true) => AlignmentKind::Coalesced,
            (true, true) => AlignmentKind::SplitAndCoalesced,
        };
        Alignment {
            kind,
            segments,
            shares_with: neighbours.named,
            shared_frames: neighbours.count,
            with_handshake: self
                .head_end
                .is_some_and(|head_end| slices.iter().any(|slice| slice.packet == head_end)),
            torn: frames
                .iter()
                .filter(|frame| frame.has_header())
                .flat_map(|frame| self.torn(frame))
                .collect(),
            retransmission: slices.iter().any(|slice| slice.retransmitted),
            gap: frames.iter().any(|frame| self.map.has_gap(frame.span())),
            super_segment: frames.iter().any(|frame| {
                self.carriers(frame.span())
                    .any(|carrier| carrier.super_segment)
            }),
        }
    }

    /// When these slices came, and when everything up to `end` had; `None` where nothing of it was captured.
    pub(crate) fn timing(&self, slices: &[Slice], end: Offset) -> Option<Timing> {
        let first = self.moment_of(slices.first()?)?;
        let last = self.moment_of(slices.iter().max_by_key(|slice| slice.packet)?)?;
        Some(Timing {
            first,
            last,
            completed: self.map.completed(end).unwrap_or(last),
        })
    }

    fn moment_of(&self, slice: &Slice) -> Option<Moment> {
        self.map
            .piece_at(slice.span.start)?
            .carrier
            .map(|carrier| carrier.moment)
    }

    fn carriers(&self, span: Span) -> impl Iterator<Item = crate::span_map::Carrier> {
        self.map.pieces_over(span).filter_map(|piece| piece.carrier)
    }

    /// Each segment edge strictly inside a frame.
    fn torn(&self, frame: &FrameParts) -> Vec<Torn> {
        let inside = self
            .map
            .pieces_over(frame.span())
            .filter(|piece| piece.span.start > frame.start);
        inside
            .filter_map(|piece| {
                let at = piece.span.start;
                let (part, after) = frame.part(at);
                Some(Torn {
                    frame: frame.id,
                    packet: piece.carrier?.moment.packet,
                    part,
                    at,
                    after,
                })
            })
            .collect()
    }

    /// What else lies in the packets of these slices.
    fn neighbours(&self, own: &[FrameParts], slices: &[Slice]) -> Neighbours {
        let shared = self.shared_ranges(own, slices);
        let mut neighbours = Neighbours {
            shared: !shared.is_empty(),
            named: Vec::new(),
            count: 0,
        };
        let Some((first, last)) = own.first().zip(own.last()) else {
            return neighbours;
        };
        let own_range = self.index_of(first.start)..self.index_of(last.start) + 1;
        for range in united(shared) {
            self.name_frames(range, own, &own_range, &mut neighbours);
        }
        neighbours
    }

    /// The indices of the frames in each piece of each packet that carried more than these slices.
    fn shared_ranges(&self, own: &[FrameParts], slices: &[Slice]) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        let mut before = None;
        for piece in own
            .iter()
            .flat_map(|frame| self.map.pieces_over(frame.span()))
        {
            let Some(carrier) = piece
                .carrier
                .filter(|carrier| before != Some(carrier.moment.packet))
            else {
                continue;
            };
            let packet = carrier.moment.packet;
            before = Some(packet);
            if self.carried(piece, carrier) > own_bytes(slices, packet, carrier.reach) {
                let pieces = self
                    .map
                    .pieces_over(carrier.reach)
                    .filter(|other| is_carried_by(other, packet));
                ranges.extend(pieces.map(|piece| {
                    self.index_of(piece.span.start)..self.index_behind(piece.span.end)
                }));
            }
        }
        ranges
    }

    fn carried(&self, piece: &Piece, carrier: crate::span_map::Carrier) -> u64 {
        if piece.span == carrier.reach {
            piece.span.length()
        } else {
            self.map.carried_by(&carrier)
        }
    }

    /// The index of the frame that holds or follows `at`.
    fn index_of(&self, at: Offset) -> usize {
        self.frames.partition_point(|(_, span)| span.end <= at)
    }

    /// The index of the first frame that begins at or behind `at`.
    fn index_behind(&self, at: Offset) -> usize {
        self.frames.partition_point(|(_, frame)| frame.start < at)
    }

    /// Counts the frames of a range that are not among `own`, and notes the nearest ones.
    fn name_frames(
        &self,
        range: Range<usize>,
        own: &[FrameParts],
        own_range: &Range<usize>,
        neighbours: &mut Neighbours,
    ) {
        let room = self
            .limits
            .shared_frames
            .saturating_sub(neighbours.named.len());
        let Range { start, end } = range;
        let (own_start, own_end) = (
            own_range.start.clamp(start, end),
            own_range.end.clamp(start, end),
        );
        let is_own = |at: &usize| {
            own.binary_search_by_key(&self.frames[*at].0, |frame| frame.id)
                .is_ok()
        };
        let between: Vec<usize> = (own_start..own_end).filter(|at| !is_own(at)).collect();
        neighbours.count += (own_start - start + between.len() + end - own_end) as u64;
        let behind = (end - own_end).min(room - (own_start - start).min(room / 2));
        let before = (own_start - start).min(room - behind);
        let near = (own_start - before..own_start)
            .chain(between)
            .chain(own_end..own_end + behind);
        neighbours
            .named
            .extend(near.take(room).map(|at| self.frames[at].0));
    }
}

/// What else lies in some packets.
struct Neighbours {
    /// Whether they carried any byte that is not the message's.
    shared: bool,
    named: Vec<FrameId>,
    count: u64,
}

/// Ranges sorted, and those that overlap joined; empty ones left out.
fn united(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut united: Vec<Range<usize>> = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match united.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => united.push(range),
        }
    }
    united
}

fn is_carried_by(piece: &Piece, packet: PacketIndex) -> bool {
    piece
        .carrier
        .is_some_and(|carrier| carrier.moment.packet == packet)
}

fn own_bytes(slices: &[Slice], packet: PacketIndex, reach: Span) -> u64 {
    let from = slices.partition_point(|slice| slice.span.end <= reach.start);
    let near = slices
        .get(from..)
        .unwrap_or_default()
        .iter()
        .take_while(|slice| slice.span.start < reach.end);
    near.filter(|slice| slice.packet == packet)
        .map(|slice| slice.span.length())
        .sum()
}

fn distinct_packets(slices: &[Slice]) -> u64 {
    let mut packets: Vec<PacketIndex> = slices.iter().map(|slice| slice.packet).collect();
    packets.sort_unstable();
    packets.dedup();
    packets.len() as u64
}
