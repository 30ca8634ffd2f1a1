//! What a packet source is, what it can say about the capture, and how it fails.

use std::io;

use wireseam_wire::{LinkType, Packet};

/// Packets the capture itself lost, as far as anyone counted them; `None` is unknown and never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Dropped by the kernel because the recorder was too slow.
    pub kernel: Option<u64>,
    /// Dropped by the network interface.
    pub interface: Option<u64>,
}

/// What a source knows about its capture so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets handed over.
    pub packets: u64,
    /// Captured bytes handed over.
    pub bytes: u64,
    /// Link types met, in order of first appearance.
    pub link_types: Vec<LinkType>,
    /// What the capture lost.
    pub dropped: Dropped,
    /// Why the file ends before its end: lower-case fragment that names the place, `None` while it does not.
    pub truncated: Option<String>,
}

/// Something packets come from, one after the other.
pub trait Source {
    /// The next packet, `None` at the end of the capture.
    ///
    /// A file that is cut inside a packet ends there: `None`, with [`Statistics::truncated`] set.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when the source cannot be read on.
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError>;

    /// What is known so far.
    fn statistics(&self) -> &Statistics;
}

/// Why a capture cannot be read (on).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The operating system refused.
    #[error("failed to read {name}: {cause}")]
    Read {
        /// The file or stream.
        name: String,
        /// What the operating system said.
        cause: io::Error,
    },
}
