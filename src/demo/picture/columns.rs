//! In which column each byte stands: to scale where that leaves room for all words, and otherwise not.

/// The columns of those bytes at which something begins or ends.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Bytes with their columns, in order.
    stops: Vec<(u64, usize)>,
    to_scale: bool,
}

/// A piece between two stops that wants room.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// The number of the stop where it begins.
    pub(super) from: usize,
    /// The number of the stop where it ends.
    pub(super) to: usize,
    /// How many columns its labels take with an edge, the widest first.
    pub(super) widths: Vec<usize>,
}

impl Columns {
    /// Places stops, which are in order, into so many columns.
    pub(super) fn new(stops: &[u64], needs: &[Need], width: usize) -> Self {
        let lengths: Vec<_> = stops
            .windows(2)
            .filter_map(|pair| pair.last()?.checked_sub(*pair.first()?))
            .collect();
        let gaps = scaled(&lengths, needs, width);
        let to_scale = gaps.is_some();
        let gaps = gaps.unwrap_or_else(|| fitted(&lengths, needs, width));
        let mut at = 0;
        let columns = std::iter::once(0).chain(gaps.into_iter().map(|gap| {
            at += gap;
            at
        }));
        Self {
            stops: stops.iter().copied().zip(columns).collect(),
            to_scale,
        }
    }

    pub(super) fn is_to_scale(&self) -> bool {
        self.to_scale
    }

    /// The column of a byte at which something begins or ends.
    pub(super) fn of(&self, byte: u64) -> usize {
        let found = self.stops.binary_search_by_key(&byte, |(stop, _)| *stop);
        found
            .ok()
            .and_then(|at| self.stops.get(at))
            .map_or(0, |(_, column)| *column)
    }

    /// The last column.
    pub(super) fn width(&self) -> usize {
        self.stops.last().map_or(0, |(_, column)| *column)
    }

    /// A line with the numbers of bytes, as many as fit: each begins in its column, and the last ends there.
    pub(super) fn ruler(&self, line: char) -> String {
        let mut ruler = vec![line; self.width() + 1];
        let mut write = |at: usize, text: &str| {
            for (place, digit) in ruler.iter_mut().skip(at).zip(text.chars()) {
                *place = digit;
            }
        };
        let Some(((end, column), others)) = self.stops.split_last() else {
            return String::new();
        };
        let end = end.to_string();
        let last = (column + 1).saturating_sub(end.len());
        let mut free = 0;
        for (byte, column) in others {
            let text = byte.to_string();
            if *column >= free && column + text.len() < last {
                write(*column, &text);
                free = column + text.len() + 1;
            }
        }
        write(last, &end);
        ruler.into_iter().collect()
    }
}

/// As many columns as bytes deserve, where every piece has room for its best label then.
fn scaled(lengths: &[u64], needs: &[Need], width: usize) -> Option<Vec<usize>> {
    let total: u64 = lengths.iter().sum();
    let width = u64::try_from(width).ok()?;
    let each = (width / total.max(1)).min(MOST_COLUMNS);
    // whole columns for each byte where there are so many, so that equal pieces are equally wide
    let all = if each > 0 { each * total } else { width };
    let mut at = 0;
    let mut column = 0;
    let gaps: Option<Vec<_>> = lengths
        .iter()
        .map(|length| {
            at += length;
            let next = (at * all + total / 2) / total;
            let gap = next - std::mem::replace(&mut column, next);
            usize::try_from(gap)
                .ok()
                .filter(|gap| *gap >= LEAST_COLUMNS)
        })
        .collect();
    let gaps = gaps?;
    let fits = |need: &Need| room(&gaps, need) >= need.widths.first().copied().unwrap_or(0);
    needs.iter().all(fits).then_some(gaps)
}

/// Room for the shortest labels first, then for longer ones as far as the columns go; what is left over goes to where
/// the most bytes are, by their order of magnitude.
fn fitted(lengths: &[u64], needs: &[Need], width: usize) -> Vec<usize> {
    let least = if lengths.len() * 2 <= width { 2 } else { 1 };
    let mut gaps = vec![least; lengths.len()];
    let mut left = width.saturating_sub(least * lengths.len());
    let weight =
        |at: usize| u64::from(lengths.get(at).map_or(0, |length| length.ilog2())) + LEAST_WEIGHT;
    let mut widen = |gaps: &mut Vec<usize>, from: usize, to: usize| {
        let hungriest = (from..to).max_by_key(|at| {
            let gap = gaps.get(*at).copied().unwrap_or(1);
            // of equals the first
            (weight(*at) * 1000 / gap.max(1) as u64, usize::MAX - at)
        });
        let Some(gap) = hungriest
            .and_then(|at| gaps.get_mut(at))
            .filter(|_| left > 0)
        else {
            return false;
        };
        *gap += 1;
        left -= 1;
        true
    };
    let mut narrow_first: Vec<_> = needs.iter().collect();
    narrow_first.sort_by_key(|need| need.to - need.from);
    let most = needs.iter().map(|need| need.widths.len()).max();
    for pass in 0..most.unwrap_or(0) {
        for need in &narrow_first {
            let wanted = need.widths.iter().rev().nth(pass).copied().unwrap_or(0);
            // what fits in no case leaves the columns to others
            let spare = width.saturating_sub(gaps.iter().sum());
            if wanted <= room(&gaps, need) + spare {
                while room(&gaps, need) < wanted && widen(&mut gaps, need.from, need.to) {}
            }
        }
    }
    while widen(&mut gaps, 0, lengths.len()) {}
    gaps
}

fn room(gaps: &[usize], need: &Need) -> usize {
    gaps.get(need.from..need.to)
        .unwrap_or_default()
        .iter()
        .sum()
}

/// Wider, and few bytes look like many.
const MOST_COLUMNS: u64 = 6;

/// Narrower, and a byte between two edges cannot be seen.
const LEAST_COLUMNS: usize = 2;

/// So that a single byte is not nothing beside a thousand.
const LEAST_WEIGHT: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look like none, the same in every run.
    fn numbers() -> impl FnMut(u64) -> u64 {
        let mut state = 1_u64;
        move |below| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % below
        }
    }

    #[test]
    fn stops_stand_in_order_and_within_the_width_whatever_is_wanted() {
        let mut number = numbers();
        for _ in 0..2_000 {
            let most = [40, 2_000, 1 << 40][usize::try_from(number(3)).unwrap_or(0)];
            let mut stops: Vec<_> = (0..number(20) + 2).map(|_| number(most)).collect();
            stops.sort_unstable();
            stops.dedup();
            if stops.len() < 2 {
                continue;
            }
            let needs: Vec<_> = (0..number(30))
                .map(|_| {
                    let from = usize::try_from(number(stops.len() as u64 - 1)).unwrap_or(0);
                    let long = usize::try_from(number(40)).unwrap_or(0);
                    Need {
                        from,
                        to: (from + 1 + long % 3).min(stops.len() - 1),
                        widths: vec![long, long / 2, 2],
                    }
                })
                .collect();
            let width = usize::try_from(number(100)).unwrap_or(0) + stops.len();
            let columns = Columns::new(&stops, &needs, width);
            let placed: Vec<_> = stops.iter().map(|stop| columns.of(*stop)).collect();
            assert!(
                placed.is_sorted_by(|one, next| one < next),
                "{stops:?} {placed:?}"
            );
            assert!(columns.width() <= width, "{stops:?} {placed:?} in {width}");
            let ruler = columns.ruler('-');
            let last = stops.last().map(u64::to_string).unwrap_or_default();
            assert!(
                ruler.ends_with(&last) || last.len() > ruler.len(),
                "{ruler}"
            );
            assert_eq!(ruler.chars().count(), columns.width() + 1);
        }
    }

    #[test]
    fn equal_lengths_are_equally_wide_where_there_is_room() {
        let stops: Vec<_> = (100..=121).collect();
        let columns = Columns::new(&stops, &[], 64);
        assert!(columns.is_to_scale());
        let expected: Vec<_> = (0..=21).map(|at| at * 3).collect();
        let placed: Vec<_> = stops.iter().map(|stop| columns.of(*stop)).collect();
        assert_eq!(placed, expected);
    }
}
