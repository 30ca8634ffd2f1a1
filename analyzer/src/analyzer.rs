//! The flow table: which segment belongs to which connection.

use std::collections::VecDeque;

use hashbrown::HashMap;
use wireseam_wire::{Endpoint, Segment, Timestamp};

use crate::connection::Connection;
use crate::tcp::{assume_client, guess_client};
use crate::{Config, ConnectionId, Event, Limits, Moment};

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
    flows: HashMap<FlowKey, Entry, foldhash::fast::RandomState>,
    connections: u64,
    /// Connections that have ended, in that order, and since when.
    lingering: VecDeque<(FlowKey, ConnectionId, Option<Timestamp>)>,
    events: VecDeque<Event>,
}

/// The lower endpoint and the higher.
type FlowKey = (Endpoint, Endpoint);

#[derive(Debug)]
enum Entry {
    /// Nothing has told yet which end is the client.
    Undecided {
        id: ConnectionId,
        segments: Vec<Segment<'static>>,
    },
    Open(Box<Connection>),
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            flows: HashMap::default(),
            connections: 0,
            lingering: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes the next captured segment.
    pub fn handle_segment(&mut self, segment: &Segment<'_>) {
        if segment.source == segment.destination {
            return;
        }
        let key = flow_key(segment);
        let mut entry = self.flows.remove(&key);
        if let Some(Entry::Open(connection)) = entry
            .as_mut()
            .filter(|entry| entry.is_succeeded_by(segment))
        {
            connection.finish(&self.config, &mut self.events);
            entry = None;
        }
        let entry = match entry {
            Some(Entry::Open(mut connection)) => {
                connection.handle_segment(segment, &self.config, &mut self.events);
                Entry::Open(connection)
            }
            Some(Entry::Undecided { id, segments }) => self.decide(id, segments, segment),
            None => {
                self.connections += 1;
                self.decide(ConnectionId(self.connections), Vec::new(), segment)
            }
        };
        if let Entry::Open(connection) = &entry
            && connection.has_just_ended(segment.packet)
        {
            self.lingering.push_back((key, connection.id(), segment.at));
        }
        self.flows.insert(key, entry);
        self.let_go(segment.at);
    }

    /// Tells the analyzer what time it is, for captures in which nothing comes for a while: connections that ended long
    /// enough ago are reported as ended.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.let_go(Some(now));
    }

    /// Reports the end of connections that ended long ago, and of the oldest ones where there are too many.
    fn let_go(&mut self, now: Option<Timestamp>) {
        let Limits {
            linger, lingering, ..
        } = self.config.limits;
        while let Some((key, id, since)) = self.lingering.front().copied() {
            let waited = now
                .zip(since)
                .is_some_and(|(now, since)| now.nanoseconds_since(since) > linger);
            if !waited && self.lingering.len() <= lingering {
                return;
            }
            self.lingering.pop_front();
            if waited && let Some(last) = self.went_on(&key, id, now) {
                self.lingering.push_back((key, id, Some(last)));
                continue;
            }
            if self.flows.get(&key).is_some_and(|entry| entry.id() == id)
                && let Some(Entry::Open(mut connection)) = self.flows.remove(&key)
            {
                connection.finish(&self.config, &mut self.events);
            }
        }
    }

    /// When something came last, of a connection that seemed to have ended and did not: a RST that its receiver ignored.
    fn went_on(
        &self,
        key: &FlowKey,
        id: ConnectionId,
        now: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let entry = self.flows.get(key).filter(|entry| entry.id() == id)?;
        let Entry::Open(connection) = entry else {
            return None;
        };
        let last = connection.last().at?;
        (now?.nanoseconds_since(last) <= self.config.limits.linger).then_some(last)
    }

    /// Says that the capture has ended: everything still open is closed and reported, oldest first.
    pub fn finish(&mut self) {
        let mut entries: Vec<Entry> = self.flows.drain().map(|(_, entry)| entry).collect();
        entries.sort_by_key(Entry::id);
        for entry in entries {
            let mut connection = match entry {
                Entry::Open(connection) => connection,
                Entry::Undecided { id, segments } => match self.assume(id, &segments) {
                    Some(connection) => connection,
                    None => continue,
                },
            };
            connection.finish(&self.config, &mut self.events);
        }
    }

    /// The next event, `None` when there is nothing more to say for now.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A connection whose client is told by this segment, or one that waits for the next.
    fn decide(
        &mut self,
        id: ConnectionId,
        mut segments: Vec<Segment<'static>>,
        segment: &Segment<'_>,
    ) -> Entry {
        let ends = match guess_client(segment) {
            Some(ends) => ends,
            None if segments.len() < UNDECIDED_SEGMENTS => {
                segments.push(Segment {
                    payload: &[],
                    ..*segment
                });
                return Entry::Undecided { id, segments };
            }
            None => assume_client(segments.first().unwrap_or(segment)),
        };
        let first = segments.first().map_or(moment(segment), moment);
        let mut connection = Box::new(Connection::new(
            id,
            ends,
            first,
            &self.config,
            &mut self.events,
        ));
        for earlier in segments.iter().chain([segment]) {
            connection.handle_segment(earlier, &self.config, &mut self.events);
        }
        Entry::Open(connection)
    }

    fn assume(
        &mut self,
        id: ConnectionId,
        segments: &[Segment<'static>],
    ) -> Option<Box<Connection>> {
        let first = segments.first()?;
        let mut connection = Box::new(Connection::new(
            id,
            assume_client(first),
            moment(first),
            &self.config,
            &mut self.events,
        ));
        for segment in segments {
            connection.handle_segment(segment, &self.config, &mut self.events);
        }
        Some(connection)
    }
}

impl Entry {
    fn id(&self) -> ConnectionId {
        match self {
            Self::Undecided { id, .. } => *id,
            Self::Open(connection) => connection.id(),
        }
    }

    fn is_succeeded_by(&self, segment: &Segment<'_>) -> bool {
        matches!(self, Self::Open(connection) if connection.is_succeeded_by(segment))
    }
}

fn moment(segment: &Segment<'_>) -> Moment {
    Moment {
        packet: segment.packet,
        at: segment.at,
    }
}

fn flow_key(segment: &Segment<'_>) -> FlowKey {
    if segment.source <= segment.destination {
        (segment.source, segment.destination)
    } else {
        (segment.destination, segment.source)
    }
}
