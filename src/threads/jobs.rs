//! What is to be done by whichever thread is free: of each shard one task after the other, of different shards at once.
//!
//! ```text
//!          shard 0   [ task of batch 7 ] [ of batch 8 ]     its analyzer here: anyone may take the first
//!          shard 1   [ task of batch 8 ]                    its analyzer away: with the thread that works on batch 7
//! ```
//!
//! Nobody waits for a thread in particular: who would have to wait takes a task of the oldest batch instead.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use wireseam_analyzer::{Analyzer, Config};

use super::Task;
use crate::shard::{SHARDS, analyzers};

/// The shards and what is to be done for them, shared by all threads.
#[derive(Debug)]
pub(super) struct Jobs {
    state: Mutex<State>,
    /// There is something to do, or there will never be.
    work: Condvar,
    /// A batch is done, or a thread has panicked.
    news: Condvar,
}

#[derive(Debug)]
struct State {
    shards: Vec<Shard>,
    /// Those under way, oldest first.
    batches: VecDeque<Batch>,
    /// The number of the oldest.
    oldest: u64,
    /// How many threads wait for something to do.
    idle: usize,
    /// Whether the one that reports waits.
    reporter_waits: bool,
    closed: bool,
    panicked: bool,
}

#[derive(Debug)]
struct Shard {
    /// `None` while a thread works with it.
    analyzer: Option<Box<Analyzer>>,
    to_do: VecDeque<(u64, Task)>,
}

#[derive(Debug, Default)]
struct Batch {
    /// By shard; one that is not done yet is as new.
    tasks: Vec<Task>,
    left: usize,
}

/// A task, and what it takes to do it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) analyzer: Box<Analyzer>,
    pub(super) task: Task,
    batch: u64,
    shard: usize,
}

/// What became of the oldest batch.
pub(super) enum Oldest {
    /// All of it is done: its tasks by shard.
    Done(Vec<Task>),
    /// This is to be done, of it or of one behind.
    ToDo(Job),
    /// A thread has panicked.
    Panicked,
}

impl Jobs {
    pub(super) fn new(config: Config) -> Self {
        let shards = analyzers(config, SHARDS).into_iter().map(|analyzer| Shard {
            analyzer: Some(Box::new(analyzer)),
            to_do: VecDeque::new(),
        });
        Self {
            state: Mutex::new(State {
                shards: shards.collect(),
                batches: VecDeque::new(),
                oldest: 0,
                idle: 0,
                reporter_waits: false,
                closed: false,
                panicked: false,
            }),
            work: Condvar::new(),
            news: Condvar::new(),
        }
    }

    /// Adds a batch, a task for each shard.
    pub(super) fn add(&self, tasks: impl Iterator<Item = Task>) {
        let mut state = self.state();
        let State {
            shards,
            batches,
            oldest,
            ..
        } = &mut *state;
        let number = *oldest + batches.len() as u64;
        let mut batch = Batch::default();
        for (shard, task) in shards.iter_mut().zip(tasks) {
            if task.lane.entries().is_empty() {
                batch.tasks.push(task);
            } else {
                batch.tasks.push(Task::default());
                batch.left += 1;
                shard.to_do.push_back((number, task));
            }
        }
        batches.push_back(batch);
        if state.idle > 0 {
            self.work.notify_all();
        }
    }

    /// Gives back what was done and takes what is to be done next, which it waits for; `None` once nothing more will come.
    pub(super) fn next(&self, done: Option<Job>, preferred: usize) -> Option<Job> {
        let mut state = self.state();
        if let Some(done) = done {
            self.put_back(&mut state, done);
        }
        loop {
            if let Some(job) = state.take(preferred) {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// What became of the oldest batch, once there is something to say of it or to do here; `done` is given back before. `None`
    /// where no batch is under way.
    pub(super) fn oldest(&self, done: Option<Job>) -> Option<Oldest> {
        let mut state = self.state();
        if let Some(done) = done {
            self.put_back(&mut state, done);
        }
        loop {
            if state.panicked {
                return Some(Oldest::Panicked);
            }
            if state.batches.front()?.left == 0 {
                state.oldest += 1;
                return state
                    .batches
                    .pop_front()
                    .map(|batch| Oldest::Done(batch.tasks));
            }
            if let Some(job) = state.take(0) {
                return Some(Oldest::ToDo(job));
            }
            state.reporter_waits = true;
            state = self
                .news
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.reporter_waits = false;
        }
    }

    /// Nothing more will come: threads end when they have done what there is.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.work.notify_all();
    }

    /// The analyzers, by shard; only once nothing is under way.
    pub(super) fn take_analyzers(&self) -> Vec<Analyzer> {
        let mut state = self.state();
        let analyzers = state
            .shards
            .iter_mut()
            .filter_map(|shard| shard.analyzer.take());
        analyzers.map(|analyzer| *analyzer).collect()
    }

    fn put_back(&self, state: &mut State, done: Job) {
        let Job {
            analyzer,
            task,
            batch,
            shard,
        } = done;
        let mut more = false;
        if let Some(shard) = state.shards.get_mut(shard) {
            shard.analyzer = Some(analyzer);
            more = !shard.to_do.is_empty();
        }
        let place = usize::try_from(batch - state.oldest).unwrap_or(usize::MAX);
        if let Some(batch) = state.batches.get_mut(place) {
            batch.left -= 1;
            if let Some(place) = batch.tasks.get_mut(shard) {
                *place = task;
            }
        }
        if state.reporter_waits {
            self.news.notify_one();
        }
        if more && state.idle > 0 {
            self.work.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // a thread that panicked with it in hand has said so
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a task of the oldest batch that has one which can be done now, of the shards from `preferred` on first: a
    /// thread's cache holds what it worked on before.
    fn take(&mut self, preferred: usize) -> Option<Job> {
        let (front, back) = self.shards.split_at_mut_checked(preferred)?;
        let numbered = (preferred..).zip(back).chain((0..).zip(front));
        let ready = numbered.filter_map(|(number, shard)| {
            shard.analyzer.as_ref()?;
            let (batch, _) = shard.to_do.front()?;
            Some((*batch, number, shard))
        });
        let (_, number, shard) = ready.min_by_key(|(batch, ..)| *batch)?;
        let (batch, task) = shard.to_do.pop_front()?;
        Some(Job {
            analyzer: shard.analyzer.take()?,
            task,
            batch,
            shard: number,
        })
    }
}

/// Says where a thread panics that nothing more is to be waited for.
pub(super) struct Alarm<'a>(pub(super) &'a Jobs);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state().panicked = true;
            self.0.news.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::lane::Lanes;
    use wireseam_wire::{Decoder, LinkType, Packet, PacketIndex};

    /// A batch with a packet for as many shards as there are destinations.
    fn batch() -> Vec<Task> {
        let mut lanes = Lanes::new(std::iter::empty(), Vec::new());
        let mut decoder = Decoder::default();
        for port in 1..=64 {
            let mut data = [0; 54];
            data[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
            data[17] = 40; // IP length
            data[23] = 6; // TCP
            data[35] = port;
            data[46] = 0x50; // TCP header length
            let packet = Packet {
                index: PacketIndex(port.into()),
                at: None,
                interface: 0,
                link: LinkType::Ethernet,
                original_len: 54,
                data: &data,
            };
            lanes.push(&packet, &mut decoder).unwrap();
        }
        let (lanes, _) = lanes.into_parts();
        lanes
            .into_iter()
            .map(|lane| Task {
                lane,
                ..Task::default()
            })
            .collect()
    }

    fn jobs() -> Jobs {
        Jobs::new(Config::default())
    }

    #[test]
    fn a_shard_is_worked_on_by_one_thread_at_a_time_and_in_order() {
        let jobs = jobs();
        let tasks = batch();
        let filled = |task: &&Task| !task.lane.entries().is_empty();
        let shards = tasks.iter().filter(filled).count();
        assert!(shards > 8, "{shards}");
        jobs.add(tasks.into_iter());
        jobs.add(batch().into_iter());
        jobs.close();
        // all of the first batch are taken, and none of the second can be
        let mut taken = Vec::new();
        for _ in 0..shards {
            let job = jobs.next(None, 5).unwrap();
            assert_eq!(job.batch, 0);
            taken.push(job);
        }
        let order: Vec<_> = taken.iter().map(|job| job.shard).collect();
        assert!(
            order.first() >= Some(&5),
            "{order:?}: those preferred first"
        );
        assert!(jobs.next(None, 5).is_none());
        // the one given back frees its shard, for the second batch
        let done = taken.pop().unwrap();
        let shard = done.shard;
        let next = jobs.next(Some(done), 0).unwrap();
        assert_eq!((next.batch, next.shard), (1, shard));
        // the first batch is done once the rest of it is given back; until then there is the second to do
        let mut last = None;
        for done in taken {
            last = jobs.oldest(Some(done));
            assert!(matches!(last, Some(Oldest::ToDo(_) | Oldest::Done(_))));
        }
        assert!(matches!(last, Some(Oldest::Done(_))));
    }

    #[test]
    fn who_waits_for_a_batch_works_on_it() {
        let jobs = jobs();
        jobs.add(batch().into_iter());
        let (mut worked, mut done) = (0, None);
        let tasks = loop {
            match jobs.oldest(done.take()).unwrap() {
                Oldest::ToDo(job) => {
                    worked += 1;
                    done = Some(job);
                }
                Oldest::Done(tasks) => break tasks,
                Oldest::Panicked => panic!(),
            }
        };
        assert_eq!(tasks.len(), SHARDS);
        assert!(worked > 8, "{worked}");
        assert!(jobs.oldest(None).is_none());
        assert_eq!(jobs.take_analyzers().len(), SHARDS);
    }

    #[test]
    fn who_waits_for_a_thread_that_panics_hears_of_it() {
        let jobs = jobs();
        jobs.add(batch().into_iter());
        let job = jobs.next(None, 0);
        thread::scope(|scope| {
            let panics = scope.spawn(|| {
                let _alarm = Alarm(&jobs);
                let _job = job;
                panic!("as the test wants it");
            });
            let mut done = None;
            let told = loop {
                match jobs.oldest(done.take()) {
                    Some(Oldest::ToDo(job)) => done = Some(job),
                    told => break told,
                }
            };
            assert!(matches!(told, Some(Oldest::Panicked)));
            assert!(panics.join().is_err());
        });
    }
}
