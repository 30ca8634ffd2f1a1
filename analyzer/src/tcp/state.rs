//! Who is the client, and how a connection opened and ended (RFC 9293 3.5, 3.6).

use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

use crate::{Direction, EndedBy, Moment, Role, SeenFrom};

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
    ended: Option<(EndedBy, Moment)>,
}

impl TcpState {
    /// One that has not ended, with what [`syns`](Self::syns) says.
    pub(crate) fn open(syn: [Option<Seq>; 2]) -> Self {
        Self {
            syn,
            ..Self::default()
        }
    }

    /// The number that each end's SYN named: all there is to say while nothing has ended.
    pub(crate) fn syns(&self) -> Option<[Option<Seq>; 2]> {
        let Self { syn, fin, ended } = self;
        (*fin == [false, false] && ended.is_none()).then_some(*syn)
    }

    /// One that both sides have ended, with what [`closed`](Self::closed) says, as long ago as nobody asks any more.
    pub(crate) fn over(syn: [Option<Seq>; 2], how: EndedBy) -> Self {
        Self {
            syn,
            fin: [true; 2],
            ended: Some((how, Moment::NEVER)),
        }
    }

    /// The number that each end's SYN named, and who ended it: all there is to say, but for when, once both sides have.
    pub(crate) fn closed(&self) -> Option<([Option<Seq>; 2], EndedBy)> {
        let Self { syn, fin, ended } = self;
        let (how, _) = ended.filter(|_| *fin == [true, true])?;
        Some((*syn, how))
    }

    /// Takes note of a segment's control bits.
    pub(crate) fn handle(&mut self, direction: Direction, segment: &Segment<'_>, moment: Moment) {
        let role = Role::sender(direction);
        if segment.flags.contains(Flags::SYN) {
            self.syn[direction as usize].get_or_insert(segment.seq);
        }
        if segment.flags.contains(Flags::FIN) {
            self.fin[direction as usize] = true;
            self.ended.get_or_insert((EndedBy::Fin(role), moment));
        }
        if segment.flags.contains(Flags::RST) && self.fin != [true, true] {
            self.reset(role, moment);
        }
    }

    /// A RST ends the connection for both, also after the first FIN; the first RST counts.
    fn reset(&mut self, by: Role, moment: Moment) {
        if !self.is_reset() {
            self.ended = Some((EndedBy::Rst(by), moment));
        }
    }

    fn is_reset(&self) -> bool {
        matches!(self.ended, Some((EndedBy::Rst(_), _)))
    }

    /// Whether a FIN or a RST was seen.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// How it ended as far as is known.
    pub(crate) fn ended(&self) -> EndedBy {
        self.ended.map_or(EndedBy::Open, |(how, _)| how)
    }

    /// The packet with which it ended.
    pub(crate) fn ended_in(&self) -> Option<PacketIndex> {
        self.ended.map(|(_, moment)| moment.packet)
    }

    /// Whether nothing more is to come but repetitions.
    pub(crate) fn is_over(&self) -> bool {
        self.fin == [true, true] || self.is_reset()
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

#[cfg(test)]
mod tests {
    use wireseam_wire::{Address, TcpOptions};

    use super::*;

    fn segment(flags: Flags, seq: u32, ports: [u16; 2], payload: &[u8]) -> Segment<'_> {
        let end = |port| Endpoint {
            address: Address::from([10, 0, 0, 1]),
            port,
        };
        Segment {
            packet: PacketIndex(1),
            at: None,
            interface: 0,
            source: end(ports[0]),
            destination: end(ports[1]),
            seq: Seq(seq),
            ack: Seq(0),
            window: 0,
            flags,
            options: TcpOptions::default(),
            ip_id: None,
            unfinished_length: false,
            checksum: wireseam_wire::Checksum::Unknown,
            payload,
            payload_len: u32::try_from(payload.len()).expect("short"),
        }
    }

    fn client_port(flags: Flags, ports: [u16; 2], payload: &[u8]) -> Option<u16> {
        guess_client(&segment(flags, 0, ports, payload)).map(|ends| ends.client.port)
    }

    #[test]
    fn the_client_is_told_by_syn_then_by_http_then_by_the_higher_port() {
        let syn_ack = Flags::SYN.with(Flags::ACK);
        assert_eq!(client_port(Flags::SYN, [80, 40_000], b""), Some(80));
        assert_eq!(client_port(syn_ack, [80, 40_000], b""), Some(40_000));
        assert_eq!(client_port(Flags::ACK, [80, 40_000], b""), None);
        assert_eq!(client_port(Flags::ACK, [80, 40_000], b"GET / HT"), Some(80));
        assert_eq!(client_port(Flags::ACK, [40_000, 80], b"HTTP/1.1"), Some(80));
        assert_eq!(client_port(Flags::ACK, [80, 40_000], b"\x81"), Some(40_000));
        assert_eq!(client_port(Flags::ACK, [40_000, 80], b"\x81"), Some(40_000));
    }

    fn ended(flags: &[(Direction, Flags, u64)]) -> (EndedBy, Option<u64>, bool) {
        let mut state = TcpState::default();
        for (direction, flags, packet) in flags {
            let moment = Moment {
                packet: PacketIndex(*packet),
                at: None,
            };
            state.handle(*direction, &segment(*flags, 0, [1, 2], b""), moment);
        }
        let packet = state.ended_in().map(|packet| packet.0);
        (state.ended(), packet, state.is_over())
    }

    #[test]
    fn the_first_fin_ends_it_and_a_reset_overrides_a_half_close() {
        use Direction::{ClientToServer as UP, ServerToClient as DOWN};
        let fin = EndedBy::Fin(Role::Client);
        assert_eq!(ended(&[]), (EndedBy::Open, None, false));
        assert_eq!(ended(&[(UP, Flags::FIN, 3)]), (fin, Some(3), false));
        assert_eq!(
            ended(&[(UP, Flags::FIN, 3), (DOWN, Flags::FIN, 4)]),
            (fin, Some(3), true)
        );
        assert_eq!(
            ended(&[(UP, Flags::FIN, 3), (DOWN, Flags::RST, 5)]),
            (EndedBy::Rst(Role::Server), Some(5), true)
        );
        assert_eq!(
            ended(&[
                (UP, Flags::FIN, 3),
                (DOWN, Flags::FIN, 4),
                (UP, Flags::RST, 6)
            ]),
            (fin, Some(3), true),
            "after both FINs a reset ends nothing"
        );
    }

    #[test]
    fn only_a_syn_with_another_number_opens_another_connection() {
        let mut state = TcpState::default();
        let moment = Moment {
            packet: PacketIndex(1),
            at: None,
        };
        let up = Direction::ClientToServer;
        state.handle(up, &segment(Flags::SYN, 7, [1, 2], b""), moment);
        let opens = |flags, seq| state.is_reopened_by(up, &segment(flags, seq, [1, 2], b""), None);
        assert!(!opens(Flags::SYN, 7), "the same SYN again");
        assert!(opens(Flags::SYN, 8));
        assert!(!opens(Flags::SYN.with(Flags::ACK), 8));
    }
}
