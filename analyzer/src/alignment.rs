//! How frames lie against segments: slices, cuts, neighbours. Every word of the boundary map is decided here.
//!
//! It is asked when all bytes that one captured packet made deliverable have been read, because only then is it known
//! what else the packets of a frame hold: all bytes of one packet become deliverable together.

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;

use wireseam_wire::PacketIndex;

use crate::span_map::{Carrier, Piece, SpanMap};
use crate::{
    Alignment, AlignmentKind, FrameId, Limits, Moment, Offset, Part, Slice, Span, Timing, Torn,
};

/// How long the parts of a header are that not every header has, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderSizes {
    pub(crate) extended_length: u8,
    pub(crate) mask: u8,
}

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
    /// The parts of the frame with this header, whose first byte stands at `start`.
    pub(crate) fn of(id: FrameId, start: Offset, sizes: HeaderSizes, length: u64) -> Self {
        let extended_length = start.plus(2);
        let mask = extended_length.plus(u64::from(sizes.extended_length));
        let payload = mask.plus(u64::from(sizes.mask));
        Self {
            id,
            start,
            extended_length,
            mask,
            payload,
            end: payload.plus(length),
            code_points: Vec::new(),
        }
    }

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
        Alignment {
            kind: kind_of(segments, neighbours.shared),
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

    /// Only the kind of these frames' alignment; `None` where nothing of them was captured.
    pub(crate) fn kind(&self, frames: &[FrameParts]) -> Option<AlignmentKind> {
        if let [frame] = frames
            && let Some(piece) = self.map.piece_at(frame.start)
            && piece.span.end >= frame.end
            && let Some(carrier) = piece.carrier
        {
            let shared = self.carried(piece, carrier) > frame.span().length();
            return Some(kind_of(1, shared));
        }
        let slices = self.slices(frames);
        slices.first()?;
        let shared = self.carriers_of(frames).any(|(piece, carrier)| {
            let packet = carrier.moment.packet;
            self.carried(piece, carrier) > own_bytes(&slices, packet, carrier.reach)
        });
        Some(kind_of(distinct_packets(&slices), shared))
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

    fn carriers(&self, span: Span) -> impl Iterator<Item = Carrier> {
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
        for (piece, carrier) in self.carriers_of(own) {
            let packet = carrier.moment.packet;
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

    /// The pieces of some frames and who carried them, one piece of several in a row with the same carrier.
    fn carriers_of(&self, own: &[FrameParts]) -> impl Iterator<Item = (&Piece, Carrier)> {
        let mut before = None;
        let spans = own.iter().map(FrameParts::span).collect::<Vec<_>>();
        let pieces = spans
            .into_iter()
            .flat_map(|span| self.map.pieces_over(span));
        pieces.filter_map(move |piece| {
            let carrier = piece.carrier?;
            let packet = Some(carrier.moment.packet);
            (mem::replace(&mut before, packet) != packet).then_some((piece, carrier))
        })
    }

    fn carried(&self, piece: &Piece, carrier: Carrier) -> u64 {
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

fn kind_of(segments: u64, shared: bool) -> AlignmentKind {
    match (segments > 1, shared) {
        (false, false) => AlignmentKind::Aligned,
        (true, false) => AlignmentKind::Split,
        (false, true) => AlignmentKind::Coalesced,
        (true, true) => AlignmentKind::SplitAndCoalesced,
    }
}

fn distinct_packets(slices: &[Slice]) -> u64 {
    let mut packets: Vec<PacketIndex> = slices.iter().map(|slice| slice.packet).collect();
    packets.sort_unstable();
    packets.dedup();
    packets.len() as u64
}
