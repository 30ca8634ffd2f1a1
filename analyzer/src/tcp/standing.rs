//! Where one direction stands while nothing of it is missing: all that its next segment has to be compared with.

use wireseam_wire::{Segment, Seq};

/// A direction of which everything seen was delivered.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Standing {
    /// The sequence number of the next byte.
    pub(crate) next: Seq,
    /// The receiver has acknowledged everything before.
    pub(crate) acknowledged: Seq,
    /// TSval of the latest data (RFC 7323 3), and whether there was one.
    pub(super) timestamp: u32,
    pub(super) has_timestamp: bool,
    pub(super) duplicate_acks: u8,
    /// The IPv4 identification of the latest data; 0 tells nothing.
    pub(super) ip_id: u16,
    /// The largest window that the receiver announced, as it stood in its packet.
    pub(super) largest_window: u16,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            next: Seq(0),
            acknowledged: Seq(0),
            timestamp: 0,
            has_timestamp: false,
            duplicate_acks: 0,
            ip_id: 0,
            largest_window: 0,
        }
    }
}

impl Standing {
    /// Takes a segment with the next bytes.
    pub(crate) fn advance(&mut self, segment: &Segment<'_>) {
        self.next = self.next.plus(segment.payload_len);
        let timestamps = segment.options.timestamps;
        self.has_timestamp = timestamps.is_some();
        self.timestamp = timestamps.map_or(0, |(value, _)| value);
        self.ip_id = segment.ip_id.unwrap_or(0);
    }

    /// The same, but for the data: as it stood before some of it, if `before` says how.
    pub(crate) fn with_data_of(&self, before: Option<&Self>) -> Self {
        let data = before.unwrap_or(self);
        Self {
            next: data.next,
            timestamp: data.timestamp,
            has_timestamp: data.has_timestamp,
            ip_id: data.ip_id,
            ..*self
        }
    }

    /// Takes what a segment of the other direction says of this one; whether it acknowledges `more` than was.
    pub(crate) fn acknowledge(&mut self, segment: &Segment<'_>, more: bool) {
        self.largest_window = self.largest_window.max(segment.window);
        if more {
            self.acknowledged = segment.ack;
            self.duplicate_acks = 0;
        } else {
            let again = u8::from(segment.payload_len == 0);
            self.duplicate_acks = self.duplicate_acks.saturating_add(again);
        }
    }
}
