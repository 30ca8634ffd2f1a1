//! Threads that decode and analyze, and what they say put in one order: the same bytes with any number of them.
//!
//! ```text
//!   reader -> lane -> [ worker: decoder, the analyzers of some shards ] -> events -> merged by packet -> renderer
//!             lane -> [ worker: decoder, those of the others          ] -> events
//! ```
//!
//! Events leave in the order of the packets that brought them; connections are numbered in that order too. What only has to
//! be counted is added up where it is found. What a worker was given comes back with what it says, so that the same memory
//! goes round.

use std::{
    collections::BTreeMap,
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Scope, ScopedJoinHandle},
};

use hashbrown::HashMap;
use wireseam_analyzer::{Analyzer, ConnectionId, Event, EventKind};
use wireseam_wire::{Decoder, Packet, Skipped};

use crate::{
    lane::{Lane, Lanes},
    report::Tally,
    shard::{Engine, How, SHARDS, Sums, Take, analyzers, each, finish},
};

/// How many batches are under way: those being read, analyzed and reported, and some for when the threads get their turns
/// unevenly; four are less work than a turn is long.
const UNDER_WAY: usize = 8;

/// How many segments are decoded before the first of them is analyzed.
const LOT: usize = 64;

/// Shards on threads of their own.
#[derive(Debug)]
pub(crate) struct Threads<'scope> {
    workers: Vec<Worker<'scope>>,
    /// What is filled now.
    lanes: Lanes,
    /// For packets that have to be looked into to know between whom they travel.
    decoder: Decoder,
    skipped: BTreeMap<Skipped, u64>,
    /// How many batches the workers have been given and not yet said everything about.
    under_way: usize,
    /// What came back and is to be filled again, each with a lane and a place for what is said for each worker.
    spare: Vec<Vec<Task>>,
    numbers: Numbers,
}

#[derive(Debug)]
struct Worker<'scope> {
    /// `None` once nothing more will come.
    tasks: Option<SyncSender<Task>>,
    done: Receiver<Task>,
    thread: Option<ScopedJoinHandle<'scope, Bench>>,
}

/// What a worker is given, and gives back with its answer.
#[derive(Debug, Default)]
struct Task {
    lane: Lane,
    said: Said,
}

/// What a worker says of a batch: each event, and each connection that began, with the place of the packet that brought it.
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
    /// Starts so many threads, which add up what [`Tally`] takes where `tallies`.
    pub(crate) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        jobs: usize,
        how: How,
        tallies: bool,
    ) -> Self {
        let jobs = jobs.clamp(1, SHARDS);
        let workers = (0..jobs).map(|number| {
            let (tasks, to_do) = sync_channel(UNDER_WAY);
            let (give_back, done) = sync_channel(UNDER_WAY);
            let thread = scope.spawn(move || {
                let shards = (number..SHARDS).step_by(jobs).len();
                let mut bench = Bench {
                    decoder: Decoder::new(how.decoder),
                    analyzers: analyzers(how.analyzer, shards),
                    jobs,
                    skipped: BTreeMap::new(),
                    tally: tallies.then(Tally::default),
                };
                bench.work(&to_do, &give_back);
                bench
            });
            Worker {
                tasks: Some(tasks),
                done,
                thread: Some(thread),
            }
        });
        Self {
            workers: workers.collect(),
            lanes: empty(jobs),
            decoder: Decoder::new(how.decoder),
            skipped: BTreeMap::new(),
            under_way: 0,
            spare: Vec::new(),
            numbers: Numbers::default(),
        }
    }

    /// Waits for everything that is to be said of the first batch under way, and hands it on.
    fn merge_first(&mut self, take: &mut Take<'_>) -> io::Result<()> {
        self.under_way -= 1;
        // a worker that is gone has panicked: joining it says so
        let done = self
            .workers
            .iter()
            .map(|worker| worker.done.recv().unwrap_or_default());
        let mut tasks: Vec<Task> = done.collect();
        let begun = tasks.iter_mut().flat_map(|task| task.said.begun.drain(..));
        let mut begun: Vec<_> = begun.collect();
        begun.sort_unstable();
        for (_, connection) in begun {
            self.numbers.begin(connection);
        }
        let numbers = &mut self.numbers;
        merge(&mut tasks, &mut |event| take(numbers.number(event)))?;
        for ended in tasks.iter_mut().flat_map(|task| task.said.ended.drain(..)) {
            self.numbers.open.remove(&ended);
        }
        self.spare.push(tasks);
        Ok(())
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
        let said = self.spare.pop().unwrap_or_default().into_iter();
        let mut said = said.map(|task| task.said);
        let filled = std::mem::replace(&mut self.lanes, Lanes::new(Vec::new()));
        for (worker, lane) in self.workers.iter().zip(filled.into_lanes()) {
            let said = said.next().unwrap_or_default();
            if let Some(tasks) = &worker.tasks {
                // a worker that is gone has panicked: joining it says so
                let _ = tasks.send(Task { lane, said });
            }
        }
        self.under_way += 1;
        if self.under_way >= UNDER_WAY {
            self.merge_first(take)?;
        }
        self.lanes = match self.spare.last_mut() {
            Some(tasks) => Lanes::new(
                tasks
                    .iter_mut()
                    .map(|task| std::mem::take(&mut task.lane))
                    .collect(),
            ),
            None => empty(self.workers.len()),
        };
        Ok(())
    }

    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<(u64, Sums)> {
        self.analyze(take)?;
        while self.under_way > 0 {
            self.merge_first(take)?;
        }
        let mut sums = Sums {
            decoded: self.decoder.statistics(),
            skipped: std::mem::take(&mut self.skipped),
            tally: Tally::default(),
        };
        let mut analyzers = Vec::new();
        for worker in &mut self.workers {
            worker.tasks = None;
            if let Some(thread) = worker.thread.take() {
                match thread.join() {
                    Ok(bench) => {
                        sums.add(Sums {
                            decoded: bench.decoder.statistics(),
                            skipped: bench.skipped,
                            tally: bench.tally.unwrap_or_default(),
                        });
                        analyzers.extend(bench.analyzers);
                    }
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
        let numbers = &mut self.numbers;
        finish(&mut analyzers, &mut |event| take(numbers.number(event)))?;
        Ok((self.numbers.given, sums))
    }
}

fn empty(lanes: usize) -> Lanes {
    Lanes::new((0..lanes).map(|_| Lane::default()).collect())
}

/// Hands on what workers said of one batch, in the order of the packets that brought it.
fn merge(tasks: &mut [Task], take: &mut Take<'_>) -> io::Result<()> {
    let queues = tasks.iter_mut().map(|Task { said, .. }| {
        let places = said.places.drain(..).peekable();
        (places, said.events.drain(..))
    });
    let mut queues: Vec<_> = queues.collect();
    loop {
        // of two workers none has the same place
        let (mut first, mut second) = (None, u32::MAX);
        for (places, events) in &mut queues {
            let Some(place) = places.peek().copied() else {
                continue;
            };
            match &first {
                Some((before, _, _)) if *before < place => second = second.min(place),
                Some((behind, _, _)) => {
                    second = *behind;
                    first = Some((place, places, events));
                }
                None => first = Some((place, places, events)),
            }
        }
        let Some((_, places, events)) = first else {
            return Ok(());
        };
        while places.next_if(|place| *place < second).is_some() {
            if let Some(event) = events.next() {
                take(event)?;
            }
        }
    }
}

/// Connections' numbers: workers name a connection by its first packet.
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
#[derive(Debug)]
struct Bench {
    decoder: Decoder,
    /// Those of every `jobs`th shard.
    analyzers: Vec<Analyzer>,
    jobs: usize,
    skipped: BTreeMap<Skipped, u64>,
    /// What is added up here; `None` where each event has to be handed on.
    tally: Option<Tally>,
}

impl Bench {
    /// Decodes and analyzes lanes until no more come.
    fn work(&mut self, to_do: &Receiver<Task>, give_back: &SyncSender<Task>) {
        while let Ok(Task { mut lane, mut said }) = to_do.recv() {
            let done = self.analyze(&lane, &mut said);
            lane.clear();
            if done.is_err() || give_back.send(Task { lane, said }).is_err() {
                return;
            }
        }
    }

    fn analyze(&mut self, lane: &Lane, said: &mut Said) -> io::Result<()> {
        let Self {
            decoder,
            analyzers,
            jobs,
            skipped,
            tally,
        } = self;
        let at: [usize; SHARDS] = std::array::from_fn(|shard| shard / *jobs);
        for entries in lane.entries().chunks(LOT) {
            let mut segments = Vec::with_capacity(LOT);
            // of each segment: the place of its packet, and its shard
            let mut from = Vec::with_capacity(LOT);
            for entry in entries {
                match lane.decode_onto(entry, decoder, &mut segments) {
                    Ok(true) => from.push((entry.place, entry.shard)),
                    Ok(false) => {}
                    Err(reason) => *skipped.entry(reason).or_default() += 1,
                }
            }
            each(
                &segments,
                analyzers,
                |number, _| {
                    let shard = from.get(number).map_or(0, |(_, shard)| *shard);
                    at.get(usize::from(shard)).copied().unwrap_or(0)
                },
                |number, segment, analyzer, expected| {
                    let place = from.get(number).map_or(0, |(place, _)| *place);
                    let connection = ConnectionId(segment.packet.0);
                    if analyzer.handle_expected(segment, expected, connection) {
                        said.begun.push((place, connection));
                    }
                    while let Some(event) = analyzer.poll_event() {
                        said.hear(tally.as_mut(), place, event);
                    }
                    Ok(())
                },
            )?;
        }
        Ok(())
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
