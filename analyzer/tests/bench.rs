//! Hand-made segments of one connection, and what the analyzer makes of them.

use wireseam_analyzer::{
    Analyzer, Config, Detail, Direction, Event, EventKind, Finding, Frame, GapCause, Handshake,
    Layer, Limits, Message, PayloadPolicy,
};
use wireseam_wire::{Address, Endpoint, Flags, PacketIndex, Segment, Seq, TcpOptions, Timestamp};

/// Where offset 0 of each direction stands; the server's wraps soon.
pub const ORIGINS: [u32; 2] = [1_000, u32::MAX - 300];

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
                    Some(&**finding)
                } else {
                    None
                }
            })
            .collect()
    }

    /// The gaps reported, each with its cause.
    pub fn gaps(&self) -> Vec<(Direction, u64, u64, GapCause)> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::Gap(gap) = &event.kind {
                    Some((gap.direction, gap.span.start.0, gap.span.end.0, gap.cause))
                } else {
                    None
                }
            })
            .collect()
    }

    /// The handshakes reported.
    pub fn websockets(&self) -> Vec<&Handshake> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::WebSocket(handshake) = &event.kind {
                    Some(&**handshake)
                } else {
                    None
                }
            })
            .collect()
    }

    /// The HTTP exchanges reported: method, target and status.
    pub fn exchanges(&self) -> Vec<(Option<&str>, Option<&str>, Option<u16>)> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::Exchange(exchange) = &event.kind {
                    Some((
                        exchange.method.as_deref(),
                        exchange.target.as_deref(),
                        exchange.status,
                    ))
                } else {
                    None
                }
            })
            .collect()
    }

    /// The layers reported, in order.
    pub fn layers(&self) -> Vec<Layer> {
        self.events
            .iter()
            .filter_map(|event| {
                if let EventKind::Layer(layer) = &event.kind {
                    Some(*layer)
                } else {
                    None
                }
            })
            .collect()
    }

    /// The ids of the rules found broken, in order.
    pub fn rules(&self) -> Vec<&'static str> {
        self.findings()
            .iter()
            .map(|finding| finding.rule.id)
            .collect()
    }

    /// What each whole or cut message of a direction says, as far as it was kept.
    pub fn said(&self, direction: Direction) -> Vec<&[u8]> {
        self.messages()
            .into_iter()
            .filter(|message| message.direction == direction)
            .map(|message| message.payload.bytes.as_slice())
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

pub fn handle(analyzer: &mut Analyzer, outcome: &mut Outcome, segment: &Segment<'_>) {
    analyzer.handle_segment(segment);
    drain(analyzer, outcome);
}

pub fn drain(analyzer: &mut Analyzer, outcome: &mut Outcome) {
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
        checksum: wireseam_wire::Checksum::Unknown,
        payload: &[],
        payload_len: 0,
    }
}

/// A frame as its sender writes it, right or wrong.
pub fn frame_bytes(first: u8, masking_key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mask_bit = if masking_key.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(mask_bit | u8::try_from(length).unwrap()),
        length @ 126..=65_535 => {
            bytes.push(mask_bit | 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(mask_bit | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(masking_key.iter().flatten());
    let key = masking_key.unwrap_or_default();
    bytes.extend(
        payload
            .iter()
            .enumerate()
            .map(|(at, byte)| byte ^ key[at % 4]),
    );
    bytes
}

/// Everything of each message is kept.
pub fn full() -> Config {
    with_limits(|_| ())
}

/// Everything of each message is kept, with these limits.
pub fn with_limits(change: impl FnOnce(&mut Limits)) -> Config {
    let mut limits = Limits::default();
    change(&mut limits);
    Config {
        detail: Detail::Map,
        payload: PayloadPolicy::Full,
        limits,
    }
}

/// A server's text message in one frame.
pub fn text(content: &str) -> Vec<u8> {
    frame_bytes(0x81, None, content.as_bytes())
}

/// A client's text message in one frame.
pub fn masked(content: &[u8]) -> Vec<u8> {
    frame_bytes(0x81, Some([0x11, 0x22, 0x33, 0x44]), content)
}

/// Numbers that only look random: SplitMix64.
#[derive(Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    pub fn below(&mut self, end: u64) -> usize {
        usize::try_from(self.next() % end).unwrap()
    }
}
