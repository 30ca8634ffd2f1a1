//! The order of the layers, and how one is switched for the next: the only place that knows it.

use std::mem;

use super::{Connection, Protocol, Work};
use crate::finding::{self, bytes};
use crate::http::{Http, Outcome, Surroundings, Upgraded};
use crate::outbox::Place;
use crate::proxy::{self, Prefix};
use crate::recognise::{Recognised, recognise};
use crate::websocket::{Context, Socket};
use crate::{Detail, Direction, EventKind, Layer, Offset, SeenFrom, Span};

impl Connection {
    /// Offers bytes to the layers until they need more; how many were used.
    pub(super) fn drive(
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
            if direction == Direction::ClientToServer && here == Offset(0) {
                match self.pass_proxy(rest, work) {
                    Some(0) => {}
                    Some(length) => {
                        used += length;
                        continue;
                    }
                    None => return used,
                }
            }
            match &mut self.protocol {
                _ if rest.is_empty() => return used,
                Protocol::Unread | Protocol::Over { .. } => return input.len(),
                Protocol::Tls(hello) => {
                    if let Some(told) = hello.feed(direction, rest) {
                        work.out.push(EventKind::Tls(Box::new(told)));
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
                        map: self.flows[direction as usize].map(),
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

    /// The length of a proxy's header at the start of the client's stream, 0 where there is none; `None` where there are
    /// too few bytes to tell.
    fn pass_proxy(&self, input: &[u8], work: &mut Work<'_, '_>) -> Option<usize> {
        if !matches!(self.protocol, Protocol::Probing | Protocol::Http(_)) {
            return Some(0);
        }
        let longest = work.config.limits.proxy_header;
        match proxy::prefix(input, longest) {
            Prefix::NotYet if !work.is_last => None,
            Prefix::NotYet | Prefix::Absent => Some(0),
            Prefix::TooLong(length) => {
                let span = Span::of_length(Offset(0), proxy::FIXED as u64);
                let map = self.flows[Direction::ClientToServer as usize].map();
                let place = Place::of(Direction::ClientToServer, span, map);
                let text = format!(
                    "a proxy's header of {}, where {longest} are waited for (limit proxy-header)",
                    bytes(length as u64)
                );
                work.out.finding_at(&finding::LIMIT_PROXY, place, text);
                Some(0)
            }
            Prefix::Header(proxied) => {
                work.out.push(EventKind::Proxied(proxied));
                usize::try_from(proxied.header.length()).ok()
            }
        }
    }

    /// Tells the protocol by the first bytes; `false` where there are too few.
    fn probe(&mut self, direction: Direction, input: &[u8], work: &mut Work<'_, '_>) -> bool {
        match recognise(direction, input) {
            Recognised::NotYet => return false,
            Recognised::Http => {
                let http = work.spares.https.take();
                self.recognise(Layer::Http, Protocol::Http(http), work);
            }
            Recognised::Http2 => self.recognise(Layer::Http2, Protocol::Unread, work),
            Recognised::Tls if work.config.detail != Detail::Map => {
                self.recognise(Layer::Tls, Protocol::Unread, work);
            }
            Recognised::Tls => self.recognise(Layer::Tls, Protocol::Tls(Box::default()), work),
            Recognised::Unknown if self.ends.seen_from == SeenFrom::MidStream => {
                self.protocol = Protocol::Http(Box::new(Http::lost()));
            }
            Recognised::Unknown => self.recognise(Layer::Opaque, Protocol::Unread, work),
        }
        true
    }

    fn recognise(&mut self, layer: Layer, protocol: Protocol, work: &mut Work<'_, '_>) {
        self.speak(protocol, work);
        self.report_layer(layer, work);
    }

    /// Goes on with another protocol.
    pub(super) fn speak(&mut self, protocol: Protocol, work: &mut Work<'_, '_>) {
        if let Protocol::Http(http) = mem::replace(&mut self.protocol, protocol) {
            work.spares.https.give_back(Some(http));
        }
    }

    pub(super) fn report_layer(&mut self, layer: Layer, work: &mut Work<'_, '_>) {
        self.layer = Some(layer);
        work.out.push(EventKind::Layer(layer));
    }

    fn after_step(&mut self, direction: Direction, outcome: Outcome, work: &mut Work<'_, '_>) {
        self.note_http(work);
        match outcome {
            Outcome::More | Outcome::Wait => {}
            Outcome::WebSocket(upgraded) => self.open_socket(direction, upgraded, work),
            Outcome::Http2 => self.recognise(Layer::Http2, Protocol::Unread, work),
            Outcome::Opaque => self.recognise(Layer::Opaque, Protocol::Unread, work),
            Outcome::Tunnel => self.speak(Protocol::Probing, work),
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
        if self.layer.is_none() && http.is_recognised() {
            self.report_layer(Layer::Http, work);
        }
    }

    fn open_socket(
        &mut self,
        direction: Direction,
        mut upgraded: Upgraded,
        work: &mut Work<'_, '_>,
    ) {
        let early = self.intakes[Direction::ClientToServer as usize].waiting();
        if let Some(early) = early
            && direction == Direction::ServerToClient
            && upgraded.searches[0].is_none()
        {
            let span = early.span();
            let text = format!("{} from the client before the 101", bytes(span.length()));
            let map = self.flows[Direction::ClientToServer as usize].map();
            let place = Place::of(Direction::ClientToServer, span, map);
            // a 101 that had to wait for its request was captured before them
            let answered = upgraded.head_ends[Direction::ServerToClient as usize];
            if place.packet < answered {
                work.out
                    .websocket_finding(&finding::HTTP_UPGRADE_EARLY, place, text);
            }
        }
        let found = upgraded.found.take();
        self.report_layer(Layer::WebSocket, work);
        let found_in = found.as_ref().map_or(direction, |(found_in, _)| *found_in);
        let map = self.flows[found_in as usize].map();
        let socket = Socket::new(upgraded, found.as_ref(), map, work.out);
        self.speak(Protocol::WebSocket(Box::new(socket)), work);
        if let Some((direction, found)) = found {
            let batch = found.rest.start.min(found.start);
            let batch = mem::replace(&mut work.batch[direction as usize], batch);
            self.feed_socket(direction, found.start, &found.bytes, work);
            work.batch[direction as usize] = batch;
        }
    }

    fn feed_socket(
        &mut self,
        direction: Direction,
        at: Offset,
        bytes: &[u8],
        work: &mut Work<'_, '_>,
    ) {
        self.with_socket(direction, work, |socket, context| {
            socket.feed(direction, at, bytes, context);
        });
    }

    /// Lets the WebSocket, where there is one, act on one direction.
    pub(super) fn with_socket(
        &mut self,
        direction: Direction,
        work: &mut Work<'_, '_>,
        act: impl FnOnce(&mut Socket, &mut Context<'_, '_>),
    ) {
        let Protocol::WebSocket(socket) = &mut self.protocol else {
            return;
        };
        let acknowledged = self.flows[direction.reversed() as usize].acknowledged();
        let mut context = Context {
            map: self.flows[direction as usize].map(),
            config: work.config,
            out: &mut *work.out,
            spares: &mut work.spares.socket,
            batch: work.batch[direction as usize],
            acknowledged,
        };
        act(socket, &mut context);
    }
}
