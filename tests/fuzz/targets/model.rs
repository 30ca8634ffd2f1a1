//! Reassembly as it is in its plainest form: an array of bytes a direction, in which the first copy of each byte counts.

use std::collections::BTreeSet;

use wireseam::analyzer::{AlignmentKind, Direction, Event, EventKind, Frame, Message, Slice, Span};

use super::said::messages;

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The packet that carried each byte first.
    carriers: Vec<Option<u64>>,
    /// How far the other side said that it has everything.
    pub(crate) acknowledged: usize,
    /// Where the FIN stands, once one was captured.
    pub(crate) fin: Option<usize>,
}

impl Model {
    /// A packet carries these bytes.
    pub(crate) fn carry(&mut self, packet: u64, start: usize, length: usize) {
        let end = if length == 0 { 0 } else { start + length };
        if self.carriers.len() < end {
            self.carriers.resize(end, None);
        }
        for carrier in self.carriers.iter_mut().take(end).skip(start) {
            carrier.get_or_insert(packet);
        }
    }

    /// The first byte that no packet carried, before `end`.
    pub(crate) fn first_missing(&self, end: usize) -> Option<usize> {
        let carried = self.carriers.iter().take_while(|carrier| carrier.is_some());
        Some(carried.count()).filter(|at| *at < end)
    }

    /// Up to where the stream is known to reach.
    fn end(&self) -> usize {
        let seen = self.carriers.len();
        let acknowledged = match self.fin {
            Some(fin) => self.acknowledged.min(fin),
            // it may be a FIN that is acknowledged
            None if self.acknowledged == seen + 1 => seen,
            None => self.acknowledged,
        };
        seen.max(acknowledged).max(self.fin.unwrap_or(0))
    }

    fn carrier(&self, at: usize) -> Option<u64> {
        self.carriers.get(at).copied().flatten()
    }

    /// Each maximal run of missing bytes.
    fn gaps(&self) -> Vec<(u64, u64)> {
        let missing = (0..self.end()).filter(|at| self.carrier(*at).is_none());
        runs(missing.map(|at| (at, 0)))
            .into_iter()
            .map(|(_, start, end)| (start, end))
            .collect()
    }

    /// Each maximal run of bytes that one packet carried first.
    fn slices(&self, span: Span) -> Vec<(u64, u64, u64)> {
        let end = usize::try_from(span.end.0)
            .unwrap_or(usize::MAX)
            .min(self.carriers.len());
        let start = usize::try_from(span.start.0).unwrap_or(usize::MAX).min(end);
        runs((start..end).filter_map(|at| Some((at, self.carrier(at)?))))
    }

    /// Holds what was said of this direction against the array.
    pub(crate) fn hold(&self, direction: Direction, events: &[Event]) {
        let mut told: Vec<(u64, u64)> = Vec::new();
        for event in events {
            match &event.kind {
                EventKind::Gap(gap) if gap.direction == direction => {
                    match told.last_mut() {
                        // one hole may be told in parts
                        Some((_, end)) if *end == gap.span.start.0 => *end = gap.span.end.0,
                        _ => told.push((gap.span.start.0, gap.span.end.0)),
                    }
                }
                EventKind::Frame(frame) if frame.direction == direction => self.hold_frame(frame),
                _ => {}
            }
        }
        assert_eq!(told, self.gaps(), "gaps of {direction}");
        for message in messages(events).filter(|message| message.direction == direction) {
            self.hold_message(message, events);
        }
    }

    fn hold_frame(&self, frame: &Frame) {
        let span = Span::new(frame.header.start, frame.payload.end);
        assert_eq!(places(&frame.slices), self.slices(span), "{frame:?}");
    }

    fn hold_message(&self, message: &Message, events: &[Event]) {
        let frames = events.iter().filter_map(|event| match &event.kind {
            EventKind::Frame(frame) if message.frames.contains(&frame.id) => Some(frame),
            _ => None,
        });
        let spans: Vec<Span> = frames
            .map(|frame| Span::new(frame.header.start, frame.payload.end))
            .collect();
        let slices: Vec<_> = spans.iter().flat_map(|span| self.slices(*span)).collect();
        if message.frames.is_empty() || spans[0].start != message.span.start {
            return; // the rest of a frame whose header was not captured is part of it
        }
        assert_eq!(places(&message.slices), slices, "{message:?}");
        let packets: BTreeSet<u64> = slices.iter().map(|(packet, ..)| *packet).collect();
        let own: u64 = slices.iter().map(|(_, start, end)| end - start).sum();
        let carried = self
            .carriers
            .iter()
            .flatten()
            .filter(|packet| packets.contains(packet));
        let kind = match (packets.len() > 1, carried.count() as u64 > own) {
            (false, false) => AlignmentKind::Aligned,
            (true, false) => AlignmentKind::Split,
            (false, true) => AlignmentKind::Coalesced,
            (true, true) => AlignmentKind::SplitAndCoalesced,
        };
        assert_eq!(message.alignment.kind, kind, "{message:?}");
        assert_eq!(
            message.alignment.segments,
            packets.len() as u64,
            "{message:?}"
        );
        if message.complete {
            let end = usize::try_from(message.span.end.0).unwrap_or(usize::MAX);
            if self.first_missing(end).is_none() {
                let completed = self.carriers[..end].iter().flatten().max();
                assert_eq!(
                    Some(&message.timing.completed.packet.0),
                    completed,
                    "{message:?}"
                );
            }
            assert_eq!(
                Some(&message.timing.last.packet.0),
                packets.last(),
                "{message:?}"
            );
        }
    }
}

fn places(slices: &[Slice]) -> Vec<(u64, u64, u64)> {
    let place = |slice: &Slice| (slice.packet.0, slice.span.start.0, slice.span.end.0);
    slices.iter().map(place).collect()
}

/// Neighbours with the same value, as value, start and end.
fn runs(values: impl Iterator<Item = (usize, u64)>) -> Vec<(u64, u64, u64)> {
    let mut runs: Vec<(u64, u64, u64)> = Vec::new();
    for (at, value) in values {
        let at = at as u64;
        match runs.last_mut() {
            Some((last, _, end)) if *last == value && *end == at => *end = at + 1,
            _ => runs.push((value, at, at + 1)),
        }
    }
    runs
}
