//! The segments seen lately, so that one captured twice is told from one sent twice.
//!
//! A duplicate comes soon after the first copy, whatever lies between: the table is one for all connections and small.

use wireseam_wire::{Address, Segment};

/// Among how many places the segments are spread.
const PLACES: usize = 64;

/// How many are remembered in each place. Together, in all shards, they are more than lie between two copies that a bridge, a bond or a
/// mirror port makes, and few enough to stay in the cache.
const REMEMBERED: usize = 4;

/// What tells one sending of a segment from another, mixed into 64 bits; 0 is nobody's.
pub(crate) type Fingerprint = u64;

/// The fingerprints of the latest segments, each in the place that its low bits name, the latest there first.
pub(crate) struct Recent(Box<[[Fingerprint; REMEMBERED]]>);

impl Default for Recent {
    fn default() -> Self {
        Self(vec![[0; REMEMBERED]; PLACES].into_boxed_slice())
    }
}

impl std::fmt::Debug for Recent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recent").finish_non_exhaustive()
    }
}

impl Recent {
    /// Notes a segment; whether the same packet was noted lately.
    pub(crate) fn note(&mut self, fingerprint: Option<Fingerprint>) -> bool {
        let Some(fingerprint) = fingerprint else {
            return false;
        };
        let Some(place) = self.0.get_mut(fingerprint as usize % PLACES) else {
            return false;
        };
        if place.contains(&fingerprint) {
            return true;
        }
        let [first, second, third, _] = *place;
        *place = [fingerprint, first, second, third];
        false
    }
}

/// The fingerprint of a segment, in which its connection is told by its ends: the number of a connection is the caller's and may
/// be another one with other callers. `None` where an equal one need not be the same packet: an IP identification tells; a
/// timestamp does where there is more than an acknowledgement.
pub(crate) fn fingerprint(segment: &Segment<'_>) -> Option<Fingerprint> {
    let ip_id = segment.ip_id.filter(|id| *id != 0);
    let timestamps = segment.options.timestamps;
    if ip_id.is_none() && (timestamps.is_none() || segment.payload_len == 0) {
        return None;
    }
    let (source, destination) = (segment.source, segment.destination);
    let between = match (source.address, destination.address) {
        (Address::V4(source), Address::V4(destination)) => {
            u64::from(source.to_bits()) << 32 | u64::from(destination.to_bits())
        }
        (source, destination) => mix(mix(SEED, source), destination),
    };
    let (value, echo) = timestamps.unwrap_or_default();
    let words = [
        between,
        u64::from(segment.seq.0) << 32 | u64::from(segment.ack.0),
        u64::from(value) << 32 | u64::from(echo),
        u64::from(segment.payload_len) << 32
            | u64::from(segment.flags.0) << 16
            | u64::from(segment.window),
        u64::from(source.port) << 32
            | u64::from(destination.port) << 16
            | u64::from(ip_id.unwrap_or(0)),
    ];
    Some(words.into_iter().fold(SEED, fold) | 1 << 63)
}

/// An address of 128 bits among what was mixed before.
fn mix(mixed: u64, address: Address) -> u64 {
    let bits = match address {
        Address::V4(address) => address.to_ipv6_mapped().to_bits(),
        Address::V6(address) => address.to_bits(),
    };
    fold(fold(mixed, (bits >> 64) as u64), bits as u64)
}

fn fold(mixed: u64, word: u64) -> u64 {
    let product = u128::from(mixed ^ word) * u128::from(MULTIPLIER);
    (product >> 64) as u64 ^ product as u64
}

/// Odd and without pattern: the golden ratio's digits and those of the square root of 3.
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const MULTIPLIER: u64 = 0xBB67_AE85_84CA_A73B;
