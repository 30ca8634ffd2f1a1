//! Threads that decode and analyze, and what they say put in one order: the same bytes with any number of them.
//!
//! ```text
//!   reader -> lanes, one a shard -> jobs -> whichever thread is free: decoder, the shard's analyzer -> events
//!                                        -> the reader, where it would have to wait                 -> events
//!   events of a batch, once all its lanes are done -> merged by packet -> renderer
//! ```
//!
//! Events leave in the order of the packets that brought them; connections are numbered in that order too. What only has to
//! be counted is added up where it is found. What a batch took comes back with what is said of it, so that the same memory
//! goes round.

use std::{
    collections::{BTreeMap, VecDeque},
    io, iter,
    sync::Arc,
    thread::{Scope, ScopedJoinHandle},
};

use hashbrown::HashMap;
use wireseam_analyzer::{ConnectionId, Event, EventKind};
use wireseam_wire::{Decoder, Packet, Skipped};

mod jobs;
mod lane;

use self::{
    jobs::{Alarm, Job, Jobs, Oldest},
    lane::{Lane, Lanes},
};
use crate::{
    report::Tally,
    shard::{Engine, How, SHARDS, Sums, Take, each, finish},
};

/// How many batches are under way: those being read, analyzed and reported, and some for when the threads get their turns
/// unevenly.
const UNDER_WAY: usize = 3;

/// How many segments are decoded before the first of them is analyzed.
const LOT: usize = 64;

/// Shards shared by threads: the calling one, which also reads and reports, and others.
#[derive(Debug)]
pub(crate) struct Threads<'scope> {
    jobs: Arc<Jobs>,
    others: Vec<ScopedJoinHandle<'scope, Bench>>,
    /// What this thread works with.
    bench: Bench,
    /// What is filled now.
    lanes: Lanes,
    /// For packets that have to be looked into to know between whom they travel.
    decoder: Decoder,
    skipped: BTreeMap<Skipped, u64>,
    /// Of each batch under way, of each packet the shard.
    orders: VecDeque<Vec<u8>>,
    /// What came back and is to be filled again: by shard a lane and a place for what is said, and that of the order.
    spare: Vec<(Vec<Task>, Vec<u8>)>,
    numbers: Numbers,
}

/// What is to be done for a shard, and then what came of it.
#[derive(Debug, Default)]
struct Task {
    lane: Lane,
    said: Said,
}

/// What is to be said of a batch: each event, and each connection that began, with the place of the packet that brought it.
#[derive(Debug, Default)]
struct Said {
    /// Those of the events.
    places: Vec<u32>,
    events: Vec<Event>,
    begun: Vec<(u32, ConnectionId)>,
    /// Connections that ended and were only counted.
    ended: Vec<ConnectionId>,
}

impl<'scope> Threads<'scope> {
    /// Starts threads, so many with the calling one, which add up what [`Tally`] takes where `tallies`.
    pub(crate) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        threads: usize,
        how: How,
        tallies: bool,
    ) -> Self {
        let threads = threads.clamp(1, SHARDS);
        let jobs = Arc::new(Jobs::new(how.analyzer));
        let others = (1..threads).map(|number| {
            let jobs = Arc::clone(&jobs);
            let mut bench = Bench::new(&how, tallies);
            let preferred = number * SHARDS / threads;
            scope.spawn(move || {
                let _alarm = Alarm(&jobs);
                let mut done = None;
                while let Some(mut job) = jobs.next(done.take(), preferred) {
                    bench.work(&mut job);
                    done = Some(job);
                }
                bench
            })
        });
        Self {
            others: others.collect(),
            jobs,
            bench: Bench::new(&how, tallies),
            lanes: Lanes::new(iter::empty(), Vec::new()),
            decoder: Decoder::new(how.decoder),
            skipped: BTreeMap::new(),
            orders: VecDeque::new(),
            spare: Vec::new(),
            numbers: Numbers::default(),
        }
    }

    /// Works with the others until everything is known of the oldest batch under way, and hands that on. Whether there was one.
    fn report_oldest(&mut self, take: &mut Take<'_>) -> io::Result<bool> {
        let mut done = None;
        let mut tasks = loop {
            match self.jobs.oldest(done.take()) {
                None => return Ok(false),
                Some(Oldest::Done(tasks)) => break tasks,
                Some(Oldest::ToDo(mut job)) => {
                    self.bench.work(&mut job);
                    done = Some(job);
                }
                Some(Oldest::Panicked) => {
                    self.join();
                    return Ok(false);
                }
            }
        };
        let begun = tasks.iter_mut().flat_map(|task| task.said.begun.drain(..));
        let mut begun: Vec<_> = begun.collect();
        begun.sort_unstable();
        for (_, connection) in begun {
            self.numbers.begin(connection);
        }
        let numbers = &mut self.numbers;
        let order = self.orders.pop_front().unwrap_or_default();
        merge(&mut tasks, &order, &mut |event| take(numbers.number(event)))?;
        for ended in tasks.iter_mut().flat_map(|task| task.said.ended.drain(..)) {
            self.numbers.open.remove(&ended);
        }
        self.spare.push((tasks, order));
        Ok(true)
    }

    /// Has the other threads end; what they worked with.
    fn join(&mut self) -> Vec<Bench> {
        self.jobs.close();
        let ended = self.others.drain(..).map(|thread| match thread.join() {
            Ok(bench) => bench,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect()
    }
}

impl Drop for Threads<'_> {
    fn drop(&mut self) {
        self.jobs.close();
    }
}

impl Engine for Threads<'_> {
    fn packets(&mut self, packets: &[Packet<'_>], take: &mut Take<'_>) -> io::Result<()> {
        for packet in packets {
            if let Err(reason) = self.lanes.push(packet, &mut self.decoder) {
                *self.skipped.entry(reason).or_default() += 1;
            }
            if self.lanes.is_full() {
                self.analyze(take)?;
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn analyze(&mut self, take: &mut Take<'_>) -> io::Result<()> {
        while self.orders.len() >= UNDER_WAY {
            self.report_oldest(take)?;
        }
        let (tasks, order) = self.spare.pop().unwrap_or_default();
        let (lanes, said): (Vec<_>, Vec<_>) =
            tasks.into_iter().map(|task| (task.lane, task.said)).unzip();
        let empty = Lanes::new(lanes.into_iter(), order);
        let (lanes, order) = std::mem::replace(&mut self.lanes, empty).into_parts();
        let said = said.into_iter().chain(iter::repeat_with(Said::default));
        let tasks = lanes.into_iter().zip(said);
        self.jobs.add(tasks.map(|(lane, said)| Task { lane, said }));
        self.orders.push_back(order);
        Ok(())
    }

    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<(u64, Sums)> {
        self.analyze(take)?;
        while self.report_oldest(take)? {}
        let mut sums = Sums {
            decoded: self.decoder.statistics(),
            skipped: std::mem::take(&mut self.skipped),
            tally: Tally::default(),
        };
        for bench in self.join() {
            sums.add(bench.into_sums());
        }
        sums.add(std::mem::take(&mut self.bench).into_sums());
        let mut analyzers = self.jobs.take_analyzers();
        let numbers = &mut self.numbers;
        finish(&mut analyzers, &mut |event| take(numbers.number(event)))?;
        Ok((self.numbers.given, sums))
    }
}

/// Hands on what is said of one batch, in the order of the packets that brought it.
fn merge(tasks: &mut [Task], order: &[u8], take: &mut Take<'_>) -> io::Result<()> {
    if tasks.iter().all(|task| task.said.events.is_empty()) {
        return Ok(());
    }
    let queues = tasks.iter_mut().map(|Task { said, .. }| {
        let places = said.places.drain(..).peekable();
        (places, said.events.drain(..))
    });
    let mut queues: Vec<_> = queues.collect();
    for (place, shard) in (0..).zip(order) {
        let Some((places, events)) = queues.get_mut(usize::from(*shard)) else {
            continue;
        };
        while places.next_if_eq(&place).is_some() {
            if let Some(event) = events.next() {
                take(event)?;
            }
        }
    }
    Ok(())
}

/// Connections' numbers: threads name a connection by its first packet.
#[derive(Debug, Default)]
struct Numbers {
    given: u64,
    open: HashMap<ConnectionId, ConnectionId, foldhash::fast::RandomState>,
}

impl Numbers {
    fn begin(&mut self, connection: ConnectionId) {
        self.given += 1;
        self.open.insert(connection, ConnectionId(self.given));
    }

    /// The event with its connection's number.
    fn number(&mut self, mut event: Event) -> Event {
        let number = if matches!(event.kind, EventKind::Ended(_)) {
            self.open.remove(&event.connection)
        } else {
            self.open.get(&event.connection).copied()
        };
        event.connection = number.unwrap_or(event.connection);
        event
    }
}

/// What one thread works with.
#[derive(Debug, Default)]
struct Bench {
    decoder: Decoder,
    skipped: BTreeMap<Skipped, u64>,
    /// What is added up here; `None` where each event has to be handed on.
    tally: Option<Tally>,
}

impl Bench {
    fn new(how: &How, tallies: bool) -> Self {
        Self {
            decoder: Decoder::new(how.decoder),
            skipped: BTreeMap::new(),
            tally: tallies.then(Tally::default),
        }
    }

    fn into_sums(self) -> Sums {
        Sums {
            decoded: self.decoder.statistics(),
            skipped: self.skipped,
            tally: self.tally.unwrap_or_default(),
        }
    }

    /// Decodes and analyzes what is in a lane, which is empty then.
    fn work(&mut self, job: &mut Job) {
        let Task { lane, said } = &mut job.task;
        for entries in lane.entries().chunks(LOT) {
            let mut segments = Vec::with_capacity(LOT);
            // of each segment the place of its packet
            let mut places = Vec::with_capacity(LOT);
            for entry in entries {
                match lane.decode_onto(entry, &mut self.decoder, &mut segments) {
                    Ok(true) => places.push(entry.place),
                    Ok(false) => {}
                    Err(reason) => *self.skipped.entry(reason).or_default() += 1,
                }
            }
            let analyzers = std::slice::from_mut(&mut *job.analyzer);
            let heard = each(
                &segments,
                analyzers,
                |_, _| 0,
                |number, segment, analyzer, expected| {
                    let place = places.get(number).copied().unwrap_or_default();
                    let connection = ConnectionId(segment.packet.0);
                    if analyzer.handle_expected(segment, expected, connection) {
                        said.begun.push((place, connection));
                    }
                    while let Some(event) = analyzer.poll_event() {
                        said.hear(self.tally.as_mut(), place, event);
                    }
                    Ok(())
                },
            );
            debug_assert!(heard.is_ok(), "hearing does not fail");
        }
        lane.clear();
    }
}

impl Said {
    /// Keeps an event, where it is not only to be counted.
    #[inline]
    fn hear(&mut self, tally: Option<&mut Tally>, place: u32, event: Event) {
        if !tally.is_some_and(|tally| tally.take(&event)) {
            self.places.push(place);
            self.events.push(event);
        } else if matches!(event.kind, EventKind::Ended(_)) {
            self.ended.push(event.connection);
        }
    }
}
