//! Segments with the beginning of a message, kept until the next one brings the rest of it.
//!
//! They are those of quiet WebSockets: nothing has been done with them but to count that their bytes were sent. When the next
//! segment does not end what they began, the connection gets them as if they came now.

use std::mem;

use wireseam_wire::{PacketIndex, Segment};

use crate::tcp::Standing;

/// How many are kept at a time. What is split otherwise is read the long way, which knows no such number.
const PLACES: u16 = 256;

/// Longer ones are not kept; together they take half a MiB.
pub(super) const LONGEST: usize = 2_048;

/// What is kept. Places count from 1.
#[derive(Debug, Default)]
pub(crate) struct Holder {
    places: Vec<Held>,
    free: Vec<u16>,
}

/// One such segment.
#[derive(Debug)]
pub(super) struct Held {
    segment: Segment<'static>,
    /// Its payload.
    pub(super) bytes: Vec<u8>,
    /// Where its direction stood when it came.
    pub(super) before: Standing,
}

impl Holder {
    /// Keeps a segment; where. `None` where there is no place for it.
    pub(super) fn hold(&mut self, segment: &Segment<'_>, before: Standing) -> Option<u16> {
        if segment.payload.len() > LONGEST {
            return None;
        }
        let place = match self.free.pop() {
            Some(place) => place,
            None => u16::try_from(self.places.len() + 1)
                .ok()
                .filter(|place| *place <= PLACES)?,
        };
        let bytes = self.get_mut(place).map(|held| mem::take(&mut held.bytes));
        let mut held = Held {
            segment: Segment {
                payload: &[],
                ..*segment
            },
            bytes: bytes.unwrap_or_default(),
            before,
        };
        held.bytes.extend_from_slice(segment.payload);
        match self.get_mut(place) {
            Some(free) => *free = held,
            None => self.places.push(held),
        }
        Some(place)
    }

    /// What is kept in a place.
    pub(super) fn get_mut(&mut self, place: u16) -> Option<&mut Held> {
        self.places.get_mut(usize::from(place).checked_sub(1)?)
    }

    /// Gives a place back.
    pub(super) fn release(&mut self, place: u16) {
        if let Some(held) = self.get_mut(place) {
            held.bytes.clear();
            self.free.push(place);
        }
    }

    /// Takes what is kept in a place.
    pub(super) fn take(&mut self, place: u16) -> Option<Held> {
        let held = self.get_mut(place)?;
        let taken = Held {
            bytes: mem::take(&mut held.bytes),
            ..*held
        };
        self.free.push(place);
        Some(taken)
    }
}

impl Held {
    /// The segment as it came.
    pub(super) fn segment(&self) -> Segment<'_> {
        Segment {
            payload: &self.bytes,
            ..self.segment
        }
    }

    pub(super) fn packet(&self) -> PacketIndex {
        self.segment.packet
    }
}
