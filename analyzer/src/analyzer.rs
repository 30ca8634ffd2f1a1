//! The flow table: which segment belongs to which connection.

mod ahead;
mod bedtime;
mod over;
mod patience;

use std::collections::VecDeque;

use wireseam_wire::{Flags, Segment, Timestamp};

use crate::blocks::{Blocks, Store, Stored};
use crate::connection::{Asleep, Connection, Listing, Quick, Remains, Shared, Telling};
use crate::flow_table::{FlowTable, Key, Slot};
use crate::tcp::{Ends, assume_client, guess_client};
use crate::{Config, ConnectionId, Detail, Direction, Event, Limits, Moment};
pub use ahead::Expected;
use bedtime::Awake;

/// How many segments without payload are kept until one tells which end is the client.
const UNDECIDED_SEGMENTS: usize = 32;

/// Captured segments in, events out. It has no clock, no thread and no file; time is that of the segments.
///
/// Give it every segment in the order of capture and drain [`poll_event`](Self::poll_event) after each; call
/// [`finish`](Self::finish) at the end of the capture and drain once more.
///
/// The crate's first page has an example.
#[derive(Debug)]
pub struct Analyzer {
    config: Config,
    /// The connection that each pair of endpoints has now.
    flows: FlowTable<Quick, Entry>,
    /// Of each slot whose [`Quick`] is on, where messages are listed.
    listings: Blocks<Listing>,
    connections: u64,
    /// Connections that have ended, in that order, and since when.
    lingering: VecDeque<(Slot, ConnectionId, Option<Timestamp>)>,
    half_open: HalfOpen,
    awake: Awake,
    asleep: Store<Asleep>,
    remains: Store<Remains>,
    /// At the end of the capture, what is still open, the first last.
    closing: Option<Vec<Slot>>,
    shared: Shared,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum Entry {
    /// Nothing has told yet which end is the client.
    Undecided(Box<Undecided>),
    Open {
        connection: Box<Connection>,
        /// Whether it is in [`Awake`].
        is_noted: bool,
    },
    /// Its [`Quick`] is on.
    Asleep { id: ConnectionId, stored: Stored },
    /// All was said of it but its end.
    Over { id: ConnectionId, stored: Stored },
}

/// What one at rest takes, but for its share of the hash table.
const _: () =
    assert!(size_of::<Option<Quick>>() + size_of::<Option<Entry>>() + size_of::<Asleep>() <= 416);

/// Connections that never got beyond a SYN or an acknowledgement.
#[derive(Debug, Default)]
struct HalfOpen {
    count: usize,
    /// In the order in which they began; most of these have got on since.
    begun: VecDeque<(Slot, ConnectionId)>,
}

#[derive(Debug)]
struct Undecided {
    id: ConnectionId,
    segments: Vec<Segment<'static>>,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            flows: FlowTable::default(),
            listings: Blocks::default(),
            connections: 0,
            lingering: VecDeque::new(),
            half_open: HalfOpen::default(),
            awake: Awake::default(),
            asleep: Store::default(),
            remains: Store::default(),
            closing: None,
            shared: Shared::new(&config),
            events: VecDeque::new(),
        }
    }

    /// Takes the next captured segment.
    pub fn handle_segment(&mut self, segment: &Segment<'_>) {
        let next = ConnectionId(self.connections + 1);
        let expected = self.expect(segment.source, segment.destination);
        if self.handle_expected(segment, expected, next) {
            self.connections = next.0;
        }
    }

    /// Takes the next captured segment, which was [expected](Self::expect); a connection that begins with it gets this
    /// number. Whether one does.
    ///
    /// For several analyzers that share a capture's connections among them: numbers have to grow and no two may be equal.
    pub fn handle_expected(
        &mut self,
        segment: &Segment<'_>,
        expected: Expected,
        number: ConnectionId,
    ) -> bool {
        let Segment {
            source,
            destination,
            ..
        } = *segment;
        let direction = |slot| self.flows.direction(slot, source, destination);
        let mut slot = expected.0;
        let mut way = slot.and_then(direction);
        if way.is_none() {
            slot = self.flows.find(source, destination);
            way = slot.and_then(direction);
        }
        if let Some((slot, way)) = slot.zip(way)
            && self.handle_quickly(slot, way, segment)
        {
            self.let_go(segment.at);
            return false;
        }
        if source == destination {
            return false;
        }
        if segment.flags.contains(Flags::SYN)
            && let Some(ended) = slot.filter(|slot| self.is_succeeded_by(*slot, segment))
        {
            self.finish_flow(ended);
            slot = None;
        }
        let begins = slot.is_none();
        let slot = match slot {
            Some(_) => slot,
            None => self.begin(segment, number),
        };
        if let Some(slot) = slot {
            let was_half_open = !begins && self.is_half_open(slot);
            self.handle(slot, segment);
            match (was_half_open, self.is_half_open(slot)) {
                (false, true) => self.note_half_open(slot, number),
                (true, false) => self.half_open.count -= 1,
                _ => {}
            }
        }
        self.let_go(segment.at);
        begins
    }

    /// A flow that begins with this segment, which it has not handled yet.
    fn begin(&mut self, segment: &Segment<'_>, id: ConnectionId) -> Option<Slot> {
        self.make_room();
        let key = Quick::off(segment.source, segment.destination);
        let entry = match guess_client(segment) {
            Some(ends) => Entry::open(Connection::new(
                id,
                ends,
                Moment::of(segment),
                &self.config,
                &mut self.events,
            )),
            None => Entry::Undecided(Box::new(Undecided {
                id,
                segments: Vec::new(),
            })),
        };
        self.flows.insert(key, entry)
    }

    /// Counts what a segment of a quiet connection brings, where it does no more.
    fn handle_quickly(&mut self, slot: Slot, direction: Direction, segment: &Segment<'_>) -> bool {
        let Self {
            config,
            flows,
            listings,
            shared,
            events,
            ..
        } = self;
        let key = flows.key_mut(slot).filter(|key| key.is_on());
        let Some(key) = key else {
            return false;
        };
        if config.detail == Detail::Map {
            self.catch_up(slot);
            return false;
        }
        let listing = (config.detail == Detail::Messages).then(|| listings.get(slot.place()));
        let listing = listing.flatten();
        let telling = listing.map_or(Telling::Counted, |it| Telling::Listed(it, config));
        if key.handle_segment(direction, segment, telling, shared, events) {
            return true;
        }
        if self.handle_control(slot, direction, segment) {
            return true;
        }
        self.catch_up(slot);
        false
    }

    /// Takes a Ping or a Pong of a quiet connection, which may go on sleeping.
    fn handle_control(&mut self, slot: Slot, direction: Direction, segment: &Segment<'_>) -> bool {
        let Self {
            config,
            flows,
            listings,
            asleep,
            shared,
            events,
            ..
        } = self;
        if segment.payload.is_empty() {
            return false;
        }
        let (key, entry) = flows.both_mut(slot);
        let talking = match entry {
            Some(Entry::Asleep { stored, .. }) => asleep.get_mut(*stored).and_then(Asleep::talking),
            Some(Entry::Open { connection, .. }) => connection.talking(),
            _ => None,
        };
        let Some((key, talking)) = key.zip(talking) else {
            return false;
        };
        let taken = key.handle_control(direction, segment, talking, config, shared, events);
        if taken && let Some(listing) = listings.get_mut(slot.place()) {
            listing.pass_frame();
        }
        taken
    }

    /// Lets a connection know what was counted without it.
    fn catch_up(&mut self, slot: Slot) {
        let Some((&one, &other)) = self.flows.key(slot).map(Key::ends) else {
            return;
        };
        let Some(key) = self.flows.key_mut(slot).filter(|key| key.is_on()) else {
            return;
        };
        let quick = std::mem::replace(key, Quick::off(one, other));
        let Self {
            config,
            flows,
            shared,
            events,
            asleep,
            ..
        } = self;
        let Some(entry) = flows.get_mut(slot) else {
            return;
        };
        if let Entry::Asleep { id, stored } = *entry
            && let Some(packed) = asleep.take(stored)
        {
            *entry = Entry::open(packed.wake(id, &quick));
        }
        if let Entry::Open { connection, .. } = entry {
            connection.catch_up(&quick, config, shared, events);
        }
    }

    fn handle(&mut self, slot: Slot, segment: &Segment<'_>) {
        if matches!(self.flows.get(slot), Some(Entry::Over { .. })) {
            self.reopen(slot);
        }
        let Self {
            config,
            flows,
            listings,
            lingering,
            shared,
            events,
            ..
        } = self;
        let Some(entry) = flows.get_mut(slot) else {
            return;
        };
        if let Entry::Undecided(undecided) = entry
            && let Some(connection) = undecided.decide(segment, config, shared, events)
        {
            *entry = Entry::open(connection);
        }
        let Entry::Open { connection, .. } = entry else {
            return;
        };
        if connection.handle_segment(segment, config, shared, events) {
            lingering.push_back((slot, connection.id(), segment.at));
        }
        if connection.is_over() {
            self.keep_remains(slot);
        } else if config.detail == Detail::Map {
            self.note_quiet(slot);
        } else if let Some(quick) = connection.quick(config) {
            if config.detail == Detail::Messages {
                listings.put(slot.place(), connection.listing());
            }
            if let Some(key) = flows.key_mut(slot) {
                *key = quick;
                self.note_quiet(slot);
            }
        }
    }

    /// Tells the analyzer what time it is, for captures in which nothing comes for a while: holes that were waited for long
    /// enough are given up, connections that ended long enough ago are reported as ended, and what is at rest takes as little
    /// memory as it can.
    ///
    /// It looks at each connection that is open and does not sleep, so ask for it some times a second and not with each segment.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.lose_patience(now);
        self.put_all_to_sleep();
        self.let_go(Some(now));
    }

    /// Reports the end of connections that ended long ago, and of the oldest ones where there are too many.
    #[inline]
    fn let_go(&mut self, now: Option<Timestamp>) {
        while let Some(waited) = self.is_one_to_let_go(now) {
            self.let_first_go(now, waited);
        }
    }

    /// Whether the one that ended first has to go, and whether that is because it has lingered long enough.
    #[inline]
    fn is_one_to_let_go(&self, now: Option<Timestamp>) -> Option<bool> {
        let limits = &self.config.limits;
        let (_, _, since) = self.lingering.front()?;
        let waited = now
            .zip(*since)
            .is_some_and(|(now, since)| now.nanoseconds_since(since) > limits.linger);
        (waited || self.lingering.len() > limits.lingering).then_some(waited)
    }

    #[cold]
    fn let_first_go(&mut self, now: Option<Timestamp>, waited: bool) {
        let Some((slot, id, _)) = self.lingering.pop_front() else {
            return;
        };
        if waited && let Some(last) = self.went_on(slot, id, now) {
            self.lingering.push_back((slot, id, Some(last)));
        } else if self.flow(slot, id).is_some() {
            self.finish_flow(slot);
        }
    }

    /// The flow in a slot, where it is still this one.
    fn flow(&self, slot: Slot, id: ConnectionId) -> Option<&Entry> {
        self.flows.get(slot).filter(|entry| entry.id() == id)
    }

    /// When something came last, of a connection that seemed to have ended and did not: a RST that its receiver ignored.
    fn went_on(&self, slot: Slot, id: ConnectionId, now: Option<Timestamp>) -> Option<Timestamp> {
        let quick = self.flows.key(slot)?.last();
        let last = quick.unwrap_or(self.flow(slot, id)?.last()).at?;
        (now?.nanoseconds_since(last) <= self.config.limits.linger).then_some(last)
    }

    /// Gives flows up where another would be more than the limits allow: of those that never got beyond their beginning the
    /// oldest, of all one that is old.
    fn make_room(&mut self) {
        let Limits {
            connections,
            half_open,
            ..
        } = self.config.limits;
        while self.half_open.count >= half_open
            && let Some((slot, id)) = self.half_open.begun.pop_front()
        {
            if self.flow(slot, id).is_some_and(Entry::is_half_open) {
                self.give_up(slot);
            }
        }
        if self.flows.len() >= connections
            && let Some(slot) = self
                .flows
                .oldest(|quick, entry| quick.last().unwrap_or_else(|| entry.last()).packet)
        {
            self.give_up(slot);
        }
    }

    fn is_half_open(&self, slot: Slot) -> bool {
        self.flows.get(slot).is_some_and(Entry::is_half_open)
    }

    /// Takes note of a connection that began and got no further yet.
    fn note_half_open(&mut self, slot: Slot, id: ConnectionId) {
        let Self {
            flows, half_open, ..
        } = self;
        half_open.count += 1;
        half_open.begun.push_back((slot, id));
        if half_open.begun.len() > 2 * half_open.count + FORGOTTEN {
            half_open.begun.retain(|(slot, id)| {
                let flow = flows.get(*slot).filter(|flow| flow.id() == *id);
                flow.is_some_and(Entry::is_half_open)
            });
        }
    }

    /// Ends a flow for which there is no room.
    fn give_up(&mut self, slot: Slot) {
        self.finish_as(slot, true);
    }

    fn finish_flow(&mut self, slot: Slot) {
        self.finish_as(slot, false);
    }

    fn finish_as(&mut self, slot: Slot, given_up: bool) {
        self.half_open.count -= usize::from(self.is_half_open(slot));
        if !given_up && self.finish_over(slot) {
            self.flows.remove(slot);
            return;
        }
        self.reopen(slot);
        self.catch_up(slot);
        let Self {
            config,
            flows,
            shared,
            events,
            ..
        } = self;
        match flows.get_mut(slot) {
            Some(Entry::Open { connection, .. }) => {
                connection.finish(given_up, config, shared, events);
            }
            Some(Entry::Undecided(undecided)) => {
                if let Some(first) = undecided.segments.first() {
                    let ends = assume_client(first);
                    let mut connection = undecided.open(ends, first, config, shared, events);
                    connection.finish(given_up, config, shared, events);
                }
            }
            Some(Entry::Asleep { .. } | Entry::Over { .. }) | None => {}
        }
        flows.remove(slot);
    }

    /// Says that the capture has ended: everything still open is closed and reported, oldest first.
    pub fn finish(&mut self) {
        while self.first_open().is_some() {
            self.finish_first();
        }
    }

    /// The open connection with the lowest number, at the end of the capture.
    pub fn first_open(&mut self) -> Option<ConnectionId> {
        let Self { flows, closing, .. } = self;
        let id = |slot: Slot| flows.get(slot).map(Entry::id);
        let closing = closing.get_or_insert_with(|| {
            let mut open = Vec::with_capacity(flows.len());
            open.extend(flows.all().map(|(slot, _)| slot));
            // where none has ended yet they are in order, which is seen at once
            open.sort_unstable_by_key(|slot| std::cmp::Reverse(id(*slot)));
            open
        });
        closing.last().and_then(|slot| id(*slot))
    }

    /// Closes and reports that connection: one of the steps of [`finish`](Self::finish), for a report of many that is
    /// written as it comes.
    pub fn finish_first(&mut self) {
        if let Some(slot) = self.closing.as_mut().and_then(Vec::pop) {
            self.finish_flow(slot);
        }
    }

    /// The next event, `None` when there is nothing more to say for now.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn is_succeeded_by(&mut self, slot: Slot, segment: &Segment<'_>) -> bool {
        self.reopen(slot);
        let flow = self.flows.get(slot);
        matches!(flow, Some(Entry::Open { connection, .. }) if connection.is_succeeded_by(segment))
    }
}

impl Undecided {
    /// The connection, where this segment tells which end is the client; it has still to handle that segment.
    fn decide(
        &mut self,
        segment: &Segment<'_>,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) -> Option<Connection> {
        let ends = match guess_client(segment) {
            Some(ends) => ends,
            None if self.segments.len() < UNDECIDED_SEGMENTS => {
                self.segments.push(Segment {
                    payload: &[],
                    ..*segment
                });
                return None;
            }
            None => assume_client(self.segments.first().unwrap_or(segment)),
        };
        Some(self.open(ends, segment, config, shared, events))
    }

    /// The connection of the segments so far, or of the one behind them where there are none.
    fn open(
        &self,
        ends: Ends,
        behind: &Segment<'_>,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) -> Connection {
        let first = self.segments.first().map_or(Moment::of(behind), Moment::of);
        let mut connection = Connection::new(self.id, ends, first, config, events);
        for segment in &self.segments {
            connection.handle_segment(segment, config, shared, events);
        }
        connection
    }
}

impl Entry {
    fn open(connection: Connection) -> Self {
        Self::Open {
            connection: Box::new(connection),
            is_noted: false,
        }
    }

    fn id(&self) -> ConnectionId {
        match self {
            Self::Undecided(undecided) => undecided.id,
            Self::Open { connection, .. } => connection.id(),
            Self::Asleep { id, .. } | Self::Over { id, .. } => *id,
        }
    }

    /// Its latest packet, where its [`Quick`] does not tell.
    fn last(&self) -> Moment {
        match self {
            Self::Undecided(undecided) => {
                undecided.segments.last().map_or(Moment::NEVER, Moment::of)
            }
            Self::Open { connection, .. } => connection.last(),
            Self::Asleep { .. } | Self::Over { .. } => Moment::NEVER,
        }
    }

    /// Whether it never got beyond its beginning.
    fn is_half_open(&self) -> bool {
        match self {
            Self::Undecided(_) => true,
            Self::Open { connection, .. } => connection.is_half_open(),
            Self::Asleep { .. } | Self::Over { .. } => false,
        }
    }
}

/// How many of those that got on are listed before they are forgotten together.
const FORGOTTEN: usize = 1_024;
