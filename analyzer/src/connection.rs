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

use wireseam_wire::{PacketIndex, Segment};

use crate::finding;
use crate::http::Http;
use crate::intake::Intake;
use crate::outbox::{Numbers, Outbox};
use crate::tcp::{Ends, Flow, TcpState};
use crate::tls::Hello;
use crate::websocket::Socket;
use crate::{
    Config, ConnectionId, Direction, Ended, Event, EventKind, Layer, Moment, Offset, Opened,
    SegmentKind,
};

mod delivery;
mod layers;

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

    /// Its latest packet.
    pub(crate) fn last(&self) -> Moment {
        self.last
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
            self.give_up_holes_at_end(direction, &mut work);
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
                self.give_up_hole(side, work);
            }
        }
        self.settle(work);
    }

    /// All bytes that this segment made deliverable have been read: reports what ended, forgets what nothing needs.
    fn settle(&mut self, work: &mut Work<'_, '_>) {
        for direction in Direction::BOTH {
            let next = self.flows[direction as usize].reassembly.next();
            self.with_socket(direction, next, work, |socket, context| {
                socket.settle(direction, next, context);
            });
            self.acknowledge(direction, work);
            self.release(direction, next);
        }
    }

    /// Tells the WebSocket how far one direction was acknowledged.
    fn acknowledge(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        if let Protocol::WebSocket(socket) = &mut self.protocol
            && let Some((end, since)) = self.flows[direction as usize].acknowledged()
        {
            socket.acknowledge(direction, end, since, work.out);
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
            self.acknowledge(direction, work);
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
