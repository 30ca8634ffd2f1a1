//! How far back a message's references reach (RFC 1951 3.2.5): its blocks walked symbol by symbol, without what they say.
//!
//! The decoder does not tell, and takes what is in its window whether the sender may refer to it or not. This runs beside it
//! where a window smaller than the largest was agreed, and where earlier messages are missing, to tell references to them
//! from what is no DEFLATE: the decoder's own words for it depend on how the bytes came.

use super::code::{Code, MOST_SYMBOLS, Next};

/// The most lengths that a dynamic block gives: of 288 literals and lengths, and of 32 distances.
const MOST_LENGTHS: usize = MOST_SYMBOLS + 32;

/// One message's walk.
#[derive(Debug)]
pub(super) struct Walker {
    /// Bits read and not yet walked, the next one lowest.
    hold: u64,
    held: u32,
    state: State,
    /// Whether the block is the last before the stream starts anew.
    is_final: bool,
    /// The code lengths of a dynamic block.
    lengths: [u8; MOST_LENGTHS],
    /// The code in which they are written, then the block's own.
    literals: Code,
    distances: Code,
    farthest: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At a block's header (RFC 1951 3.2.3).
    Block,
    /// At the length of a stored block (3.2.4).
    StoredLength,
    /// So many bytes before a stored block's end.
    Stored(usize),
    /// At the counts of a dynamic block (3.2.7).
    Counts,
    /// At the lengths of the codes for code lengths.
    LengthLengths(Counts, usize),
    /// At the code lengths.
    Lengths(Counts, usize),
    /// In a block with the fixed codes (3.2.6).
    Fixed,
    /// In a block with its own codes.
    Dynamic,
    /// In data that is no DEFLATE.
    Bad,
}

/// How many lengths a dynamic block gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    literals: usize,
    distances: usize,
    length_lengths: usize,
}

/// Whether a step could be made.
enum Step {
    Made,
    /// Not before more bits have come.
    Waits,
}

impl Walker {
    /// Stands before a message again.
    pub(super) fn reset(&mut self) {
        (self.hold, self.held) = (0, 0);
        self.state = State::Block;
        self.farthest = 0;
    }

    /// The greatest distance so far.
    pub(super) fn farthest(&self) -> u32 {
        self.farthest
    }

    /// Whether the data is no DEFLATE.
    pub(super) fn is_lost(&self) -> bool {
        self.state == State::Bad
    }

    /// Walks the message's next bytes.
    pub(super) fn feed(&mut self, mut input: &[u8]) {
        loop {
            if let State::Stored(length) = self.state {
                input = self.skip(length, input);
            }
            while self.held <= 56
                && let Some((byte, rest)) = input.split_first()
            {
                self.hold |= u64::from(*byte) << self.held;
                self.held += 8;
                input = rest;
            }
            if matches!(self.step(), Step::Waits) {
                return;
            }
        }
    }

    /// Passes over a stored block's bytes, those held first.
    fn skip<'a>(&mut self, length: usize, input: &'a [u8]) -> &'a [u8] {
        let held = length.min(self.held as usize / 8);
        self.drop_bits(held as u32 * 8);
        let (skipped, rest) = input.split_at(input.len().min(length - held));
        match length - held - skipped.len() {
            0 => self.end_block(),
            left => self.state = State::Stored(left),
        }
        rest
    }

    /// The longest step takes 48 bits: a length and a distance.
    fn step(&mut self) -> Step {
        match self.state {
            State::Block => self.block(),
            State::StoredLength => self.stored_length(),
            State::Counts => self.counts(),
            State::LengthLengths(counts, at) => self.length_length(counts, at),
            State::Lengths(counts, at) => self.length(counts, at),
            State::Fixed => self.symbols(true),
            State::Dynamic => self.symbols(false),
            State::Stored(_) | State::Bad => Step::Waits,
        }
    }

    fn block(&mut self) -> Step {
        let Some(header) = self.bits(3) else {
            return Step::Waits;
        };
        self.is_final = header & 1 != 0;
        self.state = match header >> 1 {
            0 => {
                self.drop_bits(self.held % 8);
                State::StoredLength
            }
            1 => State::Fixed,
            2 => State::Counts,
            _ => State::Bad,
        };
        Step::Made
    }

    fn stored_length(&mut self) -> Step {
        let Some(lengths) = self.bits(32) else {
            return Step::Waits;
        };
        match (lengths & 0xFFFF, lengths >> 16) {
            (length, inverted) if length != inverted ^ 0xFFFF => self.state = State::Bad,
            (0, _) => self.end_block(),
            (length, _) => self.state = State::Stored(length as usize),
        }
        Step::Made
    }

    fn counts(&mut self) -> Step {
        let Some(bits) = self.bits(14) else {
            return Step::Waits;
        };
        let counts = Counts {
            literals: (bits & 31) as usize + 257,
            distances: (bits >> 5 & 31) as usize + 1,
            length_lengths: (bits >> 10) as usize + 4,
        };
        self.lengths = [0; MOST_LENGTHS];
        self.state = State::LengthLengths(counts, 0);
        Step::Made
    }

    fn length_length(&mut self, counts: Counts, at: usize) -> Step {
        if at == counts.length_lengths {
            self.literals = Code::new(&self.lengths[..LENGTH_ORDER.len()]);
            self.lengths = [0; MOST_LENGTHS];
            self.state = State::Lengths(counts, 0);
            return Step::Made;
        }
        let Some(length) = self.bits(3) else {
            return Step::Waits;
        };
        self.lengths[LENGTH_ORDER[at]] = length as u8;
        self.state = State::LengthLengths(counts, at + 1);
        Step::Made
    }

    fn length(&mut self, counts: Counts, at: usize) -> Step {
        if at == counts.literals + counts.distances {
            let (literals, distances) = self.lengths[..at].split_at(counts.literals);
            (self.literals, self.distances) = (Code::new(literals), Code::new(distances));
            self.state = State::Dynamic;
            return Step::Made;
        }
        let (symbol, used) = match self.literals.next(self.hold, self.held) {
            Next::Symbol(symbol, used) => (symbol, used),
            Next::Unfinished => return Step::Waits,
            Next::Invalid => return self.give_up(),
        };
        let previous = at.checked_sub(1).map(|at| self.lengths[at]);
        let (length, least, extra) = match (symbol, previous) {
            (0..16, _) => (symbol as u8, 1, 0),
            (16, Some(previous)) => (previous, 3, 2),
            (17, _) => (0, 3, 3),
            (18, _) => (0, 11, 7),
            _ => return self.give_up(),
        };
        if used + extra > self.held {
            return Step::Waits;
        }
        let times = least + low_bits(self.hold >> used, extra) as usize;
        let Some(run) = self.lengths[..counts.literals + counts.distances].get_mut(at..at + times)
        else {
            return self.give_up();
        };
        run.fill(length);
        self.drop_bits(used + extra);
        self.state = State::Lengths(counts, at + times);
        Step::Made
    }

    /// A literal, the block's end, or a length and its distance.
    fn symbols(&mut self, fixed: bool) -> Step {
        let (literals, distances) = if fixed {
            (&FIXED_LITERALS, &FIXED_DISTANCES)
        } else {
            (&self.literals, &self.distances)
        };
        let (symbol, mut used) = match literals.next(self.hold, self.held) {
            Next::Symbol(symbol, used) => (symbol, used),
            Next::Unfinished => return Step::Waits,
            Next::Invalid => return self.give_up(),
        };
        if let Some(at) = symbol.checked_sub(257) {
            let Some(extra) = LENGTH_EXTRA_BITS.get(usize::from(at)) else {
                return self.give_up();
            };
            used += u32::from(*extra);
            if used > self.held {
                return Step::Waits;
            }
            let (symbol, more) = match distances.next(self.hold >> used, self.held - used) {
                Next::Symbol(symbol @ 0..30, used) => (symbol, used),
                Next::Unfinished => return Step::Waits,
                _ => return self.give_up(),
            };
            used += more;
            let extra = distance_extra_bits(symbol);
            if used + extra > self.held {
                return Step::Waits;
            }
            let distance = distance_base(symbol) + low_bits(self.hold >> used, extra);
            self.farthest = self.farthest.max(distance);
            used += extra;
        }
        self.drop_bits(used);
        if symbol == 256 {
            self.end_block();
        }
        Step::Made
    }

    /// Behind a final block the stream starts anew at the next byte (RFC 7692 7.2.3.4).
    fn end_block(&mut self) {
        if self.is_final {
            self.drop_bits(self.held % 8);
        }
        self.state = State::Block;
    }

    fn give_up(&mut self) -> Step {
        self.state = State::Bad;
        Step::Waits
    }

    /// The next so many bits, if they are there.
    fn bits(&mut self, count: u32) -> Option<u32> {
        let bits = (count <= self.held).then(|| low_bits(self.hold, count))?;
        self.drop_bits(count);
        Some(bits)
    }

    fn drop_bits(&mut self, count: u32) {
        self.hold = self.hold.checked_shr(count).unwrap_or(0);
        self.held = self.held.saturating_sub(count);
    }
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            hold: 0,
            held: 0,
            state: State::Block,
            is_final: false,
            lengths: [0; MOST_LENGTHS],
            literals: Code::new(&[]),
            distances: Code::new(&[]),
            farthest: 0,
        }
    }
}

/// The lowest bits, 32 at most.
fn low_bits(value: u64, count: u32) -> u32 {
    (value & ((1 << count) - 1)) as u32
}

/// RFC 1951 3.2.5: 0 for the first four distance symbols, then one more for every two.
fn distance_extra_bits(symbol: u16) -> u32 {
    (u32::from(symbol) / 2).saturating_sub(1)
}

/// The least distance that a symbol stands for.
fn distance_base(symbol: u16) -> u32 {
    match u32::from(symbol) {
        symbol @ 0..4 => symbol + 1,
        symbol => ((2 + symbol % 2) << (symbol / 2 - 1)) + 1,
    }
}

/// The order in which the lengths of the codes for code lengths come (RFC 1951 3.2.7).
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// RFC 1951 3.2.5, for the symbols 257 to 285.
const LENGTH_EXTRA_BITS: [u8; 29] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];

/// RFC 1951 3.2.6.
static FIXED_LITERALS: Code = Code::new(&{
    let mut lengths = [8; MOST_SYMBOLS];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    lengths
});
static FIXED_DISTANCES: Code = Code::new(&[5; 32]);

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress, Status};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::naive;
    use super::*;

    /// The farthest reference in data that comes in pieces.
    fn farthest(pieces: &[&[u8]]) -> u32 {
        let mut walker = Walker::default();
        for piece in pieces {
            walker.feed(piece);
        }
        walker.farthest()
    }

    /// Raw DEFLATE of these texts, one flush each, with a window of so many bits.
    fn compress(texts: &[Vec<u8>], level: u32, bits: u8, flush: FlushCompress) -> Vec<u8> {
        let mut compress = Compress::new_with_window_bits(Compression::new(level), false, bits);
        let mut out = Vec::with_capacity(1 << 20);
        for text in texts {
            let status = compress.compress_vec(text, &mut out, flush);
            assert!(matches!(status, Ok(Status::Ok)), "{status:?}");
        }
        out
    }

    /// Text with repetitions near and far: words of a few letters, and copies of what came before.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            vec(b'a'..b'g', 1..40).prop_map(|bytes| (bytes, 0)),
            vec(any::<u8>(), 1..200).prop_map(|bytes| (bytes, 0)),
            (1..6_000_usize).prop_map(|back| (Vec::new(), back)),
        ];
        vec(piece, 1..50).prop_map(|pieces| {
            let mut text = vec![b'a'];
            for (bytes, back) in pieces {
                text.extend(bytes);
                let start = text.len().saturating_sub(back);
                text.extend_from_within(start..text.len().min(start + 300));
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn farthest_reference_is_that_of_a_naive_inflater(
            texts in vec(text(), 1..4), level in 0..10_u32, bits in 9..=15_u8, cuts in vec(0..4_000_usize, 0..6),
        ) {
            let data = compress(&texts, level, bits, FlushCompress::Sync);
            let plain = naive::inflate(&data).expect("a compressor writes DEFLATE");
            prop_assert_eq!(plain.bytes, texts.concat());
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < data.len()).collect();
            cuts.extend([0, data.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &data[cut[0]..cut[1]]).collect();
            prop_assert_eq!(farthest(&pieces), plain.farthest);
            prop_assert!(plain.farthest <= 1 << bits, "the compressor keeps to its window");
            let bytes: Vec<&[u8]> = data.chunks(1).collect();
            prop_assert_eq!(farthest(&bytes), plain.farthest);
        }

        #[test]
        fn any_bytes_are_walked_to_their_end(data in vec(any::<u8>(), 0..3_000), cut in 0..3_000_usize) {
            let (first, second) = data.split_at(cut.min(data.len()));
            prop_assert_eq!(farthest(&[first, second]), farthest(&[&data]));
        }

        #[test]
        fn damage_in_deflate_is_walked_as_a_naive_inflater_reads_it(
            text in text(), damage in vec((0..2_000_usize, any::<u8>()), 1..4),
        ) {
            let mut data = compress(&[text], 6, 15, FlushCompress::Sync);
            for (at, byte) in damage {
                let length = data.len();
                data[at % length] ^= byte;
            }
            if let Some(plain) = naive::inflate(&data) {
                prop_assert_eq!(farthest(&[&data]), plain.farthest);
            }
        }
    }

    #[test]
    fn behind_a_final_block_the_walk_goes_on_at_the_next_byte() {
        // RFC 7692 7.2.3.4: a final block with "Hello", the byte behind it, and then 7.2.3.2's reference 5 bytes back.
        let data = [
            0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xf2, 0x00,
            0x11, 0x00, 0x00,
        ];
        assert_eq!(farthest(&[&data]), 5);
    }
}
