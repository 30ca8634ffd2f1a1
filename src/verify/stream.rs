//! The account of one direction's stream: what was captured, what is missing, and which bytes were claimed by what.

use std::collections::{BTreeMap, VecDeque};

use wireseam_analyzer::{
    Direction, Frame, Gap, Moment, Offset, SegmentKind, SegmentSeen, Slice, Span, Totals,
};
use wireseam_wire::PacketIndex;

use super::{Class, Fault, runs::Runs};

/// How many segments are held for frames that have not ended; slices in packets before them are not looked up. A body of
/// HTTP that never ends takes 1.5 MiB.
const HELD_SEGMENTS: usize = 1 << 16;

/// One direction. Claims come in the order of the stream, so that one number tells what is accounted for.
#[derive(Debug)]
pub(super) struct Stream {
    direction: Direction,
    /// Everything before is accounted for.
    mark: Offset,
    /// What segments and gaps cover.
    covered: Runs,
    /// Segments with bytes behind the mark, in order of capture.
    segments: VecDeque<(PacketIndex, Span)>,
    /// The last segment that was let go for want of room.
    forgotten: Option<PacketIndex>,
    /// Gaps with bytes behind the mark.
    gaps: VecDeque<Span>,
    last_gap: Span,
    /// Missing bytes of gaps that are not held.
    unread_gaps: u64,
    classes: BTreeMap<Class, u64>,
    totals: Totals,
    /// Where its WebSocket's frames begin, once there is one.
    pub(super) frames_from: Option<Offset>,
    /// Whether nothing of it will be claimed, because its protocol is not read.
    pub(super) is_unread: bool,
    pub(super) faults: Vec<Fault>,
}

impl Stream {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            mark: Offset(0),
            covered: Runs::default(),
            segments: VecDeque::new(),
            forgotten: None,
            gaps: VecDeque::new(),
            last_gap: Span::default(),
            unread_gaps: 0,
            classes: BTreeMap::new(),
            totals: Totals::default(),
            frames_from: None,
            is_unread: false,
            faults: Vec::new(),
        }
    }

    pub(super) fn segment(&mut self, segment: &SegmentSeen, moment: Moment) {
        match segment.kind {
            SegmentKind::OutOfWindow => return,
            SegmentKind::Retransmission | SegmentKind::PartialRetransmission => {
                self.totals.retransmissions += 1;
            }
            SegmentKind::OutOfOrder => self.totals.out_of_order += 1,
            SegmentKind::Duplicate => self.totals.duplicates += 1,
            _ => {}
        }
        let captured = u64::from(segment.captured).min(segment.span.length());
        let held = Span::of_length(segment.span.start, captured);
        self.covered.add(held);
        if held.is_empty() || self.is_unread {
            return;
        }
        if self.segments.len() >= HELD_SEGMENTS {
            self.forgotten = self.segments.pop_front().map(|(packet, _)| packet);
        }
        self.segments.push_back((moment.packet, held));
    }

    pub(super) fn gap(&mut self, gap: &Gap) {
        let span = gap.span;
        if span.is_empty() {
            self.fault(span, "a gap of nothing".to_owned());
        }
        if span.start < self.last_gap.end {
            let last = self.last_gap;
            self.fault(
                span,
                format!("a gap behind which the gap {last} was told before"),
            );
        }
        if span.start < self.mark {
            let mark = self.mark;
            self.fault(span, format!("a gap in bytes accounted for, up to {mark}"));
        }
        self.last_gap = span;
        self.covered.add(span);
        self.count(Class::Gap, span.length());
        if self.is_unread {
            self.unread_gaps += span.length();
        } else {
            self.gaps.push_back(span);
        }
    }

    /// A head of HTTP, or of a proxy.
    pub(super) fn head(&mut self, span: Span, class: Class) {
        if self.reach(span, "a head") {
            self.count(class, span.length() - self.missing_in(span));
            self.pass(span.end);
        }
    }

    /// A frame: its bytes are claimed, its slices tile it but for gaps, and its packets hold them.
    pub(super) fn frame(&mut self, frame: &Frame) {
        let declared = Span::new(frame.header.start, frame.payload.end);
        let name = format!("frame {}", frame.id.0);
        if frame.header.end != frame.payload.start {
            self.fault(
                declared,
                format!("{name}: its payload is not behind its header"),
            );
        }
        if frame.length.is_some_and(|length| {
            frame.payload.end.0 != u64::MAX && length != frame.payload.length()
        }) {
            self.fault(
                declared,
                format!("{name}: its payload is not as long as it says"),
            );
        }
        let there = Span::new(declared.start, declared.end.min(self.covered.end()));
        if !self.reach(there, &name) {
            return;
        }
        let kept = match frame.slices.first() {
            Some(first) if frame.slices_left_out > 0 => Span::new(first.span.start, there.end),
            _ => there,
        };
        self.tiled(kept, &frame.slices, &name);
        let missing = self.missing_in(there);
        let is_whole = there == declared && missing == 0;
        if frame.complete && !is_whole {
            self.fault(
                declared,
                format!("{name}: complete, but {missing} bytes are missing"),
            );
        }
        if frame.alignment.gap != (missing > 0) {
            self.fault(
                declared,
                format!("{name}: whether a gap is in it is told wrong"),
            );
        }
        self.in_packets(&frame.slices, &name);
        let header = frame.header.intersection(there);
        let payload = frame.payload.intersection(there);
        self.count(
            Class::FrameHeader,
            header.length() - self.missing_in(header),
        );
        self.count(Class::Payload, payload.length() - self.missing_in(payload));
        self.pass(there.end);
    }

    /// Whether a span may be claimed next; bytes in front of it that nothing claimed are a remainder.
    fn reach(&mut self, span: Span, name: &str) -> bool {
        if span.start < self.mark {
            let mark = self.mark;
            self.fault(
                span,
                format!("{name}: begins before {mark}, up to where all is accounted for"),
            );
            return false;
        }
        if span.end > self.covered.end() {
            self.fault(span, format!("{name}: is behind everything captured"));
            return false;
        }
        self.leave(Span::new(self.mark, span.start), Class::Http);
        true
    }

    /// Nothing claims these bytes: they are a remainder of this class, in a WebSocket passed over.
    fn leave(&mut self, span: Span, class: Class) {
        let frames = self.frames_from.unwrap_or(span.end);
        let parts = [
            (Span::new(span.start, span.end.min(frames)), class),
            (
                Span::new(span.start.max(frames), span.end),
                Class::PassedOver,
            ),
        ];
        for (part, class) in parts {
            self.count(class, part.length() - self.missing_in(part));
        }
        self.pass(span.end.max(span.start));
    }

    /// Everything before is accounted for.
    fn pass(&mut self, mark: Offset) {
        self.mark = self.mark.max(mark);
        while self.gaps.front().is_some_and(|gap| gap.end <= mark) {
            self.gaps.pop_front();
        }
        while self
            .segments
            .front()
            .is_some_and(|(_, span)| span.end <= mark)
        {
            self.segments.pop_front();
        }
    }

    /// How many of these bytes the capture lacks.
    fn missing_in(&self, span: Span) -> u64 {
        let gaps = self.gaps.iter().map(|gap| gap.intersection(span).length());
        gaps.sum()
    }

    fn tiled(&mut self, span: Span, slices: &[Slice], name: &str) {
        let mut at = span.start;
        let end = [Slice {
            packet: PacketIndex(0),
            span: Span::new(span.end, span.end),
            retransmitted: false,
        }];
        let mut faults = Vec::new();
        let mut last = None;
        for slice in slices.iter().chain(&end) {
            let hole = Span::new(at, slice.span.start);
            let is_next = slice.span.start >= at && self.missing_in(hole) == hole.length();
            if !is_next {
                faults.push((
                    slice.span,
                    format!("{name}: no slice and no gap leads from {at} to here"),
                ));
            }
            if last == Some((slice.packet, slice.span.start)) {
                faults.push((slice.span, format!("{name}: two slices where one would do")));
            }
            at = slice.span.end;
            last = Some((slice.packet, at));
        }
        for (span, text) in faults {
            self.fault(span, text);
        }
    }

    fn in_packets(&mut self, slices: &[Slice], name: &str) {
        let stranger = slices.iter().find(|slice| {
            self.forgotten.is_none_or(|packet| slice.packet > packet) && !self.is_held(slice)
        });
        if let Some(slice) = stranger {
            let text = format!("{name}: {} does not hold these bytes", slice.packet);
            self.fault(slice.span, text);
        }
    }

    fn is_held(&self, slice: &Slice) -> bool {
        let from = self
            .segments
            .partition_point(|(packet, _)| *packet < slice.packet);
        let of_packet = self.segments.range(from..);
        of_packet
            .take_while(|(packet, _)| *packet == slice.packet)
            .any(|(_, span)| span.intersection(slice.span) == slice.span)
    }

    /// Ends the account: what nothing claimed is of this class. The bytes of the stream.
    pub(super) fn finish(&mut self, rest: Class, totals: &Totals) -> u64 {
        let end = self.covered.end();
        if let Some(hole) = self.covered.first_hole() {
            self.fault(hole, "neither captured nor told to be a gap".to_owned());
        }
        if self.mark < end {
            self.leave(Span::new(self.mark, end), rest);
            let rest = self.classes.entry(rest).or_default();
            *rest = rest.saturating_sub(self.unread_gaps);
        }
        let whole = Span::new(Offset(0), end);
        let classes: u64 = self.classes.values().sum();
        if classes != end.0 {
            self.fault(whole, format!("{classes} bytes are accounted for"));
        }
        let captured = classes - self.classes.get(&Class::Gap).copied().unwrap_or(0);
        if captured != totals.bytes {
            let told = totals.bytes;
            self.fault(
                whole,
                format!("{captured} bytes were captured, and {told} are told"),
            );
        }
        let kinds = |totals: &Totals| {
            (
                totals.retransmissions,
                totals.out_of_order,
                totals.duplicates,
            )
        };
        if kinds(&self.totals) != kinds(totals) {
            let text = "as many segments of each kind are listed as are told";
            self.fault(whole, format!("not {text}"));
        }
        end.0
    }

    pub(super) fn classes(&self) -> &BTreeMap<Class, u64> {
        &self.classes
    }

    /// Up to where all is accounted for.
    pub(super) fn mark(&self) -> Offset {
        self.mark
    }

    fn count(&mut self, class: Class, bytes: u64) {
        if bytes > 0 {
            *self.classes.entry(class).or_default() += bytes;
        }
    }

    pub(super) fn fault(&mut self, span: Span, text: String) {
        let direction = self.direction;
        self.faults.push(Fault {
            direction,
            span,
            text,
        });
    }
}
