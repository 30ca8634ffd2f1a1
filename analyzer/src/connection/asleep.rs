//! A quiet connection of which nothing is heard for long, in as few bytes as its [`Quick`] does not tell.
//!
//! Most connections are at rest most of the time, and those whose Quick is on need no more than it, however many of their
//! messages it counts. What the connection itself knows besides is packed here until anything else comes.

use std::mem;

use wireseam_wire::Seq;

use super::{Connection, Protocol, Quick};
use crate::flow_table::Key;
use crate::intake::Intake;
use crate::outbox::Numbers;
use crate::tcp::{AsleepFlow, Ends, TcpState};
use crate::websocket::{AsleepSocket, Talking};
use crate::{ConnectionId, Direction, Layer, Moment, SeenFrom};

/// A connection that sleeps.
#[derive(Debug)]
pub(crate) struct Asleep {
    flows: [AsleepFlow; 2],
    syn: [Option<Seq>; 2],
    numbers: Numbers,
    /// `None` where nothing reads the bytes.
    socket: Option<AsleepSocket>,
    layer: Option<Layer>,
    seen_from: SeenFrom,
}

impl Connection {
    /// Packs what has to be remembered, where this is [quiet](Connection::quick); nothing is left of the connection then.
    /// `None`, and nothing has happened, where it is not, or more has to be remembered than there is room for.
    pub(crate) fn sleep(&mut self) -> Option<Asleep> {
        let Self {
            ends:
                Ends {
                    client: _,
                    server: _,
                    seen_from,
                },
            layer,
            protocol,
            id: _,
            last: _,
            numbers,
            intakes,
            flows: [client, server],
            state,
        } = self;
        let flows = [client.sleep()?, server.sleep()?];
        let syn = state.syns()?;
        let is_quiet = match protocol {
            Protocol::WebSocket(socket) => socket.is_quiet(),
            Protocol::Unread => true,
            _ => false,
        };
        if !is_quiet || !intakes.iter().all(Intake::is_empty) {
            return None;
        }
        let socket = match mem::replace(protocol, Protocol::Unread) {
            Protocol::WebSocket(socket) => Some(socket.sleep()),
            _ => None,
        };
        Some(Asleep {
            flows,
            syn,
            numbers: mem::take(numbers),
            socket,
            layer: *layer,
            seen_from: *seen_from,
        })
    }
}

impl Asleep {
    /// Whether anything lies elsewhere that is kept for it.
    #[cfg(test)]
    pub(crate) fn keeps_more(&self) -> bool {
        self.numbers.keeps_more() || self.socket.as_ref().is_some_and(AsleepSocket::keeps_more)
    }

    /// What Pings and Pongs have to do with.
    pub(crate) fn talking(&mut self) -> Option<Talking<'_>> {
        self.socket.as_mut().map(AsleepSocket::talking)
    }

    /// The connection, which has still to [catch up](Connection::catch_up) with this Quick.
    pub(crate) fn wake(self, id: ConnectionId, quick: &Quick) -> Connection {
        let Self {
            flows: [client, server],
            syn,
            numbers,
            socket,
            layer,
            seen_from,
        } = self;
        let (&one, &other) = quick.ends();
        let protocol = match socket {
            Some(socket) => Protocol::WebSocket(Box::new(socket.wake())),
            None => Protocol::Unread,
        };
        Connection {
            ends: Ends {
                client: one,
                server: other,
                seen_from,
            },
            layer,
            protocol,
            id,
            last: quick.last().unwrap_or(Moment::NEVER),
            numbers,
            intakes: Default::default(),
            flows: [
                client.wake(Direction::ClientToServer),
                server.wake(Direction::ServerToClient),
            ],
            state: TcpState::open(syn),
        }
    }
}
