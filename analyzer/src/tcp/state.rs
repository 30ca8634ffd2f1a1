//! Who is the client, and how a connection opened and ended (RFC 9293 3.5, 3.6).

use wireseam_wire::{Endpoint, Flags, Segment, Seq};

use crate::{Direction, EndedBy, Role, SeenFrom};

/// The two ends, told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) seen_from: SeenFrom,
}

impl Ends {
    fn new(client: Endpoint, server: Endpoint, seen_from: SeenFrom) -> Self {
        Self {
            client,
            server,
            seen_from,
        }
    }

    /// Which way a segment of this connection goes.
    pub(crate) fn direction_of(&self, segment: &Segment<'_>) -> Direction {
        if segment.source == self.client {
            Direction::ClientToServer
        } else {
            Direction::ServerToClient
        }
    }
}

/// Tells the client by a connection's first telling segment, `None` where it tells nothing.
///
/// The sender of a SYN is the client, the sender of a SYN-ACK the server. Without either: who sends a request is the
/// client, who sends a response the server; else the lower port is the server's, because clients are given high ones.
pub(crate) fn guess_client(segment: &Segment<'_>) -> Option<Ends> {
    let (source, destination) = (segment.source, segment.destination);
    if segment.flags.contains(Flags::SYN) {
        let opened_by_source = !segment.flags.contains(Flags::ACK);
        let (client, server) = if opened_by_source {
            (source, destination)
        } else {
            (destination, source)
        };
        return Some(Ends::new(client, server, SeenFrom::Handshake));
    }
    if segment.payload_len == 0 {
        return None;
    }
    let source_is_server = if crate::http::begins_like_request(segment.payload) {
        false
    } else if crate::http::begins_like_response(segment.payload) {
        true
    } else {
        source.port < destination.port
    };
    let (client, server) = if source_is_server {
        (destination, source)
    } else {
        (source, destination)
    };
    Some(Ends::new(client, server, SeenFrom::MidStream))
}

/// The ends of a connection none of whose segments tell: the sender of the first is taken for the client, unless its port is the lower one.
pub(crate) fn assume_client(segment: &Segment<'_>) -> Ends {
    let (source, destination) = (segment.source, segment.destination);
    let (client, server) = if source.port < destination.port {
        (destination, source)
    } else {
        (source, destination)
    };
    Ends::new(client, server, SeenFrom::MidStream)
}

/// How far a connection has come towards its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TcpState {
    /// The initial sequence number each end's SYN named, the client's first.
    syn: [Option<Seq>; 2],
    fin: [bool; 2],
    ended: Option<EndedBy>,
}

impl TcpState {
    /// Takes note of a segment's control bits.
    pub(crate) fn handle(&mut self, direction: Direction, segment: &Segment<'_>) {
        let role = Role::sender(direction);
        if segment.flags.contains(Flags::SYN) {
            self.syn[direction as usize].get_or_insert(segment.seq);
        }
        if segment.flags.contains(Flags::FIN) {
            self.fin[direction as usize] = true;
            self.ended.get_or_insert(EndedBy::Fin(role));
        }
        if segment.flags.contains(Flags::RST) && self.fin != [true, true] {
            self.reset(role);
        }
    }

    /// A RST ends the connection for both, also after the first FIN; the first RST counts.
    fn reset(&mut self, by: Role) {
        if !matches!(self.ended, Some(EndedBy::Rst(_))) {
            self.ended = Some(EndedBy::Rst(by));
        }
    }

    /// How it ended as far as is known.
    pub(crate) fn ended(&self) -> EndedBy {
        self.ended.unwrap_or(EndedBy::Open)
    }

    /// Whether nothing more is to come but repetitions.
    pub(crate) fn is_over(&self) -> bool {
        self.fin == [true, true] || matches!(self.ended, Some(EndedBy::Rst(_)))
    }

    /// Whether this SYN opens another connection with the same addresses and ports: its initial sequence number is a new one.
    pub(crate) fn is_reopened_by(
        &self,
        direction: Direction,
        segment: &Segment<'_>,
        origin: Option<Seq>,
    ) -> bool {
        let opens = segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK);
        let known = self.syn[direction as usize]
            .map(|seq| seq.plus(1))
            .or(origin);
        opens && known.is_some_and(|known| known != segment.seq.plus(1))
    }
}
