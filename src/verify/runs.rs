//! Which offsets of a stream something covers, as runs that neither touch nor overlap.

use wireseam_analyzer::{Offset, Span};

/// Runs in order; as many as there are holes between them.
#[derive(Debug, Default)]
pub(super) struct Runs(Vec<Span>);

impl Runs {
    /// Covers a span as well.
    pub(super) fn add(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        let from = self.0.partition_point(|run| run.end < span.start);
        let to = self.0.partition_point(|run| run.start <= span.end);
        let start = self
            .0
            .get(from)
            .map_or(span.start, |run| run.start.min(span.start));
        let end = match to.checked_sub(1).and_then(|last| self.0.get(last)) {
            Some(last) if to > from => last.end.max(span.end),
            _ => span.end,
        };
        let start = if to > from { start } else { span.start };
        self.0.splice(from..to, [Span::new(start, end)]);
    }

    /// The offset behind the last one covered.
    pub(super) fn end(&self) -> Offset {
        self.0.last().map_or(Offset(0), |run| run.end)
    }

    /// The first hole: between 0 and the end, what is not covered.
    pub(super) fn first_hole(&self) -> Option<Span> {
        let first = self.0.first()?;
        if first.start > Offset(0) {
            return Some(Span::new(Offset(0), first.start));
        }
        let second = self.0.get(1)?;
        Some(Span::new(first.end, second.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a set of offsets.
    #[test]
    fn runs_cover_what_was_added_and_nothing_else() {
        let mut state = 1_u64;
        let mut next = |below: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        };
        for _ in 0..2_000 {
            let mut runs = Runs::default();
            let mut covered = [false; 40];
            for _ in 0..next(8) {
                let (start, length) = (next(32), next(8));
                runs.add(Span::of_length(Offset(start), length));
                for at in start..start + length {
                    covered[usize::try_from(at).unwrap()] = true;
                }
            }
            let found: Vec<bool> = (0..40)
                .map(|at| {
                    let holding = runs
                        .0
                        .iter()
                        .filter(|run| run.start.0 <= at && at < run.end.0);
                    holding.count() == 1
                })
                .collect();
            assert_eq!(found, covered, "{runs:?}");
            assert!(runs.0.windows(2).all(|two| two[0].end < two[1].start));
            let end = covered
                .iter()
                .rposition(|covered| *covered)
                .map_or(0, |last| last + 1);
            assert_eq!(runs.end(), Offset(end as u64));
            let hole = covered[..end].iter().position(|covered| !covered);
            assert_eq!(
                runs.first_hole().map(|hole| hole.start.0),
                hole.map(|at| at as u64)
            );
        }
    }
}
