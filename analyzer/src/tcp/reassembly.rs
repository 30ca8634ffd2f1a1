//! One direction's bytes put in order (RFC 9293 3.4, 3.10.7.4), without copying those that arrive in order.
//!
//! [`Reassembly`] knows offsets and holds what came early; whose packet a byte came in travels with it as its
//! [`Carrier`]. The first captured copy of a byte counts. It never decides that bytes are lost: its owner does
//! ([`Reassembly::give_up_hole`]).
//!
//! ```text
//!            next                     seen_end
//!    delivered |   hole   | held | hole | held |
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;

use wireseam_wire::{PacketIndex, Seq};

use crate::span_map::Carrier;
use crate::{Offset, Span};

/// A segment this far beyond everything seen is not of this stream.
pub(super) const FARTHEST_JUMP: u64 = 1 << 26;

/// A segment's payload, placed in the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    /// Where its first captured byte belongs.
    pub(crate) start: Offset,
    /// Its captured bytes.
    pub(crate) bytes: &'a [u8],
    /// Where its payload ended on the wire; behind `bytes` where the snapshot length cut it.
    pub(crate) wire_end: Offset,
    pub(crate) carrier: Carrier,
}

impl Incoming<'_> {
    fn captured(&self) -> Span {
        Span::of_length(self.start, self.bytes.len() as u64)
    }
}

/// Bytes that are next in the stream.
#[derive(Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) span: Span,
    pub(crate) content: Content<'a>,
}

/// What stands where a chunk stands.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// Bytes one packet carried first.
    Bytes(Cow<'a, [u8]>, Carrier),
    /// The snapshot length cut them off.
    Cut,
}

/// Two copies of the same bytes that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) span: Span,
    pub(crate) kept: PacketIndex,
}

/// One direction's stream.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    /// Everything before was delivered or given up.
    next: Offset,
    /// The end of the farthest byte seen on the wire.
    seen_end: Offset,
    /// The sequence number of offset 0.
    origin: Option<Seq>,
    /// What came before its turn; most streams never have any.
    early: Option<Box<Early>>,
}

/// What lies behind a hole.
#[derive(Debug, Default)]
struct Early {
    held: BTreeMap<Offset, Held>,
    held_bytes: u64,
    /// Spans behind `next` that packets stood for but the snapshot length cut off: start to end.
    cut: BTreeMap<Offset, Offset>,
}

#[derive(Debug)]
struct Held {
    bytes: Vec<u8>,
    carrier: Carrier,
}

impl Reassembly {
    /// A stream with nothing missing, of which everything before `next` was delivered.
    pub(super) fn whole(next: Offset, origin: Seq) -> Self {
        Self {
            next,
            seen_end: next,
            origin: Some(origin),
            early: None,
        }
    }

    /// The next offset and the sequence number of offset 0, of a stream with nothing missing.
    pub(super) fn as_whole(&self) -> Option<(Offset, Seq)> {
        let Self {
            next,
            seen_end,
            origin,
            early,
        } = self;
        let whole = early.is_none() && next == seen_end;
        origin.filter(|_| whole).map(|origin| (*next, origin))
    }

    /// Sets the sequence number of offset 0, where it is not known yet.
    pub(crate) fn begin_at(&mut self, origin: Seq) {
        self.origin.get_or_insert(origin);
    }

    pub(crate) fn origin(&self) -> Option<Seq> {
        self.origin
    }

    pub(crate) fn next(&self) -> Offset {
        self.next
    }

    pub(crate) fn seen_end(&self) -> Offset {
        self.seen_end
    }

    pub(crate) fn held_bytes(&self) -> u64 {
        self.early.as_ref().map_or(0, |early| early.held_bytes)
    }

    /// How many segments wait behind a hole; of some the snapshot length left nothing.
    pub(crate) fn held_segments(&self) -> usize {
        let early = self.early.as_ref();
        early.map_or(0, |early| early.held.len().max(early.cut.len()))
    }

    /// Whether segments wait behind a hole.
    pub(crate) fn has_hole(&self) -> bool {
        self.early.is_some() && self.behind_hole().is_some()
    }

    /// Whether this is the sequence number of the byte behind all that was seen on the wire, delivered or held.
    pub(crate) fn is_at_end(&self, seq: Seq) -> bool {
        self.next <= self.seen_end && self.position(seq) == i64::try_from(self.seen_end.0).ok()
    }

    /// The sequence number at an offset of a stream with nothing missing; `None` of any other stream.
    pub(crate) fn seq_at(&self, at: Offset) -> Option<Seq> {
        let whole = self.early.is_none() && self.next == self.seen_end;
        self.seq_of(at).filter(|_| whole)
    }

    /// The sequence number at an offset.
    pub(crate) fn seq_of(&self, at: Offset) -> Option<Seq> {
        let low_bits = u32::try_from(at.0 & u64::from(u32::MAX)).ok()?;
        self.origin.map(|origin| origin.plus(low_bits))
    }

    /// Notes that so many more bytes of a stream with nothing missing were delivered.
    pub(crate) fn advance(&mut self, bytes: u32) {
        self.next = self.next.plus(u64::from(bytes));
        self.seen_end = self.next;
    }

    /// Delivers a payload that begins at the next offset and was captured whole; `false` where it is not that, or bytes
    /// are held.
    pub(crate) fn deliver_next(&mut self, incoming: &Incoming<'_>) -> bool {
        let captured = incoming.captured();
        let is_next = self.early.is_none()
            && captured.start == self.next
            && captured.end == incoming.wire_end
            && !captured.is_empty();
        if is_next {
            self.next = captured.end;
        }
        is_next
    }

    /// Where the first segment behind a hole begins.
    fn behind_hole(&self) -> Option<Offset> {
        let early = self.early.as_ref()?;
        let held = early.held.keys().next();
        let cut = early.cut.range(self.next.plus(1)..).next();
        held.into_iter()
            .chain(cut.map(|(start, _)| start))
            .min()
            .copied()
    }

    /// Where a sequence number lies in the stream; below 0 before its start. `None` before the stream has one.
    pub(crate) fn position(&self, seq: Seq) -> Option<i64> {
        let origin = self.origin?;
        let low_bits = u32::try_from(self.next.0 & u64::from(u32::MAX)).unwrap_or(0);
        let distance = i64::from(seq.distance_from(origin.plus(low_bits)));
        i64::try_from(self.next.0).ok()?.checked_add(distance)
    }

    /// Whether a segment that starts at `start` can be of this stream.
    pub(crate) fn is_in_window(&self, start: i64) -> bool {
        u64::try_from(start)
            .is_ok_and(|start| start <= self.seen_end.0.saturating_add(FARTHEST_JUMP))
            || start < 0
    }

    /// How many bytes of `span` were not seen before.
    pub(crate) fn new_bytes(&self, span: Span) -> u64 {
        self.uncovered(span).map(|hole| hole.length()).sum()
    }

    /// The part of `span` that was seen before.
    pub(crate) fn old_bytes(&self, span: Span) -> Vec<Span> {
        let mut old = Vec::new();
        if span.is_empty() {
            return old;
        }
        let mut at = span.start;
        for new in self.uncovered(span) {
            if at < new.start {
                old.push(Span::new(at, new.start));
            }
            at = new.end;
        }
        if at < span.end {
            old.push(Span::new(at, span.end));
        }
        old
    }

    /// Notes how far the sender has come, payload the capture lacks included.
    pub(crate) fn note_end(&mut self, end: Offset) {
        self.seen_end = self.seen_end.max(end);
    }

    /// Notes the bytes that a packet stood for but the snapshot length cut off. Call before [`next_chunk`](Self::next_chunk).
    pub(crate) fn note_cut(&mut self, incoming: &Incoming<'_>) {
        let cut = Span::new(incoming.captured().end.max(self.next), incoming.wire_end);
        if !cut.is_empty() {
            let early = self.early.get_or_insert_default();
            let end = early.cut.entry(cut.start).or_insert(cut.end);
            *end = cut.end.max(*end);
        }
    }

    /// The held copies that differ from this payload.
    pub(crate) fn conflicts(&self, incoming: &Incoming<'_>) -> Vec<Conflict> {
        let span = incoming.captured();
        self.held_over(span)
            .filter_map(|(start, held)| {
                let packet = held.carrier.moment.packet;
                conflict(incoming, *start, &held.bytes, packet)
            })
            .collect()
    }

    /// The next bytes in order, from what is held and from `incoming`; `None` when the stream has to wait.
    ///
    /// Call until `None`, then [`hold`](Self::hold) the rest of `incoming`.
    pub(crate) fn next_chunk<'a>(&mut self, incoming: Option<&Incoming<'a>>) -> Option<Chunk<'a>> {
        let chunk = self
            .held_chunk()
            .or_else(|| self.incoming_chunk(incoming?))
            .or_else(|| self.cut_chunk());
        self.early
            .take_if(|early| early.held.is_empty() && early.cut.is_empty());
        let chunk = chunk?;
        self.next = chunk.span.end;
        Some(chunk)
    }

    /// Keeps what of `incoming` lies behind a hole and was not seen before.
    pub(crate) fn hold(&mut self, incoming: &Incoming<'_>) {
        let captured = incoming.captured();
        if captured.is_empty() {
            return;
        }
        if captured.start >= self.next && self.held_over(captured).next().is_none() {
            self.hold_part(incoming, captured); // as nearly all
            return;
        }
        let new: Vec<_> = self.uncovered(captured).collect();
        for span in new {
            self.hold_part(incoming, span);
        }
    }

    fn hold_part(&mut self, incoming: &Incoming<'_>, span: Span) {
        if let Some(bytes) = part(incoming.bytes, incoming.start, span) {
            let early = self.early.get_or_insert_default();
            early.held_bytes += span.length();
            early.held.insert(
                span.start,
                Held {
                    bytes: bytes.to_vec(),
                    carrier: incoming.carrier,
                },
            );
        }
    }

    /// Gives the bytes up to the next segment, or up to `end` where there is none, up as lost; but none from `kept` on.
    pub(crate) fn give_up_hole(
        &mut self,
        end: Option<Offset>,
        kept: Option<Offset>,
    ) -> Option<Span> {
        let end = self.behind_hole().or(end)?;
        let gap = Span::new(self.next, kept.map_or(end, |kept| end.min(kept)));
        if gap.is_empty() {
            return None;
        }
        self.next = gap.end;
        Some(gap)
    }

    fn held_chunk<'a>(&mut self) -> Option<Chunk<'a>> {
        let early = self.early.as_mut()?;
        let entry = early.held.first_entry();
        let entry = entry.filter(|entry| *entry.key() <= self.next)?;
        let (start, held) = entry.remove_entry();
        let span = Span::of_length(start, held.bytes.len() as u64);
        early.held_bytes -= span.length();
        Some(Chunk {
            span,
            content: Content::Bytes(Cow::Owned(held.bytes), held.carrier),
        })
    }

    fn incoming_chunk<'a>(&self, incoming: &Incoming<'a>) -> Option<Chunk<'a>> {
        let captured = incoming.captured();
        let stop = self
            .first_held()
            .map_or(captured.end, |held| captured.end.min(held));
        let span = Span::new(self.next, stop);
        if captured.start > self.next || span.is_empty() {
            return None;
        }
        let bytes = part(incoming.bytes, captured.start, span)?;
        Some(Chunk {
            span,
            content: Content::Bytes(Cow::Borrowed(bytes), incoming.carrier),
        })
    }

    /// The bytes up to the next held ones, where a cut packet stood for them. What is incoming cannot lie behind: the cut
    /// would have been passed before it came.
    fn cut_chunk(&mut self) -> Option<Chunk<'static>> {
        let early = self.early.as_mut()?;
        while let Some(entry) = early
            .cut
            .first_entry()
            .filter(|entry| *entry.get() <= self.next)
        {
            entry.remove();
        }
        let (_, end) = early
            .cut
            .first_key_value()
            .filter(|(start, _)| **start <= self.next)?;
        let stop = early.held.keys().next().map_or(*end, |held| *end.min(held));
        Some(Chunk {
            span: Span::new(self.next, stop),
            content: Content::Cut,
        })
    }

    fn first_held(&self) -> Option<Offset> {
        self.early.as_ref()?.held.keys().next().copied()
    }

    fn held_over(&self, span: Span) -> impl Iterator<Item = (&Offset, &Held)> {
        let held = self.early.as_ref().map(|early| &early.held);
        // mostly it lies behind all of them
        let held = held.filter(|held| {
            let last = held.last_key_value();
            last.is_some_and(|(start, held)| start.plus(held.bytes.len() as u64) > span.start)
        });
        let over = held.map(|held| {
            let before = held.range(..=span.start).next_back();
            let before = before.map_or(span.start, |(start, _)| *start);
            held.range(before..span.end.max(before))
        });
        over.into_iter()
            .flatten()
            .filter(move |(start, held)| start.plus(held.bytes.len() as u64) > span.start)
    }

    /// The parts of `span` that are neither delivered nor held.
    fn uncovered(&self, span: Span) -> impl Iterator<Item = Span> {
        let mut at = span.start.max(self.next);
        let held = self.held_over(Span::new(at, span.end));
        let covered = held.map(|(start, held)| Span::of_length(*start, held.bytes.len() as u64));
        let end = Span::new(span.end, span.end);
        covered.chain([end]).filter_map(move |covered| {
            let before = Span::new(at, covered.start.max(at));
            at = at.max(covered.end);
            (!before.is_empty()).then_some(before)
        })
    }
}

/// Where a payload differs from what a packet brought before, which begins at `start`.
pub(super) fn conflict(
    incoming: &Incoming<'_>,
    start: Offset,
    kept: &[u8],
    packet: PacketIndex,
) -> Option<Conflict> {
    let span = incoming.captured();
    let both = Span::of_length(start, kept.len() as u64).intersection(span);
    let mine = part(incoming.bytes, span.start, both)?;
    let theirs = part(kept, start, both)?;
    (mine != theirs).then_some(Conflict {
        span: both,
        kept: packet,
    })
}

/// The bytes of `wanted` in a buffer whose first byte stands at `start`.
fn part(bytes: &[u8], start: Offset, wanted: Span) -> Option<&[u8]> {
    let from = usize::try_from(wanted.start.0.checked_sub(start.0)?).ok()?;
    let to = usize::try_from(wanted.end.0.checked_sub(start.0)?).ok()?;
    bytes.get(from..to)
}
