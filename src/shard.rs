//! Connections shared among analyzers, and what analyzes them all on the calling thread.
//!
//! A connection's segments all go to one analyzer, whatever the number of threads, so no state is shared and limits bite in
//! the same places on every machine.

use std::{collections::BTreeMap, io};

use wireseam_analyzer::{Analyzer, Config, ConnectionId, Event, Expected, Limits};
use wireseam_wire::{
    self as wire, Address, Decoder, Endpoint, Packet, Segment, Skipped, Timestamp,
};

use crate::report::Tally;

/// Among how many analyzers the connections are shared.
pub(crate) const SHARDS: usize = 16;

/// Of how many segments in front the connections are fetched into the cache.
const AHEAD: usize = 32;

/// Where events go, in order.
pub(crate) type Take<'a> = dyn FnMut(Event) -> io::Result<()> + 'a;

/// How packets are decoded and analyzed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) decoder: wire::Config,
    pub(crate) analyzer: Config,
}

/// What does not come as events.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// What decoders counted.
    pub(crate) decoded: wire::Statistics,
    pub(crate) skipped: BTreeMap<Skipped, u64>,
    /// What was counted where it was found.
    pub(crate) tally: Tally,
}

/// What decodes and analyzes packets.
pub(crate) trait Engine {
    /// Takes the next packets, and hands on what is known of them and of those before where there are enough of them.
    fn packets(&mut self, packets: &[Packet<'_>], take: &mut Take<'_>) -> io::Result<()>;

    /// Analyzes what is left of the packets taken, and hands on what is known so far.
    fn analyze(&mut self, _take: &mut Take<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Hands on what is known because that much time has passed; only where nothing is under way.
    fn handle_timeout(&mut self, _now: Timestamp, _take: &mut Take<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Ends everything and hands on the rest; how many connections there were, and what came as no event.
    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<(u64, Sums)>;
}

/// All shards on the calling thread.
#[derive(Debug)]
pub(crate) struct Here {
    decoder: Decoder,
    skipped: BTreeMap<Skipped, u64>,
    analyzers: Vec<Analyzer>,
    connections: u64,
    /// What is added up here; `None` where each event has to be handed on.
    tally: Option<Tally>,
}

impl Here {
    /// Adds up what [`Tally`] takes where it `tallies`.
    pub(crate) fn new(how: &How, tallies: bool) -> Self {
        Self {
            decoder: Decoder::new(how.decoder),
            skipped: BTreeMap::new(),
            analyzers: analyzers(how.analyzer, SHARDS),
            connections: 0,
            tally: tallies.then(Tally::default),
        }
    }

    /// Has segments handled that were found in packets.
    fn handle(&mut self, segments: &[Segment<'_>], take: &mut Take<'_>) -> io::Result<()> {
        let Self {
            analyzers,
            connections,
            tally,
            ..
        } = self;
        handle(analyzers, connections, tally, segments, take)
    }

    /// Has a segment handled that came in fragments, of which this packet was the last.
    #[cold]
    fn put_together(&mut self, packet: &Packet<'_>, take: &mut Take<'_>) -> io::Result<()> {
        let Self {
            decoder,
            analyzers,
            connections,
            tally,
            skipped,
        } = self;
        match decoder.put_together(packet) {
            Ok(segment) => handle(analyzers, connections, tally, &[segment], take),
            Err(reason) => {
                *skipped.entry(reason).or_default() += 1;
                Ok(())
            }
        }
    }
}

/// Has segments handled, each by the analyzer that has its connection.
// what decodes and what analyzes need the registers each for themselves
#[inline(never)]
fn handle(
    analyzers: &mut [Analyzer],
    connections: &mut u64,
    tally: &mut Option<Tally>,
    segments: &[Segment<'_>],
    take: &mut Take<'_>,
) -> io::Result<()> {
    each(
        segments,
        analyzers,
        |_, segment| shard_of(segment.source, segment.destination),
        |_, segment, analyzer, expected| {
            let next = ConnectionId(*connections + 1);
            if analyzer.handle_expected(segment, expected, next) {
                *connections = next.0;
            }
            while let Some(event) = analyzer.poll_event() {
                let tally = tally.as_mut();
                if !tally.is_some_and(|tally| tally.take(&event)) {
                    take(event)?;
                }
            }
            Ok(())
        },
    )
}

impl Engine for Here {
    fn packets(&mut self, packets: &[Packet<'_>], take: &mut Take<'_>) -> io::Result<()> {
        let mut segments = Vec::with_capacity(packets.len());
        for packet in packets {
            match self.decoder.decode_onto(packet, &mut segments) {
                Ok(true) => {}
                Ok(false) => {
                    self.handle(&segments, take)?;
                    segments.clear();
                    self.put_together(packet, take)?;
                }
                Err(reason) => *self.skipped.entry(reason).or_default() += 1,
            }
        }
        self.handle(&segments, take)
    }

    fn handle_timeout(&mut self, now: Timestamp, take: &mut Take<'_>) -> io::Result<()> {
        for analyzer in &mut self.analyzers {
            analyzer.handle_timeout(now);
            while let Some(event) = analyzer.poll_event() {
                take(event)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<(u64, Sums)> {
        finish(&mut self.analyzers, take)?;
        let sums = Sums {
            decoded: self.decoder.statistics(),
            skipped: std::mem::take(&mut self.skipped),
            tally: self.tally.take().unwrap_or_default(),
        };
        Ok((self.connections, sums))
    }
}

impl Sums {
    /// Adds those of another thread.
    pub(crate) fn add(&mut self, other: Self) {
        self.decoded = self.decoded.plus(other.decoded);
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.tally.add(other.tally);
    }
}

/// Has each segment handled with the analyzer that `at` names, in their order, and what they need fetched before. Both are told
/// the segment's place among them.
#[inline]
pub(crate) fn each(
    segments: &[Segment<'_>],
    analyzers: &mut [Analyzer],
    at: impl Fn(usize, &Segment<'_>) -> usize,
    mut handle: impl FnMut(usize, &Segment<'_>, &mut Analyzer, Expected) -> io::Result<()>,
) -> io::Result<()> {
    let mut first = 0;
    for segments in segments.chunks(AHEAD) {
        let mut coming = [(0, Expected::default()); AHEAD];
        for ((shard, expected), (place, segment)) in coming.iter_mut().zip((first..).zip(segments))
        {
            *shard = at(place, segment);
            if let Some(analyzer) = analyzers.get(*shard) {
                *expected = analyzer.expect(segment.source, segment.destination);
            }
        }
        let (coming, _) = coming.split_at(segments.len().min(AHEAD));
        for (shard, expected) in coming {
            if let Some(analyzer) = analyzers.get(*shard) {
                analyzer.fetch(*expected);
            }
        }
        for (shard, expected) in coming {
            if let Some(analyzer) = analyzers.get(*shard) {
                analyzer.fetch_rest(*expected);
            }
        }
        for ((shard, expected), (place, segment)) in coming.iter().zip((first..).zip(segments)) {
            if let Some(analyzer) = analyzers.get_mut(*shard) {
                handle(place, segment, analyzer, *expected)?;
            }
        }
        first += segments.len();
    }
    Ok(())
}

/// Ends what is open, in the order of the connections' numbers.
pub(crate) fn finish(analyzers: &mut [Analyzer], take: &mut Take<'_>) -> io::Result<()> {
    let mut first: Vec<_> = analyzers.iter_mut().map(Analyzer::first_open).collect();
    loop {
        let open = analyzers.iter_mut().zip(&mut first);
        let open = open.filter_map(|(analyzer, first)| Some(((*first)?, first, analyzer)));
        let Some((_, first, analyzer)) = open.min_by_key(|(connection, ..)| *connection) else {
            return Ok(());
        };
        analyzer.finish_first();
        *first = analyzer.first_open();
        while let Some(event) = analyzer.poll_event() {
            take(event)?;
        }
    }
}

/// Analyzers for so many of the shards; what all may hold on to is shared evenly.
pub(crate) fn analyzers(config: Config, shards: usize) -> Vec<Analyzer> {
    let share = |most: usize| most.div_ceil(SHARDS);
    let limits = Limits {
        connections: share(config.limits.connections),
        half_open: share(config.limits.half_open),
        lingering: share(config.limits.lingering),
        compared_bytes: share(config.limits.compared_bytes),
        ..config.limits
    };
    let config = Config { limits, ..config };
    (0..shards).map(|_| Analyzer::new(config)).collect()
}

/// The analyzer of a connection, the same for both directions.
#[inline]
pub(crate) fn shard_of(one: Endpoint, other: Endpoint) -> usize {
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
