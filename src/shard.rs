//! Connections shared among analyzers, and what analyzes them all on the calling thread.
//!
//! A connection's segments all go to one analyzer, whatever the number of threads, so no state is shared and limits bite in
//! the same places on every machine.

use std::{collections::BTreeMap, io};

use wireseam_analyzer::{Analyzer, Config, ConnectionId, Event, Expected, Limits};
use wireseam_wire::{self as wire, Address, Decoder, Endpoint, Packet, Skipped, Timestamp};

use crate::{batch::Batch, report::Tally};

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
    /// Takes the next packet, and hands on what is known of those before where there are enough of them.
    fn packet(&mut self, packet: &Packet<'_>, take: &mut Take<'_>) -> io::Result<()>;

    /// Analyzes what is left of the packets taken, and hands on what is known so far.
    fn analyze(&mut self, take: &mut Take<'_>) -> io::Result<()>;

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
    batch: Batch,
    analyzers: Vec<Analyzer>,
    connections: u64,
}

impl Here {
    pub(crate) fn new(how: &How) -> Self {
        Self {
            decoder: Decoder::new(how.decoder),
            skipped: BTreeMap::new(),
            batch: Batch::default(),
            analyzers: analyzers(how.analyzer, SHARDS),
            connections: 0,
        }
    }
}

impl Engine for Here {
    #[inline(always)]
    fn packet(&mut self, packet: &Packet<'_>, take: &mut Take<'_>) -> io::Result<()> {
        match self.decoder.decode(packet) {
            Ok(segment) => self.batch.push(&segment),
            Err(reason) => *self.skipped.entry(reason).or_default() += 1,
        }
        if self.batch.is_full() {
            self.analyze(take)?;
        }
        Ok(())
    }

    // what reads packets and what analyzes them need the registers each for themselves
    #[inline(never)]
    fn analyze(&mut self, take: &mut Take<'_>) -> io::Result<()> {
        let mut batch = std::mem::take(&mut self.batch);
        let Self {
            analyzers,
            connections,
            ..
        } = self;
        each(
            batch.entries(),
            analyzers,
            |entry| usize::from(entry.shard),
            |entry, analyzer| {
                let (one, other) = entry.ends();
                analyzer.expect(one, other)
            },
            |entry, analyzer, expected| {
                let next = ConnectionId(*connections + 1);
                if analyzer.handle_expected(&batch.segment(entry), expected, next) {
                    *connections = next.0;
                }
                while let Some(event) = analyzer.poll_event() {
                    take(event)?;
                }
                Ok(())
            },
        )?;
        batch.clear();
        self.batch = batch;
        Ok(())
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
        self.analyze(take)?;
        finish(&mut self.analyzers, take)?;
        let sums = Sums {
            decoded: self.decoder.statistics(),
            skipped: std::mem::take(&mut self.skipped),
            tally: Tally::default(),
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

/// Has each segment handled with the analyzer that `at` names, in their order, and what they need fetched before.
#[inline]
pub(crate) fn each<E>(
    entries: &[E],
    analyzers: &mut [Analyzer],
    at: impl Fn(&E) -> usize,
    expect: impl Fn(&E, &Analyzer) -> Expected,
    mut handle: impl FnMut(&E, &mut Analyzer, Expected) -> io::Result<()>,
) -> io::Result<()> {
    for entries in entries.chunks(AHEAD) {
        let mut coming = [Expected::default(); AHEAD];
        for (expected, entry) in coming.iter_mut().zip(entries) {
            if let Some(analyzer) = analyzers.get(at(entry)) {
                *expected = expect(entry, analyzer);
            }
        }
        for (expected, entry) in coming.iter().zip(entries) {
            if let Some(analyzer) = analyzers.get(at(entry)) {
                analyzer.fetch(*expected);
            }
        }
        for (expected, entry) in coming.iter().zip(entries) {
            if let Some(analyzer) = analyzers.get(at(entry)) {
                analyzer.fetch_rest(*expected);
            }
        }
        for (expected, entry) in coming.into_iter().zip(entries) {
            if let Some(analyzer) = analyzers.get_mut(at(entry)) {
                handle(entry, analyzer, expected)?;
            }
        }
    }
    Ok(())
}

/// Ends what is open, in the order of the connections' numbers.
pub(crate) fn finish(analyzers: &mut [Analyzer], take: &mut Take<'_>) -> io::Result<()> {
    loop {
        let open = analyzers
            .iter_mut()
            .filter_map(|analyzer| Some((analyzer.first_open()?, analyzer)));
        let Some((_, analyzer)) = open.min_by_key(|(connection, _)| *connection) else {
            return Ok(());
        };
        analyzer.finish_first();
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
