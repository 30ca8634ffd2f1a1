//! What is said of the places of a long message or frame that were forgotten while it was open, so that one without an end
//! takes no memory without an end.

use crate::alignment::{FrameParts, Layout, Packets, kind_of};
use crate::{Alignment, AlignmentKind, Moment, Offset, Timing};

/// The sum of the forgotten places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeftOut {
    /// Where the first forgotten frame begins.
    pub(crate) start: Offset,
    /// How many slices.
    pub(crate) slices: u64,
    /// How many frames of a message were forgotten with them; whoever forgets them counts.
    pub(crate) frames: u64,
    /// How many packets, without those that also hold bytes that are not forgotten.
    segments: u64,
    shared: bool,
    with_handshake: bool,
    retransmission: bool,
    gap: bool,
    super_segment: bool,
    first: Moment,
    last: Moment,
    completed: Moment,
}

impl LeftOut {
    /// Adds the places before an offset, at which a piece begins, to those of these frames that were left out already.
    pub(crate) fn add(
        left_out: Option<&Self>,
        frames: &[FrameParts],
        before: Offset,
        layout: &Layout<'_>,
    ) -> Option<Self> {
        let clipped: Vec<FrameParts> = frames
            .iter()
            .filter(|frame| frame.start < before)
            .map(|frame| FrameParts {
                end: frame.end.min(before),
                ..frame.clone()
            })
            .collect();
        let slices = layout.slices(&clipped);
        let timing = layout.timing(&slices, clipped.last()?.end)?;
        let mut packets = Packets::default();
        let alignment = layout.alignment(&clipped, &slices, &mut packets);
        let (segments, shared) = layout.packets_before(frames, before, &mut packets);
        let mut sum = Self {
            start: clipped.first()?.start,
            slices: slices.len() as u64,
            frames: 0,
            segments,
            shared,
            with_handshake: alignment.with_handshake,
            retransmission: alignment.retransmission,
            gap: alignment.gap,
            super_segment: alignment.super_segment,
            first: timing.first,
            last: timing.last,
            completed: timing.completed,
        };
        if let Some(left_out) = left_out {
            sum.start = left_out.start;
            sum.slices += left_out.slices;
            sum.frames += left_out.frames;
            sum.segments += left_out.segments;
            sum.shared |= left_out.shared;
            sum.with_handshake |= left_out.with_handshake;
            sum.retransmission |= left_out.retransmission;
            sum.gap |= left_out.gap;
            sum.super_segment |= left_out.super_segment;
            sum.first = left_out.first;
            sum.last = later(sum.last, left_out.last);
        }
        Some(sum)
    }

    /// Makes what is said of the other places true of all.
    pub(crate) fn join(&self, alignment: &mut Alignment) {
        alignment.kind = self.kind(alignment.kind, alignment.segments);
        alignment.segments += self.segments;
        alignment.with_handshake |= self.with_handshake;
        alignment.retransmission |= self.retransmission;
        alignment.gap |= self.gap;
        alignment.super_segment |= self.super_segment;
    }

    fn kind(&self, kind: AlignmentKind, segments: u64) -> AlignmentKind {
        kind_of(self.segments + segments, self.shared || is_shared(kind))
    }

    /// The kind of all, where that of the other places, if there are any, is this.
    pub(crate) fn joined_kind(&self, kind: Option<AlignmentKind>) -> AlignmentKind {
        match kind {
            Some(kind) => self.kind(kind, 1),
            None => kind_of(self.segments, self.shared),
        }
    }

    /// When all came, of which the other places, if there are any, came then.
    pub(crate) fn timing(&self, timing: Option<Timing>) -> Timing {
        Timing {
            first: self.first,
            last: timing.map_or(self.last, |timing| later(self.last, timing.last)),
            completed: timing.map_or(self.completed, |timing| timing.completed),
        }
    }
}

fn is_shared(kind: AlignmentKind) -> bool {
    matches!(
        kind,
        AlignmentKind::Coalesced | AlignmentKind::SplitAndCoalesced
    )
}

fn later(one: Moment, other: Moment) -> Moment {
    if other.packet > one.packet {
        other
    } else {
        one
    }
}
