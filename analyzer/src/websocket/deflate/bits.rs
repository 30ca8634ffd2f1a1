//! Bits of data that comes in pieces (RFC 1951 3.1.1): of each byte the lowest first.

/// Bits read and not yet used, the next one lowest.
///
/// Above those that count there may be more, of the input's next byte: filling up puts the same ones there again. None are
/// there where the input is used up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    hold: u64,
    held: u32,
}

impl Bits {
    /// At least 56 of them, if the input has so many.
    #[inline(always)]
    pub(super) fn fill(&mut self, input: &mut &[u8]) {
        if let Some((word, _)) = input.split_first_chunk::<8>() {
            self.hold |= u64::from_le_bytes(*word) << (self.held & 63);
            let taken = ((63 - self.held) & 63) / 8;
            *input = &input[taken as usize..];
            self.held |= 56;
        } else if !input.is_empty() {
            (*self, *input) = self.filled_up(input);
        }
    }

    /// The same from the input's last bytes, and what is left of them.
    #[cold]
    #[inline(never)]
    fn filled_up(mut self, mut input: &[u8]) -> (Self, &[u8]) {
        while self.held < 56
            && let Some((byte, rest)) = input.split_first()
        {
            self.hold |= u64::from(*byte) << self.held;
            self.held += 8;
            input = rest;
        }
        (self, input)
    }

    /// The next ones, as far as there are any.
    #[inline(always)]
    pub(super) fn ahead(self) -> u64 {
        self.hold
    }

    /// How many there are, 63 at most.
    #[inline(always)]
    pub(super) fn count(self) -> u32 {
        self.held
    }

    /// Passes over some of those that are there.
    #[inline(always)]
    pub(super) fn drop(&mut self, count: u32) {
        self.hold >>= count & 63;
        self.held -= count;
    }

    /// The next so many, if they are there.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let bits = (count <= self.held).then(|| low_bits(self.hold, count))?;
        self.drop(count);
        Some(bits)
    }

    /// Passes over those left of a byte.
    pub(super) fn align(&mut self) {
        self.drop(self.held % 8);
    }

    /// The next byte of those held; once there is none, the next one is the input's.
    pub(super) fn take_byte(&mut self) -> Option<u8> {
        let byte = self.hold.to_le_bytes()[0];
        if self.held < 8 {
            *self = Self::default();
            return None;
        }
        self.drop(8);
        Some(byte)
    }
}

/// The lowest bits, 32 at most.
#[inline(always)]
pub(super) fn low_bits(value: u64, count: u32) -> u32 {
    (value & ((1 << count) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits taken by ones and bytes, and from pieces of any length, are those of the bytes.
    #[test]
    fn bits_are_those_of_the_bytes_however_they_come() {
        let bytes: Vec<u8> = (0..100_u8).map(|at| at.wrapping_mul(77)).collect();
        for length in 1..40 {
            let mut bits = Bits::default();
            let mut read: Vec<u32> = Vec::new();
            for mut piece in bytes.chunks(length) {
                while {
                    bits.fill(&mut piece);
                    let count = 1 + (read.len() as u32 * 7) % 25;
                    let count = count.min(bits.count());
                    let taken = bits.take(count).into_iter();
                    read.extend(taken.flat_map(|taken| (0..count).map(move |at| taken >> at & 1)));
                    count > 0
                } {}
            }
            let all = bytes
                .iter()
                .flat_map(|byte| (0..8).map(move |at| byte >> at & 1));
            assert!(read.into_iter().eq(all.map(u32::from)), "by {length}");
        }
    }

    #[test]
    fn bytes_behind_bits_are_the_held_ones_and_then_the_inputs() {
        let bytes: Vec<u8> = (1..=20).collect();
        let mut input = &bytes[..];
        let mut bits = Bits::default();
        bits.fill(&mut input);
        assert_eq!(bits.take(3), Some(1));
        bits.align();
        let held: Vec<u8> = std::iter::from_fn(|| bits.take_byte()).collect();
        assert_eq!([&[1][..], &held, input].concat(), bytes);
        bits.fill(&mut input);
        assert_eq!(bits.take(8), Some(held.len() as u32 + 2));
    }
}
