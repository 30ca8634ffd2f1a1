//! What both file formats have in common: a file is a row of blocks, each of which says how long it is.

use std::ops::Range;

use wireseam_wire::{LinkType, Timestamp};

/// What the bytes at the front of the buffer say about the block that begins there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// A packet; all of its block is there.
    Packet(Record),
    /// All of another block is there.
    Block {
        /// Its length in bytes.
        len: usize,
        /// What it is.
        kind: Kind,
    },
    /// It goes on behind the buffer.
    Part {
        /// Its length in bytes, or how many are needed to tell.
        needs: u64,
        /// What it is.
        kind: Kind,
    },
    /// It contradicts itself: a predicate that says how.
    Damaged(&'static str),
}

/// What a block is, as far as a fault in it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A packet.
    Packet,
    /// Something that packets cannot be read without.
    Description,
    /// Anything else.
    Other,
    /// Too little of it is there to tell.
    Unknown,
}

/// A packet whose bytes lie in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The length of its block in bytes.
    pub(crate) len: usize,
    pub(crate) at: Option<Timestamp>,
    /// Counted from 0 over the whole capture.
    pub(crate) interface: u32,
    pub(crate) link: LinkType,
    pub(crate) original_len: u32,
    /// Where its bytes lie, counted from the start of its block.
    pub(crate) data: Range<usize>,
    /// Where what else is said of it lies, likewise.
    pub(crate) options: Range<usize>,
}

/// The byte order of a file or section, that of the host which wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(crate) fn big_if(big_endian: bool) -> Self {
        if big_endian { Self::Big } else { Self::Little }
    }

    /// By the Byte-Order Magic 0x1A2B3C4D of a pcapng section (draft-ietf-opsawg-pcapng 4.1).
    pub(crate) fn of_section(magic: [u8; 4]) -> Option<Self> {
        match magic {
            [0x1a, 0x2b, 0x3c, 0x4d] => Some(Self::Big),
            [0x4d, 0x3c, 0x2b, 0x1a] => Some(Self::Little),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    #[inline]
    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}
