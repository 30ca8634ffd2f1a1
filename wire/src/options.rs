//! The TCP options an observer of other people's connections can use (RFC 9293 3.2, 7323, 2018), read off a header.
//!
//! etherparse has an iterator over options, but it ends at the first kind that it does not know (Fast Open, Multipath
//! TCP, an MD5 signature), so the timestamps behind it would be lost. Hence the walk over kinds and lengths is done here.

use crate::Seq;

/// A block of data the receiver holds beyond a hole (RFC 2018 3): `left` is its first sequence number, `right` the one after its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlock {
    /// First sequence number of the block.
    pub left: Seq,
    /// The sequence number after its last.
    pub right: Seq,
}

/// The blocks of a SACK option in the order sent (RFC 2018 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlocks {
    /// Left and right edges; those from `count` on are 0.
    edges: [(u32, u32); 4],
    count: u8,
}

impl SackBlocks {
    /// The blocks: at most four fit into a header.
    pub fn iter(&self) -> impl Iterator<Item = SackBlock> {
        let blocks = self.edges.iter().take(usize::from(self.count));
        blocks.map(|&(left, right)| SackBlock {
            left: Seq(left),
            right: Seq(right),
        })
    }

    /// Reads an option's value; no blocks where its length is not that of whole ones.
    fn read(value: &[u8]) -> Self {
        let (pieces, remainder) = value.as_chunks::<8>();
        let mut blocks = Self::default();
        if remainder.is_empty() {
            for (edges, piece) in blocks.edges.iter_mut().zip(pieces) {
                *edges = pair(piece).unwrap_or_default();
                blocks.count += 1;
            }
        }
        blocks
    }
}

/// The options of one segment; absent ones are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size the sender is willing to receive (RFC 9293 3.7.1), on a SYN.
    pub mss: Option<u16>,
    /// Shift count of the sender's window (RFC 7323 2), on a SYN.
    pub window_scale: Option<u8>,
    /// Whether the sender takes selective acknowledgements (RFC 2018 2), on a SYN.
    pub sack_permitted: bool,
    /// Selective acknowledgement blocks; none where the option is absent.
    pub sack: SackBlocks,
    /// TSval and TSecr (RFC 7323 3).
    pub timestamps: Option<(u32, u32)>,
}

impl TcpOptions {
    /// Reads the options between the fixed header and the payload.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Self {
        match Self::usual(bytes) {
            Some(timestamps) => Self {
                timestamps,
                ..Self::default()
            },
            None => Self::walk(bytes),
        }
    }

    /// Reads them one after the other.
    ///
    /// Unknown kinds are stepped over. A length that contradicts itself or leaves `bytes` ends the walk; what stood
    /// before counts.
    fn walk(mut bytes: &[u8]) -> Self {
        let mut options = Self::default();
        while let Some((kind, value, rest)) = split_option(bytes) {
            options.keep(kind, value);
            bytes = rest;
        }
        options
    }

    /// The timestamps where they are all there is, laid out as RFC 7323 appendix A recommends, or `None` in it where there are
    /// no options at all.
    ///
    /// Nearly all segments of nearly all connections have one of the two, so that the walk is not needed.
    #[inline]
    pub(crate) fn usual(bytes: &[u8]) -> Option<Option<(u32, u32)>> {
        match bytes.split_first_chunk() {
            None if bytes.is_empty() => Some(None),
            Some(([NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10], value)) => pair(value).map(Some),
            _ => None,
        }
    }

    /// Keeps one option; a value of the wrong length leaves the option absent.
    fn keep(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (MAXIMUM_SEGMENT_SIZE, &[high, low]) => {
                self.mss = Some(u16::from_be_bytes([high, low]))
            }
            (WINDOW_SCALE, &[shift]) => self.window_scale = Some(shift),
            (SACK_PERMITTED, []) => self.sack_permitted = true,
            (SACK, blocks) => self.sack = SackBlocks::read(blocks),
            (TIMESTAMPS, value) => self.timestamps = pair(value).or(self.timestamps),
            _ => {}
        }
    }
}

/// The first option's kind, its value, and the bytes behind it; `None` at the end of the list.
fn split_option(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    match bytes {
        [] | [END_OF_OPTION_LIST, ..] => None,
        [NO_OPERATION, rest @ ..] => Some((NO_OPERATION, &[], rest)),
        [kind, length, rest @ ..] => {
            let (value, rest) = rest.split_at_checked(usize::from(*length).checked_sub(2)?)?;
            Some((*kind, value, rest))
        }
        [_] => None,
    }
}

/// Two 32-bit numbers, where `value` is exactly that.
#[inline]
fn pair(value: &[u8]) -> Option<(u32, u32)> {
    let (first, second) = value.split_first_chunk::<4>()?;
    let second: [u8; 4] = second.try_into().ok()?;
    Some((u32::from_be_bytes(*first), u32::from_be_bytes(second)))
}

/// Kinds from the registry of TCP options (RFC 9293 3.1, 7323 2 and 3, 2018 2 and 3).
const END_OF_OPTION_LIST: u8 = 0;
const NO_OPERATION: u8 = 1;
const MAXIMUM_SEGMENT_SIZE: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
