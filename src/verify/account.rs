//! The account of one connection: which event claims which bytes of which direction.

use std::collections::BTreeMap;

use wireseam_analyzer::{
    Direction, Ended, EventKind, Exchange, Handshake, HandshakeResult, Layer, Moment, Offset, Span,
};

use super::{Class, Fault, message::Messages, stream::Stream};

/// One connection that has not ended.
#[derive(Debug)]
pub(super) struct Account {
    streams: [Stream; 2],
    messages: Messages,
}

/// How a connection's account ends.
pub(super) struct Balance {
    /// How many bytes its streams have.
    pub(super) total: u64,
    /// What does not add up.
    pub(super) faults: Vec<Fault>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            streams: Direction::BOTH.map(Stream::new),
            messages: Messages::default(),
        }
    }
}

impl Account {
    /// Takes what an event of this connection says.
    pub(super) fn take(&mut self, kind: &EventKind, moment: Moment) {
        match kind {
            EventKind::Layer(layer) => {
                let is_unread = matches!(layer, Layer::Tls | Layer::Http2 | Layer::Opaque);
                for stream in &mut self.streams {
                    stream.is_unread |= is_unread;
                }
            }
            EventKind::Segment(segment) => self.stream(segment.direction).segment(segment, moment),
            EventKind::Gap(gap) => self.stream(gap.direction).gap(gap),
            EventKind::Proxied(proxied) => {
                let stream = self.stream(Direction::ClientToServer);
                stream.head(proxied.header, Class::Proxy);
            }
            EventKind::Exchange(exchange) => self.exchange(exchange),
            EventKind::Interim(interim) => {
                let stream = self.stream(Direction::ServerToClient);
                stream.head(interim.head, Class::Http);
            }
            EventKind::WebSocket(handshake) => self.websocket(handshake),
            EventKind::Frame(frame) => {
                self.stream(frame.direction).frame(frame);
                self.messages.frame(frame);
            }
            EventKind::Message(message) => {
                for text in self.messages.message(message) {
                    let text = format!("message {}: {text}", message.id.0);
                    self.stream(message.direction).fault(message.span, text);
                }
            }
            EventKind::Opened(_)
            | EventKind::Tls(_)
            | EventKind::Counted(_)
            | EventKind::Control(_)
            | EventKind::Acknowledged(_)
            | EventKind::Closed(_)
            | EventKind::Finding(_)
            | EventKind::Ended(_) => {}
        }
    }

    /// What was found not to add up since this was asked last.
    pub(super) fn faults(&mut self) -> Vec<Fault> {
        let [client, server] = &mut self.streams;
        let mut faults = std::mem::take(&mut client.faults);
        faults.append(&mut server.faults);
        faults
    }

    /// Ends the account, and adds its bytes to `classes`.
    pub(super) fn finish(mut self, ended: &Ended, classes: &mut BTreeMap<Class, u64>) -> Balance {
        let rest = match ended.layer {
            Some(Layer::Tls) => Class::Tls,
            Some(Layer::Http2) => Class::Http2,
            Some(Layer::Http | Layer::WebSocket) => Class::Http,
            Some(Layer::Opaque) | None => Class::Opaque,
        };
        for (direction, text) in self.messages.unfinished() {
            self.stream(direction).fault(Span::default(), text);
        }
        let mut total = 0;
        for (stream, totals) in self.streams.iter_mut().zip(&ended.totals) {
            total += stream.finish(rest, totals);
            for (class, bytes) in stream.classes() {
                *classes.entry(*class).or_default() += bytes;
            }
        }
        Balance {
            total,
            faults: self.faults(),
        }
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let class = if exchange.upgrade && exchange.status == Some(101) {
            Class::Handshake
        } else {
            Class::Http
        };
        let heads = [exchange.request_head, exchange.response_head];
        for (stream, head) in self.streams.iter_mut().zip(heads) {
            if let Some(head) = head {
                stream.head(head, class);
            }
        }
    }

    /// Behind this, what is in no frame is passed over.
    fn websocket(&mut self, handshake: &Handshake) {
        let is_captured = match handshake.result {
            HandshakeResult::Refused | HandshakeResult::Unanswered => return,
            HandshakeResult::Accepted => true,
            HandshakeResult::NotCaptured => false,
        };
        for (stream, from) in self.streams.iter_mut().zip(handshake.frames_from) {
            let from = from.filter(|_| is_captured).map(Offset);
            stream.frames_from = Some(from.unwrap_or(stream.mark()));
        }
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream {
        let [client, server] = &mut self.streams;
        match direction {
            Direction::ClientToServer => client,
            Direction::ServerToClient => server,
        }
    }
}
