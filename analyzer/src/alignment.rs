//! How frames lie against segments: slices, cuts, neighbours. Every word of the boundary map is decided here.
//!
//! It is asked when all bytes that one captured packet made deliverable have been read, because only then is it known
//! what else the packets of a frame hold: all bytes of one packet become deliverable together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::ops::Range;

use wireseam_wire::PacketIndex;

use crate::frame_set::FrameSet;
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
    pub(crate) fn alignment(
        &self,
        frames: &[FrameParts],
        slices: &[Slice],
        packets: &mut Packets,
    ) -> Alignment {
        let holders = self.holders(frames);
        let segments = holders.len() as u64;
        let neighbours = self.neighbours(frames, &holders, packets);
        Alignment {
            kind: kind_of(segments, neighbours.shared),
            segments,
            shares_with: neighbours.named,
            shared_frames: neighbours.count,
            with_handshake: self
                .head_end
                .is_some_and(|head_end| holders.iter().any(|holder| holder.packet() == head_end)),
            torn: frames
                .iter()
                .filter(|frame| frame.has_header())
                .flat_map(|frame| self.torn(frame))
                .collect(),
            retransmission: slices.iter().any(|slice| slice.retransmitted),
            gap: frames.iter().any(|frame| self.map.has_gap(frame.span())),
            super_segment: holders.iter().any(|holder| holder.carrier.super_segment),
        }
    }

    /// Only the kind of these frames' alignment; `None` where nothing of them was captured.
    pub(crate) fn kind(
        &self,
        frames: &[FrameParts],
        packets: &mut Packets,
    ) -> Option<AlignmentKind> {
        if let [frame] = frames
            && let Some(holder) = self.only_holder(frame)
        {
            return Some(kind_of(1, self.is_shared(&holder, packets)));
        }
        let holders = self.holders(frames);
        holders.first()?;
        let shared = holders.iter().any(|holder| self.is_shared(holder, packets));
        Some(kind_of(holders.len() as u64, shared))
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

    /// The packet that holds all of a frame, where one does.
    fn only_holder(&self, frame: &FrameParts) -> Option<Holder> {
        let piece = self.map.piece_at(frame.start)?;
        let holder = Holder::of(piece, frame)?;
        (piece.span.end >= frame.end).then_some(holder)
    }

    /// The packets that hold bytes of some frames, each once, in order.
    fn holders(&self, frames: &[FrameParts]) -> Vec<Holder> {
        let holders = frames.iter().flat_map(|frame| {
            let pieces = self.map.pieces_over(frame.span());
            pieces.filter_map(|piece| Holder::of(piece, frame))
        });
        let mut holders: Vec<Holder> = holders.collect();
        #[cfg(test)]
        crate::work::note(holders.len());
        holders.sort_by_key(Holder::packet);
        holders.dedup_by(|next, kept| {
            let same = next.packet() == kept.packet();
            kept.own_bytes += if same { next.own_bytes } else { 0 };
            same
        });
        holders
    }

    /// Of the packets that hold bytes of these frames before an offset: how many hold none behind it, and whether any is
    /// shared.
    pub(crate) fn packets_before(
        &self,
        frames: &[FrameParts],
        at: Offset,
        packets: &mut Packets,
    ) -> (u64, bool) {
        let clipped = |clip: fn(&mut FrameParts, Offset)| {
            let mut frames = frames.to_vec();
            frames.iter_mut().for_each(|frame| clip(frame, at));
            frames.retain(|frame| frame.start < frame.end);
            self.holders(&frames)
        };
        let before = clipped(|frame, at| frame.end = frame.end.min(at));
        let behind = clipped(|frame, at| frame.start = frame.start.max(at));
        let is_in = |holder: &Holder, side: &[Holder]| {
            side.binary_search_by_key(&holder.packet(), Holder::packet)
                .is_ok()
        };
        let only_before = before.iter().filter(|holder| !is_in(holder, &behind));
        let shared = self
            .holders(frames)
            .iter()
            .any(|holder| is_in(holder, &before) && self.is_shared(holder, packets));
        (only_before.count() as u64, shared)
    }

    /// Whether a packet carried more than the bytes for which it is a holder.
    fn is_shared(&self, holder: &Holder, packets: &mut Packets) -> bool {
        let carried = if holder.is_one_piece() {
            holder.piece.length()
        } else {
            packets.carried(self, &holder.carrier).bytes
        };
        carried > holder.own_bytes
    }

    /// What else lies in the packets that hold these frames.
    ///
    /// Of the packets with many pieces only the one with the most is not walked: then all frames that one packet made
    /// deliverable cost together about as much as there are pieces. Between the pieces of a packet lies what others had
    /// brought before, so few frames lie in two such packets.
    fn neighbours(
        &self,
        own: &[FrameParts],
        holders: &[Holder],
        packets: &mut Packets,
    ) -> Neighbours {
        let mut shared = holders.to_vec();
        shared.retain(|holder| self.is_shared(holder, packets));
        let Some((first, last)) = own.first().zip(own.last()).filter(|_| !shared.is_empty()) else {
            return Neighbours::default();
        };
        let indices = own.iter().filter(|frame| frame.has_header());
        let mut ranges: Vec<_> = indices
            .map(|frame| (frame.id, self.index_of(frame.start)))
            .filter(|(id, at)| self.frames.get(*at).is_some_and(|(of, _)| of == id))
            .map(|(_, at)| at..at + 1)
            .collect();
        let own_frames = ranges.len();
        let whole = shared.iter().filter(|holder| holder.is_one_piece());
        ranges.extend(whole.map(|holder| self.frames_in(holder.piece)));
        let in_pieces = shared.iter().filter(|holder| !holder.is_one_piece());
        let mut most = &FrameSet::default();
        for frames in in_pieces.filter_map(|holder| packets.frames(holder)) {
            let less = if frames.runs().len() > most.runs().len() {
                mem::replace(&mut most, frames)
            } else {
                frames
            };
            ranges.extend(less.runs());
        }
        let rest = FrameSet::of(ranges);
        let only_in_rest = rest.runs().map(|run| run.len() - most.len_in(&run));
        Neighbours {
            shared: true,
            count: (only_in_rest.sum::<usize>() + most.len() - own_frames) as u64,
            named: self.nearest(
                own,
                self.index_of(first.start)..self.index_of(last.start) + 1,
                [most, &rest],
            ),
        }
    }

    /// The frames of some sets nearest to `own`, which lie in the range of indices, in order.
    fn nearest(
        &self,
        own: &[FrameParts],
        own_range: Range<usize>,
        sets: [&FrameSet; 2],
    ) -> Vec<FrameId> {
        let most = self.limits.shared_frames;
        let Range { start, end } = own_range;
        let is_own = |at: &usize| {
            self.frames
                .get(*at)
                .is_some_and(|(id, _)| own.binary_search_by_key(id, |frame| frame.id).is_ok())
        };
        let sets = sets.into_iter().filter(|set| !set.is_empty());
        let between = sets.clone().flat_map(|set| {
            let inside = set.from(start).take_while(|at| *at < end);
            inside.filter(|at| !is_own(at)).take(most)
        });
        let between = distinct(between, most);
        let room = most - between.len();
        let behind = distinct(sets.clone().flat_map(|set| set.from(end).take(room)), room);
        let before = sets.flat_map(|set| set.before(start).take(room).map(Reverse));
        let before = distinct(before, room);
        let behind_named = behind.len().min(room - before.len().min(room / 2));
        let before_named = before.len().min(room - behind_named);
        let before = before.iter().take(before_named).rev().map(|at| at.0);
        before
            .chain(between)
            .chain(behind.into_iter().take(behind_named))
            .filter_map(|at| self.frames.get(at))
            .map(|(id, _)| *id)
            .collect()
    }

    /// The indices of the frames with bytes in a span.
    fn frames_in(&self, span: Span) -> Range<usize> {
        self.index_of(span.start)..self.index_behind(span.end)
    }

    /// The index of the frame that holds or follows `at`.
    fn index_of(&self, at: Offset) -> usize {
        self.frames.partition_point(|(_, span)| span.end <= at)
    }

    /// The index of the first frame that begins at or behind `at`.
    fn index_behind(&self, at: Offset) -> usize {
        self.frames.partition_point(|(_, frame)| frame.start < at)
    }
}

/// A packet that holds bytes of some frames.
#[derive(Clone, Copy, Debug)]
struct Holder {
    carrier: Carrier,
    /// One of its pieces.
    piece: Span,
    /// How many of the frames' bytes it carried first.
    own_bytes: u64,
}

impl Holder {
    /// The packet of a piece, as far as one frame goes.
    fn of(piece: &Piece, frame: &FrameParts) -> Option<Self> {
        Some(Self {
            carrier: piece.carrier?,
            piece: piece.span,
            own_bytes: piece.span.intersection(frame.span()).length(),
        })
    }

    fn packet(&self) -> PacketIndex {
        self.carrier.moment.packet
    }

    /// Whether no other packet had brought any of its bytes before.
    fn is_one_piece(&self) -> bool {
        self.piece == self.carrier.reach
    }
}

/// What packets carried that have more than one piece, or a part of what they might: worked out once for all that ended.
#[derive(Debug, Default)]
pub(crate) struct Packets {
    known: BTreeMap<PacketIndex, Carried>,
}

#[derive(Debug)]
struct Carried {
    bytes: u64,
    frames: FrameSet,
}

impl Packets {
    fn carried(&mut self, layout: &Layout<'_>, carrier: &Carrier) -> &Carried {
        let packet = carrier.moment.packet;
        self.known.entry(packet).or_insert_with(|| {
            let mut bytes = 0;
            let pieces = layout.map.pieces_over(carrier.reach);
            let spans = pieces.filter(|piece| piece.packet() == Some(packet));
            let ranges = spans.map(|piece| {
                bytes += piece.span.length();
                layout.frames_in(piece.span)
            });
            let frames = FrameSet::of(ranges.collect());
            Carried { bytes, frames }
        })
    }

    /// The frames in a packet that was asked about.
    fn frames(&self, holder: &Holder) -> Option<&FrameSet> {
        let carried = self.known.get(&holder.packet())?;
        Some(&carried.frames)
    }
}

/// What else lies in some packets.
#[derive(Debug, Default)]
struct Neighbours {
    /// Whether they carried any byte that is not the message's.
    shared: bool,
    named: Vec<FrameId>,
    count: u64,
}

/// So many at most of these, in order, each once.
fn distinct<T: Ord>(values: impl Iterator<Item = T>, most: usize) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    #[cfg(test)]
    crate::work::note(values.len());
    values.sort_unstable();
    values.dedup();
    values.truncate(most);
    values
}

pub(crate) fn kind_of(segments: u64, shared: bool) -> AlignmentKind {
    match (segments > 1, shared) {
        (false, false) => AlignmentKind::Aligned,
        (true, false) => AlignmentKind::Split,
        (false, true) => AlignmentKind::Coalesced,
        (true, true) => AlignmentKind::SplitAndCoalesced,
    }
}
