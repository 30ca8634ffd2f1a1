//! What the symbols of DEFLATE's codes stand for (RFC 1951 3.2.5 to 3.2.7).

/// A symbol as it stands in a table: a number, so that one look-up gives all that there is to know.
///
/// ```text
///   31..30 kind | 23..8 value | 7..4 how many extra bits | 3..0 length of its code
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Symbol(u32);

/// The value is a byte, or the length of a code.
const PLAIN: u32 = 0;
/// The value is the least length or distance that it stands for.
const BASE: u32 = 1 << 30;
/// The block's end.
const END: u32 = 2 << 30;
/// Nothing that may occur.
const INVALID: u32 = 3 << 30;

impl Symbol {
    /// Bits that are no code: the first of them tells.
    pub(super) const NONE: Self = Self(INVALID | 1);

    /// Stands where a table does not say.
    pub(super) const BLANK: Self = Self(0);

    const fn new(kind: u32, value: usize, extra_bits: u32) -> Self {
        Self(kind | (value as u32) << 8 | extra_bits << 4)
    }

    /// With a code of this length, 15 at most.
    pub(super) const fn in_bits(self, length: u32) -> Self {
        Self(self.0 & !15 | length)
    }

    #[inline(always)]
    pub(super) const fn is_blank(self) -> bool {
        self.0 == 0
    }

    #[inline(always)]
    pub(super) const fn is_plain(self) -> bool {
        self.0 < BASE
    }

    #[inline(always)]
    pub(super) const fn is_base(self) -> bool {
        self.0 & INVALID == BASE
    }

    #[inline(always)]
    pub(super) const fn is_end(self) -> bool {
        self.0 & INVALID == END
    }

    #[inline(always)]
    pub(super) const fn value(self) -> u32 {
        self.0 >> 8 & 0xFFFF
    }

    #[inline(always)]
    pub(super) const fn extra_bits(self) -> u32 {
        self.0 >> 4 & 15
    }

    #[inline(always)]
    pub(super) const fn code_length(self) -> u32 {
        self.0 & 15
    }
}

/// How many literals and lengths the fixed code has (3.2.6).
pub(super) const LITERALS: usize = 288;

/// How many distances it has.
pub(super) const DISTANCES: usize = 32;

/// How many symbols the code for code lengths has (3.2.7).
pub(super) const CODE_LENGTHS: usize = 19;

/// Literals, the block's end, and lengths (3.2.5).
pub(super) static OF_LITERALS: [Symbol; LITERALS] = {
    let extra_bits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ];
    let mut symbols = [Symbol::new(INVALID, 0, 0); LITERALS];
    let mut at = 0;
    while at < 256 {
        symbols[at] = Symbol::new(PLAIN, at, 0);
        at += 1;
    }
    symbols[256] = Symbol::new(END, 0, 0);
    let (mut at, mut base) = (0, 3);
    while at < 28 {
        symbols[257 + at] = Symbol::new(BASE, base, extra_bits[at]);
        base += 1 << extra_bits[at];
        at += 1;
    }
    // the longest has a symbol of its own
    symbols[285] = Symbol::new(BASE, 258, 0);
    symbols
};

/// Distances (3.2.5): no extra bits for the first four, then one more for every two.
pub(super) static OF_DISTANCES: [Symbol; DISTANCES] = {
    let mut symbols = [Symbol::new(INVALID, 0, 0); DISTANCES];
    let (mut at, mut base) = (0, 1);
    while at < 30 {
        let extra_bits = (at as u32 / 2).saturating_sub(1);
        symbols[at] = Symbol::new(BASE, base, extra_bits);
        base += 1 << extra_bits;
        at += 1;
    }
    symbols
};

/// Lengths of codes, and repetitions of them (3.2.7): the value says which.
pub(super) static OF_CODE_LENGTHS: [Symbol; CODE_LENGTHS] = {
    let mut symbols = [Symbol::BLANK; CODE_LENGTHS];
    let mut at = 0;
    while at < CODE_LENGTHS {
        symbols[at] = Symbol::new(PLAIN, at, 0);
        at += 1;
    }
    symbols
};

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1951 3.2.5's tables, by some of their rows.
    #[test]
    fn lengths_and_distances_are_those_of_the_rfc() {
        let lengths = [
            (257, 3, 0),
            (264, 10, 0),
            (265, 11, 1),
            (268, 17, 1),
            (269, 19, 2),
            (276, 59, 3),
            (280, 115, 4),
            (284, 227, 5),
            (285, 258, 0),
        ];
        for (symbol, least, extra_bits) in lengths {
            let symbol = OF_LITERALS[symbol];
            assert!(symbol.is_base());
            assert_eq!((symbol.value(), symbol.extra_bits()), (least, extra_bits));
        }
        let distances = [
            (0, 1, 0),
            (3, 4, 0),
            (4, 5, 1),
            (5, 7, 1),
            (10, 33, 4),
            (16, 257, 7),
            (28, 16_385, 13),
            (29, 24_577, 13),
        ];
        for (symbol, least, extra_bits) in distances {
            let symbol = OF_DISTANCES[symbol];
            assert_eq!((symbol.value(), symbol.extra_bits()), (least, extra_bits));
        }
        let never = [
            OF_LITERALS[286],
            OF_LITERALS[287],
            OF_DISTANCES[30],
            OF_DISTANCES[31],
        ];
        for symbol in never {
            assert!(!symbol.is_plain() && !symbol.is_base() && !symbol.is_end());
        }
        assert!(OF_LITERALS[256].is_end() && OF_LITERALS[255].is_plain());
    }
}
