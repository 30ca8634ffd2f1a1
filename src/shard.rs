//! Connections shared among analyzers and threads, and what they say put in one order: the same bytes with any number of
//! threads.
//!
//! ```text
//!   reader -> batch -> [ worker: the analyzers of some shards ] -> events -> merged by packet -> renderer
//!                      [ worker: those of the others          ]
//! ```
//!
//! A connection's segments all go to one analyzer, so no state is shared. Events leave in the order of the packets that
//! brought them; connections are numbered in that order too.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{Scope, ScopedJoinHandle},
};

use hashbrown::HashMap;
use wireseam_analyzer::{Analyzer, Config, ConnectionId, Event, EventKind, Expected, Limits};
use wireseam_wire::Segment;

use crate::batch::{Batch, SHARDS};

/// Of how many segments in front the connections are fetched into the cache.
const AHEAD: usize = 32;

/// How many batches are under way: one being read, one being analyzed, one being reported, and one for when they are uneven.
const UNDER_WAY: usize = 4;

/// Where events go, in order.
pub(crate) type Take<'a> = dyn FnMut(Event) -> io::Result<()> + 'a;

/// What analyzes batches.
pub(crate) trait Engine {
    /// Takes the next batch and hands on what is known so far; a batch to fill next.
    fn handle(&mut self, batch: Batch, take: &mut Take<'_>) -> io::Result<Batch>;

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
    fn handle(&mut self, mut batch: Batch, take: &mut Take<'_>) -> io::Result<Batch> {
        let Self {
            analyzers,
            connections,
        } = self;
        each(&batch, analyzers, Some, |_, analyzer, segment, expected| {
            let next = ConnectionId(*connections + 1);
            if analyzer.handle_expected(segment, expected, next) {
                *connections = next.0;
            }
            while let Some(event) = analyzer.poll_event() {
                take(event)?;
            }
            Ok(())
        })?;
        batch.clear();
        Ok(batch)
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
    /// What the workers have been given and not yet said everything about, the first first.
    under_way: std::collections::VecDeque<Arc<Batch>>,
    spare: Vec<Batch>,
    numbers: Numbers,
}

#[derive(Debug)]
struct Worker<'scope> {
    /// `None` once nothing more will come.
    batches: Option<SyncSender<Arc<Batch>>>,
    said: Receiver<Said>,
    thread: Option<ScopedJoinHandle<'scope, Vec<Analyzer>>>,
}

/// What a worker says of a batch: each event, and each connection that began, with the place of the segment that brought it.
#[derive(Debug, Default)]
struct Said {
    events: Vec<(u32, Event)>,
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
            let (batches, to_analyze) = sync_channel(UNDER_WAY);
            let (say, said) = sync_channel(UNDER_WAY);
            let mut analyzers = analyzers(config, (number..SHARDS).step_by(jobs).len());
            let thread = scope.spawn(move || {
                work(&to_analyze, &say, &mut analyzers, number, jobs);
                analyzers
            });
            Worker {
                batches: Some(batches),
                said,
                thread: Some(thread),
            }
        });
        Self {
            workers: workers.collect(),
            under_way: std::collections::VecDeque::new(),
            spare: Vec::new(),
            numbers: Numbers::default(),
        }
    }

    /// Waits for everything that is to be said of the first batch under way, and hands it on.
    fn merge_first(&mut self, take: &mut Take<'_>) -> io::Result<()> {
        let Some(batch) = self.under_way.pop_front() else {
            return Ok(());
        };
        // a worker that is gone has panicked: joining it says so
        let said = self
            .workers
            .iter()
            .map(|worker| worker.said.recv().unwrap_or_default());
        let said: Vec<Said> = said.collect();
        if let Ok(mut batch) = Arc::try_unwrap(batch) {
            batch.clear();
            self.spare.push(batch);
        }
        let mut begun: Vec<_> = said.iter().flat_map(|said| &said.begun).copied().collect();
        begun.sort_unstable();
        for (_, connection) in begun {
            self.numbers.begin(connection);
        }
        let mut queues: Vec<_> = said
            .into_iter()
            .map(|said| said.events.into_iter().peekable())
            .collect();
        loop {
            let places = queues.iter_mut().enumerate().filter_map(|(at, queue)| {
                let (place, _) = queue.peek()?;
                Some((*place, at))
            });
            let Some((place, at)) = places.min() else {
                return Ok(());
            };
            while let Some((_, event)) = queues[at].next_if(|(other, _)| *other == place) {
                take(self.numbers.number(event))?;
            }
        }
    }
}

impl Engine for Threads<'_> {
    fn handle(&mut self, batch: Batch, take: &mut Take<'_>) -> io::Result<Batch> {
        let batch = Arc::new(batch);
        for worker in &self.workers {
            if let Some(batches) = &worker.batches {
                // a worker that is gone has panicked: joining it says so
                let _ = batches.send(Arc::clone(&batch));
            }
        }
        self.under_way.push_back(batch);
        if self.under_way.len() >= UNDER_WAY {
            self.merge_first(take)?;
        }
        Ok(self.spare.pop().unwrap_or_default())
    }

    fn finish(&mut self, take: &mut Take<'_>) -> io::Result<u64> {
        while !self.under_way.is_empty() {
            self.merge_first(take)?;
        }
        let mut analyzers = Vec::new();
        for worker in &mut self.workers {
            worker.batches = None;
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

/// Analyzes batches until no more come.
fn work(
    batches: &Receiver<Arc<Batch>>,
    say: &SyncSender<Said>,
    analyzers: &mut [Analyzer],
    number: usize,
    jobs: usize,
) {
    let mine = |shard: usize| (shard % jobs == number).then_some(shard / jobs);
    while let Ok(batch) = batches.recv() {
        let mut said = Said::default();
        let done = each(
            &batch,
            analyzers,
            mine,
            |at, analyzer, segment, expected| {
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                let connection = ConnectionId(segment.packet.0);
                if analyzer.handle_expected(segment, expected, connection) {
                    said.begun.push((at, connection));
                }
                while let Some(event) = analyzer.poll_event() {
                    said.events.push((at, event));
                }
                Ok(())
            },
        );
        drop(batch);
        if done.is_err() || say.send(said).is_err() {
            return;
        }
    }
}

/// Gives each segment of a batch to the analyzer of its shard, where `mine` names one.
fn each(
    batch: &Batch,
    analyzers: &mut [Analyzer],
    mine: impl Fn(usize) -> Option<usize>,
    mut handle: impl FnMut(usize, &mut Analyzer, &Segment<'_>, Expected) -> io::Result<()>,
) -> io::Result<()> {
    let mut coming = Vec::with_capacity(AHEAD);
    for first in (0..batch.len()).step_by(AHEAD) {
        let last = batch.len().min(first + AHEAD);
        coming.clear();
        for at in first..last {
            if let Some((shard, one, other)) = batch.ends(at)
                && let Some(shard) = mine(shard)
                && let Some(analyzer) = analyzers.get(shard)
            {
                coming.push((at, shard, analyzer.expect(one, other)));
            }
        }
        for (_, shard, expected) in &coming {
            if let Some(analyzer) = analyzers.get(*shard) {
                analyzer.fetch(*expected);
            }
        }
        for (_, shard, expected) in &coming {
            if let Some(analyzer) = analyzers.get(*shard) {
                analyzer.fetch_rest(*expected);
            }
        }
        for (at, shard, expected) in coming.iter().copied() {
            if let Some(segment) = batch.get(at)
                && let Some(analyzer) = analyzers.get_mut(shard)
            {
                handle(at, analyzer, &segment, expected)?;
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
        ..config.limits
    };
    let config = Config { limits, ..config };
    (0..shards).map(|_| Analyzer::new(config)).collect()
}
