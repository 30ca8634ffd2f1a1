//! Everything the analyzer has to say, as plain data in the order it became known.
//!
//! An [`Event`] owns what it holds, so that it can cross a thread or wait in a queue. Offsets are positions in one
//! direction's stream ([`Offset`](crate::Offset)), packets are numbered as in the capture, frames and messages are
//! numbered from 1 within their WebSocket, both directions together.

use std::fmt;

use wireseam_wire::{PacketIndex, Segment, Timestamp};

use crate::Finding;

mod connection;
mod control;
mod handshake;
mod message;
mod proxied;

pub use connection::*;
pub use control::*;
pub use handshake::*;
pub use message::*;
pub use proxied::*;

/// Which way bytes travel. The client is the end that opened the connection; see `tcp/state.rs` for how it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the end that opened the connection.
    ClientToServer,
    /// From the end that accepted it.
    ServerToClient,
}

impl Direction {
    /// Both, the client's first.
    pub const BOTH: [Self; 2] = [Self::ClientToServer, Self::ServerToClient];

    /// The other way.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::ClientToServer => Self::ServerToClient,
            Self::ServerToClient => Self::ClientToServer,
        }
    }

    /// Of what there is for each direction, what is this one's and what is the other's.
    #[inline]
    pub(crate) fn and_back<T>(self, both: &mut [T; 2]) -> (&mut T, &mut T) {
        let [client, server] = both;
        match self {
            Self::ClientToServer => (client, server),
            Self::ServerToClient => (server, client),
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientToServer => "client_to_server",
            Self::ServerToClient => "server_to_client",
        })
    }
}

/// One of the two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The end that opened the connection.
    Client,
    /// The end that accepted it.
    Server,
}

impl Role {
    /// Who sends in `direction`.
    #[must_use]
    pub fn sender(direction: Direction) -> Self {
        match direction {
            Direction::ClientToServer => Self::Client,
            Direction::ServerToClient => Self::Server,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// A connection's number in the capture, 1 for the one whose first packet came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A WebSocket's number in its connection, from 1; refused upgrades count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebSocketId(pub u32);

/// A frame's number in its WebSocket, from 1, in the order in which first bytes became deliverable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub u64);

/// A message's number in its WebSocket, from 1, in the order in which first bytes became deliverable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// A packet and its capture time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The packet.
    pub packet: PacketIndex,
    /// When it was captured, where the capture says so.
    pub at: Option<Timestamp>,
}

impl Moment {
    /// Before any packet.
    pub(crate) const NEVER: Self = Self {
        packet: PacketIndex(0),
        at: None,
    };

    /// That of a segment.
    #[inline]
    pub(crate) fn of(segment: &Segment<'_>) -> Self {
        Self {
            packet: segment.packet,
            at: segment.at,
        }
    }
}

/// Something that became known, and the packet that made it so.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The connection it belongs to.
    pub connection: ConnectionId,
    /// The packet that was being read.
    pub moment: Moment,
    /// What became known.
    pub kind: EventKind,
}

/// What an [`Event`] says.
#[derive(Clone, Debug, PartialEq)]
pub enum EventKind {
    /// The first packet of a connection. Always its first event.
    Opened(Opened),
    /// A protocol layer was recognised; outermost first.
    Layer(Layer),
    /// A proxy's header in front of the client's bytes; at most one.
    Proxied(Proxied),
    /// What a TLS handshake shows in the clear; may come again with more. With [`Detail::Map`](crate::Detail::Map) only.
    Tls(Box<TlsHello>),
    /// One captured TCP segment and what it was. With [`Detail::Map`](crate::Detail::Map) only.
    Segment(SegmentSeen),
    /// Bytes that the capture lacks and that are no longer waited for.
    Gap(Gap),
    /// An HTTP response before the final one. With [`Detail::Map`](crate::Detail::Map) only.
    Interim(Interim),
    /// An HTTP request with its response, or without where none was captured. With [`Detail::Map`](crate::Detail::Map) only.
    Exchange(Box<Exchange>),
    /// A WebSocket: an upgrade that was granted, refused or left unanswered, or frames recognised without one.
    /// What both sides wrote comes with [`Detail::Map`](crate::Detail::Map) only.
    WebSocket(Box<Handshake>),
    /// A WebSocket frame, whole or as far as it was captured. With [`Detail::Map`](crate::Detail::Map) only.
    Frame(Box<Frame>),
    /// A WebSocket message, whole or as far as it was captured. Not with [`Detail::Counts`](crate::Detail::Counts).
    Message(Box<Message>),
    /// The same in a few numbers, where no more was asked for ([`Detail::Counts`](crate::Detail::Counts)).
    Counted(Counted),
    /// What a control frame does; comes with its [`Frame`].
    Control(Control),
    /// The other side acknowledged a message's last byte for the first time. With [`Detail::Map`](crate::Detail::Map) only.
    Acknowledged(Acknowledged),
    /// How a WebSocket ended. Its last event. With [`Detail::Map`](crate::Detail::Map) only.
    Closed(Box<Close>),
    /// Something that should not be.
    Finding(Box<Finding>),
    /// How a connection ended, and its totals. Always its last event.
    Ended(Box<Ended>),
}
