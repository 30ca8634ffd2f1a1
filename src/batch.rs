//! Segments on their way from the reader to the analyzers: some hundred at a time, with their payload, in a lane for each
//! thread that analyzes.

use wireseam_wire::{Address, Endpoint, Segment};

/// How many segments a lane holds on the average: enough to hide what handing it over costs, few enough to stay in the cache.
const SEGMENTS: usize = 512;

/// How many payload bytes a lane holds on the average before the batch is handed over.
const BYTES: usize = 256 << 10;

/// Among how many analyzers the connections are shared, whatever the number of threads, so that limits bite in the same
/// places on every machine.
pub(crate) const SHARDS: usize = 16;

/// Segments in the order of capture, sorted by lane.
#[derive(Debug)]
pub(crate) struct Batch {
    lanes: Vec<Lane>,
    /// In which lane the connections of each shard travel.
    lane_of: [u8; SHARDS],
    segments: usize,
    bytes: usize,
}

/// What one thread is to analyze.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

/// A segment in a lane.
#[derive(Debug)]
pub(crate) struct Entry {
    segment: Segment<'static>,
    /// Where its payload begins in the lane's bytes, and how long it is.
    payload: (usize, usize),
    /// Its place in the whole batch.
    pub(crate) place: u32,
    pub(crate) shard: u8,
}

impl Batch {
    /// An empty one with so many lanes.
    pub(crate) fn new(lanes: usize) -> Self {
        Self::of(
            (0..lanes.clamp(1, SHARDS))
                .map(|_| Lane::default())
                .collect(),
        )
    }

    /// One of lanes that are empty.
    pub(crate) fn of(lanes: Vec<Lane>) -> Self {
        Self {
            lane_of: std::array::from_fn(|shard| u8::try_from(shard % lanes.len()).unwrap_or(0)),
            lanes,
            segments: 0,
            bytes: 0,
        }
    }

    /// Adds a copy of a segment.
    #[inline]
    pub(crate) fn push(&mut self, segment: &Segment<'_>) {
        let shard = shard_of(segment.source, segment.destination);
        let lane = self.lane_of.get(shard).map_or(0, |lane| usize::from(*lane));
        let Some(lane) = self.lanes.get_mut(lane) else {
            return;
        };
        let payload = (lane.bytes.len(), segment.payload.len());
        lane.bytes.extend_from_slice(segment.payload);
        lane.entries.push(Entry {
            segment: Segment {
                payload: &[],
                ..*segment
            },
            payload,
            place: self.segments as u32,
            shard: shard as u8,
        });
        self.segments += 1;
        self.bytes += segment.payload.len();
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.segments >= SEGMENTS * self.lanes.len() || self.bytes >= BYTES * self.lanes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments == 0
    }

    pub(crate) fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    pub(crate) fn into_lanes(self) -> Vec<Lane> {
        self.lanes
    }

    /// Makes room for other segments.
    pub(crate) fn clear(&mut self) {
        self.lanes.iter_mut().for_each(Lane::clear);
        self.segments = 0;
        self.bytes = 0;
    }
}

impl Lane {
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
    }

    /// Its segments in the order of capture.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The segment of one of its entries.
    #[inline]
    pub(crate) fn segment(&self, entry: &Entry) -> Segment<'_> {
        let (start, length) = entry.payload;
        let payload = self.bytes.get(start..).and_then(|from| from.get(..length));
        Segment {
            payload: payload.unwrap_or_default(),
            ..entry.segment
        }
    }
}

impl Entry {
    /// Between whom the segment travels.
    #[inline]
    pub(crate) fn ends(&self) -> (Endpoint, Endpoint) {
        (self.segment.source, self.segment.destination)
    }
}

/// The analyzer of a connection, the same for both directions.
#[inline]
fn shard_of(one: Endpoint, other: Endpoint) -> usize {
    let mixed = (bits(one) ^ bits(other)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 60) as usize % SHARDS
}

#[inline]
fn bits(end: Endpoint) -> u64 {
    let address = match end.address {
        Address::V4(address) => u64::from(address.to_bits()),
        Address::V6(address) => {
            let bits = address.to_bits();
            (bits >> 64) as u64 ^ bits as u64
        }
    };
    address << 16 ^ address >> 48 ^ u64::from(end.port)
}
