//! Internet checksums: whether those of IPv4 and TCP are right, and which were left to the interface (RFC 1071, RFC 9293 3.1).

use crate::ip::{Datagram, Header};

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
    if fold(sum(header.slice())) == ALL_ONES {
        Checksum::Good
    } else if header.header_checksum() == 0 {
        Checksum::LeftToInterface
    } else {
        Checksum::Wrong
    }
}

/// Whether the checksum of a TCP segment is right.
///
/// It covers a pseudo-header of addresses, protocol and length too (RFC 9293 3.1, RFC 8200 8.1). Hosts that leave the
/// rest to their interface put the sum of that pseudo-header there, some without the length, or 0. Nothing that is not
/// sure counts as wrong: a segment that was cut, whose length had to be guessed, or that had stations ahead.
#[inline]
pub(crate) fn of_tcp(datagram: &Datagram<'_>) -> Checksum {
    let segment = datagram.payload;
    if usize::try_from(segment.len) != Ok(segment.bytes.len()) || datagram.has_route {
        return Checksum::Unknown;
    }
    let without_length =
        sum(datagram.header.address_bytes()) + word(u32::from(datagram.protocol.0));
    let pseudo_header = without_length + word(segment.len);
    if fold(pseudo_header + sum(segment.bytes)) == ALL_ONES {
        return Checksum::Good;
    }
    not_good(
        segment.bytes,
        [fold(pseudo_header), fold(without_length), 0],
        datagram,
    )
}

/// What a checksum is that is not the sum.
#[cold]
fn not_good(segment: &[u8], unfilled: [u16; 3], datagram: &Datagram<'_>) -> Checksum {
    let Some([low, high]) = segment
        .get(CHECKSUM_AT..)
        .and_then(|rest| rest.first_chunk())
    else {
        return Checksum::Unknown;
    };
    if unfilled.contains(&u16::from_le_bytes([*low, *high])) {
        Checksum::LeftToInterface
    } else if datagram.unfinished_length {
        Checksum::Unknown
    } else {
        Checksum::Wrong
    }
}

/// The sum of some bytes as little-endian words of 32 bits, of which the last is filled up with zeros.
///
/// One's complement sums come out the same in any byte order and any width of words, once they are folded (RFC 1071 2).
/// Sixteen words at a time, in eight sums that do not wait for each other, are what compilers make vector code of.
#[inline]
fn sum(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut sums = [0_u64; 8];
    for block in blocks {
        let (words, _) = block.as_chunks::<4>();
        let (low, high) = words.split_at(sums.len());
        for ((sum, low), high) in sums.iter_mut().zip(low).zip(high) {
            *sum += u64::from(u32::from_le_bytes(*low)) + u64::from(u32::from_le_bytes(*high));
        }
    }
    let (words, rest) = rest.as_chunks::<4>();
    let words = words
        .iter()
        .map(|word| u64::from(u32::from_le_bytes(*word)));
    let mut last = [0; 4];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    sums.iter().sum::<u64>() + words.sum::<u64>() + u64::from(u32::from_le_bytes(last))
}

/// A number in network byte order as a word of the sum.
fn word(number: u32) -> u64 {
    u32::from_le_bytes(number.to_be_bytes()).into()
}

/// The sum with its carries added in, until it has sixteen bits; in the byte order of the sum.
fn fold(sum: u64) -> u16 {
    let halves = |sum: u64, bits: u32| (sum & ((1 << bits) - 1)) + (sum >> bits);
    let [low, high, ..] = halves(halves(halves(halves(sum, 32), 32), 16), 16).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// What bytes add up to that their checksum is right for.
const ALL_ONES: u16 = 0xffff;

/// Where the checksum stands in a TCP header.
const CHECKSUM_AT: usize = 16;
