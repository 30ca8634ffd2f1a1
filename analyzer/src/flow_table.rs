//! Where each connection is found by its two ends.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use wireseam_wire::{Address, Endpoint};

use crate::Direction;
use crate::blocks::Blocks;

/// By what a flow is found.
pub(crate) trait Key {
    /// Its two ends, in whichever order.
    fn ends(&self) -> (&Endpoint, &Endpoint);
}

/// A place in a [`FlowTable`]; another flow may have it once this one was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    /// Its number.
    pub(crate) fn place(self) -> u32 {
        self.0
    }
}

/// Flows found by their ends.
///
/// The hash table itself holds four bytes a flow, so that it stays in the cache when the flows do not. The hash is
/// seeded: nobody can send addresses that all fall into one bucket.
#[derive(Debug)]
pub(crate) struct FlowTable<K, T> {
    table: HashTable<u32>,
    keys: Blocks<K>,
    flows: Blocks<T>,
    free: Vec<u32>,
    seeds: RandomState,
    /// Where [`oldest`](Self::oldest) looks next.
    hand: u32,
}

impl<K, T> Default for FlowTable<K, T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            keys: Blocks::default(),
            flows: Blocks::default(),
            free: Vec::new(),
            seeds: RandomState::default(),
            hand: 0,
        }
    }
}

impl<K: Key, T> FlowTable<K, T> {
    /// How many flows there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// The flow between two ends.
    pub(crate) fn find(&self, one: Endpoint, other: Endpoint) -> Option<Slot> {
        let found = self.table.find(hash(&self.seeds, one, other), |place| {
            self.is_between(Slot(*place), one, other)
        });
        found.copied().map(Slot)
    }

    /// A slot in which the flow between two ends may well be, found without looking into it.
    pub(crate) fn guess(&self, one: Endpoint, other: Endpoint) -> Option<Slot> {
        let hash = hash(&self.seeds, one, other);
        self.table.find(hash, |_| true).copied().map(Slot)
    }

    /// Whether the flow in a slot is the one between two ends.
    fn is_between(&self, slot: Slot, one: Endpoint, other: Endpoint) -> bool {
        self.direction(slot, one, other).is_some()
    }

    /// Which way a segment goes in a slot's flow, if the first of its key's ends is the client; `None` where it is of another
    /// flow.
    #[inline(always)] // every segment passes here
    pub(crate) fn direction(
        &self,
        slot: Slot,
        source: Endpoint,
        destination: Endpoint,
    ) -> Option<Direction> {
        let (client, server) = self.key(slot)?.ends();
        // ports mostly tell, and both ways are gone alike: which comes next cannot be foretold
        let back = (source.port != client.port) | (destination.port != server.port);
        let [from, to] = if back {
            [server, client]
        } else {
            [client, server]
        };
        if (source, destination) == (*from, *to) {
            return Some(Direction::BOTH[usize::from(back)]);
        }
        let is_answer = (source, destination) == (*server, *client);
        is_answer.then_some(Direction::ServerToClient)
    }

    pub(crate) fn key(&self, slot: Slot) -> Option<&K> {
        self.keys.get(slot.0)
    }

    pub(crate) fn key_mut(&mut self, slot: Slot) -> Option<&mut K> {
        self.keys.slot(slot.0)?.as_mut()
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        self.flows.get(slot.0)
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.flows.slot(slot.0)?.as_mut()
    }

    pub(crate) fn both_mut(&mut self, slot: Slot) -> (Option<&mut K>, Option<&mut T>) {
        let Self { keys, flows, .. } = self;
        (keys.get_mut(slot.0), flows.get_mut(slot.0))
    }

    /// Adds a flow between ends that have none. `None` where four billion are open.
    pub(crate) fn insert(&mut self, key: K, added: T) -> Option<Slot> {
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                let place = u32::try_from(self.flows.len()).ok()?;
                self.keys.grow();
                self.flows.grow();
                place
            }
        };
        let (&one, &other) = key.ends();
        *self.keys.slot(place)? = Some(key);
        *self.flows.slot(place)? = Some(added);
        let Self {
            table, keys, seeds, ..
        } = self;
        let hash_of = |place: &u32| {
            let ends = keys.get(*place).map(Key::ends);
            ends.map_or(0, |(one, other)| hash(seeds, *one, *other))
        };
        table.insert_unique(hash(seeds, one, other), place, hash_of);
        Some(Slot(place))
    }

    /// Takes a flow out, where there is one.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some((&one, &other)) = self.key(slot).map(Key::ends) else {
            return;
        };
        let hash = hash(&self.seeds, one, other);
        if let Ok(entry) = self.table.find_entry(hash, |place| *place == slot.0) {
            entry.remove();
        }
        if let Some(key) = self.keys.slot(slot.0) {
            *key = None;
        }
        if let Some(flow) = self.flows.slot(slot.0) {
            *flow = None;
        }
        self.free.push(slot.0);
    }

    /// All flows, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Slot, &T)> {
        let places = u32::try_from(self.flows.len()).unwrap_or(u32::MAX);
        (0..places).filter_map(|place| Some((Slot(place), self.flows.get(place)?)))
    }

    /// Of the next few flows on a round through all of them, the one with the lowest age.
    pub(crate) fn oldest<A: Ord>(&mut self, age: impl Fn(&K, &T) -> A) -> Option<Slot> {
        let mut oldest: Option<(A, u32)> = None;
        let mut looked_at = 0;
        let places = u32::try_from(self.flows.len()).unwrap_or(u32::MAX);
        for _ in 0..places {
            if looked_at == ROUND {
                break;
            }
            self.hand = (self.hand + 1) % places;
            let (Some(key), Some(flow)) = (self.keys.get(self.hand), self.flows.get(self.hand))
            else {
                continue;
            };
            looked_at += 1;
            let age = age(key, flow);
            if oldest.as_ref().is_none_or(|(lowest, _)| age < *lowest) {
                oldest = Some((age, self.hand));
            }
        }
        oldest.map(|(_, place)| Slot(place))
    }
}

/// How many flows are compared to find one that is old.
const ROUND: usize = 16;

/// The same for both orders.
fn hash(seeds: &RandomState, one: Endpoint, other: Endpoint) -> u64 {
    if let (Address::V4(first), Address::V4(second)) = (one.address, other.address) {
        let first = u64::from(first.to_bits()) << 16 | u64::from(one.port);
        let second = u64::from(second.to_bits()) << 16 | u64::from(other.port);
        return seeds.hash_one((first.min(second), first.max(second)));
    }
    seeds.hash_one(one).wrapping_add(seeds.hash_one(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Key for (Endpoint, Endpoint) {
        fn ends(&self) -> (&Endpoint, &Endpoint) {
            (&self.0, &self.1)
        }
    }

    fn ends(port: u16, v6: bool) -> (Endpoint, Endpoint) {
        let address: Address = if v6 {
            std::net::Ipv6Addr::LOCALHOST.into()
        } else {
            std::net::Ipv4Addr::LOCALHOST.into()
        };
        (Endpoint { address, port }, Endpoint { address, port: 80 })
    }

    #[test]
    fn flows_are_found_in_both_orders_until_they_are_removed() {
        let mut table = FlowTable::default();
        for port in 1_000..3_000 {
            table
                .insert(ends(port, port % 2 == 0), port)
                .expect("a flow");
        }
        for port in 1_000..3_000 {
            let (one, other) = ends(port, port % 2 == 0);
            let slot = table.find(other, one).expect("a flow");
            assert_eq!(table.find(one, other), Some(slot));
            assert_eq!(table.get(slot), Some(&port));
            if port % 3 == 0 {
                table.remove(slot);
                assert_eq!(table.find(one, other), None);
            }
        }
        assert_eq!(table.len(), 2_000 - 666, "666 of them divide by 3");
        let (one, other) = ends(999, false);
        assert_eq!(table.find(one, other), None);
    }

    /// Ports tell directions, but for connections that have the same one at both ends.
    #[test]
    fn segments_go_from_the_client_to_the_server_or_back_or_are_of_another_flow() {
        let mut table = FlowTable::default();
        let end = |address: u8, port| Endpoint {
            address: Address::from([10, 0, 0, address]),
            port,
        };
        for (client, server) in [(end(1, 5_000), end(2, 80)), (end(1, 179), end(2, 179))] {
            let slot = table.insert((client, server), 0).expect("a flow");
            let direction = |one, other| table.direction(slot, one, other);
            assert_eq!(direction(client, server), Some(Direction::ClientToServer));
            assert_eq!(direction(server, client), Some(Direction::ServerToClient));
            for other in [end(3, client.port), end(1, 9), end(2, client.port + 1)] {
                assert_eq!(direction(other, server), None, "{other}");
                assert_eq!(direction(server, other), None, "{other}");
                assert_eq!(direction(client, other), None, "{other}");
            }
            assert_eq!(direction(client, client), None);
        }
    }

    #[test]
    fn the_oldest_of_a_few_is_found_and_the_round_goes_on() {
        let mut table = FlowTable::default();
        for port in 1_000..1_100 {
            table.insert(ends(port, false), port).expect("a flow");
        }
        let mut removed = Vec::new();
        for _ in 0..6 {
            let slot = table.oldest(|_, port| *port).expect("a flow");
            removed.push(*table.get(slot).expect("a flow"));
            table.remove(slot);
        }
        removed.dedup();
        assert_eq!(removed.len(), 6);
        assert_eq!(table.len(), 94);
    }
}
