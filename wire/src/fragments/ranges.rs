//! Which bytes of a packet are there: a set of ranges.

use std::ops::Range;

/// Ranges in order that neither overlap nor touch.
#[derive(Debug, Default)]
pub(crate) struct Ranges(Vec<Range<usize>>);

impl Ranges {
    /// Adds a range; what it overlaps or touches becomes one with it.
    pub(crate) fn insert(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let first = self.0.partition_point(|held| held.end < range.start);
        let behind = self.0.partition_point(|held| held.start <= range.end);
        let merged = match self.0.get(first..behind) {
            Some([only]) => only.start.min(range.start)..only.end.max(range.end),
            Some([from, .., to]) => from.start.min(range.start)..to.end.max(range.end),
            Some([]) | None => range,
        };
        self.0.splice(first..behind, [merged]);
    }

    /// The parts of a range that are not in the set.
    pub(crate) fn gaps(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let first = self.0.partition_point(|held| held.end <= range.start);
        let held = self.0.get(first..).unwrap_or_default().iter();
        let starts = [range.start]
            .into_iter()
            .chain(held.clone().map(|held| held.end));
        let ends = held.map(|held| held.start).chain([range.end]);
        starts
            .zip(ends)
            .map(move |(start, end)| start.max(range.start)..end.min(range.end))
            .take_while({
                let end = range.end;
                move |gap| gap.start < end
            })
            .filter(|gap| !gap.is_empty())
    }

    /// Where the first gap begins, from 0 on.
    pub(crate) fn first_gap(&self) -> usize {
        match self.0.first() {
            Some(first) if first.start == 0 => first.end,
            Some(_) | None => 0,
        }
    }

    /// Where the last range ends.
    pub(crate) fn end(&self) -> usize {
        self.0.last().map_or(0, |last| last.end)
    }

    /// How much memory it takes, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.0.capacity() * size_of::<Range<usize>>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_what_a_list_of_flags_says(
            inserted in prop::collection::vec((0_usize..60, 0_usize..12), 0..20),
            (start, len) in (0_usize..60, 0_usize..30),
        ) {
            let mut ranges = Ranges::default();
            let mut flags = [false; 100];
            for (start, len) in inserted {
                ranges.insert(start..start + len);
                flags[start..start + len].fill(true);
            }
            let mut gaps = [false; 100];
            for gap in ranges.gaps(start..start + len) {
                gaps[gap].fill(true);
            }
            for at in 0..100 {
                let asked = (start..start + len).contains(&at);
                prop_assert_eq!(gaps[at], asked && !flags[at], "{}", at);
            }
            prop_assert_eq!(ranges.first_gap(), flags.iter().position(|is_in| !is_in).unwrap());
            prop_assert_eq!(ranges.end(), flags.iter().rposition(|is_in| *is_in).map_or(0, |last| last + 1));
            prop_assert!(ranges.0.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
