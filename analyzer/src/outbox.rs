//! Where one connection's events go while a segment is handled.

use std::collections::VecDeque;

use wireseam_wire::PacketIndex;

use crate::finding::Rule;
use crate::span_map::SpanMap;
use crate::{
    Config, ConnectionId, Detail, Direction, Event, EventKind, Finding, FrameId, Handshake,
    MessageId, Moment, Span, WebSocketId,
};

/// What outlives a segment: the numbers given so far.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    websockets: u32,
    findings: u32,
    /// How often each rule was found broken in each direction; `None` where none was.
    tally: Option<Box<Tally>>,
}

impl Numbers {
    /// How many findings there were, listed or not.
    pub(crate) fn findings(&self) -> u64 {
        u64::from(self.findings)
    }

    /// Whether anything lies elsewhere that is kept for it.
    #[cfg(test)]
    pub(crate) fn keeps_more(&self) -> bool {
        self.tally.is_some()
    }
}

/// Rules, directions, and how often each was found broken there.
type Tally = Vec<(&'static str, Option<Direction>, u64)>;

/// Takes the events of one connection.
#[derive(Debug)]
pub(crate) struct Outbox<'a> {
    events: &'a mut VecDeque<Event>,
    connection: ConnectionId,
    moment: Moment,
    numbers: &'a mut Numbers,
    config: &'a Config,
    unblocked: [bool; 2],
}

/// What a finding is about, besides its rule and its words.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// The packet that carried the bytes in question; without it, the packet that is being read.
    pub(crate) packet: Option<PacketIndex>,
    pub(crate) direction: Option<Direction>,
    pub(crate) span: Option<Span>,
    pub(crate) websocket: Option<WebSocketId>,
    pub(crate) frame: Option<FrameId>,
    pub(crate) message: Option<MessageId>,
}

impl Place {
    /// These bytes of one direction, and the packet that carried the first of them.
    pub(crate) fn of(direction: Direction, span: Span, map: &SpanMap) -> Self {
        let carrier = map.piece_at(span.start).and_then(|piece| piece.carrier);
        Self {
            packet: carrier.map(|carrier| carrier.moment.packet),
            direction: Some(direction),
            span: Some(span),
            ..Self::default()
        }
    }
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(
        events: &'a mut VecDeque<Event>,
        connection: ConnectionId,
        moment: Moment,
        numbers: &'a mut Numbers,
        config: &'a Config,
    ) -> Self {
        Self {
            events,
            connection,
            moment,
            numbers,
            config,
            unblocked: [false; 2],
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        self.moment
    }

    /// How much was asked for.
    pub(crate) fn detail(&self) -> Detail {
        self.config.detail
    }

    /// How many findings there were, listed or not.
    pub(crate) fn findings(&self) -> u64 {
        self.numbers.findings()
    }

    pub(crate) fn push(&mut self, kind: EventKind) {
        self.push_at(self.moment, kind);
    }

    /// Reports something that was so since an earlier packet.
    pub(crate) fn push_at(&mut self, moment: Moment, kind: EventKind) {
        self.events.push_back(Event {
            connection: self.connection,
            moment,
            kind,
        });
    }

    /// Numbers a handshake's WebSocket and reports it.
    pub(crate) fn websocket(&mut self, mut handshake: Box<Handshake>) -> WebSocketId {
        self.numbers.websockets += 1;
        handshake.websocket = WebSocketId(self.numbers.websockets);
        let id = handshake.websocket;
        self.push(EventKind::WebSocket(handshake));
        id
    }

    /// Reports a fault of the connection.
    pub(crate) fn finding(
        &mut self,
        rule: &'static Rule,
        direction: Option<Direction>,
        span: Option<Span>,
        text: String,
    ) {
        self.finding_at(
            rule,
            Place {
                direction,
                span,
                ..Place::default()
            },
            text,
        );
    }

    /// Reports a fault of the opening handshake whose WebSocket gets the next number.
    pub(crate) fn websocket_finding(&mut self, rule: &'static Rule, place: Place, text: String) {
        let websocket = Some(WebSocketId(self.numbers.websockets + 1));
        self.finding_at(rule, Place { websocket, ..place }, text);
    }

    /// Reports a fault where it lies. Beyond [`Limits::findings_per_rule`] of one rule and direction they are only counted.
    pub(crate) fn finding_at(&mut self, rule: &'static Rule, place: Place, text: String) {
        let key = (rule.id, place.direction);
        self.numbers.findings = self.numbers.findings.saturating_add(1);
        let tally = self.numbers.tally.get_or_insert_default();
        let known = tally
            .iter()
            .position(|(id, direction, _)| (*id, *direction) == key);
        let at = known.unwrap_or_else(|| {
            tally.push((rule.id, place.direction, 0));
            tally.len() - 1
        });
        tally[at].2 += 1;
        let (count, most) = (tally[at].2, self.config.limits.findings_per_rule);
        if count > most {
            return;
        }
        let last = if count == most {
            "; further ones in this direction are not listed"
        } else {
            ""
        };
        let Place {
            packet,
            direction,
            span,
            websocket,
            frame,
            message,
        } = place;
        let text = format!("{text}{last}");
        self.push(EventKind::Finding(Box::new(Finding {
            rule,
            direction,
            packet: packet.unwrap_or(self.moment.packet),
            span,
            websocket,
            frame,
            message,
            text,
        })));
    }

    /// Says that bytes of one direction that wait can be offered again.
    pub(crate) fn unblock(&mut self, direction: Direction) {
        self.unblocked[direction as usize] = true;
    }

    pub(crate) fn take_unblocked(&mut self, direction: Direction) -> bool {
        std::mem::take(&mut self.unblocked[direction as usize])
    }
}
