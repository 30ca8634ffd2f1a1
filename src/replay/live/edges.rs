//! Where the captured segments of one direction begin and end, and what became there of the cuts that were asked for.
//!
//! ```text
//!   asked for       |      |      |
//!   segments  ------|-------------|---     first copies: the second cut is coalesced
//!                         -----------      sent again: the third cut is joined again
//! ```
//!
//! Of each byte the first copy counts, so that what is sent again, in other segments, is told apart from what was never cut.

use std::collections::{BTreeMap, BTreeSet};

use wireseam_wire::Seq;

/// No more edges are kept of a connection: what lies behind the last one counts as not captured.
const MOST_EDGES: usize = 1 << 20;

/// The segments that one end of a connection sent, by their place behind its SYN.
///
/// A stream that is replayed is shorter than 2^31 bytes, so that a sequence number stands for one place in it (RFC 9293 3.4).
#[derive(Debug)]
pub(super) struct Edges {
    /// The sequence number of the first byte.
    first: Seq,
    /// Runs of bytes that were captured: where they begin, and behind their last byte.
    captured: BTreeMap<u32, u32>,
    /// Where the first copies of two bytes that stand side by side lie in two segments.
    edges: BTreeSet<u32>,
    /// Those of them across which a segment reached that carried something again.
    rejoined: BTreeSet<u32>,
    is_full: bool,
}

/// What became of cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How many were asked for.
    pub(super) asked: usize,
    /// At how many one segment ends and another begins.
    pub(super) apart: usize,
    /// How many lie inside a segment.
    pub(super) coalesced: usize,
    /// How many of those apart a segment covered that carried bytes again.
    pub(super) rejoined: usize,
}

impl Edges {
    /// Those of a stream whose SYN has this sequence number.
    pub(super) fn behind(syn: Seq) -> Self {
        Self {
            first: syn.plus(1),
            captured: BTreeMap::new(),
            edges: BTreeSet::new(),
            rejoined: BTreeSet::new(),
            is_full: false,
        }
    }

    /// Whether they are those behind this SYN.
    pub(super) fn are_behind(&self, syn: Seq) -> bool {
        self.first == syn.plus(1)
    }

    /// Takes a segment's payload, in whatever order they come.
    pub(super) fn take(&mut self, seq: Seq, length: u32) {
        // a keep-alive stands before the first byte when nothing has been sent
        let start = u32::try_from(seq.distance_from(self.first));
        let (Ok(start), false) = (start, self.is_full) else {
            return;
        };
        let Some(end) = start.checked_add(length).filter(|end| *end > start) else {
            return;
        };
        for (from, to) in self.missing(start, end) {
            self.edges.extend([from, to]);
            self.add(from, to);
        }
        if length > 1 {
            let inside: Vec<u32> = self.edges.range(start + 1..end).copied().collect();
            self.rejoined.extend(inside);
        }
        self.is_full = self.edges.len() >= MOST_EDGES;
    }

    /// Whether all bytes up to here were captured, or no more are taken.
    pub(super) fn reach(&self, end: u32) -> bool {
        self.is_full || end == 0 || self.run(0).is_some_and(|(_, to)| to >= end)
    }

    /// What became of cuts at these places.
    pub(super) fn judge(&self, cuts: &[u32]) -> Seen {
        let mut seen = Seen {
            asked: cuts.len(),
            ..Seen::default()
        };
        for cut in cuts {
            let is_captured = cut
                .checked_sub(1)
                .and_then(|before| self.run(before))
                .is_some_and(|(_, to)| to > *cut);
            if is_captured && self.edges.contains(cut) {
                seen.apart += 1;
                seen.rejoined += usize::from(self.rejoined.contains(cut));
            } else if is_captured {
                seen.coalesced += 1;
            }
        }
        seen
    }

    /// The run of captured bytes that holds this one.
    fn run(&self, byte: u32) -> Option<(u32, u32)> {
        let (from, to) = self.captured.range(..=byte).next_back()?;
        (*to > byte).then_some((*from, *to))
    }

    /// Which parts of a span were not captured yet.
    fn missing(&self, start: u32, end: u32) -> Vec<(u32, u32)> {
        let mut missing = Vec::new();
        let mut at = self.run(start).map_or(start, |(_, to)| to);
        for (from, to) in self.captured.range(at..end.max(at)) {
            if *from > at {
                missing.push((at, *from));
            }
            at = *to;
        }
        if at < end {
            missing.push((at, end));
        }
        missing
    }

    /// Adds a run that overlaps none, joined with those that it touches.
    fn add(&mut self, from: u32, to: u32) {
        let before = from.checked_sub(1).and_then(|before| self.run(before));
        let from = before.map_or(from, |(from, _)| from);
        let to = self.captured.remove(&to).unwrap_or(to);
        self.captured.insert(from, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of these cuts where these segments were captured behind a SYN with this number: apart, coalesced, rejoined.
    fn seen(syn: u32, segments: &[(u32, u32)], cuts: &[u32]) -> (usize, usize, usize) {
        let mut edges = Edges::behind(Seq(syn));
        for (at, length) in segments {
            edges.take(Seq(syn).plus(1).plus(*at), *length);
        }
        let seen = edges.judge(cuts);
        assert_eq!(seen.asked, cuts.len());
        (seen.apart, seen.coalesced, seen.rejoined)
    }

    #[test]
    fn a_cut_is_apart_where_a_segment_ends_and_coalesced_inside_one() {
        assert_eq!(
            seen(100, &[(0, 10), (10, 5), (15, 5)], &[10, 15]),
            (2, 0, 0)
        );
        assert_eq!(seen(100, &[(0, 10), (10, 10)], &[10, 15]), (1, 1, 0));
        assert_eq!(seen(100, &[(0, 20)], &[10, 15]), (0, 2, 0));
        // edges that nobody asked for are no concern
        assert_eq!(seen(100, &[(0, 3), (3, 7), (10, 10)], &[10]), (1, 0, 0));
    }

    #[test]
    fn a_cut_is_not_captured_where_a_byte_beside_it_is_missing() {
        assert_eq!(seen(100, &[(0, 10)], &[10, 15]), (0, 0, 0));
        assert_eq!(seen(100, &[(0, 10), (12, 8)], &[10, 12, 15]), (0, 1, 0));
        assert_eq!(seen(100, &[], &[10]), (0, 0, 0));
    }

    #[test]
    fn order_does_not_matter_and_a_copy_makes_no_edge() {
        assert_eq!(
            seen(100, &[(15, 5), (0, 10), (10, 5)], &[10, 15]),
            (2, 0, 0)
        );
        // sent as one segment, and again as two
        assert_eq!(seen(100, &[(0, 20), (0, 10), (10, 10)], &[10]), (0, 1, 0));
        assert_eq!(seen(100, &[(0, 10), (0, 10), (10, 10)], &[10]), (1, 0, 0));
    }

    #[test]
    fn a_retransmission_that_covers_a_cut_has_joined_it_again() {
        assert_eq!(seen(100, &[(0, 10), (10, 10), (0, 20)], &[10]), (1, 0, 1));
        assert_eq!(seen(100, &[(0, 10), (10, 10), (5, 10)], &[10]), (1, 0, 1));
        // the first segment was sent again together with what had not been sent
        assert_eq!(seen(100, &[(0, 10), (0, 20)], &[10, 15]), (1, 1, 1));
        assert_eq!(seen(100, &[(10, 10), (0, 20)], &[10]), (1, 0, 1));
        // each again as it was
        assert_eq!(
            seen(100, &[(0, 10), (10, 10), (0, 10), (10, 10)], &[10]),
            (1, 0, 0)
        );
        // around a hole that it fills
        assert_eq!(
            seen(100, &[(0, 5), (15, 5), (0, 20)], &[5, 10, 15]),
            (2, 1, 2)
        );
    }

    #[test]
    fn sequence_numbers_begin_anew_in_the_middle_of_a_stream() {
        // 2^32 - 6 is the SYN, 2^32 - 5 the first byte; five bytes on it is 0
        let syn = u32::MAX - 5;
        assert_eq!(seen(syn, &[(0, 3), (3, 4), (7, 3)], &[3, 5, 7]), (2, 1, 0));
        assert_eq!(seen(syn, &[(0, 5), (5, 5), (0, 10)], &[5]), (1, 0, 1));
    }

    #[test]
    fn keep_alives_and_empty_segments_change_nothing() {
        let mut edges = Edges::behind(Seq(100));
        for (seq, length) in [(100, 1), (101, 0), (101, 10), (110, 1), (111, 0), (111, 10)] {
            edges.take(Seq(seq), length);
        }
        assert_eq!(
            edges.judge(&[9, 10]),
            Seen {
                asked: 2,
                apart: 1,
                coalesced: 1,
                rejoined: 0
            }
        );
        assert!(edges.reach(20) && !edges.reach(21));
    }

    #[test]
    fn the_end_is_reached_when_nothing_before_it_is_missing() {
        let mut edges = Edges::behind(Seq(0));
        assert!(edges.reach(0) && !edges.reach(1));
        edges.take(Seq(11), 10);
        assert!(!edges.reach(20));
        edges.take(Seq(1), 10);
        assert!(edges.reach(20) && !edges.reach(21));
    }

    #[test]
    fn of_more_edges_than_are_kept_the_rest_counts_as_not_captured() {
        let mut edges = Edges::behind(Seq(0));
        let most = u32::try_from(MOST_EDGES).unwrap();
        for at in 0..most + 10 {
            edges.take(Seq(1 + at), 1);
        }
        assert_eq!(
            (edges.edges.len(), edges.reach(u32::MAX)),
            (MOST_EDGES, true)
        );
        let seen = edges.judge(&[1, most - 2, most + 5]);
        assert_eq!((seen.asked, seen.apart, seen.coalesced), (3, 2, 0));
    }
}
