//! What the next segment of a quiet WebSocket needs, in two lines of the cache.
//!
//! Most segments are the next ones of a connection in which nothing is open, and hold whole messages or acknowledge some.
//! Where those are only counted, two sequence numbers and some counts a direction say all that such a segment needs. The
//! connection itself, ten times as large, is [brought up to date](super::Connection::catch_up) when anything else comes.
//!
//! ```text
//!   segment --> Quick: next bytes, whole messages? --yes--> counted
//!                 | no
//!                 +--> Connection::catch_up, Connection::handle_segment --> quiet again? Quick anew
//! ```

use std::collections::VecDeque;

use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Timestamp};

use crate::flow_table::Key;
use crate::tcp::{Recent, Standing, fingerprint};
use crate::websocket::Whole;
use crate::{ConnectionId, Counted, Direction, Event, EventKind, Moment, WebSocketId};

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
    pub(crate) bytes: u32,
    pub(crate) messages: u32,
    pub(crate) segments: u16,
    /// The WebSocket's number; 0 where the connection is not quiet.
    websocket: u16,
}

/// Two lines of the cache on nearly every machine.
const _: () = assert!(size_of::<Quick>() == 128);

/// In place of a time that is not known.
const NO_TIME: i64 = i64::MIN;

impl Key for Quick {
    fn ends(&self) -> (Endpoint, Endpoint) {
        (self.one, self.other)
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

    /// A connection that is quiet. `None` where its numbers are too large for this.
    pub(super) fn on(
        (client, server): (Endpoint, Endpoint),
        id: ConnectionId,
        last: Moment,
        websocket: WebSocketId,
        standings: [Standing; 2],
    ) -> Option<Self> {
        let websocket = u16::try_from(websocket.0).ok()?;
        let sides = standings.map(|standing| Side {
            standing,
            websocket,
            ..Side::default()
        });
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

    /// Its latest packet, where it is quiet.
    pub(crate) fn last(&self) -> Option<Moment> {
        self.is_on().then_some(Moment {
            packet: self.packet,
            at: (self.at != NO_TIME).then_some(Timestamp(self.at)),
        })
    }

    /// What came in each direction since it is quiet.
    pub(super) fn sides(&self) -> &[Side; 2] {
        &self.sides
    }

    /// Takes a segment that changes no more than counts. `false`, and nothing has happened, where it is anything else.
    pub(crate) fn handle_segment(
        &mut self,
        segment: &Segment<'_>,
        recent: &mut Recent,
        events: &mut VecDeque<Event>,
    ) -> bool {
        let direction = if segment.source == self.one {
            Direction::ClientToServer
        } else {
            Direction::ServerToClient
        };
        let [client, server] = &mut self.sides;
        let (side, back) = match direction {
            Direction::ClientToServer => (client, server),
            Direction::ServerToClient => (server, client),
        };
        let length = segment.payload.len();
        let flags = segment.flags.0 & !Flags::PSH.0;
        if flags != Flags::ACK.0
            || segment.window == 0
            || segment.payload_len as usize != length
            || segment.seq != side.standing.next
            || (length == 0 && segment.flags.contains(Flags::PSH))
        {
            return false;
        }
        let acknowledges = segment.ack.distance_from(back.standing.acknowledged);
        let outstanding = back.standing.next.distance_from(back.standing.acknowledged);
        let Some(whole) = Whole::read(direction, segment.payload) else {
            return false;
        };
        let (Some(bytes), Some(messages), Some(segments), true) = (
            side.bytes.checked_add(segment.payload_len),
            side.messages.checked_add(whole.count()),
            side.segments.checked_add(1),
            (0..=outstanding).contains(&acknowledges),
        ) else {
            return false;
        };
        let seen_lately = recent.note(fingerprint(self.id.0, direction, segment));
        if seen_lately && length == 0 {
            return false;
        }
        if length > 0 {
            side.standing.advance(segment);
            side.bytes = bytes;
            side.messages = messages;
            side.segments = segments;
        }
        back.standing.acknowledge(segment, acknowledges > 0);
        self.packet = segment.packet;
        self.at = segment.at.map_or(NO_TIME, |at| at.0);
        for length in whole.lengths() {
            events.push_back(Event {
                connection: self.id,
                moment: Moment {
                    packet: segment.packet,
                    at: segment.at,
                },
                kind: EventKind::Counted(Counted {
                    websocket: WebSocketId(u32::from(side.websocket)),
                    direction,
                    alignment: whole.alignment(),
                    length: Some(length),
                    complete: true,
                }),
            });
        }
        true
    }
}
