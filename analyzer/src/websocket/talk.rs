//! What both directions of a WebSocket come to together: what a Pong answers, who closed, when a message was acknowledged.

use std::collections::VecDeque;

use wireseam_wire::PacketIndex;

use super::close::{Ending, close_frame};
use super::context::{Context, Spares};
use super::ended::{EndedFrame, Told};
use super::mask::unmask;
use super::unacknowledged::Unacknowledged;
use super::whole::WholeControl;
use crate::finding;
use crate::outbox::{Outbox, Place};
use crate::spare::Reuse;
use crate::{
    Acknowledged, Close, CloseFrame, Control, Detail, Direction, EndedBy, EventKind, FrameId,
    Limits, Moment, Offset, Opcode, WebSocketId,
};

/// Room for so many Pings is kept for the next user of it.
const KEPT: usize = 64;

/// What was said so far.
#[derive(Debug)]
pub(super) struct Talk {
    websocket: WebSocketId,
    incomplete: u32,
    whole_messages: [u64; 2],
    /// Messages whose last byte was not acknowledged; `None` where there never was any.
    unacknowledged: Option<Box<Unacknowledged>>,
    /// `None` while no Ping is to be answered and neither side has sent a Close.
    control: Option<Box<ControlTalk>>,
}

/// What control frames said.
#[derive(Debug, Default)]
pub(super) struct ControlTalk {
    pings: [VecDeque<Ping>; 2],
    /// Of each direction, whether one was forgotten for others.
    forgets: [bool; 2],
    closes: [Option<SentClose>; 2],
    crossed: bool,
}

impl ControlTalk {
    /// Whether nothing that was said matters any longer.
    fn is_silent(&self) -> bool {
        let forgets = self.forgets.contains(&true);
        let has_close = self.closes.iter().any(Option::is_some);
        self.pings.iter().all(VecDeque::is_empty) && !forgets && !has_close
    }
}

impl Reuse for ControlTalk {
    fn clear(&mut self) {
        for pings in &mut self.pings {
            pings.clear();
            pings.shrink_to(KEPT);
        }
        self.forgets = [false, false];
        self.closes = [None, None];
        self.crossed = false;
    }
}

#[derive(Debug)]
struct Ping {
    frame: FrameId,
    payload: Vec<u8>,
    moment: Moment,
}

impl Ping {
    /// Says so in what is told of its Pong, which came at that moment.
    fn is_answered_by(&self, pong: &mut Control, moment: Moment) {
        pong.answers = Some(self.frame);
        pong.round_trip = moment
            .at
            .zip(self.moment.at)
            .map(|(now, then)| now.nanoseconds_since(then));
    }
}

#[derive(Debug)]
struct SentClose {
    frame: CloseFrame,
    end: Offset,
}

impl Talk {
    pub(super) fn new(websocket: WebSocketId) -> Self {
        Self {
            websocket,
            incomplete: 0,
            whole_messages: [0; 2],
            unacknowledged: None,
            control: None,
        }
    }

    /// What has to be remembered, in as few bytes as it takes.
    pub(super) fn sleep(self) -> Self {
        Self {
            unacknowledged: self.unacknowledged.and_then(Unacknowledged::packed),
            ..self
        }
    }

    /// Whether anything lies elsewhere that is kept for it.
    #[cfg(test)]
    pub(super) fn keeps_more(&self) -> bool {
        self.unacknowledged.is_some() || self.control.is_some()
    }

    pub(super) fn websocket(&self) -> WebSocketId {
        self.websocket
    }

    /// Counts whole messages of which no more is to be said.
    pub(super) fn pass(&mut self, direction: Direction, messages: u64) {
        self.whole_messages[direction as usize] += messages;
    }

    /// How many messages there were, whole or not.
    pub(super) fn messages(&self) -> u64 {
        self.whole_messages.iter().sum::<u64>() + u64::from(self.incomplete)
    }

    /// Takes note of what ended in one direction.
    pub(super) fn hear(&mut self, direction: Direction, told: Told, context: &mut Context<'_, '_>) {
        match told {
            Told::Control(frame) => self.control(direction, &frame, context),
            Told::Message { id, end, complete } => {
                self.whole_messages[direction as usize] += u64::from(complete);
                self.incomplete = self.incomplete.saturating_add(u32::from(!complete));
                if context.wants_map() {
                    let most = context.config.limits.unacknowledged;
                    let messages = self.unacknowledged.get_or_insert_default();
                    messages.push(direction, end, id, most);
                }
            }
        }
    }

    /// The other side has acknowledged everything of `direction` before `end`, since `since`.
    pub(super) fn acknowledge(
        &mut self,
        direction: Direction,
        end: Offset,
        since: Moment,
        out: &mut Outbox<'_>,
    ) {
        let Some(messages) = &mut self.unacknowledged else {
            return;
        };
        if let Some(message) = messages.tell_forgotten(direction, end) {
            let place = Place {
                direction: Some(direction),
                websocket: Some(self.websocket),
                message: Some(message),
                ..Place::default()
            };
            let text = "too many messages waited for their acknowledgement, from this one on \
                (limit unacknowledged)";
            out.finding_at(&finding::LIMIT_UNACKNOWLEDGED, place, text.to_owned());
        }
        while let Some(message) = messages.pop(direction, end) {
            let websocket = self.websocket;
            let acknowledged = Acknowledged { websocket, message };
            out.push_at(since, EventKind::Acknowledged(acknowledged));
        }
    }

    /// The connection has ended: says how the WebSocket did.
    pub(super) fn finish(
        &mut self,
        tcp: EndedBy,
        tcp_packet: Option<PacketIndex>,
        out: &mut Outbox<'_>,
        spares: &mut Spares,
    ) {
        let control = self.control.take();
        let control = control.unwrap_or_else(|| spares.controls.take());
        self.tell_end(&control, tcp, tcp_packet, out);
        spares.controls.give_back(Some(control));
    }

    fn tell_end(
        &self,
        control: &ControlTalk,
        tcp: EndedBy,
        tcp_packet: Option<PacketIndex>,
        out: &mut Outbox<'_>,
    ) {
        let closes = control.closes.each_ref();
        let [client, server] = closes.map(|close| close.as_ref().map(|close| &close.frame));
        let ending = Ending {
            client,
            server,
            crossed: control.crossed,
            tcp,
            tcp_packet,
            messages: self.whole_messages,
            incomplete: u64::from(self.incomplete),
        };
        let websocket = self.websocket;
        if ending.is_abnormal() {
            let place = Place {
                websocket: Some(websocket),
                packet: tcp_packet,
                ..Place::default()
            };
            out.finding_at(&finding::TCP_CLOSED_ABNORMALLY, place, ending.missing());
        }
        if out.detail() != Detail::Map {
            return;
        }
        let verdict = ending.verdict();
        let (initiator, clean) = (ending.initiator(), ending.is_clean());
        let (client, server) = (client.cloned(), server.cloned());
        out.push(EventKind::Closed(Box::new(Close {
            websocket,
            client,
            server,
            initiator,
            clean,
            verdict,
        })));
    }

    /// Takes a Ping or a Pong whose bytes lie in one packet. `None`, and nothing has happened, where more is to be said of it:
    /// where Pings were forgotten, or one would have to be.
    pub(super) fn take(
        &mut self,
        direction: Direction,
        frame: &WholeControl<'_>,
        id: FrameId,
        moment: Moment,
        limits: &Limits,
        spares: &mut Spares,
    ) -> Option<Control> {
        let control = self.control.as_ref();
        let pings = control.map_or(0, |control| control.pings[direction as usize].len());
        let forgets = control.is_some_and(|control| control.forgets.contains(&true));
        if forgets || pings >= limits.unanswered_pings {
            return None;
        }
        let mut payload = frame.payload.to_vec();
        if let Some(key) = frame.masking_key {
            unmask(&mut payload, key, 0);
        }
        let mut taken = Control {
            websocket: self.websocket,
            frame: id,
            direction,
            opcode: frame.opcode,
            length: payload.len() as u64,
            answers: None,
            round_trip: None,
        };
        if frame.opcode == Opcode::Ping {
            let ping = Ping {
                frame: id,
                payload,
                moment,
            };
            let control = self.control.get_or_insert_with(|| spares.controls.take());
            control.pings[direction as usize].push_back(ping);
        } else if let Some(ping) = self.answered(direction, &payload, spares) {
            ping.is_answered_by(&mut taken, moment);
        }
        Some(taken)
    }

    fn control(&mut self, direction: Direction, frame: &EndedFrame, context: &mut Context<'_, '_>) {
        let completed = context
            .map
            .completed(frame.parts.end)
            .unwrap_or(context.out.moment());
        let opcode = frame.opcode();
        let mut control = Control {
            websocket: self.websocket,
            frame: frame.parts.id,
            direction,
            opcode,
            length: frame.parts.end.0 - frame.parts.payload.0,
            answers: None,
            round_trip: None,
        };
        let most = context.config.limits.unanswered_pings;
        match opcode {
            Opcode::Ping => self.ping(direction, frame, completed, context),
            Opcode::Pong => {
                if let Some(ping) = self.answered(direction, &frame.control, context.spares) {
                    ping.is_answered_by(&mut control, completed);
                } else if self.forgets_pings(direction.reversed()) {
                    let place = Place {
                        packet: Some(completed.packet),
                        direction: Some(direction),
                        span: Some(frame.parts.span()),
                        websocket: Some(self.websocket),
                        frame: Some(frame.parts.id),
                        ..Place::default()
                    };
                    let text = format!(
                        "a Pong that answers none of the {most} Pings remembered (limit unanswered-pings)"
                    );
                    context.out.finding_at(&finding::LIMIT_PINGS, place, text);
                }
            }
            Opcode::Close => {
                let end = frame.parts.end;
                let (payload, acknowledged) = (&frame.control, context.acknowledged);
                let spares = &mut *context.spares;
                self.close(direction, payload, end, completed, acknowledged, spares);
            }
            _ => {}
        }
        context.out.push(EventKind::Control(control));
    }

    fn ping(
        &mut self,
        direction: Direction,
        frame: &EndedFrame,
        moment: Moment,
        context: &mut Context<'_, '_>,
    ) {
        let control = self
            .control
            .get_or_insert_with(|| context.spares.controls.take());
        let pings = &mut control.pings[direction as usize];
        if pings.len() >= context.config.limits.unanswered_pings {
            control.forgets[direction as usize] |= pings.pop_front().is_some();
        }
        pings.push_back(Ping {
            frame: frame.parts.id,
            payload: frame.control.clone(),
            moment,
        });
    }

    /// The Ping that a Pong with this payload answers (RFC 6455 5.5.3): the latest with the same payload; those before it go unanswered.
    fn answered(
        &mut self,
        direction: Direction,
        payload: &[u8],
        spares: &mut Spares,
    ) -> Option<Ping> {
        let control = self.control.as_mut()?;
        let pings = &mut control.pings[direction.reversed() as usize];
        let at = pings.iter().rposition(|ping| ping.payload == payload)?;
        let answered = pings.drain(..=at).next_back();
        if control.is_silent() {
            spares.controls.give_back(self.control.take());
        }
        answered
    }

    /// Whether Pings of a direction were forgotten, so that a Pong may answer one of those.
    fn forgets_pings(&self, direction: Direction) -> bool {
        let control = self.control.as_ref();
        control.is_some_and(|control| control.forgets[direction as usize])
    }

    /// The first Close of a direction counts. Two cross when the sender of the second had not yet acknowledged the first.
    pub(super) fn close(
        &mut self,
        direction: Direction,
        payload: &[u8],
        end: Offset,
        moment: Moment,
        acknowledged: Option<Offset>,
        spares: &mut Spares,
    ) {
        let control = self.control.get_or_insert_with(|| spares.controls.take());
        if control.closes[direction as usize].is_some() {
            return;
        }
        let other = control.closes[direction.reversed() as usize].as_ref();
        control.crossed |= other
            .zip(acknowledged)
            .is_some_and(|(other, acknowledged)| acknowledged < other.end);
        let close = SentClose {
            frame: close_frame(payload, moment),
            end,
        };
        control.closes[direction as usize] = Some(close);
    }
}
