//! How an interface's ticks become nanoseconds: `if_tsresol` and `if_tsoffset` (draft-ietf-opsawg-pcapng 4.2).
//!
//! pcap-parser's own conversion casts the fraction to 32 bits and adds a negative offset as a large one, hence this file.

use wireseam_wire::Timestamp;

/// Turns the 64-bit tick counts of one interface into times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    scale: Scale,
    offset_seconds: i64,
}

/// Nanoseconds out of ticks, without ever dividing more than 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// A tick lasts this many nanoseconds: 10^-9 s or coarser.
    Times(u64),
    /// This many ticks last a nanosecond: powers of ten finer than 10^-9 s.
    Over(u64),
    /// A tick lasts 2^-n s.
    Binary(u32),
    /// All 2^64 ticks together last less than a nanosecond.
    TooFine,
}

impl Clock {
    /// The clock of an interface that does not say: microseconds since 1970.
    pub(crate) const DEFAULT: Self = Self {
        scale: Scale::Times(1_000),
        offset_seconds: 0,
    };

    /// Sets the resolution: with the top bit the power of two, without it the power of ten.
    pub(crate) fn set_resolution(&mut self, if_tsresol: u8) {
        let exponent = u32::from(if_tsresol & 0x7f);
        self.scale = match (if_tsresol & 0x80, exponent) {
            (0, 0..=9) => Scale::Times(10_u64.pow(9 - exponent)),
            (0, _) => 10_u64
                .checked_pow(exponent - 9)
                .map_or(Scale::TooFine, Scale::Over),
            _ => Scale::Binary(exponent),
        };
    }

    /// Sets the seconds to add to every time.
    pub(crate) fn set_offset(&mut self, if_tsoffset: i64) {
        self.offset_seconds = if_tsoffset;
    }

    /// The time at a tick count, rounded down; the nearest one there is where 64 bits of nanoseconds do not reach.
    #[inline]
    pub(crate) fn at(&self, ticks: u64) -> Timestamp {
        self.at_usual(ticks).unwrap_or_else(|| self.at_any(ticks))
    }

    /// What nearly all captures need: ticks of 10^-9 s or coarser, no offset, a time that 64 bits hold.
    #[inline]
    fn at_usual(&self, ticks: u64) -> Option<Timestamp> {
        let Scale::Times(nanoseconds) = self.scale else {
            return None;
        };
        if self.offset_seconds != 0 {
            return None;
        }
        let since_1970 = ticks.checked_mul(nanoseconds)?;
        i64::try_from(since_1970).ok().map(Timestamp)
    }

    #[cold]
    fn at_any(&self, ticks: u64) -> Timestamp {
        let offset = i128::from(self.offset_seconds) * i128::from(NANOSECONDS);
        let sum = self.nanoseconds(ticks) + offset;
        let nearest = if sum < 0 { i64::MIN } else { i64::MAX };
        Timestamp(i64::try_from(sum).unwrap_or(nearest))
    }

    fn nanoseconds(&self, ticks: u64) -> i128 {
        let ticks_wide = i128::from(ticks);
        match self.scale {
            Scale::Times(nanoseconds) => ticks_wide * i128::from(nanoseconds),
            Scale::Over(ticks_each) => i128::from(ticks / ticks_each),
            Scale::Binary(exponent) => (ticks_wide * i128::from(NANOSECONDS)) >> exponent,
            Scale::TooFine => 0,
        }
    }
}

/// In a second.
const NANOSECONDS: u32 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(if_tsresol: u8, if_tsoffset: i64) -> Clock {
        let mut clock = Clock::DEFAULT;
        clock.set_resolution(if_tsresol);
        clock.set_offset(if_tsoffset);
        clock
    }

    fn at(if_tsresol: u8, if_tsoffset: i64, ticks: u64) -> i64 {
        clock(if_tsresol, if_tsoffset).at(ticks).0
    }

    #[test]
    fn default_counts_microseconds() {
        assert_eq!(clock(6, 0), Clock::DEFAULT);
        assert_eq!(
            Clock::DEFAULT.at(1_700_000_000_123_456).0,
            1_700_000_000_123_456_000
        );
    }

    #[test]
    fn powers_of_ten_scale_both_ways() {
        assert_eq!(at(0, 0, 1_700_000_000), 1_700_000_000_000_000_000);
        assert_eq!(
            at(9, 0, 1_700_000_000_123_456_789),
            1_700_000_000_123_456_789
        );
        assert_eq!(at(12, 0, 1_999_999), 1_999);
        assert_eq!(at(28, 0, u64::MAX), 1);
        assert_eq!(at(29, 0, u64::MAX), 0);
        assert_eq!(at(127, 0, u64::MAX), 0);
    }

    #[test]
    fn powers_of_two_scale() {
        assert_eq!(at(0x80, 0, 3), 3_000_000_000);
        assert_eq!(at(0x80 | 10, 0, 1_536), 1_500_000_000);
        assert_eq!(
            at(0x80 | 32, 0, (1_700_000_000 << 32) | (1 << 31)),
            1_700_000_000_500_000_000
        );
        assert_eq!(at(0xff, 0, u64::MAX), 0);
    }

    #[test]
    fn offset_counts_in_both_directions() {
        assert_eq!(at(6, 10, 1), 10_000_001_000);
        assert_eq!(at(6, -10, 1), -9_999_999_000);
    }

    #[test]
    fn unreachable_times_saturate() {
        assert_eq!(at(0, 0, u64::MAX), i64::MAX);
        assert_eq!(at(0, i64::MAX, u64::MAX), i64::MAX);
        assert_eq!(at(6, i64::MIN, 0), i64::MIN);
    }
}
