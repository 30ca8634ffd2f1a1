//! How far from the bytes seen a RST may stand and still end the connection (RFC 9293 3.10.7.4, RFC 5961 3.2).
//!
//! ```text
//!        acknowledged     seen
//!   ---------|-------------|-----------> sequence numbers
//!   <-window-|             |-window->
//!       a RST in between or on the edges counts
//! ```
//!
//! The receiver obeys one inside its window only. What the window was when the RST arrived is not known here: the capture may lack
//! the latest acknowledgements, and data. So the largest window announced counts, and from the farthest byte on. A RST that
//! answers a segment has the number which that one acknowledged (RFC 9293 3.10.7.1), and may thus stand as far behind: its
//! sender has forgotten the connection, whether or not the receiver obeys.

use wireseam_wire::{Flags, Segment};

/// A larger shift is taken for this one (RFC 7323 2.3).
const LARGEST_SHIFT: u8 = 14;

/// The windows that one direction's receiver announced.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Window {
    /// The one on the SYN, which is never shifted.
    first: u16,
    /// The largest behind it, as it stood in its packet.
    largest: u16,
    shift: Shift,
}

/// By how many bits the receiver's windows are shifted (RFC 7323 2.2).
#[derive(Clone, Copy, Debug, Default)]
enum Shift {
    /// Its SYN was not captured.
    #[default]
    Unknown,
    /// By so many, unless the sender's SYN says that it does not scale.
    Of(u8),
}

impl Window {
    /// Takes note of a segment that the receiver sent.
    pub(super) fn announce(&mut self, segment: &Segment<'_>) {
        if segment.flags.contains(Flags::SYN) {
            let shift = segment.options.window_scale.unwrap_or(0);
            self.shift = Shift::Of(shift.min(LARGEST_SHIFT));
            self.first = segment.window;
        } else if !segment.flags.contains(Flags::RST) {
            self.largest = self.largest.max(segment.window);
        }
    }

    /// The largest behind the SYN, as it stood in its packet.
    pub(super) fn largest(&self) -> u16 {
        self.largest
    }

    /// Takes note of a window as large as this.
    pub(super) fn widen(&mut self, largest: u16) {
        self.largest = self.largest.max(largest);
    }

    /// Takes note of the sender's SYN: without the option in both, nothing is scaled.
    pub(super) fn handle_senders_syn(&mut self, segment: &Segment<'_>) {
        if segment.options.window_scale.is_none() && matches!(self.shift, Shift::Of(_)) {
            self.shift = Shift::Of(0);
        }
    }

    /// The largest window in bytes; `None` where it cannot be known.
    pub(super) fn bytes(&self) -> Option<u64> {
        match self.shift {
            Shift::Of(shift) => Some(u64::from(self.first).max(u64::from(self.largest) << shift)),
            Shift::Unknown => None,
        }
    }
}
