//! Sets of frames by their index, as runs in order: asked how many lie where without being walked.

use std::ops::Range;

/// Some of a direction's frames.
#[derive(Clone, Debug, Default)]
pub(crate) struct FrameSet {
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    start: usize,
    end: usize,
    /// How many frames the runs before this one hold.
    before: usize,
}

impl FrameSet {
    /// The frames of these ranges, which may overlap and be empty.
    pub(crate) fn of(mut ranges: Vec<Range<usize>>) -> Self {
        #[cfg(test)]
        crate::work::note(ranges.len());
        ranges.sort_unstable_by_key(|range| range.start);
        let mut runs: Vec<Run> = Vec::with_capacity(ranges.len());
        for Range { start, end } in ranges.into_iter().filter(|range| !range.is_empty()) {
            let before = match runs.last_mut() {
                Some(last) if start <= last.end => {
                    last.end = last.end.max(end);
                    continue;
                }
                Some(last) => last.before + (last.end - last.start),
                None => 0,
            };
            runs.push(Run { start, end, before });
        }
        Self { runs }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// How many frames.
    pub(crate) fn len(&self) -> usize {
        self.rank(usize::MAX)
    }

    /// The runs, in order.
    pub(crate) fn runs(&self) -> impl ExactSizeIterator<Item = Range<usize>> {
        self.runs.iter().map(|run| run.start..run.end)
    }

    /// How many of its frames are in a range.
    pub(crate) fn len_in(&self, range: &Range<usize>) -> usize {
        self.rank(range.end) - self.rank(range.start)
    }

    /// Its frames from this one on, in order.
    pub(crate) fn from(&self, at: usize) -> impl Iterator<Item = usize> {
        let first = self.runs.partition_point(|run| run.end <= at);
        let runs = self.runs.get(first..).unwrap_or_default();
        runs.iter().flat_map(move |run| run.start.max(at)..run.end)
    }

    /// Its frames before this one, the nearest first.
    pub(crate) fn before(&self, at: usize) -> impl Iterator<Item = usize> {
        let behind = self.runs.partition_point(|run| run.start < at);
        let runs = self.runs.get(..behind).unwrap_or_default();
        let runs = runs.iter().rev();
        runs.flat_map(move |run| (run.start..run.end.min(at)).rev())
    }

    /// How many of its frames come before this one.
    fn rank(&self, at: usize) -> usize {
        let behind = self.runs.partition_point(|run| run.start < at);
        let last = behind.checked_sub(1).and_then(|last| self.runs.get(last));
        last.map_or(0, |run| run.before + (run.end.min(at) - run.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> FrameSet {
        FrameSet::of(vec![8..9, 2..4, 5..5, 3..6, 20..22])
    }

    #[test]
    fn overlapping_ranges_are_one_run() {
        let runs: Vec<_> = frames().runs().collect();
        assert_eq!(runs, [2..6, 8..9, 20..22]);
        assert_eq!(frames().len(), 7);
        assert_eq!(FrameSet::default().len(), 0);
    }

    #[test]
    fn frames_are_counted_in_any_range() {
        let all: Vec<usize> = frames().from(0).collect();
        for start in 0..25 {
            for end in start..25 {
                let naive = all.iter().filter(|at| (start..end).contains(*at)).count();
                assert_eq!(frames().len_in(&(start..end)), naive, "{start}..{end}");
            }
        }
    }

    #[test]
    fn frames_come_nearest_first_on_both_sides() {
        let before: Vec<usize> = frames().before(9).collect();
        assert_eq!(before, [8, 5, 4, 3, 2]);
        let before: Vec<usize> = frames().before(4).collect();
        assert_eq!(before, [3, 2]);
        let from: Vec<usize> = frames().from(5).collect();
        assert_eq!(from, [5, 8, 20, 21]);
    }
}
