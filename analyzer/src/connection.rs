//! One connection, two directions; the only file that knows the order of the layers and switches them.
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

use wireseam_wire::{PacketIndex, Segment};

use crate::analyzer::Config;
use crate::finding::{self, bytes};
use crate::http::{Http, Outcome, Surroundings, Upgraded};
use crate::intake::Intake;
use crate::outbox::{Numbers, Outbox, Place};
use crate::recognise::{Recognised, recognise};
use crate::tcp::{Chunk, Content, Ends, Flow, Incoming, TcpState};
use crate::tls::Hello;
use crate::websocket::{Context, Reading, Socket};
use crate::{
    ConnectionId, Direction, Ended, Event, EventKind, Gap, GapCause, Layer, Moment, Offset, Opened,
    SeenFrom, SegmentKind, Span,
};

/// A connection from its first captured packet to its last.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
    ends: Ends,
    state: TcpState,
    /// The packet with which it was over in both directions.
    over_since: Option<PacketIndex>,
    last: Moment,
    flows: [Flow; 2],
    intakes: [Intake; 2],
    protocol: Protocol,
    numbers: Numbers,
    /// Whether anything but TCP was reported as a layer.
    recognised: bool,
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
}

/// What is done with one segment, or at the end.
struct Work<'a, 'b> {
    /// Whether nothing more will come.
    is_last: bool,
    config: &'a Config,
    out: &'a mut Outbox<'b>,
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
            id,
            ends,
            state: TcpState::default(),
            over_since: None,
            last: first,
            flows: Direction::BOTH.map(Flow::new),
            intakes: Default::default(),
            protocol: Protocol::Probing,
            numbers: Numbers::default(),
            recognised: false,
        };
        let opened = Opened {
            client: ends.client,
            server: ends.server,
            seen_from: ends.seen_from,
        };
        Outbox::new(events, id, first, &mut connection.numbers, &config.limits)
            .push(EventKind::Opened(opened));
        connection
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.id
    }

    /// Whether this packet was the one with which nothing more is to come but repetitions.
    pub(crate) fn has_just_ended(&self, packet: PacketIndex) -> bool {
        self.over_since == Some(packet)
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

    /// Takes the next captured segment of this connection.
    pub(crate) fn handle_segment(
        &mut self,
        segment: &Segment<'_>,
        config: &Config,
        events: &mut VecDeque<Event>,
    ) {
        let moment = Moment {
            packet: segment.packet,
            at: segment.at,
        };
        let direction = self.ends.direction_of(segment);
        self.last = moment;
        let mut numbers = mem::take(&mut self.numbers);
        let mut out = Outbox::new(events, self.id, moment, &mut numbers, &config.limits);
        let mut work = Work {
            is_last: false,
            config,
            out: &mut out,
        };
        self.segment(direction, segment, moment, &mut work);
        self.numbers = numbers;
    }

    /// The capture has ended, or the connection: what is open is closed and reported.
    pub(crate) fn finish(&mut self, config: &Config, events: &mut VecDeque<Event>) {
        let mut numbers = mem::take(&mut self.numbers);
        let mut out = Outbox::new(events, self.id, self.last, &mut numbers, &config.limits);
        let mut work = Work {
            is_last: true,
            config,
            out: &mut out,
        };
        for direction in Direction::BOTH {
            self.give_up_holes(direction, true, &mut work);
        }
        self.stop_waiting(&mut work);
        self.finish_protocol(&mut work);
        let ended = Ended {
            how: self.state.ended(),
            last: self.last,
            totals: self.flows.each_ref().map(|flow| flow.totals),
        };
        work.out.push(EventKind::Ended(Box::new(ended)));
        self.numbers = numbers;
    }

    fn segment(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        moment: Moment,
        work: &mut Work<'_, '_>,
    ) {
        let placed = self.flows[direction as usize].place(segment, moment);
        work.out.push(EventKind::Segment(placed.seen));
        for conflict in placed.conflicts {
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
        self.flows[direction.reversed() as usize].handle_acknowledgement(segment, moment);
        let was_over = self.state.is_over();
        if placed.seen.kind != SegmentKind::OutOfWindow {
            self.state.handle(direction, segment, moment);
        }
        if self.state.is_over() && !was_over {
            self.over_since = Some(moment.packet);
        }
        if let Some(incoming) = &placed.incoming {
            self.begin_batch(direction);
            self.deliver(direction, incoming, work);
        }
        for side in Direction::BOTH {
            if self.flows[side as usize].is_out_of_patience(segment.at, &work.config.limits) {
                self.begin_batch(side);
                self.give_up_holes(side, false, work);
            }
        }
        self.settle(work);
    }

    fn begin_batch(&mut self, direction: Direction) {
        self.intakes[direction as usize].batch = self.flows[direction as usize].reassembly.next();
    }

    fn deliver(&mut self, direction: Direction, incoming: &Incoming<'_>, work: &mut Work<'_, '_>) {
        let at = direction as usize;
        self.flows[at].reassembly.note_cut(incoming);
        while let Some(chunk) = self.flows[at].next_chunk(Some(incoming)) {
            self.take_chunk(direction, chunk, work);
        }
        self.flows[at].reassembly.hold(incoming);
    }

    /// Gives up holes: the first one, or at the end all of them.
    fn give_up_holes(&mut self, direction: Direction, at_end: bool, work: &mut Work<'_, '_>) {
        while let Some((span, cause)) = self.flows[direction as usize].give_up_hole(at_end) {
            self.take_gap(direction, span, cause, work);
            while let Some(chunk) = self.flows[direction as usize].next_chunk(None) {
                self.take_chunk(direction, chunk, work);
            }
            if !at_end {
                break;
            }
        }
    }

    fn take_chunk(&mut self, direction: Direction, chunk: Chunk<'_>, work: &mut Work<'_, '_>) {
        match chunk.content {
            Content::Cut => self.take_gap(direction, chunk.span, GapCause::SnapLength, work),
            Content::Bytes(bytes, carrier) => {
                let flow = &mut self.flows[direction as usize];
                flow.totals.bytes += chunk.span.length();
                flow.map.push(chunk.span, carrier);
                self.take_bytes(direction, chunk.span.start, &bytes, work);
            }
        }
    }

    fn take_bytes(
        &mut self,
        direction: Direction,
        at: Offset,
        bytes: &[u8],
        work: &mut Work<'_, '_>,
    ) {
        let intake = &mut self.intakes[direction as usize];
        if intake.bytes.is_empty() {
            intake.keep_from = intake.batch;
            let used = self.drive(direction, at, bytes, work);
            let intake = &mut self.intakes[direction as usize];
            intake.start = at.plus(used as u64);
            intake
                .bytes
                .extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            intake.bytes.extend_from_slice(bytes);
            self.pump(direction, work);
        }
        self.limit_intake(direction, work);
        self.pump_unblocked(work);
    }

    /// Offers waiting bytes that the other direction has made readable, until neither helps the other on.
    fn pump_unblocked(&mut self, work: &mut Work<'_, '_>) {
        loop {
            if work.out.take_unblocked(Direction::ClientToServer) {
                self.report_pipelined(work);
                self.pump(Direction::ClientToServer, work);
            } else if work.out.take_unblocked(Direction::ServerToClient) {
                self.pump(Direction::ServerToClient, work);
            } else {
                return;
            }
        }
    }

    /// Bytes that waited behind an upgrade request turn out to be HTTP: it was refused.
    fn report_pipelined(&mut self, work: &mut Work<'_, '_>) {
        let waiting = &self.intakes[Direction::ClientToServer as usize];
        if matches!(self.protocol, Protocol::Http(_)) && !waiting.bytes.is_empty() {
            let span = Span::of_length(waiting.start, waiting.bytes.len() as u64);
            let text = format!(
                "{} from the client behind an upgrade request that was then refused",
                bytes(span.length())
            );
            let map = &self.flows[Direction::ClientToServer as usize].map;
            let place = Place::of(Direction::ClientToServer, span, map);
            let rule = &finding::HTTP_UPGRADE_REFUSED_PIPELINED;
            work.out.finding_at(rule, place, text);
        }
    }

    /// Offers the waiting bytes again.
    fn pump(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        let intake = &mut self.intakes[direction as usize];
        let mut bytes = mem::take(&mut intake.bytes);
        let start = intake.start;
        let batch = intake.batch;
        intake.batch = intake.keep_from.min(batch);
        let used = self.drive(direction, start, &bytes, work);
        bytes.drain(..used);
        let intake = &mut self.intakes[direction as usize];
        intake.batch = batch;
        intake.start = start.plus(used as u64);
        intake.bytes = bytes;
    }

    /// Nothing more will come: a response is read without its request, and what follows an upgrade request, where nothing
    /// of the server was captured, without its answer.
    fn stop_waiting(&mut self, work: &mut Work<'_, '_>) {
        let server_is_silent = self.flows[Direction::ServerToClient as usize].is_silent();
        let client = &self.intakes[Direction::ClientToServer as usize];
        if let Protocol::Http(http) = &mut self.protocol {
            http.cut_head(
                client.start,
                &client.bytes,
                &self.flows[Direction::ClientToServer as usize].map,
            );
            if server_is_silent {
                http.stop_waiting();
                self.pump(Direction::ClientToServer, work);
            }
            self.pump(Direction::ServerToClient, work);
            self.pump_unblocked(work);
        }
    }

    /// Bytes that wait too long for an answer are given to whatever can be told without it.
    fn limit_intake(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        if self.intakes[direction as usize].bytes.len() <= work.config.limits.early_bytes {
            return;
        }
        if let Protocol::Http(http) = &mut self.protocol {
            http.stop_waiting();
            let is_last = mem::replace(&mut work.is_last, true);
            self.pump(direction, work);
            work.is_last = is_last;
        }
    }

    /// Offers bytes to the layers until they need more; how many were used.
    fn drive(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        work: &mut Work<'_, '_>,
    ) -> usize {
        let mut used = 0;
        loop {
            let rest = input.get(used..).unwrap_or_default();
            let here = at.plus(used as u64);
            match &mut self.protocol {
                _ if rest.is_empty() => return used,
                Protocol::Unread => return input.len(),
                Protocol::Tls(hello) => {
                    if let Some(told) = hello.feed(direction, rest) {
                        work.out.push(EventKind::Tls(told));
                    }
                    return input.len();
                }
                Protocol::WebSocket(_) => {
                    self.feed_socket(direction, here, rest, work);
                    return input.len();
                }
                Protocol::Probing => {
                    if !self.probe(direction, rest, work) {
                        return used;
                    }
                }
                Protocol::Http(http) => {
                    let around = Surroundings {
                        map: &self.flows[direction as usize].map,
                        limits: &work.config.limits,
                        is_whole: self.flows[direction as usize].is_whole(),
                        request_may_follow: self.flows[Direction::ClientToServer as usize]
                            .is_whole()
                            && !work.is_last,
                    };
                    let step = http.step(direction, here, rest, &around, work.out);
                    used += step.consumed;
                    if matches!(step.outcome, Outcome::Wait) {
                        return used;
                    }
                    self.after_step(direction, step.outcome, work);
                }
            }
        }
    }

    /// Tells the protocol by the first bytes; `false` where there are too few.
    fn probe(&mut self, direction: Direction, input: &[u8], work: &mut Work<'_, '_>) -> bool {
        match recognise(direction, input) {
            Recognised::NotYet => return false,
            Recognised::Http => {
                self.recognise(Layer::Http, Protocol::Http(Box::new(Http::new())), work);
            }
            Recognised::Http2 => self.recognise(Layer::Http2, Protocol::Unread, work),
            Recognised::Tls => self.recognise(Layer::Tls, Protocol::Tls(Box::default()), work),
            Recognised::Unknown if self.ends.seen_from == SeenFrom::MidStream => {
                self.protocol = Protocol::Http(Box::new(Http::lost()));
            }
            Recognised::Unknown => self.recognise(Layer::Opaque, Protocol::Unread, work),
        }
        true
    }

    fn recognise(&mut self, layer: Layer, protocol: Protocol, work: &mut Work<'_, '_>) {
        self.protocol = protocol;
        self.recognised = true;
        work.out.push(EventKind::Layer(layer));
    }

    fn after_step(&mut self, direction: Direction, outcome: Outcome, work: &mut Work<'_, '_>) {
        match outcome {
            Outcome::More | Outcome::Wait => self.note_http(work),
            Outcome::WebSocket(upgraded) => {
                self.note_http(work);
                self.open_socket(direction, *upgraded, work);
            }
            Outcome::Http2 => {
                self.note_http(work);
                self.recognise(Layer::Http2, Protocol::Unread, work);
            }
            Outcome::Opaque => {
                self.note_http(work);
                self.recognise(Layer::Opaque, Protocol::Unread, work);
            }
            Outcome::Tunnel => {
                self.note_http(work);
                self.protocol = Protocol::Probing;
            }
        }
        if !matches!(self.protocol, Protocol::Http(_)) {
            work.out.unblock(direction.reversed());
        }
    }

    /// Heads found in a connection that was not known to speak HTTP make it one.
    fn note_http(&mut self, work: &mut Work<'_, '_>) {
        let Protocol::Http(http) = &self.protocol else {
            return;
        };
        if !self.recognised && http.is_recognised() {
            self.recognised = true;
            work.out.push(EventKind::Layer(Layer::Http));
        }
    }

    fn open_socket(
        &mut self,
        direction: Direction,
        mut upgraded: Upgraded,
        work: &mut Work<'_, '_>,
    ) {
        let early = &self.intakes[Direction::ClientToServer as usize];
        if direction == Direction::ServerToClient
            && !early.bytes.is_empty()
            && upgraded.searches[0].is_none()
        {
            let span = Span::of_length(early.start, early.bytes.len() as u64);
            let text = format!("{} from the client before the 101", bytes(span.length()));
            let map = &self.flows[Direction::ClientToServer as usize].map;
            let place = Place::of(Direction::ClientToServer, span, map);
            work.out
                .websocket_finding(&finding::HTTP_UPGRADE_EARLY, place, text);
        }
        let found = upgraded.found.take();
        work.out.push(EventKind::Layer(Layer::WebSocket));
        self.recognised = true;
        let rest = found
            .as_ref()
            .map(|(direction, found)| (*direction, found.rest, found.bits));
        let socket = Socket::new(upgraded, rest, work.out);
        self.protocol = Protocol::WebSocket(Box::new(socket));
        if let Some((direction, found)) = found {
            let intake = &mut self.intakes[direction as usize];
            let batch = mem::replace(&mut intake.batch, found.rest.start.min(found.start));
            self.feed_socket(direction, found.start, &found.bytes, work);
            self.intakes[direction as usize].batch = batch;
        }
    }

    fn feed_socket(
        &mut self,
        direction: Direction,
        at: Offset,
        bytes: &[u8],
        work: &mut Work<'_, '_>,
    ) {
        let batch = self.intakes[direction as usize].batch;
        self.with_socket(direction, batch, work, |socket, context| {
            socket.feed(direction, at, bytes, context)
        });
    }

    fn with_socket<T>(
        &mut self,
        direction: Direction,
        batch: Offset,
        work: &mut Work<'_, '_>,
        act: impl FnOnce(&mut Socket, &mut Context<'_, '_>) -> T,
    ) -> Option<T> {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return None;
        };
        let acknowledged = self.flows[direction.reversed() as usize]
            .acknowledged()
            .map(|(end, _)| end);
        let reading = Reading {
            policy: work.config.payload,
            limits: &work.config.limits,
        };
        let map = &self.flows[direction as usize].map;
        let mut context = Context {
            map,
            reading,
            out: &mut *work.out,
            batch,
            acknowledged,
        };
        Some(act(socket, &mut context))
    }

    fn take_gap(
        &mut self,
        direction: Direction,
        span: Span,
        cause: GapCause,
        work: &mut Work<'_, '_>,
    ) {
        self.flows[direction as usize].note_gap();
        self.flows[direction as usize]
            .map
            .push_gap(span, work.out.moment());
        work.out.push(EventKind::Gap(Gap {
            direction,
            span,
            cause,
        }));
        let batch = self.intakes[direction as usize].batch;
        match &mut self.protocol {
            Protocol::Probing => {
                let mut http = Http::lost();
                http.gap(direction, span);
                self.protocol = Protocol::Http(Box::new(http));
                self.intakes[direction as usize].drop_up_to(span.end);
            }
            Protocol::Http(_) => self.http_gap(direction, span, work),
            Protocol::WebSocket(_) => {
                self.with_socket(direction, batch, work, |socket, context| {
                    socket.gap(direction, span, context)
                });
            }
            Protocol::Tls(hello) => hello.gap(direction),
            Protocol::Unread => {}
        }
    }

    /// What waits in front of the gap is read as far as it goes; what waits for it in the other direction need wait no longer.
    fn http_gap(&mut self, direction: Direction, span: Span, work: &mut Work<'_, '_>) {
        if direction == Direction::ServerToClient {
            let is_last = mem::replace(&mut work.is_last, true);
            self.pump(direction, work);
            work.is_last = is_last;
        }
        match &mut self.protocol {
            Protocol::Http(http) => http.gap(direction, span),
            _ => {
                let batch = self.intakes[direction as usize].batch;
                self.with_socket(direction, batch, work, |socket, context| {
                    socket.gap(direction, span, context)
                });
            }
        }
        self.intakes[direction as usize].drop_up_to(span.end);
        work.out.unblock(direction.reversed());
        self.pump_unblocked(work);
    }

    /// All bytes that this segment made deliverable have been read: reports what ended, forgets what nothing needs.
    fn settle(&mut self, work: &mut Work<'_, '_>) {
        for direction in Direction::BOTH {
            let next = self.flows[direction as usize].reassembly.next();
            self.with_socket(direction, next, work, |socket, context| {
                socket.settle(direction, next, context)
            });
            if let (Protocol::WebSocket(socket), Some((end, since))) = (
                &mut self.protocol,
                self.flows[direction as usize].acknowledged(),
            ) {
                socket.acknowledge(direction, end, since, work.out);
            }
            self.release(direction, next);
        }
    }

    fn release(&mut self, direction: Direction, next: Offset) {
        let waiting = self.intakes[direction as usize].needed_from(next);
        let open = match &self.protocol {
            Protocol::WebSocket(socket) => socket.keep_from(direction, next),
            Protocol::Http(http) => http.keep_from(direction, next),
            _ => next,
        };
        self.flows[direction as usize]
            .map
            .release(waiting.min(open));
    }

    fn finish_protocol(&mut self, work: &mut Work<'_, '_>) {
        for direction in Direction::BOTH {
            let next = self.flows[direction as usize].reassembly.next();
            self.with_socket(direction, next, work, |socket, context| {
                socket.finish_half(direction, context);
                socket.settle(direction, next, context);
            });
            if let (Protocol::WebSocket(socket), Some((end, since))) = (
                &mut self.protocol,
                self.flows[direction as usize].acknowledged(),
            ) {
                socket.acknowledge(direction, end, since, work.out);
            }
        }
        let tcp_packet = self.state.ended_in();
        match &mut self.protocol {
            Protocol::WebSocket(socket) => socket.finish(self.state.ended(), tcp_packet, work.out),
            Protocol::Http(http) => {
                for handshake in http.finish(work.out) {
                    work.out.websocket(handshake);
                }
            }
            _ => {}
        }
        let has_bytes = self.flows.iter().any(|flow| flow.totals.bytes > 0);
        if has_bytes && !self.recognised {
            work.out.push(EventKind::Layer(Layer::Opaque));
        }
    }
}
