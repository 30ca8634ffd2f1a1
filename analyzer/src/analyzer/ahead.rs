//! What is fetched ahead: the memory that segments need which are about to come.

use wireseam_wire::Endpoint;

use super::{Analyzer, Entry};
use crate::Detail;
use crate::connection::{Listing, Quick};
use crate::flow_table::Slot;

/// A segment that is about to come; see [`Analyzer::expect`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected(pub(super) Option<Slot>);

impl Analyzer {
    /// Says that a segment between these ends is about to come.
    ///
    /// Where several are expected before the first is handled, and what is known of their connections is
    /// [fetched](Self::fetch), the memory of all of them is waited for once and not one after the other.
    #[must_use]
    pub fn expect(&self, one: Endpoint, other: Endpoint) -> Expected {
        Expected(self.flows.guess(one, other))
    }

    /// Fetches what a segment that is expected needs first into the processor's cache. Where it seems to begin a connection,
    /// that is the one that has ended first: it may have to go for it.
    pub fn fetch(&self, expected: Expected) {
        let slot = expected
            .0
            .or_else(|| self.lingering.front().map(|(slot, ..)| *slot));
        let key = slot.and_then(|slot| self.flows.key(slot));
        std::hint::black_box(key.map(Quick::touch));
        if expected.0.is_none() {
            self.fetch_rest(Expected(slot));
        }
    }

    /// Fetches the rest of it, where there is any.
    pub fn fetch_rest(&self, expected: Expected) {
        let Some(slot) = expected.0 else {
            return;
        };
        if self.flows.key(slot).is_some_and(Quick::is_on) {
            if self.config.detail == Detail::Messages {
                let listing = self.listings.get(slot.place());
                std::hint::black_box(listing.map(Listing::touch));
            }
            return;
        }
        match self.flows.get(slot) {
            Some(Entry::Open { connection, .. }) => {
                std::hint::black_box(connection.touch());
            }
            Some(entry) => {
                std::hint::black_box(self.touch_remains(entry));
            }
            None => {}
        }
    }
}
