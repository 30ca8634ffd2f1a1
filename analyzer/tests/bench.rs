//! Hand-made segments of one connection, and what the analyzer makes of them.

use wireseam_analyzer::{
    Analyzer, Config, Direction, Event, EventKind, Finding, Frame, Message, PayloadPolicy,
};
use wireseam_wire::{Address, Endpoint, Flags, PacketIndex, Segment, Seq, TcpOptions, Timestamp};

/// Where offset 0 of each direction stands; the server's wraps soon.
const ORIGINS: [u32; 2] = [1_000, u32::MAX - 300];

/// RFC 6455 1.3's key and answer.
pub const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A piece of one direction's stream, to be sent as one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub direction: Direction,
    pub start: usize,
    pub end: usize,
}

/// One connection's bytes, the handshake's first.
#[derive(Clone, Debug)]
pub struct Streams {
    pub client: Vec<u8>,
    pub server: Vec<u8>,
}

impl Streams {
    /// The RFC's handshake and then these frames.
    pub fn after_handshake(client: &[u8], server: &[u8]) -> Self {
        Self {
            client: [REQUEST, client].concat(),
            server: [RESPONSE, server].concat(),
        }
    }

    pub fn of(&self, direction: Direction) -> &[u8] {
        match direction {
            Direction::ClientToServer => &self.client,
            Direction::ServerToClient => &self.server,
        }
    }

    /// Each direction's head alone, then the client's frames, then the server's, cut before each of these offsets.
    pub fn cut(&self, client_cuts: &[usize], server_cuts: &[usize]) -> Vec<Piece> {
        let heads = [
            (Direction::ClientToServer, REQUEST.len()),
            (Direction::ServerToClient, RESPONSE.len()),
        ];
        let mut pieces: Vec<Piece> = heads
            .iter()
            .map(|(direction, end)| Piece {
                direction: *direction,
                start: 0,
                end: *end,
            })
            .collect();
        for ((direction, head), cuts) in heads.into_iter().zip([client_cuts, server_cuts]) {
            let length = self.of(direction).len();
            let mut edges: Vec<usize> = cuts
                .iter()
                .copied()
                .filter(|cut| (head + 1..length).contains(cut))
                .collect();
            edges.extend([head, length]);
            edges.sort_unstable();
            edges.dedup();
            pieces.extend(edges.windows(2).map(|edge| Piece {
                direction,
                start: edge[0],
                end: edge[1],
            }));
        }
        pieces
    }
}

/// What came out.
#[derive(Debug, Default)]
pub struct Outcome {
    pub events: Vec<Event>,
}

impl Outcome {
    pub fn messages(&self) -> Vec<&Message> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::Message(message) = &event.kind {
                    Some(&**message)
                } else {
                    None
                }
            })
            .collect()
    }

    pub fn frames(&self) -> Vec<&Frame> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::Frame(frame) = &event.kind {
                    Some(&**frame)
                } else {
                    None
                }
            })
            .collect()
    }

    pub fn findings(&self) -> Vec<&Finding> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::Finding(finding) = &event.kind {
                    Some(finding)
                } else {
                    None
                }
            })
            .collect()
    }

    /// What must not depend on how the bytes came: every frame, message and finding, without packets.
    pub fn meaning(&self) -> Vec<String> {
        let frames = self.frames().into_iter().map(|frame| {
            format!(
                "{} {} {} {:?} {:?}",
                frame.direction, frame.opcode, frame.fin, frame.header, frame.payload
            )
        });
        let messages = self.messages().into_iter().map(|message| {
            format!(
                "{} {} {:?} {} {:?} {}",
                message.direction,
                message.kind,
                message.length,
                message.span,
                message.payload,
                message.complete
            )
        });
        let findings = self.findings().into_iter().map(|finding| {
            format!(
                "{} {:?} {:?} {}",
                finding.rule.id, finding.direction, finding.span, finding.text
            )
        });
        let mut meaning: Vec<String> = frames.chain(messages).chain(findings).collect();
        meaning.sort();
        meaning
    }
}

/// Runs the handshake's SYNs and then these pieces, one packet each; packets are numbered from 3.
pub fn run(streams: &Streams, pieces: &[Piece]) -> Outcome {
    run_with(streams, pieces, PayloadPolicy::Full)
}

pub fn run_with(streams: &Streams, pieces: &[Piece], payload: PayloadPolicy) -> Outcome {
    let mut analyzer = Analyzer::new(Config {
        payload,
        ..Config::default()
    });
    let mut outcome = Outcome::default();
    let syn = [
        (Direction::ClientToServer, Flags::SYN),
        (Direction::ServerToClient, Flags::SYN.with(Flags::ACK)),
    ];
    for (index, (direction, flags)) in (1..).zip(syn) {
        let seq = Seq(ORIGINS[direction as usize].wrapping_sub(1));
        handle(
            &mut analyzer,
            &mut outcome,
            &Segment {
                flags,
                seq,
                ..blank(direction, index)
            },
        );
    }
    for (index, piece) in (3..).zip(pieces) {
        let payload = &streams.of(piece.direction)[piece.start..piece.end];
        let seq = Seq(ORIGINS[piece.direction as usize]).plus(u32::try_from(piece.start).unwrap());
        let payload_len = u32::try_from(payload.len()).unwrap();
        handle(
            &mut analyzer,
            &mut outcome,
            &Segment {
                seq,
                payload,
                payload_len,
                ..blank(piece.direction, index)
            },
        );
    }
    analyzer.finish();
    drain(&mut analyzer, &mut outcome);
    outcome
}

fn handle(analyzer: &mut Analyzer, outcome: &mut Outcome, segment: &Segment<'_>) {
    analyzer.handle_segment(segment);
    drain(analyzer, outcome);
}

fn drain(analyzer: &mut Analyzer, outcome: &mut Outcome) {
    outcome
        .events
        .extend(std::iter::from_fn(|| analyzer.poll_event()));
}

/// A segment without flags, numbers or payload of its own.
pub fn blank(direction: Direction, index: u64) -> Segment<'static> {
    let end = |last: u8, port| Endpoint {
        address: Address::from([10, 0, 0, last]),
        port,
    };
    let (client, server) = (end(1, 40_000), end(2, 80));
    let (source, destination) = if direction == Direction::ClientToServer {
        (client, server)
    } else {
        (server, client)
    };
    Segment {
        packet: PacketIndex(index),
        at: Some(Timestamp(i64::try_from(index).unwrap() * 1_000)),
        interface: 0,
        source,
        destination,
        seq: Seq(0),
        ack: Seq(0),
        window: 1_000,
        flags: Flags::PSH,
        options: TcpOptions::default(),
        ip_id: None,
        unfinished_length: false,
        payload: &[],
        payload_len: 0,
    }
}
