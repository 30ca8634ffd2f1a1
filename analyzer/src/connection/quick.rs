//! What the next segment of a quiet connection needs, in two lines of the cache.
//!
//! Most segments are the next ones of a WebSocket in which nothing is open, and hold whole messages or acknowledge some;
//! or they bring bytes that nothing here reads, as those of a body are. Where those are only counted, two sequence numbers
//! and some counts a direction say all that such a segment needs; where messages are listed, a third line, the [`Listing`],
//! says from where on and from which number. What else is known of the connection is
//! [brought up to date](super::Connection::catch_up) when anything else comes. Where messages are counted, a segment with the
//! first part of one is [kept](super::held) until the next one, which mostly brings the rest.
//!
//! ```text
//!   segment --> Quick: next bytes, whole messages? --yes--> counted, or listed
//!                 | no
//!                 +--> Connection::catch_up, Connection::handle_segment --> quiet again? Quick anew
//! ```

use std::collections::VecDeque;

use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Timestamp};

use super::Shared;
use super::held::LONGEST;
use crate::flow_table::Key;
use crate::span_map::Carrier;
use crate::tcp::{Standing, fingerprint};
use crate::websocket::{AtOnce, Talking, Whole, WholeControl};
use crate::{
    AlignmentKind, Config, ConnectionId, Counted, Direction, Event, EventKind, FrameId, MessageId,
    Moment, Offset, Span, WebSocketId,
};

/// The ends of a connection, and where it stands while it is quiet.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Quick {
    /// The client and the server, where they are told.
    one: Endpoint,
    other: Endpoint,
    id: ConnectionId,
    packet: PacketIndex,
    at: i64,
    sides: [Side; 2],
}

/// One direction, and what came since its flow was up to date.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Side {
    pub(crate) standing: Standing,
    /// The bytes that came, and so many more that there is room for as many as may come.
    bytes: u32,
    pub(super) messages: u16,
    pub(super) segments: u16,
    /// The WebSocket's number, or [`UNREAD`]; 0 where the connection is not quiet.
    websocket: u16,
    /// Where its latest segment is held, with which a message began; 0 where none is. It is not counted yet.
    pub(super) held: u16,
}

/// Two lines of the cache on nearly every machine.
const _: () = assert!(size_of::<Quick>() == 128);

/// In place of a WebSocket's number, where nothing reads the bytes.
const UNREAD: u16 = u16::MAX;

/// In place of a time that is not known.
const NO_TIME: i64 = i64::MIN;

impl Key for Quick {
    fn ends(&self) -> (&Endpoint, &Endpoint) {
        (&self.one, &self.other)
    }
}

/// From where on and from which numbers the messages of a connection are told that is quiet, where they are listed. It stays
/// as it is while the connection is.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Listing {
    /// Where the first byte of each direction stands that comes since it is quiet.
    pub(super) starts: [Offset; 2],
    /// The longest payload of each direction that is no super-segment.
    pub(super) longest: [u32; 2],
    /// The numbers that the first frame and the first message get.
    pub(super) first: (FrameId, MessageId),
    pub(super) there: There,
}

/// That there is a [`Listing`]. What else its byte may hold says that there is none, in a place for one.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum There {
    Is = 1,
}

/// With a place for whether there is one it would be two lines.
const _: () = assert!(size_of::<Option<Listing>>() == 64);

/// How messages are told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Telling<'a> {
    /// In a few numbers.
    Counted,
    /// With all that was asked for.
    Listed(&'a Listing, &'a Config),
}

impl Listing {
    /// Takes note of a frame that is no message.
    pub(crate) fn pass_frame(&mut self) {
        self.first.0.0 += 1;
    }

    /// Reads a little of it, so that it is in the cache.
    pub(crate) fn touch(&self) -> u64 {
        self.starts[0].0 ^ self.there as u64
    }
}

impl Quick {
    /// A connection that is not quiet.
    pub(crate) fn off(one: Endpoint, other: Endpoint) -> Self {
        Self {
            one,
            other,
            id: ConnectionId(0),
            packet: PacketIndex(0),
            at: NO_TIME,
            sides: [Side::default(); 2],
        }
    }

    /// A connection that is over.
    pub(super) fn over(
        (client, server): (Endpoint, Endpoint),
        id: ConnectionId,
        last: Moment,
    ) -> Self {
        Self {
            id,
            packet: last.packet,
            at: last.at.map_or(NO_TIME, |at| at.0),
            ..Self::off(client, server)
        }
    }

    /// A connection that is quiet, of whose bytes nothing is read if it is no WebSocket; at most so many of them `pass`. `None`
    /// where its numbers are too large for this.
    pub(super) fn on(
        (client, server): (Endpoint, Endpoint),
        id: ConnectionId,
        last: Moment,
        websocket: Option<WebSocketId>,
        standings: [Standing; 2],
        passes: [u32; 2],
    ) -> Option<Self> {
        let websocket = match websocket {
            Some(id) => u16::try_from(id.0).ok().filter(|id| *id != UNREAD)?,
            None => UNREAD,
        };
        let side = |direction: Direction| Side {
            standing: standings[direction as usize],
            bytes: u32::MAX - passes[direction as usize],
            websocket,
            ..Side::default()
        };
        let sides = Direction::BOTH.map(side);
        Some(Self {
            one: client,
            other: server,
            id,
            packet: last.packet,
            at: last.at.map_or(NO_TIME, |at| at.0),
            sides,
        })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.sides[0].websocket != 0
    }

    /// Reads a little of it, so that it is in the cache.
    pub(crate) fn touch(&self) -> u64 {
        self.packet.0 ^ u64::from(self.sides[0].websocket)
    }

    /// Its latest packet, where it is quiet or over.
    pub(crate) fn last(&self) -> Option<Moment> {
        (self.id != ConnectionId(0)).then_some(Moment {
            packet: self.packet,
            at: (self.at != NO_TIME).then_some(Timestamp(self.at)),
        })
    }

    /// Whether a segment of it is held.
    pub(crate) fn is_waiting(&self) -> bool {
        self.sides.iter().any(|side| side.held != 0)
    }

    /// What came in each direction since it is quiet.
    pub(super) fn sides(&self) -> &[Side; 2] {
        &self.sides
    }

    /// Takes a segment that is a Ping or a Pong and no more, of which `talking` knows. `false`, and nothing has happened, where
    /// it is anything else.
    pub(crate) fn handle_control(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        mut talking: Talking<'_>,
        config: &Config,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) -> bool {
        if self.is_waiting() {
            return false;
        }
        let messages = self.sides.iter().map(|side| u64::from(side.messages)).sum();
        let (side, back) = direction.and_back(&mut self.sides);
        let moment = Moment::of(segment);
        let payload = segment.payload;
        let mut room = *side;
        if segment.seq != side.standing.next || !room.add(payload.len(), 1, 0) {
            return false;
        }
        let taken = side.acknowledges(back, segment).and_then(|acknowledges| {
            let frame = WholeControl::read(direction, payload)?;
            let (limits, spares) = (&config.limits, &mut shared.spares.socket);
            let control = talking.take(direction, &frame, messages, moment, limits, spares)?;
            Some((acknowledges, control))
        });
        let Some((acknowledges, control)) = taken else {
            return false;
        };
        *side = room;
        events.push_back(Event {
            connection: self.id,
            moment,
            kind: EventKind::Control(control),
        });
        shared.remember(self.id, direction, segment);
        side.standing.advance(segment);
        back.standing.acknowledge(segment, acknowledges > 0);
        self.pass(segment);
        true
    }

    /// Takes note of its latest packet.
    #[inline]
    fn pass(&mut self, segment: &Segment<'_>) {
        self.packet = segment.packet;
        self.at = segment.at.map_or(NO_TIME, |at| at.0);
    }

    /// Takes a segment that changes no more than counts. `false`, and nothing has happened, where it is anything else.
    pub(crate) fn handle_segment(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        telling: Telling<'_>,
        shared: &mut Shared,
        events: &mut VecDeque<Event>,
    ) -> bool {
        let (side, back) = direction.and_back(&mut self.sides);
        let length = segment.payload.len();
        let Some(acknowledges) = side.acknowledges(back, segment) else {
            return false;
        };
        if length == 0 {
            let print = fingerprint(self.id, direction, segment);
            if shared.recent.note(print) {
                return false;
            }
        } else {
            let brings = Brings {
                connection: self.id,
                direction,
                segment,
            };
            let others = back.messages;
            let taken = match telling {
                Telling::Counted => brings.counts(side, shared, events),
                Telling::Listed(listing, config) => {
                    brings.lists(side, others, listing, config, events)
                }
            };
            if !taken {
                return false;
            }
            shared.remember(self.id, direction, segment);
            side.standing.advance(segment);
        }
        back.standing.acknowledge(segment, acknowledges > 0);
        self.pass(segment);
        true
    }
}

/// A segment with the next bytes.
struct Brings<'a> {
    connection: ConnectionId,
    direction: Direction,
    segment: &'a Segment<'a>,
}

impl Brings<'_> {
    /// Counts the whole messages that it holds, or ends, or keeps it where it holds the beginning of one. `false`, and nothing
    /// has happened, where it is anything else.
    #[inline(always)] // it is not otherwise, beside lists: 1 % of what counting takes
    fn counts(&self, side: &mut Side, shared: &mut Shared, events: &mut VecDeque<Event>) -> bool {
        if side.held != 0 {
            return self.ends(side, shared, events);
        }
        let payload = self.segment.payload;
        if side.websocket == UNREAD {
            return side.add(payload.len(), 1, 0);
        }
        let Some(whole) = Whole::read(self.direction, payload) else {
            return self.begins(side, shared);
        };
        if !side.add(payload.len(), 1, whole.count()) {
            return false;
        }
        let alignment = whole.alignment();
        for length in whole.lengths() {
            self.tell(side, alignment, length, events);
        }
        true
    }

    /// Lists the whole messages that it holds, where as many `others` came in the other direction. `false`, and nothing has happened,
    /// where it holds anything else.
    #[inline(never)] // counting needs the registers
    fn lists(
        &self,
        side: &mut Side,
        others: u16,
        listing: &Listing,
        config: &Config,
        events: &mut VecDeque<Event>,
    ) -> bool {
        let payload = self.segment.payload;
        if side.websocket == UNREAD {
            return side.add(payload.len(), 1, 0);
        }
        let (start, longest) = match self.direction {
            Direction::ClientToServer => (listing.starts[0], listing.longest[0]),
            Direction::ServerToClient => (listing.starts[1], listing.longest[1]),
        };
        let moment = Moment::of(self.segment);
        let start = start.plus(u64::from(side.bytes(u32::MAX)));
        let carrier = Carrier {
            moment,
            reach: Span::of_length(start, payload.len() as u64),
            super_segment: self.segment.unfinished_length || self.segment.payload_len > longest,
        };
        let websocket = WebSocketId(u32::from(side.websocket));
        let whole = AtOnce::read(websocket, self.direction, payload, carrier, config);
        let before = u64::from(side.messages) + u64::from(others);
        let Some(whole) = whole.filter(|whole| side.add(payload.len(), 1, whole.count())) else {
            return false;
        };
        let (FrameId(frame), MessageId(message)) = listing.first;
        let (frame, message) = (FrameId(frame + before), MessageId(message + before));
        for message in whole.messages(frame, message) {
            events.push_back(Event {
                connection: self.connection,
                moment,
                kind: EventKind::Message(Box::new(message)),
            });
        }
        true
    }

    /// Keeps the segment where it holds the beginning of a message and no more.
    fn begins(&self, side: &mut Side, shared: &mut Shared) -> bool {
        let begins = Whole::may_begin(self.direction, self.segment.payload, LONGEST);
        let place = begins
            .then(|| shared.held.hold(self.segment, side.standing))
            .flatten();
        side.held = place.unwrap_or(0);
        place.is_some()
    }

    /// Counts the message that the segment kept began, and those behind it.
    fn ends(&self, side: &mut Side, shared: &mut Shared, events: &mut VecDeque<Event>) -> bool {
        let Some(held) = shared.held.get_mut(side.held) else {
            return false;
        };
        let before = held.bytes.len();
        held.bytes.extend_from_slice(self.segment.payload);
        let whole = Whole::read(self.direction, &held.bytes);
        let whole = whole.filter(|whole| side.add(held.bytes.len(), 2, whole.count()));
        let Some(whole) = whole else {
            held.bytes.truncate(before);
            return false;
        };
        let mut alignment = if whole.count() == 1 {
            AlignmentKind::Split
        } else {
            AlignmentKind::SplitAndCoalesced
        };
        for length in whole.lengths() {
            self.tell(side, alignment, length, events);
            alignment = AlignmentKind::Coalesced;
        }
        shared.held.release(side.held);
        side.held = 0;
        true
    }

    fn tell(
        &self,
        side: &Side,
        alignment: AlignmentKind,
        length: u64,
        events: &mut VecDeque<Event>,
    ) {
        events.push_back(Event {
            connection: self.connection,
            moment: Moment::of(self.segment),
            kind: EventKind::Counted(Counted {
                websocket: WebSocketId(u32::from(side.websocket)),
                direction: self.direction,
                alignment,
                length: Some(length),
                complete: true,
            }),
        });
    }
}

impl Side {
    /// How many more bytes a segment acknowledges, if it is one of those that change no more than counts: it has the next bytes
    /// of this direction, or none and asks whether the other end is still there (RFC 9293 3.8.4).
    #[inline(always)] // every segment passes here
    fn acknowledges(&self, back: &Self, segment: &Segment<'_>) -> Option<i32> {
        let length = segment.payload.len();
        let flags = segment.flags.0 & !Flags::PSH.0;
        if flags != Flags::ACK.0
            || segment.window == 0
            || segment.payload_len as usize != length
            || (length == 0 && segment.flags.contains(Flags::PSH))
        {
            return None;
        }
        if segment.seq != self.standing.next
            && (length > 0 || segment.seq.plus(1) != self.standing.next)
        {
            return None;
        }
        let acknowledges = segment.ack.distance_from(back.standing.acknowledged);
        let outstanding = back.standing.next.distance_from(back.standing.acknowledged);
        (0..=outstanding)
            .contains(&acknowledges)
            .then_some(acknowledges)
    }

    /// How many bytes came, of as many as may.
    pub(super) fn bytes(&self, passes: u32) -> u32 {
        self.bytes - (u32::MAX - passes)
    }

    /// Adds to the counts. `false`, and nothing has happened, where they are full.
    fn add(&mut self, bytes: usize, segments: u16, messages: u32) -> bool {
        let sums = u32::try_from(bytes)
            .ok()
            .and_then(|bytes| self.bytes.checked_add(bytes))
            .zip(self.segments.checked_add(segments))
            .zip(
                u16::try_from(messages)
                    .ok()
                    .and_then(|messages| self.messages.checked_add(messages)),
            );
        let Some(((bytes, segments), messages)) = sums else {
            return false;
        };
        self.bytes = bytes;
        self.segments = segments;
        self.messages = messages;
        true
    }
}
