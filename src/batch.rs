//! Segments on their way from the reader to the analyzers on the same thread: some hundred at a time, with their payload.

use wireseam_wire::{Endpoint, Segment};

use crate::shard::shard_of;

/// How many segments a batch holds: enough to hide what it takes to turn from reading to analyzing, few enough to stay in the
/// cache.
const SEGMENTS: usize = 512;

/// How many payload bytes it holds before it is handed over.
const BYTES: usize = 256 << 10;

/// Segments in the order of capture.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

/// A segment in a batch.
#[derive(Debug)]
pub(crate) struct Entry {
    segment: Segment<'static>,
    /// Where its payload begins in the batch's bytes, and how long it is.
    payload: (usize, usize),
    pub(crate) shard: u8,
}

impl Batch {
    /// Adds a copy of a segment.
    #[inline]
    pub(crate) fn push(&mut self, segment: &Segment<'_>) {
        let payload = (self.bytes.len(), segment.payload.len());
        self.bytes.extend_from_slice(segment.payload);
        self.entries.push(Entry {
            segment: Segment {
                payload: &[],
                ..*segment
            },
            payload,
            shard: shard_of(segment.source, segment.destination) as u8,
        });
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= SEGMENTS || self.bytes.len() >= BYTES
    }

    /// Makes room for other segments.
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
