//! Connections shared among analyzers and threads, and what they say put in one order: the same bytes with any number of
//! threads.
//!
//! ```text
//!   reader -> batch: lane -> [ worker: the analyzers of some shards ] -> events -> merged by packet -> renderer
//!                    lane -> [ worker: those of the others          ] -> events
//! ```
//!
//! A connection's segments all go to one analyzer, so no state is shared. Events leave in the order of the packets that
//! brought them; connections are numbered in that order too. What a worker was given comes back with what it says, so
//! that the same memory goes round.

use std::{
    io,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Scope, ScopedJoinHandle},
};

use hashbrown::HashMap;
use wireseam_analyzer::{Analyzer, Config, ConnectionId, Event, EventKind, Expected, Limits};
use wireseam_wire::{Segment, Timestamp};

use crate::batch::{Batch, Lane, SHARDS};

/// Of how many segments in front the connections are fetched into the cache.
const AHEAD: usize = 32;

/// How many batches are under way: those being read, analyzed and reported, and some for when the threads get their turns
/// unevenly; four are less work than a turn is long.
const UNDER_WAY: usize = 8;

/// Where events go, in order.
pub(crate) type Take<'a> = dyn FnMut(Event) -> io::Result<()> + 'a;

/// What analyzes batches.
pub(crate) trait Engine {
    /// A batch to fill first.
    fn batch(&self) -> Batch;

    /// Takes the next batch and hands on what is known so far; a batch to fill next.
    fn handle(&mut self, batch: Batch, take: &mut Take<'_>) -> io::Result<Batch>;

    /// Hands on what is known because that much time has passed; only where nothing is under way.
    fn handle_timeout(&mut self, _now: Timestamp, _take: &mut Take<'_>) -> io::Result<()> {
        Ok(())
    }

    /// Ends everything and hands on the rest; how many connections there were.
    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<u64>;
}

/// All shards on the calling thread.
#[derive(Debug)]
pub(crate) struct Here {
    analyzers: Vec<Analyzer>,
    connections: u64,
}

impl Here {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            analyzers: analyzers(config, SHARDS),
            connections: 0,
        }
    }
}

impl Engine for Here {
    fn batch(&self) -> Batch {
        Batch::new(1)
    }

    fn handle(&mut self, mut batch: Batch, take: &mut Take<'_>) -> io::Result<Batch> {
        let Self {
            analyzers,
            connections,
        } = self;
        for lane in batch.lanes() {
            each(lane, 1, analyzers, |_, analyzer, segment, expected| {
                let next = ConnectionId(*connections + 1);
                if analyzer.handle_expected(segment, expected, next) {
                    *connections = next.0;
                }
                while let Some(event) = analyzer.poll_event() {
                    take(event)?;
                }
                Ok(())
            })?;
        }
        batch.clear();
        Ok(batch)
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

    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<u64> {
        finish(&mut self.analyzers, take)?;
        Ok(self.connections)
    }
}

/// Shards on threads of their own.
#[derive(Debug)]
pub(crate) struct Threads<'scope> {
    workers: Vec<Worker<'scope>>,
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
    thread: Option<ScopedJoinHandle<'scope, Vec<Analyzer>>>,
}

/// What a worker is given, and gives back with its answer.
#[derive(Debug, Default)]
struct Task {
    lane: Lane,
    said: Said,
}

/// What a worker says of a batch: each event, and each connection that began, with the place of the segment that brought it.
#[derive(Debug, Default)]
struct Said {
    /// Those of the events.
    places: Vec<u32>,
    events: Vec<Event>,
    begun: Vec<(u32, ConnectionId)>,
}

impl<'scope> Threads<'scope> {
    /// Starts so many threads.
    pub(crate) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        jobs: usize,
        config: Config,
    ) -> Self {
        let jobs = jobs.clamp(1, SHARDS);
        let workers = (0..jobs).map(|number| {
            let (tasks, to_do) = sync_channel(UNDER_WAY);
            let (give_back, done) = sync_channel(UNDER_WAY);
            let thread = scope.spawn(move || {
                let mut analyzers = analyzers(config, (number..SHARDS).step_by(jobs).len());
                work(&to_do, &give_back, &mut analyzers, jobs);
                analyzers
            });
            Worker {
                tasks: Some(tasks),
                done,
                thread: Some(thread),
            }
        });
        Self {
            workers: workers.collect(),
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
        self.spare.push(tasks);
        Ok(())
    }
}

impl Engine for Threads<'_> {
    fn batch(&self) -> Batch {
        Batch::new(self.workers.len())
    }

    fn handle(&mut self, batch: Batch, take: &mut Take<'_>) -> io::Result<Batch> {
        let said = self.spare.pop().unwrap_or_default().into_iter();
        let mut said = said.map(|task| task.said);
        for (worker, lane) in self.workers.iter().zip(batch.into_lanes()) {
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
        Ok(match self.spare.last_mut() {
            Some(tasks) => Batch::of(
                tasks
                    .iter_mut()
                    .map(|task| std::mem::take(&mut task.lane))
                    .collect(),
            ),
            None => self.batch(),
        })
    }

    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<u64> {
        while self.under_way > 0 {
            self.merge_first(take)?;
        }
        let mut analyzers = Vec::new();
        for worker in &mut self.workers {
            worker.tasks = None;
            if let Some(thread) = worker.thread.take() {
                match thread.join() {
                    Ok(finished) => analyzers.extend(finished),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
        let numbers = &mut self.numbers;
        finish(&mut analyzers, &mut |event| take(numbers.number(event)))?;
        Ok(self.numbers.given)
    }
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

/// Analyzes lanes of batches until no more come.
fn work(
    to_do: &Receiver<Task>,
    give_back: &SyncSender<Task>,
    analyzers: &mut [Analyzer],
    jobs: usize,
) {
    while let Ok(Task { mut lane, mut said }) = to_do.recv() {
        let done = each(
            &lane,
            jobs,
            analyzers,
            |place, analyzer, segment, expected| {
                let connection = ConnectionId(segment.packet.0);
                if analyzer.handle_expected(segment, expected, connection) {
                    said.begun.push((place, connection));
                }
                while let Some(event) = analyzer.poll_event() {
                    said.places.push(place);
                    said.events.push(event);
                }
                Ok(())
            },
        );
        lane.clear();
        if done.is_err() || give_back.send(Task { lane, said }).is_err() {
            return;
        }
    }
}

/// Gives each segment of a lane to the analyzer of its shard; every `jobs`th shard is in this lane.
#[inline]
fn each(
    lane: &Lane,
    jobs: usize,
    analyzers: &mut [Analyzer],
    mut handle: impl FnMut(u32, &mut Analyzer, &Segment<'_>, Expected) -> io::Result<()>,
) -> io::Result<()> {
    let at_shard: [usize; SHARDS] = std::array::from_fn(|shard| shard / jobs);
    let of = |shard: u8| at_shard.get(usize::from(shard)).copied().unwrap_or(0);
    for entries in lane.entries().chunks(AHEAD) {
        let mut coming = [Expected::default(); AHEAD];
        for (expected, entry) in coming.iter_mut().zip(entries) {
            if let Some(analyzer) = analyzers.get(of(entry.shard)) {
                let (one, other) = entry.ends();
                *expected = analyzer.expect(one, other);
            }
        }
        for (expected, entry) in coming.iter().zip(entries) {
            if let Some(analyzer) = analyzers.get(of(entry.shard)) {
                analyzer.fetch(*expected);
            }
        }
        for (expected, entry) in coming.iter().zip(entries) {
            if let Some(analyzer) = analyzers.get(of(entry.shard)) {
                analyzer.fetch_rest(*expected);
            }
        }
        for (expected, entry) in coming.into_iter().zip(entries) {
            if let Some(analyzer) = analyzers.get_mut(of(entry.shard)) {
                handle(entry.place, analyzer, &lane.segment(entry), expected)?;
            }
        }
    }
    Ok(())
}

/// Ends what is open, in the order of the connections' numbers.
fn finish(analyzers: &mut [Analyzer], take: &mut Take<'_>) -> io::Result<()> {
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
fn analyzers(config: Config, shards: usize) -> Vec<Analyzer> {
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
