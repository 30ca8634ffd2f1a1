//! DEFLATE (RFC 1951) of one message read, in pieces of any length: what it says, and how far back its references reach.
//!
//! Behind a final block the stream starts anew at the next byte (RFC 7692 7.2.3.4), and what came before is still there to be
//! referred to. What is no DEFLATE is what zlib takes for none.

use std::ops::ControlFlow::{self, Break, Continue};

use super::bits::{Bits, low_bits};
use super::code::{DistanceCode, FIXED_DISTANCES, FIXED_LITERALS, LengthCode, LiteralCode};
use super::output::Output;
use super::symbol::{DISTANCES, LITERALS, OF_CODE_LENGTHS, OF_DISTANCES, OF_LITERALS};
use super::window::Window;

/// The most lengths that a dynamic block gives.
const MOST_LENGTHS: usize = LITERALS + DISTANCES;

/// One message's decoder.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Bits read and not yet decoded.
    bits: Bits,
    state: State,
    /// Whether the block is the last before the stream starts anew.
    is_final: bool,
    /// Whether references to what is not there are left out, and the output means nothing.
    is_blind: bool,
    farthest: u32,
    /// The code lengths of a dynamic block.
    lengths: [u8; MOST_LENGTHS],
    /// The code in which they are written.
    of_lengths: LengthCode,
    /// The block's own codes.
    literals: LiteralCode,
    distances: DistanceCode,
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

/// Why decoding does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input is used up.
    Input,
    /// The output is full.
    Output,
    /// At a reference to what is not there.
    TooFar,
    /// The data is no DEFLATE.
    Bad,
}

impl Decoder {
    /// Stands before a message again.
    pub(super) fn reset(&mut self) {
        self.bits = Bits::default();
        self.state = State::Block;
        (self.is_final, self.is_blind) = (false, false);
        self.farthest = 0;
    }

    /// The greatest distance so far.
    pub(super) fn farthest(&self) -> u32 {
        self.farthest
    }

    /// Whether nothing came behind a final block.
    pub(super) fn is_behind_final_block(&self) -> bool {
        self.is_final && self.is_at_block()
    }

    /// Whether the data so far is whole blocks, and whole bytes.
    pub(super) fn is_at_block(&self) -> bool {
        self.state == State::Block && self.bits.count() == 0
    }

    /// Whether the length of a stored block comes next, at a whole byte: a block of nothing, if the sender took it off there.
    pub(super) fn is_at_stored_length(&self) -> bool {
        self.state == State::StoredLength && self.bits.count() == 0
    }

    /// Decodes the message's next bytes as far as the output has room. Behind that, it goes on with the same input.
    pub(super) fn decode(
        &mut self,
        input: &mut &[u8],
        output: &mut Output,
        window: &Window,
    ) -> Stop {
        loop {
            let step = match self.state {
                State::Fixed | State::Dynamic => self.symbols(input, output, window),
                State::Stored(left) => self.stored(left, input, output),
                _ => {
                    self.bits.fill(input);
                    self.header()
                }
            };
            match step {
                Continue(()) => {}
                Break(Stop::Bad) => {
                    self.state = State::Bad;
                    return Stop::Bad;
                }
                Break(stop) => return stop,
            }
        }
    }

    /// Reads on without what it says, behind a reference to what is not there. Whether it is DEFLATE so far.
    pub(super) fn walk(&mut self, mut input: &[u8], output: &mut Output) -> bool {
        self.is_blind = true;
        loop {
            output.clear();
            match self.decode(&mut input, output, &Window::default()) {
                Stop::Input => return true,
                Stop::Bad => return false,
                Stop::Output | Stop::TooFar => {}
            }
        }
    }

    /// What comes before a block's data; no step of it takes more bits than there may be.
    fn header(&mut self) -> ControlFlow<Stop> {
        match self.state {
            State::Block => self.block(),
            State::StoredLength => self.stored_length(),
            State::Counts => self.counts(),
            State::LengthLengths(counts, at) => self.length_length(counts, at),
            State::Lengths(counts, at) => self.length(counts, at),
            State::Fixed | State::Dynamic | State::Stored(_) => Continue(()),
            State::Bad => Break(Stop::Bad),
        }
    }

    fn block(&mut self) -> ControlFlow<Stop> {
        let header = self.take(3)?;
        self.is_final = header & 1 != 0;
        self.state = match header >> 1 {
            0 => {
                self.bits.align();
                State::StoredLength
            }
            1 => State::Fixed,
            2 => State::Counts,
            _ => return Break(Stop::Bad),
        };
        Continue(())
    }

    fn stored_length(&mut self) -> ControlFlow<Stop> {
        let lengths = self.take(32)?;
        match (lengths & 0xFFFF, lengths >> 16) {
            (length, inverted) if length != inverted ^ 0xFFFF => return Break(Stop::Bad),
            (0, _) => self.end_block(),
            (length, _) => self.state = State::Stored(length as usize),
        }
        Continue(())
    }

    /// Of a stored block so many bytes are left.
    fn stored(
        &mut self,
        mut left: usize,
        input: &mut &[u8],
        output: &mut Output,
    ) -> ControlFlow<Stop> {
        while left > 0
            && !output.is_full()
            && let Some(byte) = self.bits.take_byte()
        {
            left -= output.extend(&[byte]);
        }
        let rest = input.get(..left).unwrap_or(input);
        let copied = match self.bits.count() {
            0 => output.extend(rest),
            _ => 0,
        };
        *input = input.get(copied..).unwrap_or_default();
        left -= copied;
        self.state = State::Stored(left);
        match left {
            0 => self.end_block(),
            _ if output.is_full() => return Break(Stop::Output),
            _ => return Break(Stop::Input),
        }
        Continue(())
    }

    fn counts(&mut self) -> ControlFlow<Stop> {
        let bits = self.take(14)?;
        let counts = Counts {
            literals: (bits & 31) as usize + 257,
            distances: (bits >> 5 & 31) as usize + 1,
            length_lengths: (bits >> 10) as usize + 4,
        };
        if counts.literals > 286 || counts.distances > 30 {
            return Break(Stop::Bad);
        }
        self.lengths = [0; MOST_LENGTHS];
        self.state = State::LengthLengths(counts, 0);
        Continue(())
    }

    fn length_length(&mut self, counts: Counts, at: usize) -> ControlFlow<Stop> {
        if at < counts.length_lengths {
            self.lengths[LENGTH_ORDER[at]] = self.take(3)? as u8;
            self.state = State::LengthLengths(counts, at + 1);
            return Continue(());
        }
        let lengths = &self.lengths[..LENGTH_ORDER.len()];
        let made = self.of_lengths.make(lengths, &OF_CODE_LENGTHS);
        let used = lengths.iter().filter(|length| **length > 0).count();
        // One is none. With none at all every length is 0, and it is the block's end that is missing: zlib says so too.
        if made.is_err() || used == 1 {
            return Break(Stop::Bad);
        }
        self.state = State::Lengths(counts, 0);
        Continue(())
    }

    fn length(&mut self, counts: Counts, at: usize) -> ControlFlow<Stop> {
        let all = counts.literals + counts.distances;
        if at == all {
            return self.begin_dynamic(counts);
        }
        let symbol = self.of_lengths.find(self.bits.ahead());
        let used = symbol.code_length();
        let (is_repeated, least, extra) = match symbol.value() {
            0..16 => (false, 1, 0),
            16 => (true, 3, 2),
            17 => (false, 3, 3),
            _ => (false, 11, 7),
        };
        if used + extra > self.bits.count() {
            return Break(Stop::Input);
        }
        let length = match at.checked_sub(1) {
            Some(previous) if is_repeated => self.lengths[previous],
            None if is_repeated => return Break(Stop::Bad),
            _ if least > 1 => 0,
            _ => symbol.value() as u8,
        };
        let times = least + low_bits(self.bits.ahead() >> used, extra) as usize;
        let places = self.lengths.get_mut(at..at + times);
        let Some(places) = places.filter(|_| at + times <= all) else {
            return Break(Stop::Bad);
        };
        places.fill(length);
        self.bits.drop(used + extra);
        self.state = State::Lengths(counts, at + times);
        Continue(())
    }

    fn begin_dynamic(&mut self, counts: Counts) -> ControlFlow<Stop> {
        let lengths = &self.lengths[..counts.literals + counts.distances];
        let (literals, distances) = lengths.split_at(counts.literals);
        let has_end = literals[256] > 0;
        let made = (self.literals.make(literals, &OF_LITERALS))
            .and_then(|()| self.distances.make(distances, &OF_DISTANCES));
        if made.is_err() || !has_end {
            return Break(Stop::Bad);
        }
        self.state = State::Dynamic;
        Continue(())
    }

    /// Literals, and lengths with their distances, to the block's end. A step takes 48 bits at most.
    fn symbols(
        &mut self,
        input: &mut &[u8],
        output: &mut Output,
        window: &Window,
    ) -> ControlFlow<Stop> {
        let (literals, distances) = match self.state {
            State::Fixed => (&FIXED_LITERALS, &FIXED_DISTANCES),
            _ => (&self.literals, &self.distances),
        };
        let (mut bits, mut rest, mut farthest) = (self.bits, *input, self.farthest);
        let mut writer = output.writer(window);
        let end = loop {
            if writer.is_full() {
                break Some(Stop::Output);
            }
            bits.fill(&mut rest);
            let symbol = literals.find(bits.ahead());
            let used = symbol.code_length();
            if symbol.is_plain() && used <= bits.count() {
                bits.drop(used);
                writer.literal(symbol.value() as u8);
                continue;
            }
            let extra = symbol.extra_bits();
            let length = symbol.value() + low_bits(bits.ahead() >> used, extra);
            let used = used + extra;
            if used > bits.count() {
                break Some(Stop::Input);
            }
            if !symbol.is_base() {
                bits.drop(used);
                break (!symbol.is_end()).then_some(Stop::Bad);
            }
            let symbol = distances.find(bits.ahead() >> used);
            let used = used + symbol.code_length();
            let extra = symbol.extra_bits();
            let distance = symbol.value() + low_bits(bits.ahead() >> used, extra);
            let used = used + extra;
            if used > bits.count() {
                break Some(Stop::Input);
            }
            if !symbol.is_base() {
                break Some(Stop::Bad);
            }
            bits.drop(used);
            farthest = farthest.max(distance);
            if writer.repeat(distance, length).is_err() && !self.is_blind {
                break Some(Stop::TooFar);
            }
        };
        writer.finish();
        (self.bits, *input, self.farthest) = (bits, rest, farthest);
        match end {
            Some(stop) => Break(stop),
            None => {
                self.end_block();
                Continue(())
            }
        }
    }

    fn end_block(&mut self) {
        if self.is_final {
            self.bits.align();
        }
        self.state = State::Block;
    }

    /// The next so many bits.
    fn take(&mut self, count: u32) -> ControlFlow<Stop, u32> {
        match self.bits.take(count) {
            Some(bits) => Continue(bits),
            None => Break(Stop::Input),
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            bits: Bits::default(),
            state: State::Block,
            is_final: false,
            is_blind: false,
            farthest: 0,
            lengths: [0; MOST_LENGTHS],
            of_lengths: LengthCode::none(),
            literals: LiteralCode::none(),
            distances: DistanceCode::none(),
        }
    }
}

/// The order in which the lengths of the codes for code lengths come (RFC 1951 3.2.7).
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
