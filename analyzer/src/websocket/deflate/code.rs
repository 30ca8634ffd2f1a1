//! A Huffman code of DEFLATE (RFC 1951 3.2.2), told by the lengths of its codes: a table by the next bits, and the rest counted.

use super::symbol::{CODE_LENGTHS, DISTANCES, LITERALS, OF_DISTANCES, OF_LITERALS, Symbol};

/// The longest code.
const LONGEST: u32 = 15;

/// Symbols by code: at most `SYMBOLS`, with a table of `SIZE` for codes that are not longer than its index.
///
/// Small tables: most messages are short, and to fill a table takes longer than to read them.
#[derive(Debug)]
pub(super) struct Code<const SIZE: usize, const SYMBOLS: usize> {
    /// By the next bits; blank where the code is longer.
    table: [Symbol; SIZE],
    /// Those with longer codes, in the order of their codes.
    long: [Symbol; SYMBOLS],
    /// By length: the first code, written with 15 bits, that is longer.
    ends: [u32; LONGEST as usize + 1],
    /// By length: how far a code's number is behind its place among the long ones, modulo 2^32.
    places: [u32; LONGEST as usize + 1],
}

/// Literals and lengths: every fixed code is in the table.
pub(super) type LiteralCode = Code<512, { LITERALS }>;
/// Distances.
pub(super) type DistanceCode = Code<128, { DISTANCES }>;
/// The lengths of codes, which have 7 bits at most.
pub(super) type LengthCode = Code<128, { CODE_LENGTHS }>;

/// Lengths that make no code: some bits would say two things, or nothing where that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoCode;

impl<const SIZE: usize, const SYMBOLS: usize> Code<SIZE, SYMBOLS> {
    const INDEX_BITS: u32 = SIZE.trailing_zeros();

    /// A code without codes.
    pub(super) const fn none() -> Self {
        Self {
            table: [Symbol::NONE; SIZE],
            long: [Symbol::NONE; SYMBOLS],
            ends: [0; LONGEST as usize + 1],
            places: [0; LONGEST as usize + 1],
        }
    }

    /// Makes it the code in which these symbols' codes have these lengths; those of length 0 have none. Some bits may be no
    /// code only where there is a single code, of one bit, or none at all (3.2.7, and what zlib takes).
    pub(super) const fn make(
        &mut self,
        lengths: &[u8],
        symbols: &[Symbol; SYMBOLS],
    ) -> Result<(), NoCode> {
        let (count, mut next) = match Self::count(lengths) {
            Ok(counted) => counted,
            Err(no_code) => return Err(no_code),
        };
        let mut order = [0_u16; SYMBOLS];
        let mut symbol = 0;
        while symbol < lengths.len() {
            let length = (lengths[symbol] & 15) as usize;
            if length > 0 {
                order[next[length] as usize] = symbol as u16;
                next[length] += 1;
            }
            symbol += 1;
        }
        self.table[0] = Symbol::NONE;
        let (mut place, mut longer, mut code, mut length) = (0, 0, 0_u32, 1);
        while length <= LONGEST {
            code <<= 1;
            if length <= Self::INDEX_BITS {
                self.double(1 << (length - 1));
            } else {
                self.places[length as usize] = longer_from(longer, code);
            }
            let end = place + count[length as usize] as usize;
            while place < end {
                let symbol = symbols[order[place] as usize].in_bits(length);
                let at = (code.reverse_bits() >> (32 - length)) as usize;
                if length <= Self::INDEX_BITS {
                    self.table[at] = symbol;
                } else {
                    self.table[at & (SIZE - 1)] = Symbol::BLANK;
                    self.long[longer] = symbol;
                    longer += 1;
                }
                code += 1;
                place += 1;
            }
            self.ends[length as usize] = code << (LONGEST - length);
            length += 1;
        }
        Ok(())
    }

    /// How many codes have each length, and how many are shorter.
    const fn count(lengths: &[u8]) -> Result<(Counts, Counts), NoCode> {
        let mut count: Counts = [0; LONGEST as usize + 1];
        if lengths.len() > SYMBOLS {
            return Err(NoCode);
        }
        let mut symbol = 0;
        while symbol < lengths.len() {
            count[(lengths[symbol] & 15) as usize] += 1;
            symbol += 1;
        }
        let unused = count[0] as usize;
        count[0] = 0;
        let mut next: Counts = [0; LONGEST as usize + 1];
        let (mut left, mut length) = (1_i32, 1);
        while length <= LONGEST as usize {
            next[length] = next[length - 1] + count[length - 1];
            left = (left << 1) - count[length] as i32;
            if left < 0 {
                return Err(NoCode);
            }
            length += 1;
        }
        let used = lengths.len() - unused;
        match left {
            0 => Ok((count, next)),
            _ if used == 0 || used == 1 && count[1] == 1 => Ok((count, next)),
            _ => Err(NoCode),
        }
    }

    /// Codes of one more bit: each of fewer stands for both.
    const fn double(&mut self, size: usize) {
        let (fewer, more) = self.table.split_at_mut(size);
        let (more, _) = more.split_at_mut(size);
        more.copy_from_slice(fewer);
    }

    /// The symbol that the next bits begin with, with missing ones taken as 0: if its code is longer than there are bits, it
    /// may be another.
    #[inline(always)]
    pub(super) fn find(&self, bits: u64) -> Symbol {
        let symbol = self.table[bits as usize & (SIZE - 1)];
        if symbol.is_blank() {
            return self.find_long(bits);
        }
        symbol
    }

    /// Codes of one length are consecutive numbers, with longer ones behind them.
    #[inline(never)]
    fn find_long(&self, bits: u64) -> Symbol {
        let code = u32::from((bits as u16).reverse_bits() >> 1);
        let lengths = Self::INDEX_BITS as usize + 1..=LONGEST as usize;
        for (length, end) in lengths
            .clone()
            .zip(self.ends.get(lengths).into_iter().flatten())
        {
            if code < *end {
                let number = code >> (LONGEST as usize - length);
                let place = number.wrapping_sub(self.places[length]) as usize;
                return self.long.get(place).copied().unwrap_or(Symbol::NONE);
            }
        }
        Symbol::NONE
    }
}

/// Numbers by length.
type Counts = [u16; LONGEST as usize + 1];

const fn longer_from(longer: usize, code: u32) -> u32 {
    code.wrapping_sub(longer as u32)
}

/// RFC 1951 3.2.6.
pub(super) static FIXED_LITERALS: LiteralCode = {
    let mut lengths = [8; LITERALS];
    let mut symbol = 144;
    while symbol < 280 {
        lengths[symbol] = if symbol < 256 { 9 } else { 7 };
        symbol += 1;
    }
    let mut code = Code::none();
    assert!(code.make(&lengths, &OF_LITERALS).is_ok());
    code
};

/// RFC 1951 3.2.6.
pub(super) static FIXED_DISTANCES: DistanceCode = {
    let mut code = Code::none();
    assert!(code.make(&[5; DISTANCES], &OF_DISTANCES).is_ok());
    code
};
