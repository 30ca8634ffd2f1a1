//! Both directions of a WebSocket: what a Pong answers, who closed, when a message was acknowledged.

use std::collections::VecDeque;

use wireseam_wire::PacketIndex;

use super::close::{Ending, close_frame};
use super::conformance::Compression;
use super::context::{Context, Numbers};
use super::ended::{EndedFrame, Told};
use super::extension::Agreed;
use super::half::Half;
use super::search::Found;
use crate::finding;
use crate::http::Upgraded;
use crate::outbox::{Outbox, Place};
use crate::{
    Acknowledged, Close, CloseFrame, Control, Direction, EndedBy, EventKind, HandshakeResult,
    Limits, MessageId, Moment, Offset, Opcode, Span,
};

/// A WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    numbers: Numbers,
    halves: [Half; 2],
    pings: [VecDeque<Ping>; 2],
    closes: [Option<SentClose>; 2],
    crossed: bool,
    unacknowledged: [VecDeque<(Offset, MessageId)>; 2],
    whole_messages: [u64; 2],
    incomplete: u64,
}

#[derive(Debug)]
struct Ping {
    frame: crate::FrameId,
    payload: Vec<u8>,
    moment: Moment,
}

#[derive(Debug)]
struct SentClose {
    frame: CloseFrame,
    end: Offset,
}

impl Socket {
    /// A WebSocket after its opening handshake, which it reports. `found` are the frames found without one.
    pub(crate) fn new(
        upgraded: Upgraded,
        found: Option<&(Direction, Found)>,
        out: &mut Outbox<'_>,
    ) -> Self {
        let Upgraded {
            handshake,
            searches,
            owed_responses,
            head_ends,
            ..
        } = upgraded;
        let captured = handshake.result == HandshakeResult::Accepted;
        let agreed = Agreed::of(&handshake.offered_extensions, &handshake.extensions);
        for fault in &agreed.faults {
            let place = Place {
                packet: handshake.response_packets.last().copied(),
                direction: Some(Direction::ServerToClient),
                ..Place::default()
            };
            out.websocket_finding(&finding::DEFLATE_PARAMETER, place, fault.clone());
        }
        let websocket = out.websocket(handshake);
        let [client_search, server_search] = searches;
        let mut half = |direction: Direction, search: Option<Box<super::Search>>| {
            let at = direction as usize;
            let half = Half::new(
                websocket,
                direction,
                compression(&agreed, captured, direction),
                head_ends[at],
            );
            match (search, found) {
                (Some(search), _) => half.searching(search),
                (None, Some((found_in, found))) if *found_in == direction => {
                    half.behind(found, out)
                }
                (None, _) => half,
            }
        };
        let client = half(Direction::ClientToServer, client_search);
        let server = half(Direction::ServerToClient, server_search).owing(owed_responses);
        Self {
            numbers: Numbers::new(websocket),
            halves: [client, server],
            pings: Default::default(),
            closes: [None, None],
            crossed: false,
            unacknowledged: Default::default(),
            whole_messages: [0, 0],
            incomplete: 0,
        }
    }

    /// Reads all of `input`, which travels in `direction` and stands at `at`.
    pub(crate) fn feed(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        context: &mut Context<'_, '_>,
    ) {
        self.halves[direction as usize].feed(at, input, &mut self.numbers, context);
    }

    /// The capture lacks bytes of one direction.
    pub(crate) fn gap(&mut self, direction: Direction, span: Span, context: &mut Context<'_, '_>) {
        self.halves[direction as usize].gap(span, context);
    }

    /// Reports what ended in one direction, now that all bytes of its packets have been read.
    pub(crate) fn settle(
        &mut self,
        direction: Direction,
        next: Offset,
        context: &mut Context<'_, '_>,
    ) {
        let told = self.halves[direction as usize].settle(next, context);
        for told in told {
            match told {
                Told::Control(frame) => self.control(direction, &frame, context),
                Told::Message { id, end, complete } => {
                    self.whole_messages[direction as usize] += u64::from(complete);
                    self.incomplete += u64::from(!complete);
                    let waiting = &mut self.unacknowledged[direction as usize];
                    waiting.push_back((end, id));
                    if waiting.len() > context.reading.limits.unacknowledged {
                        waiting.pop_front();
                    }
                }
            }
        }
    }

    /// The other side has acknowledged everything of `direction` before `end`, since `since`.
    pub(crate) fn acknowledge(
        &mut self,
        direction: Direction,
        end: Offset,
        since: Moment,
        out: &mut Outbox<'_>,
    ) {
        let waiting = &mut self.unacknowledged[direction as usize];
        while let Some((_, message)) = waiting
            .front()
            .copied()
            .filter(|(needed, _)| *needed <= end)
        {
            waiting.pop_front();
            out.push_at(
                since,
                EventKind::Acknowledged(Acknowledged {
                    websocket: self.numbers.websocket,
                    message,
                }),
            );
        }
    }

    /// From where on the map of one direction is needed.
    pub(crate) fn keep_from(&self, direction: Direction, next: Offset) -> Offset {
        self.halves[direction as usize].keep_from(next)
    }

    /// One direction has ended: what is open in it is cut off. [`settle`](Self::settle) reports it.
    pub(crate) fn finish_half(&mut self, direction: Direction, context: &mut Context<'_, '_>) {
        self.halves[direction as usize].finish(&mut self.numbers, context);
    }

    /// The connection has ended: says how the WebSocket did.
    pub(crate) fn finish(
        &mut self,
        tcp: EndedBy,
        tcp_packet: Option<PacketIndex>,
        out: &mut Outbox<'_>,
    ) {
        let [client, server] = self
            .closes
            .each_ref()
            .map(|close| close.as_ref().map(|close| &close.frame));
        let ending = Ending {
            client,
            server,
            crossed: self.crossed,
            tcp,
            tcp_packet,
            messages: self.whole_messages,
            incomplete: self.incomplete,
        };
        let verdict = ending.verdict();
        let websocket = self.numbers.websocket;
        if ending.is_abnormal() {
            let place = Place {
                websocket: Some(websocket),
                packet: tcp_packet,
                ..Place::default()
            };
            out.finding_at(&finding::TCP_CLOSED_ABNORMALLY, place, ending.missing());
        }
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

    fn control(&mut self, direction: Direction, frame: &EndedFrame, context: &mut Context<'_, '_>) {
        let completed = context
            .map
            .completed(frame.parts.end)
            .unwrap_or(context.out.moment());
        let opcode = frame.opcode();
        let mut control = Control {
            websocket: self.numbers.websocket,
            frame: frame.parts.id,
            direction,
            opcode,
            length: frame.parts.end.0 - frame.parts.payload.0,
            answers: None,
            round_trip: None,
        };
        match opcode {
            Opcode::Ping => self.ping(direction, frame, completed, context.reading.limits),
            Opcode::Pong => {
                if let Some(ping) = self.answered(direction, &frame.control) {
                    control.answers = Some(ping.frame);
                    control.round_trip = completed
                        .at
                        .zip(ping.moment.at)
                        .map(|(now, then)| now.nanoseconds_since(then));
                }
            }
            Opcode::Close => self.close(direction, frame, completed, context.acknowledged),
            _ => {}
        }
        context.out.push(EventKind::Control(control));
    }

    fn ping(&mut self, direction: Direction, frame: &EndedFrame, moment: Moment, limits: &Limits) {
        let pings = &mut self.pings[direction as usize];
        if pings.len() == limits.unanswered_pings {
            pings.pop_front();
        }
        pings.push_back(Ping {
            frame: frame.parts.id,
            payload: frame.control.clone(),
            moment,
        });
    }

    /// The Ping that a Pong with this payload answers (RFC 6455 5.5.3): the latest with the same payload; those before it go unanswered.
    fn answered(&mut self, direction: Direction, payload: &[u8]) -> Option<Ping> {
        let pings = &mut self.pings[direction.reversed() as usize];
        let at = pings.iter().rposition(|ping| ping.payload == payload)?;
        pings.drain(..=at).next_back()
    }

    /// The first Close of a direction counts. Two cross when the sender of the second had not yet acknowledged the first.
    fn close(
        &mut self,
        direction: Direction,
        frame: &EndedFrame,
        moment: Moment,
        acknowledged: Option<Offset>,
    ) {
        if self.closes[direction as usize].is_some() {
            return;
        }
        let other = self.closes[direction.reversed() as usize].as_ref();
        self.crossed |= other
            .zip(acknowledged)
            .is_some_and(|(other, acknowledged)| acknowledged < other.end);
        let close = SentClose {
            frame: close_frame(&frame.control, moment),
            end: frame.parts.end,
        };
        self.closes[direction as usize] = Some(close);
    }
}

fn compression(agreed: &Agreed, captured: bool, direction: Direction) -> Compression {
    match agreed.deflate {
        _ if !captured => Compression::Assumed,
        Some(deflate) => Compression::Deflate(deflate.of(direction)),
        None if agreed.unknown => Compression::Unknown,
        None => Compression::None,
    }
}
