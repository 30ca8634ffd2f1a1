//! One connection told segment by segment.

use wireseam_analyzer::{Analyzer, Config, Direction};
use wireseam_wire::{Flags, PacketIndex, Segment, Seq, Timestamp};

use crate::bench::{ORIGINS, Outcome, REQUEST, RESPONSE, blank, drain, handle};

/// One connection told segment by segment: with acknowledgements, losses, cut packets and time.
#[derive(Debug)]
pub struct Scene {
    pub analyzer: Analyzer,
    pub outcome: Outcome,
    packet: u64,
    now: i64,
    /// What each end acknowledges of the other's stream, once it said so.
    acknowledged: [Option<u32>; 2],
    /// Where the next byte of each direction stands.
    next: [usize; 2],
}

impl Scene {
    /// A connection whose SYNs were captured.
    pub fn opened(config: Config) -> Self {
        let mut scene = Self::mid_stream(config);
        for (direction, flags) in [
            (Direction::ClientToServer, Flags::SYN),
            (Direction::ServerToClient, Flags::SYN.with(Flags::ACK)),
        ] {
            let seq = Seq(ORIGINS[direction as usize].wrapping_sub(1));
            scene.handle(
                direction,
                Segment {
                    flags,
                    seq,
                    ..blank(direction, 0)
                },
            );
        }
        scene
    }

    /// A connection of which nothing was captured so far.
    pub fn mid_stream(config: Config) -> Self {
        Self {
            analyzer: Analyzer::new(config),
            outcome: Outcome::default(),
            packet: 0,
            now: 0,
            acknowledged: [None, None],
            next: [0, 0],
        }
    }

    /// A connection that has just become a WebSocket, with the RFC's handshake.
    pub fn websocket(config: Config) -> Self {
        let mut scene = Self::opened(config);
        scene.up(REQUEST).down(RESPONSE);
        scene
    }

    /// The client's next bytes in one segment.
    pub fn up(&mut self, bytes: &[u8]) -> &mut Self {
        self.send(Direction::ClientToServer, bytes)
    }

    /// The server's next bytes in one segment.
    pub fn down(&mut self, bytes: &[u8]) -> &mut Self {
        self.send(Direction::ServerToClient, bytes)
    }

    /// The next bytes of a direction in one segment.
    pub fn send(&mut self, direction: Direction, bytes: &[u8]) -> &mut Self {
        let start = self.next[direction as usize];
        self.send_at(direction, start, bytes)
    }

    /// Bytes of a direction that stand at `start`.
    pub fn send_at(&mut self, direction: Direction, start: usize, bytes: &[u8]) -> &mut Self {
        self.cut_at(direction, start, bytes, bytes.len())
    }

    /// A segment of `length` bytes of which the capture holds these.
    pub fn cut_at(
        &mut self,
        direction: Direction,
        start: usize,
        bytes: &[u8],
        length: usize,
    ) -> &mut Self {
        let side = direction as usize;
        self.next[side] = self.next[side].max(start + length);
        self.handle(
            direction,
            Segment {
                seq: Seq(ORIGINS[side]).plus(low_bits(start)),
                payload: bytes,
                payload_len: u32::try_from(length).unwrap(),
                ..blank(direction, 0)
            },
        )
    }

    /// The next bytes of a direction are not in the capture.
    pub fn lose(&mut self, direction: Direction, bytes: usize) -> &mut Self {
        self.next[direction as usize] += bytes;
        self
    }

    /// The receiver of a direction acknowledges it up to this offset.
    pub fn acknowledge(&mut self, direction: Direction, end: usize) -> &mut Self {
        let receiver = direction.reversed();
        self.acknowledged[receiver as usize] =
            Some(ORIGINS[direction as usize].wrapping_add(low_bits(end)));
        self.bare(receiver, Flags::ACK)
    }

    /// A segment without payload at the end of a direction.
    pub fn bare(&mut self, direction: Direction, flags: Flags) -> &mut Self {
        let seq = Seq(ORIGINS[direction as usize]).plus(low_bits(self.next[direction as usize]));
        self.handle(
            direction,
            Segment {
                seq,
                flags,
                ..blank(direction, 0)
            },
        )
    }

    /// The sender of a direction asks whether the other end is still there (RFC 9293 3.8.4).
    pub fn keep_alive(&mut self, direction: Direction) -> &mut Self {
        let last = low_bits(self.next[direction as usize]).wrapping_sub(1);
        self.handle(
            direction,
            Segment {
                seq: Seq(ORIGINS[direction as usize]).plus(last),
                flags: Flags::ACK,
                ..blank(direction, 0)
            },
        )
    }

    /// Any segment; its number, its time and its acknowledgement are the scene's.
    pub fn handle(&mut self, direction: Direction, segment: Segment<'_>) -> &mut Self {
        self.packet += 1;
        self.now += 1_000;
        let acknowledged = self.acknowledged[direction as usize];
        let segment = Segment {
            packet: PacketIndex(self.packet),
            at: Some(Timestamp(self.now)),
            ack: Seq(acknowledged.unwrap_or(0)),
            flags: acknowledged.map_or(segment.flags, |_| segment.flags.with(Flags::ACK)),
            ..segment
        };
        handle(&mut self.analyzer, &mut self.outcome, &segment);
        self
    }

    /// So many milliseconds pass.
    pub fn wait(&mut self, milliseconds: i64) -> &mut Self {
        self.now += milliseconds * 1_000_000;
        self
    }

    /// So many nanoseconds pass, and the analyzer is told.
    pub fn hear_nothing_for(&mut self, nanoseconds: i64) -> &mut Self {
        self.now += nanoseconds;
        self.analyzer.handle_timeout(Timestamp(self.now));
        drain(&mut self.analyzer, &mut self.outcome);
        self
    }

    /// The capture ends.
    pub fn finish(&mut self) -> &Outcome {
        self.analyzer.finish();
        drain(&mut self.analyzer, &mut self.outcome);
        &self.outcome
    }

    /// How much the analyzer holds on to, in letters of its own description.
    pub fn held(&self) -> usize {
        format!("{:?}", self.analyzer).len()
    }

    /// The sequence number of a direction's offset 0.
    pub fn origin(&self, direction: Direction) -> Seq {
        Seq(ORIGINS[direction as usize])
    }

    /// Where the next byte of a direction stands.
    pub fn at(&self, direction: Direction) -> usize {
        self.next[direction as usize]
    }
}

/// A connection that has just become a WebSocket with permessage-deflate, context takeover both ways.
pub fn compressing(config: Config) -> Scene {
    agreeing(config, "permessage-deflate")
}

/// A connection that has just become a WebSocket with this extension, offered and agreed in the same words.
pub fn agreeing(config: Config, extension: &str) -> Scene {
    let with = |head: &[u8]| {
        let head = head.strip_suffix(b"\r\n").unwrap();
        let field = format!("Sec-WebSocket-Extensions: {extension}\r\n\r\n");
        [head, field.as_bytes()].concat()
    };
    let mut scene = Scene::opened(config);
    scene.up(&with(REQUEST)).down(&with(RESPONSE));
    scene
}

/// Sequence numbers count modulo 2^32.
fn low_bits(offset: usize) -> u32 {
    u32::try_from(offset & 0xFFFF_FFFF).unwrap()
}
