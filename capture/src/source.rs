//! What a packet source is, and what it can say about the capture.

use wireseam_wire::{LinkType, Packet};

use crate::CaptureError;

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

impl Statistics {
    /// Takes a packet into account that is about to be handed over.
    pub(crate) fn count(&mut self, link: LinkType, captured: usize) {
        self.packets += 1;
        self.bytes += u64::try_from(captured).unwrap_or(u64::MAX);
        if !self.link_types.contains(&link) && self.link_types.len() < MOST_LINK_TYPES {
            self.link_types.push(link);
        }
    }
}

impl<S: Source + ?Sized> Source for &mut S {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        (**self).next_packet()
    }

    fn statistics(&self) -> &Statistics {
        (**self).statistics()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        (**self).next_packet()
    }

    fn statistics(&self) -> &Statistics {
        (**self).statistics()
    }
}

/// How many link types are listed: captures have one or two, and a hostile file must not make the list slow to search.
const MOST_LINK_TYPES: usize = 16;
