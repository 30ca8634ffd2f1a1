//! Connections that are over: no more than what [remains](Remains) of one is kept until it is let go.

use super::{Analyzer, Entry};
use crate::Detail;
use crate::connection::{Quick, Remains};
use crate::flow_table::{Key, Slot};

impl Analyzer {
    /// Keeps no more of a connection than what remains, where it is over. For a map it stays as it is: whoever asks for that
    /// has more to wait for.
    pub(super) fn keep_remains(&mut self, slot: Slot) {
        let Self {
            config,
            flows,
            remains,
            ..
        } = self;
        if config.detail == Detail::Map {
            return;
        }
        let (Some(key), Some(entry)) = flows.both_mut(slot) else {
            return;
        };
        if let Entry::Open { connection, .. } = entry
            && let Some((quick, packed)) = connection.remains()
            && let Some(stored) = remains.put(packed)
        {
            let id = connection.id();
            *key = quick;
            *entry = Entry::Over { id, stored };
        }
    }

    /// Opens a connection that is over again, for what comes behind its end.
    #[cold]
    pub(super) fn reopen(&mut self, slot: Slot) {
        let Self { flows, remains, .. } = self;
        let (Some(key), Some(entry)) = flows.both_mut(slot) else {
            return;
        };
        if let Entry::Over { id, stored } = *entry
            && let Some(packed) = remains.take(stored)
        {
            *entry = Entry::open(packed.wake(id, key));
            let (&one, &other) = key.ends();
            *key = Quick::off(one, other);
        }
    }

    /// Says that a connection has ended that is over. `false`, and nothing has happened, where it is not.
    pub(super) fn finish_over(&mut self, slot: Slot) -> bool {
        let Self {
            flows,
            remains,
            events,
            ..
        } = self;
        let Some(Entry::Over { id, stored }) = flows.get(slot) else {
            return false;
        };
        let Some((packed, key)) = remains.take(*stored).zip(flows.key(slot)) else {
            return false;
        };
        packed.finish(*id, key, events);
        true
    }

    /// Reads a little of what remains of a connection, so that it is in the cache.
    pub(super) fn touch_remains(&self, entry: &Entry) -> Option<u64> {
        match entry {
            Entry::Over { stored, .. } => self.remains.get(*stored).map(Remains::touch),
            _ => None,
        }
    }
}
