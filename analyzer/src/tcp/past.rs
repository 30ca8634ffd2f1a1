//! The payload read lately, so that a copy of it that differs is told (RFC 9293 3.10.7.4).
//!
//! What a layer above has read is not kept for its connection: one ring for all of them holds the latest bytes, and the
//! oldest are lost first. Of a copy whose bytes are lost nothing is said.
//!
//! ```text
//!   ring     | #9 of conn 4 | #10 of conn 7 | #11 of conn 4 | what was there a round ago ..
//!   pieces      number 21 <--------------------- number 23        the one before of the same stream
//!                                                    |
//!                             number 22 <------------+            the latest of the next stream with the same mark
//! ```
//!
//! A copy of few bytes must not cost a walk over all that is kept, or a flood of copies would. Each piece therefore has a
//! second way back, which leads over many at a time and lengthens as the pieces become more (a skew-binary list: E. W. Myers,
//! An applicative random-access stack, 1983): what a copy overlaps is found in a few steps for any number of pieces.

use wireseam_wire::{Endpoint, PacketIndex, Seq};

use super::reassembly::{Conflict, Incoming, Reassembly, conflict};
use crate::{ConnectionId, Direction, Offset};

/// Among how many marks the streams are spread; those with the same mark are looked through for the one in question.
const MARKS: usize = 256;

/// Through how many: the latest ones. Two for each mark are in a ring of the default size at the most, on average.
const STREAMS: usize = 16;

/// For so many bytes of the ring there is room for one piece: of shorter ones fewer bytes are kept.
const BYTES_A_PIECE: usize = 128;

/// One direction of a connection, among all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    /// Which no other has.
    number: u64,
    /// By its ports, and not by its number: this is the caller's, and what is found must not depend on it.
    mark: u8,
}

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
    /// The number of the latest piece of each mark, which is that of its stream; 0 where there was none.
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
    /// The number of the piece before of the same stream.
    before: u64,
    /// That of a piece `reach` before, of the same stream.
    far: u64,
    reach: u32,
    /// Of the latest piece of a stream: the latest piece of the stream with the same mark that was read before it.
    next: u64,
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
    far: 0,
    reach: 0,
    next: 0,
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
    pub(crate) fn keep(&mut self, stream: Stream, seq: Seq, bytes: &[u8], packet: PacketIndex) {
        let Some(from) = self.write(bytes) else {
            return;
        };
        self.number += 1;
        let (before, next) = self.take_latest(stream);
        let (far, reach) = self.far_before(before);
        self.latest[usize::from(stream.mark)] = self.number;
        let piece = Piece {
            stream: stream.number,
            written: self.written,
            packet,
            before,
            far,
            reach,
            next,
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
        stream: Stream,
        reassembly: &Reassembly,
        incoming: &Incoming<'_>,
    ) -> Vec<Conflict> {
        let end = incoming.start.plus(incoming.bytes.len() as u64);
        let (mut found, mut behind) = (Vec::new(), None);
        let mut number = self.latest_of(stream);
        while let Some((piece, start)) = self.placed(number, reassembly) {
            #[cfg(test)]
            crate::work::note(1);
            // A stream is read in order: what lies before this piece was read before it.
            if start.plus(u64::from(piece.length)) <= incoming.start {
                break;
            }
            let far = self.placed(piece.far, reassembly);
            if far.is_some_and(|(_, start)| start >= end) {
                number = piece.far;
                continue;
            }
            number = piece.before;
            let Some(kept) = self.bytes_of(piece) else {
                break;
            };
            // A segment that was kept aside, and then taken up after all, is here twice.
            if behind.replace(start).is_none_or(|behind| start < behind) {
                found.extend(conflict(incoming, start, kept, piece.packet));
            }
        }
        found.reverse();
        found
    }

    /// A piece, and where in its stream it lies.
    fn placed(&self, number: u64, reassembly: &Reassembly) -> Option<(&Piece, Offset)> {
        let piece = self.piece(number)?;
        let start = u64::try_from(reassembly.position(piece.seq)?).ok()?;
        Some((piece, Offset(start)))
    }

    /// The number of a stream's latest piece; 0 where none is kept.
    fn latest_of(&self, stream: Stream) -> u64 {
        let mut number = self.latest[usize::from(stream.mark)];
        for _ in 0..STREAMS {
            match self.piece(number) {
                Some(piece) if piece.stream == stream.number => return number,
                Some(piece) => number = piece.next,
                None => break,
            }
        }
        0
    }

    /// Takes a stream out of those with its mark: its latest piece, and the latest one of the others.
    fn take_latest(&mut self, stream: Stream) -> (u64, u64) {
        let first = self.latest[usize::from(stream.mark)];
        let (mut number, mut later) = (first, None);
        for _ in 0..STREAMS {
            let Some(&Piece {
                stream: other,
                next,
                ..
            }) = self.piece(number)
            else {
                break;
            };
            if other != stream.number {
                later = Some(number);
                number = next;
                continue;
            }
            let Some(later) = later else {
                return (number, next);
            };
            let at = self.place_of(later);
            if let Some(piece) = self.pieces.get_mut(at) {
                piece.next = next;
            }
            return (number, first);
        }
        (0, first)
    }

    /// The second way back of a piece behind this one: where two lead equally far, one over both.
    fn far_before(&self, before: u64) -> (u64, u32) {
        let ways = self
            .piece(before)
            .and_then(|piece| Some((piece.reach, self.piece(piece.far)?)));
        match ways {
            Some((reach, far)) if reach == far.reach => {
                (far.far, reach.saturating_mul(2).saturating_add(1))
            }
            _ => (before, 1),
        }
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

impl Stream {
    /// That of a connection between these ends, in whichever order.
    pub(crate) fn new(
        connection: ConnectionId,
        direction: Direction,
        (one, other): (Endpoint, Endpoint),
    ) -> Self {
        let [high, low] = (one.port ^ other.port).to_be_bytes();
        Self {
            number: connection.0 << 1 | direction as u64,
            mark: (high ^ low) << 1 | direction as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span_map::Carrier;
    use crate::{Moment, Span};

    fn below(state: &mut u64, end: u64) -> u64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (*state >> 33) % end
    }

    fn arriving(start: u64, bytes: &[u8]) -> Incoming<'_> {
        let moment = Moment {
            packet: PacketIndex(0),
            at: None,
        };
        let reach = Span::of_length(Offset(start), bytes.len() as u64);
        Incoming {
            start: reach.start,
            bytes,
            wire_end: reach.end,
            carrier: Carrier {
                moment,
                reach,
                super_segment: false,
            },
        }
    }

    fn stream(connection: u64, port: u16) -> Stream {
        let end = |port| Endpoint {
            address: [10, 0, 0, 1].into(),
            port,
        };
        let ends = (end(port), end(0));
        Stream::new(ConnectionId(connection), Direction::ClientToServer, ends)
    }

    /// More streams with one mark than are looked through, whoever numbers them.
    #[test]
    fn what_is_found_does_not_depend_on_the_numbers_of_connections() {
        let found = |number: fn(u16) -> u64| {
            let mut past = Past::new(1 << 16);
            let mut reassembly = Reassembly::default();
            reassembly.begin_at(Seq(0));
            let streams = (1..=40).map(|port| stream(number(port), port << 8 | port));
            for (packet, stream) in (1..).zip(streams.clone()) {
                past.keep(stream, Seq(0), &[0; 9], PacketIndex(packet));
            }
            let conflicts = streams.map(|stream| {
                let found = past.conflicts(stream, &reassembly, &arriving(0, &[1; 9]));
                found.len()
            });
            conflicts.collect::<Vec<_>>()
        };
        let one = found(u64::from);
        assert_eq!(one.iter().sum::<usize>(), STREAMS, "{one:?}");
        assert_eq!(found(|port| u64::from(port) * 128), one);
        assert_eq!(found(|port| (1 << 40) + u64::from(port) * 77), one);
    }

    /// Streams with one mark and with others, in pieces of any size: what is found on the short way is what looking at every
    /// piece finds.
    #[test]
    fn a_copy_is_compared_with_every_piece_that_it_overlaps() {
        let (mut past, mut seed, mut compared) = (Past::new(1 << 13), 7, 0);
        let mut reassembly = Reassembly::default();
        reassembly.begin_at(Seq(0));
        let mut ends = [0_u64; 6];
        for packet in 1..20_000 {
            // three streams with one mark, three with marks of their own; one after the other comes to rest
            let which = below(&mut seed, 6) as usize;
            let port = [1, 129, 515, 2, 3, 4][which];
            let stream = stream(u64::from(port), port);
            if (packet / 500) % 6 != which as u64 {
                let length = 1 + below(&mut seed, 120);
                let bytes = vec![0; length as usize];
                let seq = Seq(ends[which] as u32);
                past.keep(stream, seq, &bytes, PacketIndex(packet));
                ends[which] += length;
            }
            let length = 1 + below(&mut seed, 300).min(ends[which]);
            let start = ends[which] - below(&mut seed, 4_000).min(ends[which]);
            let copy = vec![1; length as usize];
            let incoming = arriving(start, &copy);
            let span = Span::of_length(Offset(start), length);
            let oldest = past.number.saturating_sub(past.pieces.len() as u64);
            let all = (oldest..=past.number).filter_map(|number| past.piece(number));
            let expected: Vec<_> = all
                .filter(|piece| piece.stream == stream.number)
                .map(|piece| {
                    let length = u64::from(piece.length);
                    let kept = Span::of_length(Offset(u64::from(piece.seq.0)), length);
                    (kept.intersection(span), piece.packet)
                })
                .filter(|(both, _)| !both.is_empty())
                .collect();
            let found = past.conflicts(stream, &reassembly, &incoming);
            let found: Vec<_> = found.iter().map(|it| (it.span, it.kept)).collect();
            assert_eq!(found, expected, "packet {packet}, {span:?} of {stream:?}");
            compared += expected.len();
        }
        assert!(compared > 10_000, "{compared} pieces compared");
    }
}
