//! One connection, two directions: what one segment sets in motion, and what is said at the end.
//!
//! ```text
//!   segment -> Flow::place -> chunks in order -> SpanMap
//!                                  |
//!                     Probing -> Http -> WebSocket        each takes (offset, bytes) and tells the Outbox
//!                        |-----> Tls, Http2, Opaque
//!   when all chunks of a segment are read: settle (alignment, events), then forget what nothing open needs
//! ```

use std::collections::VecDeque;
use std::mem;

use wireseam_wire::{Endpoint, Flags, Segment, Timestamp};

use crate::finding;
use crate::http::Http;
use crate::intake::Intake;
use crate::outbox::{Numbers, Outbox};
use crate::tcp::{Conflict, Ends, Flow, Incoming, Past, Stream, TcpState, fingerprint};
use crate::tls::Hello;
use crate::websocket::{Socket, Talking};
use crate::{
    Config, ConnectionId, Detail, Direction, Ended, Event, EventKind, FrameId, Layer, MessageId,
    Moment, Offset, Opened, SegmentKind,
};

mod asleep;
mod delivery;
mod held;
mod layers;
mod quick;
mod remains;
mod settle;
mod shared;

pub(crate) use asleep::Asleep;
use held::Held;
pub(crate) use quick::{Listing, Quick, Telling};
use quick::{Side, There};
pub(crate) use remains::Remains;
pub(crate) use shared::Shared;
use shared::Spares;

/// A connection from its first captured packet to its last.
#[derive(Debug)]
pub(crate) struct Connection {
    ends: Ends,
    /// The innermost protocol that was reported.
    layer: Option<Layer>,
    protocol: Protocol,
    id: ConnectionId,
    last: Moment,
    numbers: Numbers,
    intakes: [Intake; 2],
    flows: [Flow; 2],
    state: TcpState,
}

/// What is spoken.
#[derive(Debug)]
enum Protocol {
    /// Nothing has told yet.
    Probing,
    Http(Box<Http>),
    WebSocket(Box<Socket>),
    Tls(Box<Hello>),
    /// Bytes that nothing here reads: HTTP/2, or unknown ones.
    Unread,
    /// All was said of what was spoken, with this many messages: both streams are at their acknowledged ends.
    Over {
        messages: u64,
    },
}

/// What is done with one segment, or at the end.
struct Work<'a, 'b> {
    /// Whether nothing more will come.
    is_last: bool,
    config: &'a Config,
    out: &'a mut Outbox<'b>,
    spares: &'a mut Spares,
    past: &'a mut Past,
    /// From where on each direction's bytes now read were made deliverable together.
    batch: [Offset; 2],
}

impl<'a, 'b> Work<'a, 'b> {
    fn new(config: &'a Config, out: &'a mut Outbox<'b>, shared: &'a mut Shared) -> Self {
        Self {
            is_last: false,
            config,
            out,
            spares: &mut shared.spares,
            past: &mut shared.past,
            batch: [Offset(0); 2],
        }
    }
}

impl Connection {
    /// A connection that begins with `first`; reports it.
    pub(crate) fn new(
        id: ConnectionId,
        ends: Ends,
        first: Moment,
        config: &Config,
        events: &mut VecDeque<Event>,
    ) -> Self {
        let mut connection = Self {
            flows: [
                Flow::new(Direction::ClientToServer),
                Flow::new(Direction::ServerToClient),
            ],
            id,
            last: first,
            protocol: Protocol::Probing,
            numbers: Numbers::default(),
            ends,
            layer: None,
            intakes: Default::default(),
            state: TcpState::default(),
        };
        let opened = EventKind::Opened(connection.opened());
        Outbox::new(events, id, first, &mut connection.numbers, config).push(opened);
        connection
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.id
    }

    /// Its latest packet.
    pub(crate) fn last(&self) -> Moment {
        self.last
    }

    /// The client and the server.
    pub(crate) fn ends(&self) -> (Endpoint, Endpoint) {
        (self.ends.client, self.ends.server)
    }

    /// Reads a little of all that a segment needs of it, so that it is in the cache.
    pub(crate) fn touch(&self) -> u64 {
        let flows = self.flows.iter().map(Flow::touch);
        let rest = u64::from(self.ends.client.port)
            ^ u64::from(self.state.has_ended())
            ^ u64::from(matches!(self.protocol, Protocol::Probing));
        flows.fold(self.last.packet.0 ^ rest, u64::wrapping_add)
    }

    /// Where it stands, if nothing of it is open and its bytes and messages are only counted, or messages listed.
    pub(crate) fn quick(&self, config: &Config) -> Option<Quick> {
        // To be hashed, each message is opened.
        let hashed = config.hashes() && matches!(self.protocol, Protocol::WebSocket(_));
        if config.detail == Detail::Map || hashed {
            return None;
        }
        self.at_rest()
    }

    /// The same for as long as it sleeps, in which the next segment may wake it.
    pub(crate) fn quick_asleep(&self, config: &Config) -> Option<Quick> {
        if config.detail == Detail::Map {
            return self.at_rest();
        }
        self.quick(config)
    }

    /// Whether nothing of it is open.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.at_rest().is_some()
    }

    fn at_rest(&self) -> Option<Quick> {
        if self.state.has_ended() {
            return None;
        }
        let passes = self.passes();
        if passes == [0; 2] {
            return None;
        }
        let websocket = match &self.protocol {
            Protocol::WebSocket(socket) => Some(socket.id()),
            _ => None,
        };
        let [client, server] = &self.flows;
        let standings = [client.standing()?, server.standing()?];
        Quick::on(
            self.ends(),
            self.id,
            self.last,
            websocket,
            standings,
            passes,
        )
    }

    /// What Pings and Pongs have to do with.
    pub(crate) fn talking(&mut self) -> Option<Talking<'_>> {
        match &mut self.protocol {
            Protocol::WebSocket(socket) => Some(socket.talking()),
            _ => None,
        }
    }

    /// What a list of its messages needs besides, while it is [quick](Self::quick).
    pub(crate) fn listing(&self) -> Listing {
        let [client, server] = &self.flows;
        let Ends {
            client: one,
            server: other,
            ..
        } = self.ends;
        Listing {
            starts: [client.reassembly.next(), server.reassembly.next()],
            longest: [client.longest_from(one), server.longest_from(other)],
            there: There::Is,
            first: match &self.protocol {
                Protocol::WebSocket(socket) => socket.next_numbers(),
                _ => (FrameId(0), MessageId(0)),
            },
        }
    }

    /// How many bytes from here on are at most counted, in each direction, if their segments are [quick](Quick) ones.
    fn passes(&self) -> [u32; 2] {
        if !self.intakes.iter().all(Intake::is_empty) {
            return [0; 2];
        }
        match &self.protocol {
            Protocol::WebSocket(socket) if socket.is_quiet() => [u32::MAX; 2],
            Protocol::Unread => [u32::MAX; 2],
            Protocol::Http(http) => Direction::BOTH
                .map(|direction| u32::try_from(http.passes(direction)).unwrap_or(u32::MAX)),
            _ => [0; 2],
        }
    }

    /// Takes over what was counted elsewhere, and the segments that were kept there.
    pub(crate) fn catch_up(
        &mut self,
        quick: &Quick,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) {
        let mut kept = [None, None];
        if quick.is_waiting() {
            let [client, server] = quick.sides();
            kept = [client, server].map(|side| shared.held.take(side.held));
        }
        let passes = self.passes();
        for (direction, side) in Direction::BOTH.into_iter().zip(quick.sides()) {
            let before = kept[direction as usize].as_ref().map(|held| held.before);
            let standing = side.standing.with_data_of(before.as_ref());
            let bytes = side.bytes(passes[direction as usize]);
            let Side {
                segments, messages, ..
            } = *side;
            self.flows[direction as usize].catch_up(&standing, u64::from(segments), bytes);
            match &mut self.protocol {
                Protocol::WebSocket(socket) => socket.catch_up(direction, u64::from(messages)),
                Protocol::Http(http) => http.pass(direction, u64::from(bytes)),
                _ => {}
            }
        }
        if quick.is_waiting() {
            kept.sort_by_key(|held| held.as_ref().map(Held::packet));
            for held in kept.iter().flatten() {
                self.handle_segment(&held.segment(), config, shared, events);
            }
        }
        self.last = quick.last().unwrap_or(self.last);
    }

    /// Whether only one side has been heard, and no byte of it.
    pub(crate) fn is_half_open(&self) -> bool {
        self.flows.iter().all(|flow| flow.totals.bytes == 0)
            && self
                .flows
                .iter()
                .any(|flow| flow.reassembly.origin().is_none())
    }

    fn opened(&self) -> Opened {
        let Ends {
            client,
            server,
            seen_from,
        } = self.ends;
        Opened {
            client,
            server,
            seen_from,
        }
    }

    /// Whether this segment begins another connection with the same addresses and ports.
    pub(crate) fn is_succeeded_by(&self, segment: &Segment<'_>) -> bool {
        let direction = self.ends.direction_of(segment);
        self.state.is_reopened_by(
            direction,
            segment,
            self.flows[direction as usize].reassembly.origin(),
        )
    }

    /// Takes the next captured segment of this connection; whether with it nothing more is to come but repetitions.
    pub(crate) fn handle_segment(
        &mut self,
        segment: &Segment<'_>,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) -> bool {
        let moment = Moment::of(segment);
        let direction = self.ends.direction_of(segment);
        self.last = moment;
        let was_over = self.state.is_over();
        let seen_lately = shared.recent.note(fingerprint(self.id, direction, segment));
        if config.detail == Detail::Map || !self.take_bare(direction, segment, seen_lately, moment)
        {
            self.work(moment, config, shared, events, |connection, work| {
                connection.segment(direction, segment, seen_lately, work);
            });
        } else if self.is_out_of_patience(segment.at, config) || self.is_complete() {
            self.work(moment, config, shared, events, |connection, work| {
                connection.conclude(false, segment.at, work);
            });
        }
        self.state.is_over() && !was_over
    }

    /// Has something done to it that may have something to say, at this moment.
    #[inline]
    fn work(
        &mut self,
        moment: Moment,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
        act: impl FnOnce(&mut Self, &mut Work<'_, '_>),
    ) {
        let mut numbers = mem::take(&mut self.numbers);
        let mut out = Outbox::new(events, self.id, moment, &mut numbers, config);
        act(self, &mut Work::new(config, &mut out, shared));
        self.numbers = numbers;
    }

    /// Whether segments of it wait behind a hole.
    pub(crate) fn has_hole(&self) -> bool {
        self.flows.iter().any(|flow| flow.reassembly.has_hole())
    }

    /// Time has passed in which nothing came: holes that need not be waited for any longer are given up.
    pub(crate) fn handle_timeout(
        &mut self,
        now: Timestamp,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) {
        self.work(self.last, config, shared, events, |connection, work| {
            if connection.lose_patience(Some(now), work) {
                connection.settle(work);
                if connection.is_complete() {
                    connection.finish_protocol(work);
                }
            }
        });
    }

    /// Takes a segment without payload, where nothing comes of it but what the flows remember and how the connection ended.
    /// `false`, and nothing has happened, where it is anything else.
    fn take_bare(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        seen_lately: bool,
        moment: Moment,
    ) -> bool {
        let (flow, back) = direction.and_back(&mut self.flows);
        if flow.take_bare(segment, seen_lately).is_none() {
            return false;
        }
        back.handle_acknowledgement(segment, moment, false);
        self.state.handle(direction, segment, moment);
        true
    }

    /// The capture has ended, or the connection, or it is given up because there is no room for it: what is open is closed
    /// and reported.
    pub(crate) fn finish(
        &mut self,
        given_up: bool,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) {
        self.work(self.last, config, shared, events, |connection, work| {
            connection.finish_protocol(work);
            if given_up {
                let text = "its place was needed for another connection (limit connections or half-open); what comes later of it opens a new one";
                work.out
                    .finding(&finding::LIMIT_CONNECTIONS, None, None, text.to_owned());
            }
            let ended = Ended {
                opened: connection.opened(),
                layer: connection.layer,
                messages: connection.messages(),
                findings: work.out.findings(),
                how: connection.state.ended(),
                last: connection.last,
                totals: connection.flows.each_ref().map(|flow| flow.totals),
            };
            work.out.push(EventKind::Ended(Box::new(ended)));
        });
    }

    fn messages(&self) -> u64 {
        match &self.protocol {
            Protocol::WebSocket(socket) => socket.messages(),
            Protocol::Over { messages } => *messages,
            _ => 0,
        }
    }

    fn segment(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        seen_lately: bool,
        work: &mut Work<'_, '_>,
    ) {
        let moment = work.out.moment();
        let (flow, back) = direction.and_back(&mut self.flows);
        if work.config.detail != Detail::Map
            && let Some(incoming) = flow.take_next(segment, moment)
        {
            back.handle_acknowledgement(segment, moment, false);
            return self.read(direction, &incoming, segment.at, work);
        }
        let placed = flow.place(segment, moment, seen_lately);
        if work.config.detail == Detail::Map {
            work.out.push(EventKind::Segment(placed.seen));
        }
        let mut conflicts = placed.conflicts;
        if let Some(incoming) = &placed.incoming
            && placed.seen.kind != SegmentKind::KeepAlive
        {
            conflicts.extend(self.conflicts_with_past(direction, incoming, work));
        }
        for conflict in conflicts {
            let text = format!(
                "the bytes {} came first in {} and differ here",
                conflict.span, conflict.kept
            );
            work.out.finding(
                &finding::TCP_OVERLAP_CONFLICT,
                Some(direction),
                Some(conflict.span),
                text,
            );
        }
        if placed.seen.kind != SegmentKind::OutOfWindow {
            let timed = work.config.detail == Detail::Map;
            self.flows[direction.reversed() as usize]
                .handle_acknowledgement(segment, moment, timed);
            self.state.handle(direction, segment, moment);
        } else if segment.flags.contains(Flags::RST) {
            let seen = self.flows[direction as usize].reassembly.seen_end();
            let place = match placed.seen.span.start.0.checked_sub(seen.0) {
                Some(beyond) => format!("{} beyond the last one seen", finding::bytes(beyond)),
                None => "long before the last byte seen".to_owned(),
            };
            let text = format!("a RST with sequence number {}, {place}", segment.seq.0);
            let rule = &finding::TCP_RST_OUTSIDE;
            work.out.finding(rule, Some(direction), None, text);
        }
        match &placed.incoming {
            Some(incoming) => self.read(direction, incoming, segment.at, work),
            None => self.conclude(false, segment.at, work),
        }
    }

    /// Reads a segment's bytes, or holds them where some before them are missing.
    fn read(
        &mut self,
        direction: Direction,
        incoming: &Incoming<'_>,
        now: Option<Timestamp>,
        work: &mut Work<'_, '_>,
    ) {
        let before = self.flows[direction as usize].reassembly.next();
        self.begin_batch(direction, work);
        self.deliver(direction, incoming, now, work);
        let reassembly = &self.flows[direction as usize].reassembly;
        // where it is held behind a hole, nothing has changed for whoever reads
        let was_read = reassembly.next() != before || !reassembly.has_hole();
        self.conclude(was_read, now, work);
    }

    /// Where a payload differs from what was read of this stream before.
    fn conflicts_with_past(
        &self,
        direction: Direction,
        incoming: &Incoming<'_>,
        work: &Work<'_, '_>,
    ) -> Vec<Conflict> {
        let reassembly = &self.flows[direction as usize].reassembly;
        if incoming.start >= reassembly.next() {
            return Vec::new();
        }
        work.past
            .conflicts(self.stream(direction), reassembly, incoming)
    }

    /// One of its directions, among those of all connections.
    fn stream(&self, direction: Direction) -> Stream {
        Stream::new(self.id, direction, (self.ends.client, self.ends.server))
    }
}
