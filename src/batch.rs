//! Segments on their way from the reader to the analyzers: some hundred at a time, with their payload.

use wireseam_wire::{Address, Endpoint, Segment};

/// How many segments a batch holds: enough to hide what handing it over costs, few enough to stay in the cache.
const SEGMENTS: usize = 512;

/// How many payload bytes a batch holds before it is handed over.
const BYTES: usize = 256 << 10;

/// Among how many analyzers the connections are shared, whatever the number of threads, so that limits bite in the same
/// places on every machine.
pub(crate) const SHARDS: usize = 16;

/// Segments in the order of capture.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    shard: usize,
    segment: Segment<'static>,
    /// Where its payload begins in `bytes`, and how long it is.
    payload: (usize, usize),
}

impl Batch {
    /// Adds a copy of a segment.
    pub(crate) fn push(&mut self, segment: &Segment<'_>) {
        let payload = (self.bytes.len(), segment.payload.len());
        self.bytes.extend_from_slice(segment.payload);
        self.entries.push(Entry {
            shard: shard_of(segment.source, segment.destination),
            segment: Segment {
                payload: &[],
                ..*segment
            },
            payload,
        });
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= SEGMENTS || self.bytes.len() >= BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
    }

    /// How many segments it holds.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The segment at a place.
    pub(crate) fn get(&self, at: usize) -> Option<Segment<'_>> {
        let entry = self.entries.get(at)?;
        let (start, length) = entry.payload;
        Some(Segment {
            payload: self.bytes.get(start..start + length)?,
            ..entry.segment
        })
    }

    /// Between whom the segment at a place travels, and its shard.
    pub(crate) fn ends(&self, at: usize) -> Option<(usize, Endpoint, Endpoint)> {
        let Entry { shard, segment, .. } = self.entries.get(at)?;
        Some((*shard, segment.source, segment.destination))
    }
}

/// The analyzer of a connection, the same for both directions.
fn shard_of(one: Endpoint, other: Endpoint) -> usize {
    let mixed = (bits(one) ^ bits(other)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 60) as usize % SHARDS
}

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
