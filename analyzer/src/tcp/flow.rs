//! One direction of a connection: its bytes in order, their packets, and what the other side said about them.

mod asleep;
mod ended;
mod holes;
mod plain;

use std::num::NonZeroU16;

use wireseam_wire::{Endpoint, Flags, Segment};

use super::classify::{Classifier, Coverage};
use super::reassembly::{Chunk, Conflict, FARTHEST_JUMP, Incoming, Reassembly};
use super::standing::Standing;
use super::window::Window;
use crate::Direction;
use crate::span_map::{Carrier, SpanMap};
use crate::spare::Spare;
use crate::{Moment, Offset, SegmentKind, SegmentSeen, Span, Totals};

pub(crate) use asleep::AsleepFlow;
pub(crate) use ended::EndedFlow;

/// Without the other side's MSS, a payload above this is taken for a super-segment: the largest of a jumbo frame.
const LARGEST_UNANNOUNCED: u32 = 8_960;

/// One direction's state.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) reassembly: Reassembly,
    /// The receiver has acknowledged everything before, where [`Flow::is_acknowledged`].
    acknowledged: Offset,
    /// What the receiver said of the hole that the stream waits at.
    hole: Option<Box<Hole>>,
    /// `None` while nothing open needs it.
    map: Option<Box<SpanMap>>,
    /// What the receiver announced on its SYN.
    largest_segment: Option<NonZeroU16>,
    direction: Direction,
    is_acknowledged: bool,
    duplicate_acks: u8,
    window_closed: bool,
    /// Whether its SYN was captured.
    begun: bool,
    has_gap: bool,
    classifier: Classifier,
    pub(crate) totals: Totals,
    /// Where the FIN stands, once it was seen.
    fin: Option<Offset>,
    window: Window,
    /// Since when what is acknowledged is.
    acknowledged_since: Option<Moment>,
}

/// A hole of which the receiver spoke while bytes behind it were held.
#[derive(Clone, Copy, Debug)]
struct Hole {
    start: Offset,
    /// When the receiver first acknowledged bytes of it, so that it had them.
    received: Option<Moment>,
}

/// A segment placed in its direction's stream.
#[derive(Debug)]
pub(crate) struct Placed<'a> {
    pub(crate) seen: SegmentSeen,
    /// Its payload, where it is part of the stream.
    pub(crate) incoming: Option<Incoming<'a>>,
    pub(crate) conflicts: Vec<Conflict>,
}

impl Flow {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            reassembly: Reassembly::default(),
            acknowledged: Offset(0),
            hole: None,
            map: None,
            largest_segment: None,
            direction,
            is_acknowledged: false,
            duplicate_acks: 0,
            window_closed: false,
            begun: false,
            has_gap: false,
            classifier: Classifier::default(),
            totals: Totals::default(),
            fin: None,
            window: Window::default(),
            acknowledged_since: None,
        }
    }

    /// Reads a little of all that a segment needs of it, so that it is in the cache.
    pub(crate) fn touch(&self) -> u64 {
        self.totals.bytes
            ^ self.reassembly.next().0
            ^ self.acknowledged.0
            ^ u64::from(self.window.largest())
            ^ u64::from(self.fin.is_some())
    }

    /// Which packets carried which bytes, as far back as anything open needs.
    pub(crate) fn map(&self) -> &SpanMap {
        self.map.as_deref().unwrap_or(&EMPTY)
    }

    /// The same, to write in; from `spare` where there is none.
    pub(crate) fn map_mut(&mut self, spare: &mut Spare<SpanMap>) -> &mut SpanMap {
        self.map.get_or_insert_with(|| spare.take())
    }

    /// Whether anything open needs the map; nothing was read since the last [`release`](Self::release) where not.
    pub(crate) fn has_map(&self) -> bool {
        self.map.is_some()
    }

    /// Forgets of the map what lies before an offset; an empty one goes back to `spare`.
    pub(crate) fn release(&mut self, before: Offset, spare: &mut Spare<SpanMap>) {
        if let Some(map) = &mut self.map {
            map.release(before);
            if map.is_empty() {
                spare.give_back(self.map.take());
            }
        }
    }

    /// Places a segment that travels in this direction and tells what it was.
    pub(crate) fn place<'a>(
        &mut self,
        segment: &Segment<'a>,
        moment: Moment,
        seen_lately: bool,
    ) -> Placed<'a> {
        if let Some(incoming) = self.take_next(segment, moment) {
            return self.placed_next(segment, incoming);
        }
        if let Some(seen) = self.take_bare(segment, seen_lately) {
            return Placed {
                seen,
                incoming: None,
                conflicts: Vec::new(),
            };
        }
        self.place_any(segment, moment, seen_lately)
    }

    /// The same for any segment.
    fn place_any<'a>(
        &mut self,
        segment: &Segment<'a>,
        moment: Moment,
        seen_lately: bool,
    ) -> Placed<'a> {
        self.begin(segment);
        let start = self.reassembly.position(segment.payload_seq()).unwrap_or(0);
        let length = i64::from(segment.payload_len);
        let is_stream = segment.payload_len > 0 && !segment.flags.contains(Flags::RST);
        if segment.flags.contains(Flags::RST) && !self.may_reset(start) {
            return self.aside(segment, start, SegmentKind::OutOfWindow);
        }
        if segment.flags.contains(Flags::RST) && start < 0 {
            return self.aside(segment, start, SegmentKind::Rst);
        }
        if !self.reassembly.is_in_window(start) {
            return self.aside(segment, start, SegmentKind::OutOfWindow);
        }
        let span = Span::new(
            offset_or_zero(start),
            offset_or_zero(start.saturating_add(if is_stream { length } else { 0 })),
        );
        let kind = self.classify(segment, start, span, seen_lately);
        let super_segment = self.is_super_segment(segment);
        let incoming = is_stream
            .then(|| {
                incoming(
                    segment,
                    start,
                    Carrier {
                        moment,
                        reach: span,
                        super_segment,
                    },
                )
            })
            .flatten();
        let conflicts = incoming
            .as_ref()
            .map(|incoming| self.reassembly.conflicts(incoming))
            .unwrap_or_default();
        self.count(kind, is_stream);
        self.note_repeats(kind, span);
        self.note_ends(segment, span);
        let captured = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
        let seen = SegmentSeen {
            direction: self.direction,
            span,
            flags: segment.flags,
            kind,
            super_segment,
            captured,
        };
        Placed {
            seen,
            incoming,
            conflicts,
        }
    }

    /// Whether it was read to its FIN, and the FIN was acknowledged.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_acknowledged
            && self
                .fin
                .is_some_and(|fin| self.reassembly.next() >= fin && self.acknowledged > fin)
    }

    /// Forgets the map: nothing more will be asked of it.
    pub(crate) fn rest(&mut self, spare: &mut Spare<SpanMap>) {
        spare.give_back(self.map.take());
    }

    /// Where it stands, if nothing of it is missing, open or at its end.
    pub(crate) fn standing(&self) -> Option<Standing> {
        let next = self.reassembly.next();
        let quiet = self.map.is_none() && self.hole.is_none() && self.fin.is_none();
        if !quiet || self.window_closed || !self.is_acknowledged || self.acknowledged > next {
            return None;
        }
        let mut standing = Standing {
            next: self.reassembly.seq_at(next)?,
            acknowledged: self.reassembly.seq_at(self.acknowledged)?,
            duplicate_acks: self.duplicate_acks,
            largest_window: self.window.largest(),
            ..Standing::default()
        };
        self.classifier.stand(&mut standing);
        Some(standing)
    }

    /// Takes over where it stands now, so many segments and bytes later.
    pub(crate) fn catch_up(&mut self, standing: &Standing, segments: u64, bytes: u32) {
        let before = self.reassembly.seq_at(self.acknowledged);
        let acknowledged = before.map_or(0, |before| standing.acknowledged.distance_from(before));
        self.acknowledged = self
            .acknowledged
            .plus(u64::try_from(acknowledged).unwrap_or(0));
        self.duplicate_acks = standing.duplicate_acks;
        self.window.widen(standing.largest_window);
        self.classifier.catch_up(standing);
        if segments > 0 {
            self.reassembly.advance(bytes);
            self.totals.bytes += u64::from(bytes);
            self.totals.segments += segments;
        }
    }

    /// Takes note of what a segment from the other side says about this direction; of when, where it is `timed`.
    pub(crate) fn handle_acknowledgement(
        &mut self,
        segment: &Segment<'_>,
        moment: Moment,
        timed: bool,
    ) {
        self.window.announce(segment);
        if segment.flags.contains(Flags::SYN) {
            let announced = segment.options.mss.and_then(NonZeroU16::new);
            self.largest_segment = announced.or(self.largest_segment);
        }
        if !segment.flags.contains(Flags::ACK) {
            return;
        }
        self.window_closed = segment.window == 0 && !segment.flags.contains(Flags::RST);
        let Some(signed) = self.reassembly.position(segment.ack) else {
            return;
        };
        let Ok(position) = u64::try_from(signed).map(Offset) else {
            return;
        };
        self.note_hole(position, moment);
        if self.is_acknowledged && position <= self.acknowledged {
            let again = position == self.acknowledged && segment.payload_len == 0;
            self.duplicate_acks = self.duplicate_acks.saturating_add(u8::from(again));
        } else if self.reassembly.is_in_window(signed) {
            self.acknowledged = position;
            self.is_acknowledged = true;
            self.duplicate_acks = 0;
            if timed {
                self.acknowledged_since = Some(moment);
            }
        }
    }

    /// Notes what an acknowledgement of everything before `position` says of the present hole.
    fn note_hole(&mut self, position: Offset, moment: Moment) {
        if !self.reassembly.has_hole() {
            self.hole = None;
            return;
        }
        let start = self.reassembly.next();
        let received = self.hole_at(start).and_then(|hole| hole.received);
        let received = received.or((position > start).then_some(moment));
        let hole = Hole { start, received };
        match &mut self.hole {
            Some(known) => **known = hole,
            None => self.hole = Some(Box::new(hole)),
        }
    }

    /// What the receiver said of the hole at `start`.
    fn hole_at(&self, start: Offset) -> Option<Hole> {
        let hole = self.hole.as_deref().copied();
        hole.filter(|hole| hole.start == start)
    }

    /// The next bytes in order; see [`Reassembly::next_chunk`].
    pub(crate) fn next_chunk<'a>(&mut self, incoming: Option<&Incoming<'a>>) -> Option<Chunk<'a>> {
        self.reassembly.next_chunk(incoming)
    }

    /// The acknowledged end of the stream.
    pub(crate) fn acknowledged(&self) -> Option<Offset> {
        self.is_acknowledged.then_some(self.acknowledged)
    }

    /// Since when it was, where that was asked for.
    pub(crate) fn acknowledged_since(&self) -> Option<Moment> {
        self.acknowledged_since
    }

    /// Whether the capture has this stream from its first byte on, without a gap so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.begun && !self.has_gap
    }

    /// Notes that bytes of this stream are missing.
    pub(crate) fn note_gap(&mut self) {
        self.has_gap = true;
    }

    fn begin(&mut self, segment: &Segment<'_>) {
        if segment.flags.contains(Flags::SYN) {
            self.begun = true;
            self.window.handle_senders_syn(segment);
        }
        if segment.flags.contains(Flags::SYN)
            || (segment.payload_len > 0 && !segment.flags.contains(Flags::RST))
        {
            self.reassembly.begin_at(segment.payload_seq());
        }
    }

    /// Whether a RST that stands at `start` can be one that counts; see [`Window`].
    fn may_reset(&self, start: i64) -> bool {
        if self.reassembly.origin().is_none() {
            return true; // nothing was heard of its sender: it refuses a SYN, or the capture has no more
        }
        let tolerance = self.window.bytes().unwrap_or(FARTHEST_JUMP);
        let tolerance = i64::try_from(tolerance).unwrap_or(i64::MAX);
        let seen = i64::try_from(self.reassembly.seen_end().0).unwrap_or(i64::MAX);
        let acknowledged = self
            .acknowledged()
            .map_or(seen, |end| i64::try_from(end.0).unwrap_or(i64::MAX));
        let fin = i64::from(self.fin.is_some());
        let (first, last) = (
            seen.min(acknowledged),
            seen.saturating_add(fin).max(acknowledged),
        );
        (first.saturating_sub(tolerance)..=last.saturating_add(tolerance)).contains(&start)
    }

    fn classify(
        &mut self,
        segment: &Segment<'_>,
        start: i64,
        span: Span,
        seen_lately: bool,
    ) -> SegmentKind {
        let end = start.saturating_add(i64::from(segment.payload_len));
        let seen_end = i64::try_from(self.reassembly.seen_end().0).unwrap_or(i64::MAX);
        let coverage = Coverage {
            length: u64::from(segment.payload_len),
            new: self.reassembly.new_bytes(span),
            extends: end > seen_end,
            ends_at_end: end == seen_end,
            starts_at_end: start == seen_end,
            window_closed: self.window_closed,
            duplicate_acks: self.duplicate_acks,
            seen_lately,
        };
        let kind = self.classifier.classify(segment, coverage);
        let probes = kind == SegmentKind::Ack
            && self.reassembly.origin().is_some()
            && start == seen_end - 1
            && segment.payload_len == 0;
        if probes && self.fin.is_none() {
            SegmentKind::KeepAlive
        } else {
            kind
        }
    }

    fn is_super_segment(&self, segment: &Segment<'_>) -> bool {
        let longest = self.longest_from(segment.source);
        segment.payload_len > 0 && (segment.unfinished_length || segment.payload_len > longest)
    }

    /// How long a payload of this sender may be that is no super-segment.
    pub(crate) fn longest_from(&self, source: Endpoint) -> u32 {
        let unannounced = if source.address.is_loopback() {
            u32::MAX
        } else {
            LARGEST_UNANNOUNCED
        };
        self.largest_segment
            .map_or(unannounced, |largest| u32::from(largest.get()))
    }

    fn count(&mut self, kind: SegmentKind, is_stream: bool) {
        self.totals.segments += u64::from(is_stream);
        match kind {
            SegmentKind::Retransmission | SegmentKind::PartialRetransmission => {
                self.totals.retransmissions += 1
            }
            SegmentKind::OutOfOrder => self.totals.out_of_order += 1,
            SegmentKind::Duplicate => self.totals.duplicates += 1,
            _ => {}
        }
    }

    fn note_repeats(&mut self, kind: SegmentKind, span: Span) {
        let old = self.reassembly.old_bytes(span);
        let again = (kind == SegmentKind::Retransmission).then_some(span);
        for span in old.into_iter().chain(again).filter(|span| !span.is_empty()) {
            self.map.get_or_insert_default().repeat(span);
        }
    }

    fn note_ends(&mut self, segment: &Segment<'_>, span: Span) {
        if segment.payload_len > 0 && !segment.flags.contains(Flags::RST) {
            self.reassembly.note_end(span.end);
        }
        if segment.flags.contains(Flags::FIN) && self.reassembly.origin().is_some() {
            self.fin.get_or_insert(span.end);
        }
    }

    /// A segment that is not of this stream as far as it is known.
    fn aside<'a>(&self, segment: &Segment<'a>, start: i64, kind: SegmentKind) -> Placed<'a> {
        let at = offset_or_zero(start);
        let captured = u32::try_from(segment.payload.len()).unwrap_or(u32::MAX);
        let seen = SegmentSeen {
            direction: self.direction,
            span: Span::new(at, at),
            flags: segment.flags,
            kind,
            super_segment: false,
            captured,
        };
        Placed {
            seen,
            incoming: None,
            conflicts: Vec::new(),
        }
    }
}

/// What the map of a stream says of which nothing is open.
static EMPTY: SpanMap = SpanMap::new();

/// The payload as far as it lies in the stream: what stands before offset 0 is cut off.
fn incoming<'a>(segment: &Segment<'a>, start: i64, carrier: Carrier) -> Option<Incoming<'a>> {
    let before = usize::try_from((-start).max(0)).ok()?;
    let bytes = segment.payload.get(before.min(segment.payload.len())..)?;
    Some(Incoming {
        start: offset_or_zero(start),
        bytes,
        wire_end: carrier.reach.end,
        carrier,
    })
}

fn offset_or_zero(position: i64) -> Offset {
    Offset(u64::try_from(position).unwrap_or(0))
}
