//! IP packets that were sent in fragments, put together within limits (RFC 791 3.2, RFC 8200 4.5).
//!
//! etherparse has a buffer for this too; there the last copy of a byte counts, and a snapshot length is not thought of.

mod pieces;
mod ranges;

use std::collections::BTreeMap;

use etherparse::IpNumber;

pub(crate) use self::pieces::Whole;
use self::pieces::{Fit, Pieces};
use crate::{
    Address, Limits, Skipped, Timestamp,
    ip::{Carried, Fragment, Header},
    layer,
    limits::MOST_TUNNELS,
    statistics::FragmentStatistics,
};

/// The packets that are not yet whole.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    packets: BTreeMap<Key, Pieces>,
    /// The same in the order in which their first fragments came.
    order: BTreeMap<u64, Key>,
    next_serial: u64,
    memory: usize,
    statistics: FragmentStatistics,
}

/// What fragments of one packet have in common (RFC 791 2.3, RFC 8200 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    source: Address,
    destination: Address,
    /// Counts with IPv4 only.
    protocol: Option<IpNumber>,
    identification: u32,
}

impl Fragments {
    /// Adds a fragment, and answers with the packet if that is whole now.
    ///
    /// A packet in a tunnel may itself be a fragment; then the answer is the inner packet, once that is whole.
    pub(crate) fn put_together(
        &mut self,
        fragment: &Fragment<'_>,
        at: Option<Timestamp>,
        limits: &Limits,
    ) -> Result<Whole, Skipped> {
        let mut whole = self.add(fragment, at, limits)?;
        for _ in 0..MOST_TUNNELS {
            let inner = match layer::unwrap_whole(whole.datagram()?)? {
                Carried::Whole(_) => return Ok(whole),
                Carried::Fragment(inner) => self.add(&inner, at, limits)?,
            };
            whole = inner;
        }
        Err(Skipped::Nested)
    }

    /// What came of the fragments so far.
    pub(crate) fn statistics(&self) -> FragmentStatistics {
        let pending = self.packets.len().try_into().unwrap_or(u64::MAX);
        FragmentStatistics {
            pending,
            ..self.statistics
        }
    }

    fn add(
        &mut self,
        fragment: &Fragment<'_>,
        at: Option<Timestamp>,
        limits: &Limits,
    ) -> Result<Whole, Skipped> {
        self.statistics.fragments += 1;
        self.give_up_old(at, limits);
        let key = Key::of(fragment);
        let mut pieces = self.take(&key).unwrap_or_else(|| {
            self.next_serial += 1;
            Pieces::new(at, self.next_serial)
        });
        match pieces.add(fragment) {
            Fit::Agrees => {}
            Fit::Differs => self.statistics.differing += 1,
            Fit::Contradicts => self.statistics.refused += 1,
        }
        if pieces.is_complete() {
            let whole = pieces.into_whole().ok_or(Skipped::Fragment)?;
            self.statistics.reassembled += 1;
            return Ok(whole);
        }
        if pieces.count > 0 {
            self.hold(key, pieces, limits);
        }
        Err(Skipped::Fragment)
    }

    /// Gives up packets whose fragments have been waited for too long.
    fn give_up_old(&mut self, now: Option<Timestamp>, limits: &Limits) {
        while let Some((_, key)) = self.order.first_key_value() {
            let since = self.packets.get(key).and_then(|pieces| pieces.since);
            let age = now
                .zip(since)
                .map(|(now, since)| now.nanoseconds_since(since));
            if age.is_none_or(|age| {
                u128::try_from(age).unwrap_or(0) <= limits.fragment_age.as_nanos()
            }) {
                return;
            }
            self.statistics.expired += 1;
            let key = *key;
            self.take(&key);
        }
    }

    /// Holds a packet that is not whole; the oldest have to go where it does not fit.
    fn hold(&mut self, key: Key, pieces: Pieces, limits: &Limits) {
        self.memory += pieces.memory();
        self.order.insert(pieces.serial, key);
        self.packets.insert(key, pieces);
        while self.packets.len() > limits.fragmented_packets || self.memory > limits.fragment_memory
        {
            let Some((_, oldest)) = self.order.first_key_value() else {
                return;
            };
            self.statistics.evicted += 1;
            let oldest = *oldest;
            self.take(&oldest);
        }
    }

    fn take(&mut self, key: &Key) -> Option<Pieces> {
        let pieces = self.packets.remove(key)?;
        self.order.remove(&pieces.serial);
        self.memory = self.memory.saturating_sub(pieces.memory());
        Some(pieces)
    }
}

impl Key {
    fn of(fragment: &Fragment<'_>) -> Self {
        let header = fragment.datagram.header;
        Self {
            source: header.source(),
            destination: header.destination(),
            protocol: match header {
                Header::V4(_) => Some(fragment.datagram.protocol),
                Header::V6(_) => None,
            },
            identification: fragment.identification,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{LinkType, Packet, PacketIndex};

    /// A fragment of TCP in IPv4 (RFC 791 3.1): number, offset in units of eight bytes, whether more follow, length.
    fn packet((number, offset, more, len): (u8, u16, bool, usize)) -> Vec<u8> {
        let total = u16::try_from(20 + len).unwrap().to_be_bytes();
        let fragment = (offset & 0x1fff | u16::from(more) << 13).to_be_bytes();
        let mut bytes = [&[0x45, 0][..], &total, &[0, number], &fragment].concat();
        bytes.extend([64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.resize(20 + len, number);
        bytes
    }

    proptest! {
        #[test]
        fn memory_is_within_the_limit_and_counted_right(
            fragments in prop::collection::vec((0_u8..20, any::<u16>(), any::<bool>(), (0_usize..30).prop_map(|units| units * 8)), 0..100),
            fragment_memory in 0_usize..1_000_000,
        ) {
            let limits = Limits { fragment_memory, ..Limits::default() };
            let mut table = Fragments::default();
            let mut seen = 0;
            for fragment in fragments {
                let data = packet(fragment);
                let packet = Packet {
                    index: PacketIndex(1),
                    at: None,
                    interface: 0,
                    link: LinkType::RawIp,
                    original_len: 0,
                    data: &data,
                };
                if let Ok(Carried::Fragment(fragment)) = layer::unwrap(&packet) {
                    let _ = table.put_together(&fragment, None, &limits);
                    seen += 1;
                }
                let held: usize = table.packets.values().map(Pieces::memory).sum();
                prop_assert_eq!(table.memory, held);
                prop_assert!(held <= fragment_memory);
                prop_assert!(table.order.values().eq(table.order.values().filter(|key| table.packets.contains_key(key))));
                prop_assert_eq!(table.order.len(), table.packets.len());
            }
            prop_assert_eq!(table.statistics().fragments, seen);
        }
    }
}
