//! Holes that nothing comes for: of a connection from which nothing is heard, only the time tells that they will stay.

use wireseam_wire::Timestamp;

use super::{Analyzer, Entry};
use crate::flow_table::Slot;

impl Analyzer {
    /// Gives up the holes that were waited for long enough.
    pub(super) fn lose_patience(&mut self, now: Timestamp) {
        let Self {
            config,
            flows,
            shared,
            events,
            ..
        } = self;
        let waits = |entry: &Entry| matches!(entry, Entry::Open { connection, .. } if connection.has_hole());
        let waiting = flows.all().filter(|(_, entry)| waits(entry));
        let waiting: Vec<Slot> = waiting.map(|(slot, _)| slot).collect();
        for slot in waiting {
            if let Some(Entry::Open { connection, .. }) = flows.get_mut(slot) {
                connection.handle_timeout(now, config, shared, events);
            }
        }
    }
}
