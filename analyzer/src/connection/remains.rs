//! What remains of a connection that is over: all was said of it but its end, and both sides have acknowledged everything.
//!
//! It has to be kept for a while, because repetitions of its last segments may come. Where connections are short these are by
//! far the most, and what a connection knows while it is open would leave the cache with each of them.

use std::collections::VecDeque;
use std::mem;

use wireseam_wire::Seq;

use super::{Connection, Protocol, Quick};
use crate::flow_table::Key;
use crate::outbox::Numbers;
use crate::tcp::{EndedFlow, Ends, Flow, TcpState};
use crate::{
    ConnectionId, Direction, Ended, EndedBy, Event, EventKind, Layer, Moment, Opened, SeenFrom,
};

/// A connection that is over; its [`Quick`] tells its ends and its latest packet.
#[derive(Debug)]
pub(crate) struct Remains {
    flows: [EndedFlow; 2],
    syn: [Option<Seq>; 2],
    numbers: Numbers,
    messages: u32,
    how: EndedBy,
    layer: Option<Layer>,
    seen_from: SeenFrom,
}

/// A quarter of what an open one takes, and of what is fetched to let it go.
const _: () = assert!(size_of::<Option<Remains>>() <= 128);

impl Connection {
    /// Whether no byte is missing, and each side has acknowledged the other's last one.
    pub(super) fn is_complete(&self) -> bool {
        self.state.is_over() && self.flows.iter().all(Flow::is_complete)
    }

    /// Whether all was said of what was spoken.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.protocol, Protocol::Over { .. })
    }

    /// Packs what remains once all was said; nothing is left of the connection then. `None`, and nothing has happened, where
    /// something may still have to be said, or more has to be remembered than there is room for.
    pub(crate) fn remains(&mut self) -> Option<(Quick, Remains)> {
        let Protocol::Over { messages } = self.protocol else {
            return None;
        };
        let messages = u32::try_from(messages).ok()?;
        let (syn, how) = self.state.closed()?;
        let [client, server] = &self.flows;
        let flows = [client.ended()?, server.ended()?];
        let remains = Remains {
            flows,
            syn,
            numbers: mem::take(&mut self.numbers),
            messages,
            how,
            layer: self.layer,
            seen_from: self.ends.seen_from,
        };
        Some((Quick::over(self.ends(), self.id, self.last), remains))
    }
}

impl Remains {
    /// Says that the connection has ended, as [`Connection::finish`] does.
    pub(crate) fn finish(self, id: ConnectionId, quick: &Quick, events: &mut VecDeque<Event>) {
        let (&client, &server) = quick.ends();
        let last = quick.last().unwrap_or(Moment::NEVER);
        let ended = Ended {
            opened: Opened {
                client,
                server,
                seen_from: self.seen_from,
            },
            layer: self.layer,
            messages: u64::from(self.messages),
            findings: self.numbers.findings(),
            how: self.how,
            last,
            totals: self.flows.map(|flow| flow.totals()),
        };
        events.push_back(Event {
            connection: id,
            moment: last,
            kind: EventKind::Ended(Box::new(ended)),
        });
    }

    /// The connection as it was.
    pub(crate) fn wake(self, id: ConnectionId, quick: &Quick) -> Connection {
        let Self {
            flows: [client, server],
            syn,
            numbers,
            messages,
            how,
            layer,
            seen_from,
        } = self;
        let (&one, &other) = quick.ends();
        Connection {
            ends: Ends {
                client: one,
                server: other,
                seen_from,
            },
            layer,
            protocol: Protocol::Over {
                messages: u64::from(messages),
            },
            id,
            last: quick.last().unwrap_or(Moment::NEVER),
            numbers,
            intakes: Default::default(),
            flows: [
                client.wake(Direction::ClientToServer),
                server.wake(Direction::ServerToClient),
            ],
            state: TcpState::over(syn, how),
        }
    }

    /// Reads a little of it, so that it is in the cache.
    pub(crate) fn touch(&self) -> u64 {
        u64::from(self.messages) ^ self.flows[0].totals().bytes
    }
}
