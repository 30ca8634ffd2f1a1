//! One captured packet as a source hands it over: number, time, link type and bytes.

use std::fmt;

use crate::LinkType;

/// A packet's number in its capture, 1 for the first, as every other tool's "No." column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketIndex(pub u64);

impl fmt::Display for PacketIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A capture time in nanoseconds since 1970-01-01T00:00:00Z.
///
/// It may run backwards from one packet to the next; order in a capture is the order of [`PacketIndex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The signed distance from `earlier` to this time, in nanoseconds.
    #[must_use]
    pub fn nanoseconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// A captured packet; `data` borrows the source's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Its number in the capture.
    pub index: PacketIndex,
    /// When it was captured; `None` where the format records no time (a pcapng Simple Packet Block).
    pub at: Option<Timestamp>,
    /// The interface it was captured on, counted from 0 over the whole capture.
    pub interface: u32,
    /// What the first header in `data` is.
    pub link: LinkType,
    /// Its length on the wire in bytes; larger than `data` where the snapshot length cut it.
    pub original_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
}
