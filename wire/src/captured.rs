//! Captured bytes from some header on, with the length that they had on the wire: what one header leaves to the next.

use crate::{Packet, Skipped};

/// The rest of a packet.
///
/// ```text
/// on the wire  | header | header | .................................. |
/// captured     | header | header | ..............|   (snapshot length)
///                                |<---- bytes -->|
///                                |<--------------- len -------------->|
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Captured<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) len: u32,
}

impl<'a> Captured<'a> {
    /// A whole packet.
    ///
    /// Some writers store an original length below the captured one; then the captured bytes are the better witness.
    #[inline]
    pub(crate) fn packet(packet: &Packet<'a>) -> Self {
        Self {
            bytes: packet.data,
            len: packet.original_len.max(length(packet.data)),
        }
    }

    /// Takes the first `N` bytes off; [`Skipped::Cut`] with the header's name where they were not captured.
    #[inline]
    pub(crate) fn take<const N: usize>(
        &mut self,
        header: &'static str,
    ) -> Result<&'a [u8; N], Skipped> {
        let (first, bytes) = self.bytes.split_first_chunk().ok_or(Skipped::Cut(header))?;
        self.len = self.len.saturating_sub(length(first));
        self.bytes = bytes;
        Ok(first)
    }

    /// Passes over `count` bytes; [`Skipped::Cut`] with the header's name where those were not captured.
    #[inline]
    pub(crate) fn skip(&mut self, count: usize, header: &'static str) -> Result<(), Skipped> {
        let (skipped, bytes) = self
            .bytes
            .split_at_checked(count)
            .ok_or(Skipped::Cut(header))?;
        self.len = self.len.saturating_sub(length(skipped));
        self.bytes = bytes;
        Ok(())
    }

    /// The first four bits: an IP header's version, and what tells other headers from one.
    #[inline]
    pub(crate) fn first_nibble(self) -> Option<u8> {
        self.bytes.first().map(|first| first >> 4)
    }
}

/// The length of captured bytes in the type that lengths on the wire have.
#[inline]
pub(crate) fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}
