//! A Huffman code of DEFLATE (RFC 1951 3.2.2), told by the lengths of its codes.

/// Codes of up to so many bits are looked up, longer ones counted out.
const SHORT: u32 = 9;

/// The longest code.
const LONGEST: usize = 15;

/// Symbols by code.
#[derive(Debug)]
pub(super) struct Code {
    /// By the next [`SHORT`] bits: the symbol and, in the lowest four bits, its length; 0 where the code is longer.
    short: [u16; 1 << SHORT],
    /// How many codes have each length.
    count: [u16; LONGEST + 1],
    /// The symbols in the order of their codes.
    symbols: [u16; MOST_SYMBOLS],
}

/// The most symbols that a code has.
pub(super) const MOST_SYMBOLS: usize = 288;

/// What the next bits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This symbol, in so many bits.
    Symbol(u16, u32),
    /// The beginning of one.
    Unfinished,
    /// Nothing that the code has.
    Invalid,
}

impl Code {
    /// The code whose symbols' codes have these lengths; those of length 0 have none. Codes that there is no room for are
    /// left out.
    pub(super) const fn new(lengths: &[u8]) -> Self {
        let mut code = Self {
            short: [0; 1 << SHORT],
            count: [0; LONGEST + 1],
            symbols: [0; MOST_SYMBOLS],
        };
        let mut symbol = 0;
        while symbol < lengths.len() && symbol < MOST_SYMBOLS {
            code.count[(lengths[symbol] & 15) as usize] += 1;
            symbol += 1;
        }
        code.count[0] = 0;
        let (mut place, mut next) = ([0; LONGEST + 1], [0_u32; LONGEST + 1]);
        let mut length = 1;
        while length <= LONGEST {
            place[length] = place[length - 1] + code.count[length - 1] as usize;
            next[length] = (next[length - 1] + code.count[length - 1] as u32) << 1;
            length += 1;
        }
        let mut symbol = 0;
        while symbol < lengths.len() && symbol < MOST_SYMBOLS {
            let length = (lengths[symbol] & 15) as usize;
            if length > 0 {
                code.symbols[place[length]] = symbol as u16;
                place[length] += 1;
                code.look_up(symbol as u16, next[length], length as u32);
                next[length] += 1;
            }
            symbol += 1;
        }
        code
    }

    /// Notes a short code for each value that the bits behind it may have. The first bit of a code is the lowest.
    const fn look_up(&mut self, symbol: u16, code: u32, length: u32) {
        if length > SHORT || code >> length != 0 {
            return;
        }
        let mut at = (code.reverse_bits() >> (32 - length)) as usize;
        while at < 1 << SHORT {
            self.short[at] = symbol << 4 | length as u16;
            at += 1 << length;
        }
    }

    /// What the next bits are, of which so many are there.
    pub(super) fn next(&self, bits: u64, there: u32) -> Next {
        let entry = self.short[(bits & ((1 << SHORT) - 1)) as usize];
        let length = u32::from(entry & 15);
        match length {
            0 => self.next_of_any_length(bits, there),
            _ if length > there => Next::Unfinished,
            _ => Next::Symbol(entry >> 4, length),
        }
    }

    /// Codes of one length are consecutive numbers: it is one of them if it is not beyond the last.
    fn next_of_any_length(&self, mut bits: u64, there: u32) -> Next {
        let (mut code, mut first, mut place) = (0_u64, 0_u64, 0_u64);
        for (length, count) in (1..).zip(self.count.iter().skip(1)) {
            if length > there {
                return Next::Unfinished;
            }
            code |= bits & 1;
            bits >>= 1;
            let count = u64::from(*count);
            if let Some(at) = code.checked_sub(first).filter(|at| *at < count) {
                let symbol = usize::try_from(place + at).ok();
                let symbol = symbol.and_then(|at| self.symbols.get(at));
                return symbol.map_or(Next::Invalid, |symbol| Next::Symbol(*symbol, length));
            }
            place += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Next::Invalid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1951 3.2.2's example: A to H with lengths 3, 3, 3, 3, 3, 2, 4, 4.
    #[test]
    fn codes_are_those_of_the_rfcs_example() {
        let code = Code::new(&[3, 3, 3, 3, 3, 2, 4, 4]);
        let codes = ["010", "011", "100", "101", "110", "00", "1110", "1111"];
        for (symbol, bits) in (0..).zip(codes) {
            let value = bits
                .bytes()
                .rev()
                .fold(0, |value, bit| value << 1 | u64::from(bit - b'0'));
            let length = bits.bytes().fold(0, |length, _| length + 1);
            let found = Next::Symbol(symbol, length);
            assert_eq!(code.next(value, length), found);
            assert_eq!(code.next_of_any_length(value, length), found);
            assert_eq!(code.next(value, length - 1), Next::Unfinished);
        }
    }

    #[test]
    fn lengths_that_make_no_code_do_no_harm() {
        for lengths in [&[1_u8; 288][..], &[15; 288], &[0; 288], &[1], &[]] {
            let code = Code::new(lengths);
            for bits in [0, u64::MAX, 0x5555_5555_5555_5555] {
                let _ = code.next(bits, 48);
                let _ = code.next_of_any_length(bits, 48);
            }
        }
    }
}
