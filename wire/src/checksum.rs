//! Internet checksums: whether those of IPv4 and TCP are right, and which were left to the interface (RFC 1071, RFC 9293 3.1).

use etherparse::IpNumber;

use crate::{
    captured::length,
    ip::{Datagram, Header},
};

/// What a checksum says about the bytes that it covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Checksum {
    /// It is the sum of what was captured.
    Good,
    /// The sending host left it to its interface: what stands there is the beginning of the sum, or nothing.
    ///
    /// A capture on that host, of a local peer or of packets that an interface put together, shows it like this; on
    /// the wire it was filled in.
    LeftToInterface,
    /// It is something else: the bytes were changed on their way, or by whoever wrote the capture.
    Wrong,
    /// It was not looked at, or cannot be told, because not everything that it covers was captured.
    #[default]
    Unknown,
}

/// Whether an IPv4 header's checksum is right; IPv6 has none.
#[inline]
pub(crate) fn of_header(header: Header<'_>) -> Checksum {
    let Header::V4(header) = header else {
        return Checksum::Unknown;
    };
    if is_right(sum(header.slice())) {
        Checksum::Good
    } else if header.header_checksum() == 0 {
        Checksum::LeftToInterface
    } else {
        Checksum::Wrong
    }
}

/// Whether the checksum of a TCP segment is right.
///
/// Nothing that is not sure counts as wrong: a segment that was cut, whose length had to be guessed, or that had stations
/// ahead.
#[inline]
pub(crate) fn of_tcp(datagram: &Datagram<'_>) -> Checksum {
    let segment = datagram.payload;
    if usize::try_from(segment.len) != Ok(segment.bytes.len()) || datagram.has_route {
        return Checksum::Unknown;
    }
    let checksum = of_whole_segment(sum(datagram.header.address_bytes()), segment.bytes);
    match checksum {
        Checksum::Wrong if datagram.unfinished_length => Checksum::Unknown,
        told => told,
    }
}

/// The same for a segment that was captured whole, between addresses that have this sum.
///
/// It covers a pseudo-header of addresses, protocol and length too (RFC 9293 3.1, RFC 8200 8.1). Hosts that leave the
/// rest to their interface put the sum of that pseudo-header there, some without the length, or 0.
#[inline(always)]
pub(crate) fn of_whole_segment(addresses: u128, segment: &[u8]) -> Checksum {
    let without_length = addresses + word(IpNumber::TCP.0.into());
    let pseudo_header = without_length + word(length(segment));
    if is_right(pseudo_header + sum(segment)) {
        return Checksum::Good;
    }
    not_good(segment, [fold(pseudo_header), fold(without_length), 0])
}

/// What a checksum is that is not the sum.
fn not_good(segment: &[u8], unfilled: [u16; 3]) -> Checksum {
    let Some([low, high]) = segment
        .get(CHECKSUM_AT..)
        .and_then(|rest| rest.first_chunk())
    else {
        return Checksum::Unknown;
    };
    if unfilled.contains(&u16::from_le_bytes([*low, *high])) {
        Checksum::LeftToInterface
    } else {
        Checksum::Wrong
    }
}

/// The sum of some bytes as little-endian words of 64 bits, of which the last is filled up with zeros.
///
/// One's complement sums come out the same in any byte order and any width of words, once they are folded (RFC 1071 2).
/// The carries gather in the upper half: an addition and an addition with carry for eight bytes.
#[inline(always)]
pub(crate) fn sum(bytes: &[u8]) -> u128 {
    let (blocks, rest) = bytes.as_chunks();
    let Some(last) = bytes.last_chunk() else {
        return sum_of_few(bytes);
    };
    let sum: u128 = blocks.iter().map(sum_of_block).sum();
    sum + sum_of_rest(last, rest.len())
}

/// How many bytes are added up at once.
const BLOCK: usize = 64;

#[inline(always)]
fn sum_of_block(block: &[u8; BLOCK]) -> u128 {
    let (words, _) = block.as_chunks();
    sum_of_words(words)
}

#[inline(always)]
fn sum_of_words(words: &[[u8; 8]]) -> u128 {
    let words = words.iter().copied();
    words.map(|word| u128::from(u64::from_le_bytes(word))).sum()
}

/// The sum of the last bytes of a block, so many of them.
///
/// What is in front of them is masked out, and the sum turned by as much as their words are shifted: which way a processor
/// went here would depend on their number, which it cannot foretell.
#[inline(always)]
fn sum_of_rest(block: &[u8; BLOCK], count: usize) -> u128 {
    let mask = MASKS.get(count..).and_then(|masks| masks.first_chunk());
    let mut rest = *block;
    for (byte, mask) in rest.iter_mut().zip(mask.unwrap_or(&[0; BLOCK])) {
        *byte &= mask;
    }
    let sum = fold_to_word(sum_of_block(&rest));
    sum.rotate_left(8 * (count % 8) as u32).into()
}

/// What masks out nothing but the last bytes of a block, from their number on.
const MASKS: [u8; 2 * BLOCK] = {
    let mut masks = [0; 2 * BLOCK];
    let (_, kept) = masks.split_at_mut(BLOCK);
    let mut at = 0;
    while at < BLOCK {
        kept[at] = 0xff;
        at += 1;
    }
    masks
};

/// The same of less than a block.
#[inline(always)]
fn sum_of_few(bytes: &[u8]) -> u128 {
    let (words, rest) = bytes.as_chunks();
    let sum = sum_of_words(words);
    if rest.is_empty() {
        sum
    } else {
        sum + u128::from(last_word(bytes, rest))
    }
}

/// The bytes behind the last whole word, as a word: those in front of them are shifted out.
#[inline]
fn last_word(bytes: &[u8], rest: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> (8 * (8 - rest.len()));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_le_bytes(last)
}

/// A number in network byte order as a word of the sum.
fn word(number: u32) -> u128 {
    u32::from_le_bytes(number.to_be_bytes()).into()
}

/// Whether a sum that takes a checksum in has all bits set once it is folded.
#[inline]
pub(crate) fn is_right(sum: u128) -> bool {
    fold(sum) == u16::MAX
}

/// The sum with its carries added in, until it has sixteen bits; in the byte order of the sum.
///
/// A number and itself turned by half its width, added, has the sum of both halves in its upper one, with the carry of
/// the lower one added in.
#[inline]
fn fold(sum: u128) -> u16 {
    let sum = fold_to_word(sum);
    let sum = (sum.wrapping_add(sum.rotate_left(32)) >> 32) as u32;
    (sum.wrapping_add(sum.rotate_left(16)) >> 16) as u16
}

/// The same of the upper half alone, which holds the carries.
#[inline(always)]
fn fold_to_word(sum: u128) -> u64 {
    let (low, high) = (sum as u64, (sum >> 64) as u64);
    let (sum, carry) = low.overflowing_add(high);
    sum + u64::from(carry)
}

/// Where the checksum stands in a TCP header.
const CHECKSUM_AT: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 1071 1 as it is written: 16-bit words in network byte order, carries added in one at a time.
    fn by_the_book(bytes: &[u8]) -> u16 {
        let mut sum = 0_u32;
        for pair in bytes.chunks(2) {
            let low = pair.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([pair[0], low]));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        u16::try_from(sum).unwrap()
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_rfc(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(0xff)], 0..300),
        ) {
            let folded = fold(sum(&bytes)).swap_bytes();
            prop_assert_eq!(folded, by_the_book(&bytes));
            prop_assert_eq!(is_right(sum(&bytes)), folded == 0xffff);
        }

        #[test]
        fn a_sum_of_all_ones_is_right(mut bytes in prop::collection::vec(any::<u8>(), 2..100)) {
            let [high, low] = bytes.last_chunk_mut::<2>().unwrap();
            (*high, *low) = (0, 0);
            let filled_in = !by_the_book(&bytes);
            let even = bytes.len().is_multiple_of(2);
            let [first, second] = if even { filled_in } else { filled_in.swap_bytes() }.to_be_bytes();
            let len = bytes.len();
            bytes[len - 2] = first;
            bytes[len - 1] = second;
            prop_assert!(is_right(sum(&bytes)));
        }
    }
}
