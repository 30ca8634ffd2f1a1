//! Which compressions are undone, and how each begins.

use std::fmt;

/// How a capture file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// The LZ4 frame format.
    Lz4,
}

/// What the next bytes of a packed file begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// A member or frame.
    Member(Compression),
    /// A frame of zstd or lz4 that holds no data: it is to be skipped (RFC 8878 3.1.2).
    Skippable,
}

impl Begun {
    /// Recognises a member by its first bytes, four of them unless the file ends before.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Member(Compression::Gzip)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Member(Compression::Zstd)),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Member(Compression::Lz4)),
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Skippable),
            _ => None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_told_by_their_first_bytes_and_pcap_is_none() {
        assert_eq!(
            Begun::of(&[0x1f, 0x8b, 8, 0]),
            Some(Begun::Member(Compression::Gzip))
        );
        assert_eq!(Begun::of(&[0x5a, 0x2a, 0x4d, 0x18]), Some(Begun::Skippable));
        for foreign in [
            &[0xd4, 0xc3, 0xb2, 0xa1][..],
            &[0x1f, 0x8b],
            &[0x60, 0x2a, 0x4d, 0x18],
        ] {
            assert_eq!(Begun::of(foreign), None);
        }
    }
}
