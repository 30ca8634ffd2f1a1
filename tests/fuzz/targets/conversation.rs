//! What two ends say to each other, turn by turn, sent in segments of any size.

use std::io;

use wireseam::{
    analyzer::{Analyzer, Config, Direction, Event, EventKind, PayloadPolicy},
    report::{Context, Render, schema::Capture},
    verify::Verify,
    wire::{Endpoint, Flags, PacketIndex, Segment, Seq, Timestamp},
};

use super::{input::Input, said::said};

/// RFC 6455 1.3's request.
pub(crate) const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
/// RFC 6455 1.3's answer.
pub(crate) const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/// Where offset 0 of each direction stands; the server's numbers wrap soon.
const ORIGINS: [u32; 2] = [1_000, u32::MAX - 300];

/// Who says what, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) turns: Vec<(Direction, Vec<u8>)>,
}

impl Conversation {
    /// The RFC's handshake, with more header fields in both heads, each with its CRLF.
    pub(crate) fn upgraded(fields: [&[u8]; 2]) -> Self {
        let head = |head: &[u8], fields: &[u8]| [head, fields, b"\r\n"].concat();
        Self {
            turns: vec![
                (Direction::ClientToServer, head(REQUEST, fields[0])),
                (Direction::ServerToClient, head(RESPONSE, fields[1])),
            ],
        }
    }

    /// Turns of any bytes: two bytes of length, whose highest bit is the direction, and as many bytes.
    pub(crate) fn continue_with(mut self, input: &mut Input<'_>) -> Self {
        while !input.is_empty() {
            let begin = input.number();
            let direction = Direction::BOTH[begin >> 15];
            self.turns
                .push((direction, input.take(begin & 0x7FFF).to_vec()));
        }
        self
    }

    /// Everything that one end says.
    pub(crate) fn stream(&self, direction: Direction) -> Vec<u8> {
        let turns = self.turns.iter().filter(|(whose, _)| *whose == direction);
        turns.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    /// Each turn in one segment.
    pub(crate) fn whole(&self) -> Vec<Piece<'_>> {
        self.cut(|_| false)
    }

    /// Cut before each byte that is chosen, counted over the whole conversation; turns are cut from each other anyway.
    fn cut(&self, mut is_cut: impl FnMut(usize) -> bool) -> Vec<Piece<'_>> {
        let mut starts = [0, 0];
        let mut at = 0;
        let mut pieces = Vec::new();
        for (direction, bytes) in &self.turns {
            let start = &mut starts[*direction as usize];
            let mut from = 0;
            for end in 1..=bytes.len() {
                if end == bytes.len() || is_cut(at + end) {
                    pieces.push(Piece {
                        direction: *direction,
                        start: *start + from,
                        bytes: &bytes[from..end],
                    });
                    from = end;
                }
            }
            *start += bytes.len();
            at += bytes.len();
        }
        pieces
    }

    /// Holds what is said in segments of one byte, and in segments cut at these places, against what is said in whole turns.
    pub(crate) fn says_the_same_however_it_is_cut(&self, cuts: &[usize]) -> Vec<Event> {
        let length: usize = self.turns.iter().map(|(_, bytes)| bytes.len()).sum();
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut % length.max(1)).collect();
        let events = run(&self.whole());
        let at_cuts = run(&self.cut(|at| cuts.contains(&at)));
        let everywhere = (length <= MOST_SINGLE_BYTES).then(|| run(&self.cut(|_| true)));
        let cut = [Some(at_cuts), everywhere];
        // frames that are searched for are also told by segments that begin or end with them
        if !cut
            .iter()
            .flatten()
            .chain([&events])
            .any(|events| is_searched(events))
        {
            for cut in cut.iter().flatten() {
                let (cut, whole) = (said(cut), said(&events));
                let only = |these: &[String], those: &[String]| -> Vec<String> {
                    let others = these.iter().filter(|line| !those.contains(line));
                    others.cloned().collect()
                };
                let (more, less) = (only(&cut, &whole), only(&whole, &cut));
                assert!(
                    cut == whole,
                    "cut at {cuts:?} or everywhere: more {more:#?}, less {less:#?}"
                );
            }
        }
        events
    }
}

/// Whether frames were found by a search.
pub(crate) fn is_searched(events: &[Event]) -> bool {
    events.iter().any(|event| match &event.kind {
        EventKind::Finding(finding) => ["ws.resync", "ws.lost"].contains(&finding.rule.id),
        EventKind::WebSocket(handshake) => handshake.confidence.is_some(),
        _ => false,
    })
}

/// A turn as [`Conversation::continue_with`] reads it.
pub(crate) fn turn(direction: Direction, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len().min(0x7FFF)).unwrap_or(0);
    let begin = length | (direction as u16) << 15;
    [begin.to_le_bytes().as_slice(), bytes].concat()
}

/// Bytes of one direction that are sent as one segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) direction: Direction,
    /// Where they stand.
    pub(crate) start: usize,
    pub(crate) bytes: &'a [u8],
}

/// As many cuts as a byte says.
pub(crate) fn cuts(input: &mut Input<'_>) -> Vec<usize> {
    let count = input.byte() & 0x1F;
    (0..count).map(|_| input.number()).collect()
}

/// What the analyzer makes of these pieces behind both SYNs; packets are numbered from 3.
pub(crate) fn run(pieces: &[Piece<'_>]) -> Vec<Event> {
    let mut watched = Watched::opened();
    for (index, piece) in (3..).zip(pieces) {
        let segment = Segment {
            seq: seq(piece.direction, piece.start),
            ..segment(index, piece.direction, Flags::PSH, piece.bytes)
        };
        watched.handle(&segment);
    }
    watched.finish()
}

/// An analyzer whose every word is verified.
pub(crate) struct Watched {
    analyzer: Analyzer,
    verify: Verify<Silent>,
    events: Vec<Event>,
}

impl Watched {
    /// One that has seen a connection's SYNs, in packets 1 and 2.
    pub(crate) fn opened() -> Self {
        let mut watched = Self {
            analyzer: Analyzer::new(Config {
                payload: PayloadPolicy::Full,
                ..Config::default()
            }),
            verify: Verify::new(Silent),
            events: Vec::new(),
        };
        let flags = [Flags::SYN, Flags::SYN.with(Flags::ACK)];
        for (index, (direction, flags)) in (1..).zip(Direction::BOTH.into_iter().zip(flags)) {
            let origin = ORIGINS[direction as usize];
            watched.handle(&Segment {
                seq: Seq(origin.wrapping_sub(1)),
                ack: Seq(ORIGINS[0]),
                ..segment(index, direction, flags, b"")
            });
        }
        watched
    }

    pub(crate) fn handle(&mut self, segment: &Segment<'_>) {
        self.analyzer.handle_segment(segment);
        self.drain();
    }

    /// Everything it said.
    pub(crate) fn finish(mut self) -> Vec<Event> {
        self.analyzer.finish();
        self.drain();
        let _ = self.verify.finish(&Capture::default());
        let verified = self.verify.verification();
        assert_eq!(verified.violations, 0, "{verified}: {:#?}", verified.listed);
        self.events
    }

    fn drain(&mut self) {
        while let Some(event) = self.analyzer.poll_event() {
            let _ = self.verify.event(&Context::default(), event.clone());
            self.events.push(event);
        }
    }
}

/// A segment of the connection, at sequence number 0.
pub(crate) fn segment(
    index: u64,
    direction: Direction,
    flags: Flags,
    payload: &[u8],
) -> Segment<'_> {
    let end = |last: u8, port| Endpoint {
        address: [10, 0, 0, last].into(),
        port,
    };
    let (client, server) = (end(1, 40_000), end(2, 80));
    let (source, destination) = match direction {
        Direction::ClientToServer => (client, server),
        Direction::ServerToClient => (server, client),
    };
    let at = i64::try_from(index).unwrap_or(i64::MAX) * 1_000;
    Segment {
        at: Some(Timestamp(at)),
        ..Segment::new(
            PacketIndex(index),
            source,
            destination,
            Seq(0),
            flags,
            payload,
        )
    }
}

/// The sequence number of a byte.
pub(crate) fn seq(direction: Direction, offset: usize) -> Seq {
    let low = u32::try_from(offset & 0xFFFF_FFFF).unwrap_or(0);
    Seq(ORIGINS[direction as usize]).plus(low)
}

/// Says nothing.
struct Silent;

impl Render for Silent {
    fn event(&mut self, _: &Context, _: Event) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Capture) -> io::Result<()> {
        Ok(())
    }
}

/// Conversations of more bytes take too long in segments of one.
const MOST_SINGLE_BYTES: usize = 4_096;
