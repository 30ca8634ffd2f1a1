//! Where a stream of bytes is cut before it is handed to a decoder: the ways, by name, and the cuts that each makes.
//!
//! ```text
//!   GET /chat ..CRLF CRLF | 81 85 11 22 33 44 | .. .. .. .. .. |      a Shape: where it begins and ends, where its
//!   begin             frames                              end        fields are, where it was cut on the wire
//!
//!   original        one, as it was captured
//!   coalesce-all    one, not cut at all
//!   one-byte        one, each byte for itself
//!   every-split     one for each single place
//!   fields          one with all edges of and in fields, and one for each of them
//!   header-pairs    one for each two places in headers
//!   mss:N           one, a cut behind every N bytes
//!   seed:S          one, places drawn by chance; the same seed draws the same places everywhere
//!   cuts:A+B        one, these places
//! ```
//!
//! A place is an offset of the stream, as in the boundary map: a cut at 165 is one between the bytes 164 and 165. How many
//! segmentations a way makes is bounded by [`MOST_SEGMENTATIONS`] and [`MOST_BYTES`], and a [`Plan`] says what was left out.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// No way makes more segmentations than this of one stream: where every place of a stream of 4,000 bytes is tried, those in
/// the middle of a longer one's payload say nothing new.
pub const MOST_SEGMENTATIONS: usize = 4_096;

/// No way replays more bytes than this of one stream, all its segmentations together: a stream of 64 KiB that is cut at each
/// place would be four gigabytes.
pub const MOST_BYTES: usize = 1 << 20;

/// A way to cut streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segmentation {
    /// As it was captured.
    Original,
    /// Not at all.
    CoalesceAll,
    /// Before every byte.
    OneByte,
    /// At one place, each in turn.
    EverySplit,
    /// At all edges of fields and inside them, and at each alone.
    Fields,
    /// At two places in headers, all pairs in turn.
    HeaderPairs,
    /// Where a maximum segment size would cut, counted from the stream's first byte.
    Mss(usize),
    /// Where chance says, begun with this number.
    Seed(u64),
    /// At these places.
    Cuts(Vec<usize>),
}

/// What has to be known of a stream to cut it.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The first byte handed to the decoder.
    pub begin: usize,
    /// One after the last.
    pub end: usize,
    /// Where segments ended when it was captured.
    pub original: BTreeSet<usize>,
    /// Edges of and in fields: each byte of a header, of a CRLF, of a code point.
    pub fields: BTreeSet<usize>,
    /// Those of them that are in headers of frames, and behind these.
    pub headers: BTreeSet<usize>,
    /// Where the sender waits for the other end before it goes on: no segmentation but one by places joins what is before
    /// with what is behind.
    pub turns: BTreeSet<usize>,
}

/// The segmentations that a way makes of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each with its cuts, in order.
    pub segmentations: Vec<Cuts>,
    /// How many more there would be without the caps.
    pub left_out: usize,
}

/// Places where one stream is cut, each once, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuts {
    /// The name with which the same cuts can be asked for again.
    pub name: String,
    /// The places.
    pub places: Vec<usize>,
}

impl Segmentation {
    /// The cuts that this way makes.
    #[must_use]
    pub fn plan(&self, shape: &Shape) -> Plan {
        let inside = |place: &usize| shape.begin < *place && *place < shape.end;
        let one = |places: Vec<usize>| Plan {
            segmentations: vec![Cuts {
                name: self.to_string(),
                places: shape
                    .with_turns(places)
                    .into_iter()
                    .filter(inside)
                    .collect(),
            }],
            left_out: 0,
        };
        match self {
            Self::Original => one(shape.original.iter().copied().collect()),
            Self::CoalesceAll => one(Vec::new()),
            Self::OneByte => one((shape.begin..shape.end).collect()),
            Self::Mss(size) => one((0..shape.end).step_by((*size).max(1)).collect()),
            Self::Seed(seed) => one((shape.begin..shape.end)
                .filter(|place| wireseam_fixtures::Segmentation::draws(*seed, *place))
                .collect()),
            Self::Cuts(places) => {
                let places: BTreeSet<usize> = places.iter().copied().filter(inside).collect();
                Plan {
                    segmentations: vec![Cuts::at(places.into_iter().collect())],
                    left_out: 0,
                }
            }
            Self::EverySplit => every_split(shape),
            Self::Fields => {
                let places: Vec<usize> = shape.fields.iter().copied().filter(inside).collect();
                let all = (places.len() > 1).then(|| places.clone());
                let each = places.iter().map(|place| vec![*place]);
                bounded(shape, places.len() + 1, all.into_iter().chain(each))
            }
            Self::HeaderPairs => {
                let places: Vec<usize> = shape.headers.iter().copied().filter(inside).collect();
                let count = places.len() * places.len().saturating_sub(1) / 2;
                // near ones first, which are those in one header
                let pairs = (1..places.len()).flat_map(|apart| {
                    let (nearer, farther) = (places.iter(), places.iter().skip(apart));
                    nearer.zip(farther).map(|(one, other)| vec![*one, *other])
                });
                bounded(shape, count, pairs)
            }
        }
    }
}

/// Fields first, then places spread evenly over the rest.
fn every_split(shape: &Shape) -> Plan {
    let all = shape.begin + 1..shape.end;
    let count = all.len();
    let most = most(shape);
    if count <= most {
        return bounded(shape, count, all.map(|place| vec![place]));
    }
    let fields = shape.fields.iter().copied().filter(|at| all.contains(at));
    let mut places: BTreeSet<usize> = fields.take(most).collect();
    let rest = most.saturating_sub(places.len());
    if rest > 0 {
        places.extend(all.step_by(count.div_ceil(rest).max(1)));
    }
    bounded(shape, count, places.into_iter().map(|place| vec![place]))
}

/// The first of these, as many as the caps allow; `count` says how many there are.
fn bounded(shape: &Shape, count: usize, all: impl Iterator<Item = Vec<usize>>) -> Plan {
    let all = all.take(most(shape));
    let segmentations: Vec<Cuts> = all
        .map(|places| Cuts::at(shape.with_turns(places)))
        .collect();
    Plan {
        left_out: count.saturating_sub(segmentations.len()),
        segmentations,
    }
}

/// How many segmentations of this stream the caps allow.
fn most(shape: &Shape) -> usize {
    let length = shape.end.saturating_sub(shape.begin).max(1);
    MOST_SEGMENTATIONS.min((MOST_BYTES / length).max(FEWEST_SEGMENTATIONS))
}

impl Shape {
    /// These places and those at which the sender waits, in order.
    fn with_turns(&self, mut places: Vec<usize>) -> Vec<usize> {
        let inside = |place: &&usize| self.begin < **place && **place < self.end;
        for turn in self.turns.iter().filter(inside) {
            if let Err(at) = places.binary_search(turn) {
                places.insert(at, *turn);
            }
        }
        places
    }
}

impl Cuts {
    /// Cuts at these places.
    #[must_use]
    pub fn at(places: Vec<usize>) -> Self {
        let name = Segmentation::Cuts(places.clone()).to_string();
        Self { name, places }
    }

    /// The ranges between the cuts, from `begin` to `end`; none is empty.
    pub fn chunks(
        &self,
        begin: usize,
        end: usize,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let inside = move |place: &usize| begin < *place && *place < end;
        let starts = std::iter::once(begin).chain(self.places.iter().copied().filter(inside));
        let ends = self.places.iter().copied().filter(inside).chain([end]);
        starts
            .zip(ends)
            .map(|(from, to)| from..to)
            .filter(|chunk| !chunk.is_empty())
    }
}

impl fmt::Display for Segmentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Original => f.write_str("original"),
            Self::CoalesceAll => f.write_str("coalesce-all"),
            Self::OneByte => f.write_str("one-byte"),
            Self::EverySplit => f.write_str("every-split"),
            Self::Fields => f.write_str("fields"),
            Self::HeaderPairs => f.write_str("header-pairs"),
            Self::Mss(size) => write!(f, "mss:{size}"),
            Self::Seed(seed) => write!(f, "seed:{seed}"),
            Self::Cuts(places) if places.is_empty() => f.write_str("coalesce-all"),
            Self::Cuts(places) => {
                let places: Vec<String> = places.iter().map(usize::to_string).collect();
                write!(f, "cuts:{}", places.join("+"))
            }
        }
    }
}

impl FromStr for Segmentation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (kind, value) = name.split_once(':').unwrap_or((name, ""));
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("{name}: a number has to follow the colon"))
        };
        match (kind, value) {
            ("original", "") => Ok(Self::Original),
            ("coalesce-all", "") => Ok(Self::CoalesceAll),
            ("one-byte", "") => Ok(Self::OneByte),
            ("every-split", "") => Ok(Self::EverySplit),
            ("fields", "") => Ok(Self::Fields),
            ("header-pairs", "") => Ok(Self::HeaderPairs),
            ("mss", _) => match usize::try_from(number()?) {
                Ok(size @ 1..) => Ok(Self::Mss(size)),
                _ => Err(format!("{name}: a segment has at least one byte")),
            },
            ("seed", _) => number().map(Self::Seed),
            ("cuts", _) => value
                .split('+')
                .map(|place| place.parse::<usize>())
                .collect::<Result<_, _>>()
                .map(Self::Cuts)
                .map_err(|_| format!("{name}: write offsets with + between them, cuts:165+172")),
            _ => Err(format!(
                "{name}: the segmentations are original, coalesce-all, one-byte, every-split, fields, header-pairs, mss:N, \
                 seed:S and cuts:A+B"
            )),
        }
    }
}

/// Of however long a stream, so many segmentations of each way are tried.
const FEWEST_SEGMENTATIONS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of ten bytes from 5 on, whose header has the bytes 5 to 7.
    fn shape() -> Shape {
        Shape {
            begin: 5,
            end: 15,
            original: BTreeSet::from([0, 5, 9]),
            fields: BTreeSet::from([5, 6, 7, 8, 12]),
            headers: BTreeSet::from([5, 6, 7, 8]),
            turns: BTreeSet::new(),
        }
    }

    fn places(name: &str) -> Vec<Vec<usize>> {
        let way: Segmentation = name.parse().unwrap();
        assert_eq!(way.to_string(), name);
        let plan = way.plan(&shape());
        assert_eq!(plan.left_out, 0);
        let cuts = plan.segmentations.into_iter();
        cuts.map(|cuts| cuts.places).collect()
    }

    #[test]
    fn each_way_cuts_where_it_says() {
        assert_eq!(places("original"), [vec![9]]);
        assert_eq!(places("coalesce-all"), [Vec::<usize>::new()]);
        assert_eq!(places("one-byte"), [(6..15).collect::<Vec<_>>()]);
        let single: Vec<_> = (6..15).map(|place| vec![place]).collect();
        assert_eq!(places("every-split"), single);
        let all = vec![6, 7, 8, 12];
        assert_eq!(places("fields"), [all, vec![6], vec![7], vec![8], vec![12]]);
        assert_eq!(places("header-pairs"), [vec![6, 7], vec![7, 8], vec![6, 8]]);
        assert_eq!(places("mss:4"), [vec![8, 12]]);
        assert_eq!(places("cuts:7+9"), [vec![7, 9]]);
    }

    #[test]
    fn what_waits_for_the_other_end_is_never_joined() {
        let shape = Shape {
            turns: BTreeSet::from([9]),
            ..shape()
        };
        for way in [
            "original",
            "coalesce-all",
            "one-byte",
            "every-split",
            "fields",
            "mss:4",
            "seed:1",
        ] {
            let way: Segmentation = way.parse().unwrap();
            for cuts in way.plan(&shape).segmentations {
                assert!(cuts.places.contains(&9), "{way}: {cuts:?}");
                assert!(cuts.places.is_sorted(), "{way}: {cuts:?}");
            }
        }
        let typed = Segmentation::Cuts(vec![7]).plan(&shape);
        assert_eq!(typed.segmentations[0].places, [7]);
    }

    #[test]
    fn chunks_lie_one_behind_the_other_and_none_is_empty() {
        for cuts in [vec![], vec![5], vec![7, 9], vec![1, 6, 15, 20]] {
            let chunks: Vec<_> = Cuts::at(cuts).chunks(5, 15).collect();
            assert_eq!((chunks[0].start, chunks[chunks.len() - 1].end), (5, 15));
            assert!(chunks.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(chunks.iter().all(|chunk| chunk.start < chunk.end));
        }
    }

    #[test]
    fn a_seed_draws_the_same_places_again_and_another_one_others() {
        let long = Shape {
            end: 3_000,
            ..shape()
        };
        let drawn = |seed| {
            Segmentation::Seed(seed).plan(&long).segmentations[0]
                .places
                .clone()
        };
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert!((250..500).contains(&drawn(7).len()), "{}", drawn(7).len());
        let later = Shape {
            begin: 900,
            ..long.clone()
        };
        let rest = Segmentation::Seed(7).plan(&later).segmentations[0]
            .places
            .clone();
        let expected: Vec<_> = drawn(7).into_iter().filter(|place| *place > 900).collect();
        assert_eq!(rest, expected, "places hang on the seed alone");
    }

    #[test]
    fn a_long_stream_is_cut_at_its_fields_first_and_the_rest_is_counted() {
        let long = Shape {
            end: 1 << 20,
            ..shape()
        };
        let plan = Segmentation::EverySplit.plan(&long);
        assert_eq!(plan.segmentations.len() + plan.left_out, (1 << 20) - 6);
        assert!(plan.segmentations.len() <= 16);
        for field in [6, 7, 8, 12] {
            assert!(
                plan.segmentations.contains(&Cuts::at(vec![field])),
                "{field}"
            );
        }
        assert!(
            plan.segmentations
                .iter()
                .any(|cuts| cuts.places[0] > 500_000)
        );

        let headers = Shape {
            headers: (6..2_000).collect(),
            end: 2_000,
            ..shape()
        };
        let plan = Segmentation::HeaderPairs.plan(&headers);
        assert_eq!(plan.segmentations.len() + plan.left_out, 1_994 * 1_993 / 2);
        assert!(plan.segmentations.len() <= MOST_SEGMENTATIONS);
    }

    #[test]
    fn names_that_mean_nothing_are_refused_with_those_that_do() {
        for name in [
            "",
            "twice",
            "mss",
            "mss:0",
            "seed:x",
            "cuts:",
            "cuts:1,2",
            "original:1",
        ] {
            assert!(name.parse::<Segmentation>().is_err(), "{name}");
        }
    }
}
