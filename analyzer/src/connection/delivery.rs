//! How bytes in order, and gaps, reach the layers: at once, or after they have waited for more or for the other direction.

use std::mem;

use wireseam_wire::Timestamp;

use super::{Connection, Protocol, Work};
use crate::finding::{self, bytes};
use crate::http::Http;
use crate::intake::Waiting;
use crate::outbox::Place;
use crate::span_map::Carrier;
use crate::tcp::{Chunk, Content, Incoming};
use crate::{Detail, Direction, EventKind, Gap, GapCause, Offset, Span};

impl Connection {
    /// What is delivered from here on becomes deliverable together.
    pub(super) fn begin_batch(&self, direction: Direction, work: &mut Work<'_, '_>) {
        work.batch[direction as usize] = self.flows[direction as usize].reassembly.next();
    }

    pub(super) fn deliver(
        &mut self,
        direction: Direction,
        incoming: &Incoming<'_>,
        now: Option<Timestamp>,
        work: &mut Work<'_, '_>,
    ) {
        let at = direction as usize;
        if self.flows[at].reassembly.deliver_next(incoming) {
            if self.take_at_once(direction, incoming, now, work) {
                return;
            }
            let Incoming {
                start,
                bytes,
                carrier,
                ..
            } = *incoming;
            self.take_captured(direction, start, bytes, carrier, work);
            return;
        }
        self.flows[at].reassembly.note_cut(incoming);
        while let Some(chunk) = self.flows[at].next_chunk(Some(incoming)) {
            self.take_chunk(direction, chunk, work);
        }
        self.flows[at].reassembly.hold(incoming);
    }

    /// Has a segment reported that holds whole messages or a Close and nothing else, where nothing waits for anything.
    /// `false`, and nothing has happened, where it is anything else.
    fn take_at_once(
        &mut self,
        direction: Direction,
        incoming: &Incoming<'_>,
        now: Option<Timestamp>,
        work: &mut Work<'_, '_>,
    ) -> bool {
        let Incoming { bytes, carrier, .. } = *incoming;
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return false;
        };
        if work.config.detail == Detail::Map {
            return false;
        }
        let length = bytes.len() as u64;
        let (flow, back) = direction.and_back(&mut self.flows);
        if flow.has_map()
            || carrier.reach.length() != length
            || back.is_out_of_patience(now, &work.config.limits)
            || self.intakes[direction as usize].waiting().is_some()
        {
            return false;
        }
        let (acknowledged, spares) = (back.acknowledged(), &mut work.spares.socket);
        let is_taken = socket.take_close(direction, bytes, carrier, acknowledged, work.out, spares)
            || match work.config.detail {
                Detail::Counts => socket.count_at_once(direction, bytes, work.out),
                _ => socket.take_at_once(direction, bytes, carrier, work.config, work.out),
            };
        if !is_taken {
            return false;
        }
        flow.totals.bytes += length;
        self.keep(direction, carrier.reach.start, bytes, carrier, work);
        true
    }

    /// Gives up the first hole, or what of it the receiver has.
    pub(super) fn give_up_hole(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        let flow = &mut self.flows[direction as usize];
        let full = flow.full(&work.config.limits);
        if let Some((span, cause)) = flow.give_up_hole(&work.config.limits) {
            if let Some(text) = full {
                let place = Place {
                    direction: Some(direction),
                    span: Some(span),
                    ..Place::default()
                };
                work.out.finding_at(&finding::LIMIT_HELD, place, text);
            }
            self.pass_hole(direction, span, cause, work);
        }
    }

    /// Gives up all holes, and bytes missing at the end of the stream.
    pub(super) fn give_up_holes_at_end(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        while let Some((span, cause)) = self.flows[direction as usize].give_up_hole_at_end() {
            self.pass_hole(direction, span, cause, work);
        }
    }

    fn pass_hole(
        &mut self,
        direction: Direction,
        span: Span,
        cause: GapCause,
        work: &mut Work<'_, '_>,
    ) {
        self.take_gap(direction, span, cause, work);
        while let Some(chunk) = self.flows[direction as usize].next_chunk(None) {
            self.take_chunk(direction, chunk, work);
        }
    }

    fn take_chunk(&mut self, direction: Direction, chunk: Chunk<'_>, work: &mut Work<'_, '_>) {
        match chunk.content {
            Content::Cut => self.take_gap(direction, chunk.span, GapCause::SnapLength, work),
            Content::Bytes(bytes, carrier) => {
                self.take_captured(direction, chunk.span.start, &bytes, carrier, work);
            }
        }
    }

    fn take_captured(
        &mut self,
        direction: Direction,
        at: Offset,
        bytes: &[u8],
        carrier: Carrier,
        work: &mut Work<'_, '_>,
    ) {
        let flow = &mut self.flows[direction as usize];
        let span = Span::of_length(at, bytes.len() as u64);
        flow.totals.bytes += span.length();
        flow.map_mut(&mut work.spares.maps).push(span, carrier);
        self.keep(direction, at, bytes, carrier, work);
        self.take_bytes(direction, at, bytes, work);
    }

    /// Keeps bytes that are read, to be compared with copies of them.
    fn keep(
        &self,
        direction: Direction,
        at: Offset,
        bytes: &[u8],
        carrier: Carrier,
        work: &mut Work<'_, '_>,
    ) {
        let reassembly = &self.flows[direction as usize].reassembly;
        if work.past.is_kept()
            && let Some(seq) = reassembly.seq_of(at)
        {
            let packet = carrier.moment.packet;
            let stream = self.stream(direction);
            work.past.keep(stream, seq, bytes, packet);
        }
    }

    fn take_bytes(
        &mut self,
        direction: Direction,
        at: Offset,
        bytes: &[u8],
        work: &mut Work<'_, '_>,
    ) {
        let keep_from = work.batch[direction as usize];
        if let Some(waiting) = self.intakes[direction as usize].waiting_mut() {
            waiting.bytes.extend_from_slice(bytes);
            self.pump(direction, work);
            let waiting = self.intakes[direction as usize].waiting_mut();
            if let Some(waiting) = waiting.filter(|waiting| waiting.start >= at) {
                waiting.keep_from = keep_from;
            }
        } else {
            let used = self.drive(direction, at, bytes, work);
            if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
                self.intakes[direction as usize].put(Box::new(Waiting {
                    bytes: rest.to_vec(),
                    start: at.plus(used as u64),
                    keep_from,
                }));
            }
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
        let waiting = self.intakes[Direction::ClientToServer as usize].waiting();
        if let Some(waiting) = waiting.filter(|_| matches!(self.protocol, Protocol::Http(_))) {
            let span = waiting.span();
            let text = format!(
                "{} from the client behind an upgrade request that was then refused",
                bytes(span.length())
            );
            let map = self.flows[Direction::ClientToServer as usize].map();
            let place = Place::of(Direction::ClientToServer, span, map);
            let rule = &finding::HTTP_UPGRADE_REFUSED_PIPELINED;
            work.out.finding_at(rule, place, text);
        }
    }

    /// Offers the waiting bytes again.
    fn pump(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        let Some(mut waiting) = self.intakes[direction as usize].take() else {
            return;
        };
        let batch = work.batch[direction as usize];
        work.batch[direction as usize] = waiting.keep_from.min(batch);
        let used = self.drive(direction, waiting.start, &waiting.bytes, work);
        work.batch[direction as usize] = batch;
        waiting.bytes.drain(..used);
        waiting.start = waiting.start.plus(used as u64);
        self.intakes[direction as usize].put(waiting);
    }

    /// Nothing more will come: a response is read without its request, and what follows an upgrade request, where the
    /// server's stream was not captured whole, without its answer.
    pub(super) fn stop_waiting(&mut self, work: &mut Work<'_, '_>) {
        let answer_may_be_missing = !self.flows[Direction::ServerToClient as usize].is_whole();
        if let Protocol::Http(http) = &mut self.protocol {
            let client = Direction::ClientToServer as usize;
            if let Some(waiting) = self.intakes[client].waiting() {
                let map = self.flows[client].map();
                let detail = work.config.detail;
                if http.cut_head(waiting.start, &waiting.bytes, map, detail) {
                    self.intakes[client].take();
                }
            }
            if answer_may_be_missing {
                http.stop_waiting();
                self.pump(Direction::ClientToServer, work);
            }
            self.pump(Direction::ServerToClient, work);
            self.pump_unblocked(work);
        }
    }

    /// Bytes that wait too long for an answer are given to whatever can be told without it.
    fn limit_intake(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        let most = work.config.limits.early_bytes;
        let Some(waiting) = self.intakes[direction as usize]
            .waiting()
            .filter(|waiting| waiting.bytes.len() > most)
        else {
            return;
        };
        if let Protocol::Http(http) = &mut self.protocol {
            let what = match direction {
                Direction::ClientToServer => "an upgrade request wait for its answer",
                Direction::ServerToClient => "nothing asked for so far wait for the request",
            };
            let text = format!(
                "more than {} behind {what} (limit early-bytes)",
                bytes(most as u64)
            );
            let map = self.flows[direction as usize].map();
            let place = Place::of(direction, waiting.span(), map);
            work.out.finding_at(&finding::LIMIT_EARLY, place, text);
            http.stop_waiting();
            self.pump_as_last(direction, work);
        }
    }

    /// Offers the waiting bytes again, and does not wait for the other direction any longer.
    fn pump_as_last(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        let is_last = mem::replace(&mut work.is_last, true);
        self.pump(direction, work);
        work.is_last = is_last;
    }

    fn take_gap(
        &mut self,
        direction: Direction,
        span: Span,
        cause: GapCause,
        work: &mut Work<'_, '_>,
    ) {
        let flow = &mut self.flows[direction as usize];
        flow.note_gap();
        let map = flow.map_mut(&mut work.spares.maps);
        map.push_gap(span, work.out.moment());
        work.out.push(EventKind::Gap(Gap {
            direction,
            span,
            cause,
        }));
        match &mut self.protocol {
            Protocol::Probing => {
                let mut http = Http::lost();
                http.gap(direction, span);
                self.protocol = Protocol::Http(Box::new(http));
                self.intakes[direction as usize].take();
            }
            Protocol::Http(_) => self.http_gap(direction, span, work),
            Protocol::WebSocket(_) => self.socket_gap(direction, span, work),
            Protocol::Tls(hello) => hello.gap(direction),
            Protocol::Unread | Protocol::Over { .. } => {}
        }
    }

    fn socket_gap(&mut self, direction: Direction, span: Span, work: &mut Work<'_, '_>) {
        self.with_socket(direction, work, |socket, context| {
            socket.gap(direction, span, context);
        });
    }

    /// What waits in front of the gap is read as far as it goes; what waits for it in the other direction need wait no longer.
    fn http_gap(&mut self, direction: Direction, span: Span, work: &mut Work<'_, '_>) {
        if let Protocol::Http(http) = &mut self.protocol
            && direction == Direction::ClientToServer
        {
            http.stop_waiting();
        }
        self.pump_as_last(direction, work);
        match &mut self.protocol {
            Protocol::Http(http) => http.gap(direction, span),
            _ => self.socket_gap(direction, span, work),
        }
        self.intakes[direction as usize].take();
        self.pump(direction.reversed(), work);
        self.pump_unblocked(work);
    }
}
