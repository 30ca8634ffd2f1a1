//! The payload read lately, so that a copy of it that differs is told (RFC 9293 3.10.7.4).
//!
//! What a layer above has read is not kept for its connection: one ring for all of them holds the latest bytes, and the
//! oldest are lost first. Of a copy whose bytes are lost nothing is said.
//!
//! ```text
//!   ring     | #9 of conn 4 | #10 of conn 7 | #11 of conn 4 | what was there a round ago ..
//!   pieces      number 21 <--------------------- number 23        the one before with the same mark
//! ```

use wireseam_wire::{PacketIndex, Seq};

use super::reassembly::{Conflict, Incoming, Reassembly, conflict};
use crate::{ConnectionId, Direction, Offset};

/// Among how many marks the streams are spread; those with the same mark are looked through together.
const MARKS: usize = 256;

/// For so many bytes of the ring there is room for one piece: of shorter ones fewer bytes are kept.
const BYTES_A_PIECE: usize = 128;

/// The latest bytes of all streams.
pub(crate) struct Past {
    ring: Box<[u8]>,
    /// Where in it the next bytes go.
    end: usize,
    /// How many bytes went into it, those at its end included for which a piece was too long.
    written: u64,
    /// What is in it: each piece where its number, from 1 on, modulo their count says.
    pieces: Box<[Piece]>,
    /// The number of the latest piece.
    number: u64,
    /// The number of the latest piece of each mark; 0 where there was none.
    latest: Box<[u64; MARKS]>,
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Past").finish_non_exhaustive()
    }
}

/// What one packet brought of a stream.
#[derive(Clone, Copy, Debug)]
struct Piece {
    stream: u64,
    /// How many bytes had gone into the ring with it.
    written: u64,
    packet: PacketIndex,
    /// The number of the piece before with the same mark.
    before: u64,
    seq: Seq,
    /// Where in the ring it lies.
    from: u32,
    length: u32,
}

const NOTHING: Piece = Piece {
    stream: 0,
    written: 0,
    packet: PacketIndex(0),
    before: 0,
    seq: Seq(0),
    from: 0,
    length: 0,
};

impl Past {
    /// A ring of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            ring: vec![0; bytes].into(),
            end: 0,
            written: 0,
            pieces: vec![NOTHING; bytes.div_ceil(BYTES_A_PIECE).next_power_of_two()].into(),
            number: 0,
            latest: Box::new([0; MARKS]),
        }
    }

    /// Whether anything is.
    pub(crate) fn is_kept(&self) -> bool {
        !self.ring.is_empty()
    }

    /// Keeps bytes that are being read.
    pub(crate) fn keep(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        seq: Seq,
        bytes: &[u8],
        packet: PacketIndex,
    ) {
        let Some(from) = self.write(bytes) else {
            return;
        };
        let stream = stream(connection, direction);
        self.number += 1;
        let piece = Piece {
            stream,
            written: self.written,
            packet,
            before: std::mem::replace(&mut self.latest[mark(stream)], self.number),
            seq,
            from: from as u32,
            length: bytes.len() as u32,
        };
        let at = self.place_of(self.number);
        if let Some(place) = self.pieces.get_mut(at) {
            *place = piece;
        }
    }

    /// The bytes read lately that differ from a payload of this stream.
    pub(crate) fn conflicts(
        &self,
        connection: ConnectionId,
        direction: Direction,
        reassembly: &Reassembly,
        incoming: &Incoming<'_>,
    ) -> Vec<Conflict> {
        let stream = stream(connection, direction);
        let (mut found, mut behind) = (Vec::new(), None);
        let mut number = self.latest[mark(stream)];
        while let Some(piece) = self.piece(number) {
            number = piece.before;
            if piece.stream != stream {
                continue;
            }
            let start = reassembly.position(piece.seq).map(u64::try_from);
            let (Some(Ok(start)), Some(kept)) = (start, self.bytes_of(piece)) else {
                break;
            };
            // A stream is read in order: what lies before this piece was read before it.
            if Offset(start).plus(u64::from(piece.length)) <= incoming.start {
                break;
            }
            // A segment that was kept aside, and then taken up after all, is here twice.
            if behind.replace(start).is_none_or(|behind| start < behind) {
                found.extend(conflict(incoming, Offset(start), kept, piece.packet));
            }
        }
        found.reverse();
        found
    }

    /// Writes bytes in one piece; where in the ring they begin. `None` where there are none, or more than it holds.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        if bytes.is_empty() || bytes.len() > self.ring.len() {
            return None;
        }
        let left = self.ring.len() - self.end;
        if left < bytes.len() {
            self.written += left as u64;
            self.end = 0;
        }
        let from = self.end;
        self.end += bytes.len();
        self.written += bytes.len() as u64;
        self.ring.get_mut(from..self.end)?.copy_from_slice(bytes);
        Some(from)
    }

    /// A piece by its number, while it is there and nothing was written over it.
    fn piece(&self, number: u64) -> Option<&Piece> {
        let piece = self.pieces.get(self.place_of(number))?;
        let is_there = number > 0 && number + self.pieces.len() as u64 > self.number;
        let behind_its_start = self.written - piece.written + u64::from(piece.length);
        (is_there && behind_its_start <= self.ring.len() as u64).then_some(piece)
    }

    fn place_of(&self, number: u64) -> usize {
        number as usize & (self.pieces.len() - 1)
    }

    fn bytes_of(&self, piece: &Piece) -> Option<&[u8]> {
        let from = piece.from as usize;
        self.ring.get(from..from + piece.length as usize)
    }
}

fn stream(connection: ConnectionId, direction: Direction) -> u64 {
    connection.0 << 1 | direction as u64
}

fn mark(stream: u64) -> usize {
    stream as usize % MARKS
}
