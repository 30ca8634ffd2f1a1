//! Bytes in order that no layer has used yet, because they are too few to tell or wait for the other direction.

use crate::Offset;

/// One direction's waiting bytes.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    pub(crate) bytes: Vec<u8>,
    /// Where the first of them stands.
    pub(crate) start: Offset,
    /// From where on the bytes of their packets reach.
    pub(crate) keep_from: Offset,
    /// From where on the bytes now read were made deliverable together.
    pub(crate) batch: Offset,
}

impl Intake {
    /// Waiting bytes in front of a gap cannot be used any more.
    pub(crate) fn drop_up_to(&mut self, next: Offset) {
        self.bytes.clear();
        self.start = next;
    }

    /// From where on the map is needed for them, when everything before `next` was delivered.
    pub(crate) fn needed_from(&self, next: Offset) -> Offset {
        if self.bytes.is_empty() {
            next
        } else {
            self.keep_from
        }
    }
}
