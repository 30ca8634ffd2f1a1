//! Both directions of a WebSocket: how each begins, and where their bytes go.

use wireseam_wire::PacketIndex;

use super::at_once::AtOnce;
use super::close;
use super::conformance::{Compression, LONGEST_CONTROL};
use super::context::{Context, Numbers, Spares};
use super::extension::Agreed;
use super::half::Half;
use super::half::asleep::AsleepHalf;
use super::mask::unmask;
use super::search::Found;
use super::talk::Talk;
use super::whole::{Whole, WholeControl};
use crate::finding;
use crate::http::Upgraded;
use crate::outbox::{Outbox, Place};
use crate::span_map::{Carrier, SpanMap};
use crate::{
    Config, Control, Counted, Direction, EndedBy, EventKind, FrameId, HandshakeResult, Limits,
    MessageId, Moment, Offset, Span, WebSocketId,
};

/// A WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    numbers: Numbers,
    talk: Talk,
    halves: [Half; 2],
}

/// What has to be remembered of a WebSocket that is quiet.
#[derive(Debug)]
pub(crate) struct AsleepSocket {
    numbers: Numbers,
    talk: Talk,
    halves: [AsleepHalf; 2],
}

/// What of a WebSocket Pings and Pongs have to do with, awake or asleep.
#[derive(Debug)]
pub(crate) struct Talking<'a> {
    numbers: &'a mut Numbers,
    talk: &'a mut Talk,
}

impl Talking<'_> {
    /// Takes a Ping or a Pong behind so many messages of one frame each that were taken elsewhere. `None`, and nothing has
    /// happened, where more is to be said of it.
    pub(crate) fn take(
        &mut self,
        direction: Direction,
        frame: &WholeControl<'_>,
        messages: u64,
        moment: Moment,
        limits: &Limits,
        spares: &mut Spares,
    ) -> Option<Control> {
        let (FrameId(next), _) = self.numbers.next();
        let id = FrameId(next + messages);
        let control = self
            .talk
            .take(direction, frame, id, moment, limits, spares)?;
        self.numbers.next_frame();
        Some(control)
    }
}

impl AsleepSocket {
    /// What Pings and Pongs have to do with.
    pub(crate) fn talking(&mut self) -> Talking<'_> {
        let Self { numbers, talk, .. } = self;
        Talking { numbers, talk }
    }

    /// Whether anything lies elsewhere that is kept for it.
    #[cfg(test)]
    pub(crate) fn keeps_more(&self) -> bool {
        self.talk.keeps_more() || self.halves.iter().any(AsleepHalf::keeps_more)
    }

    /// The WebSocket as it was.
    pub(crate) fn wake(self) -> Socket {
        let Self {
            numbers,
            talk,
            halves: [client, server],
        } = self;
        let websocket = talk.websocket();
        Socket {
            numbers,
            talk,
            halves: [
                client.wake(websocket, Direction::ClientToServer),
                server.wake(websocket, Direction::ServerToClient),
            ],
        }
    }
}

impl Socket {
    /// A WebSocket after its opening handshake, which it reports. `found` are the frames found without one, in the stream of `map`.
    pub(crate) fn new(
        upgraded: Upgraded,
        found: Option<&(Direction, Found)>,
        map: &SpanMap,
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
                packet: head_ends[Direction::ServerToClient as usize],
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
                    half.behind(found, map, out)
                }
                (None, _) => half,
            }
        };
        let client = half(Direction::ClientToServer, client_search);
        let server = half(Direction::ServerToClient, server_search).owing(owed_responses);
        Self {
            numbers: Numbers::default(),
            halves: [client, server],
            talk: Talk::new(websocket),
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

    /// Reports the messages of a segment that holds whole ones and nothing else, where nothing is open. `false`, and nothing
    /// has happened, where it is anything else.
    pub(crate) fn take_at_once(
        &mut self,
        direction: Direction,
        payload: &[u8],
        carrier: Carrier,
        config: &Config,
        out: &mut Outbox<'_>,
    ) -> bool {
        if !self.halves[direction as usize].is_between_messages() {
            return false;
        }
        let Some(segment) = AtOnce::read(self.id(), direction, payload, carrier, config) else {
            return false;
        };
        let (frame, message) = self.numbers.next();
        for message in segment.messages(frame, message) {
            out.push(EventKind::Message(Box::new(message)));
        }
        self.catch_up(direction, u64::from(segment.count()));
        true
    }

    /// Counts the messages of a segment that holds whole ones and nothing else, where nothing is open. `false`, and nothing has
    /// happened, where it is anything else.
    pub(crate) fn count_at_once(
        &mut self,
        direction: Direction,
        payload: &[u8],
        out: &mut Outbox<'_>,
    ) -> bool {
        if !self.halves[direction as usize].is_between_messages() {
            return false;
        }
        let Some(whole) = Whole::read(direction, payload) else {
            return false;
        };
        let alignment = whole.alignment();
        for length in whole.lengths() {
            out.push(EventKind::Counted(Counted {
                websocket: self.id(),
                direction,
                alignment,
                length: Some(length),
                complete: true,
            }));
        }
        self.catch_up(direction, u64::from(whole.count()));
        true
    }

    /// Reports the Close of a segment that holds one without fault and nothing else, where nothing is open. `false`, and nothing
    /// has happened, where it is anything else.
    pub(crate) fn take_close(
        &mut self,
        direction: Direction,
        payload: &[u8],
        carrier: Carrier,
        acknowledged: Option<Offset>,
        out: &mut Outbox<'_>,
        spares: &mut Spares,
    ) -> bool {
        let half = &mut self.halves[direction as usize];
        let close = WholeControl::read_close(direction, payload);
        let Some(close) = close.filter(|_| half.is_between_messages()) else {
            return false;
        };
        let mut clear = [0; LONGEST_CONTROL as usize];
        let Some(clear) = clear.get_mut(..close.payload.len()) else {
            return false;
        };
        clear.copy_from_slice(close.payload);
        if let Some(key) = close.masking_key {
            unmask(clear, key, 0);
        }
        if !close::faults(clear).is_empty() {
            return false;
        }
        half.close();
        let (moment, end) = (carrier.moment, carrier.reach.end);
        self.talk
            .close(direction, clear, end, moment, acknowledged, spares);
        out.push(EventKind::Control(Control {
            websocket: self.talk.websocket(),
            frame: self.numbers.next_frame(),
            direction,
            opcode: close.opcode,
            length: clear.len() as u64,
            answers: None,
            round_trip: None,
        }));
        true
    }

    /// What Pings and Pongs have to do with.
    pub(crate) fn talking(&mut self) -> Talking<'_> {
        let Self { numbers, talk, .. } = self;
        Talking { numbers, talk }
    }

    /// The numbers that its next frame and its next message get.
    pub(crate) fn next_numbers(&self) -> (FrameId, MessageId) {
        self.numbers.next()
    }

    pub(crate) fn id(&self) -> WebSocketId {
        self.talk.websocket()
    }

    /// Whether each direction is between two messages, and nothing before matters to the next one.
    pub(crate) fn is_quiet(&self) -> bool {
        self.halves.iter().all(Half::is_between_messages)
    }

    /// Makes it as small as it can be while it is [quiet](Self::is_quiet).
    pub(crate) fn sleep(self) -> AsleepSocket {
        let Self {
            numbers,
            talk,
            halves: [client, server],
        } = self;
        AsleepSocket {
            numbers,
            talk: talk.sleep(),
            halves: [client.sleep(), server.sleep()],
        }
    }

    /// Takes over whole messages, of one frame each, that were counted elsewhere.
    pub(crate) fn catch_up(&mut self, direction: Direction, messages: u64) {
        self.numbers.pass(messages);
        self.talk.pass(direction, messages);
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
        let Self { halves, talk, .. } = self;
        halves[direction as usize].settle(next, context, |told, context| {
            talk.hear(direction, told, context);
        });
    }

    /// The other side has acknowledged everything of `direction` before `end`, since `since`.
    pub(crate) fn acknowledge(
        &mut self,
        direction: Direction,
        end: Offset,
        since: Moment,
        out: &mut Outbox<'_>,
    ) {
        self.talk.acknowledge(direction, end, since, out);
    }

    /// How many messages it has carried, whole or not.
    pub(crate) fn messages(&self) -> u64 {
        self.talk.messages()
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
        spares: &mut Spares,
    ) {
        self.talk.finish(tcp, tcp_packet, out, spares);
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
