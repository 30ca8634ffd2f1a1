//! The segments seen lately, so that one captured twice is told from one sent twice.
//!
//! A duplicate comes soon after the first copy, whatever lies between: the table is one for all connections and small.

use wireseam_wire::Segment;

use crate::{ConnectionId, Direction};

/// Among how many places the segments are spread.
const PLACES: usize = 64;

/// How many are remembered in each place. Together, in all shards, they are more than lie between two copies that a bridge, a bond or a
/// mirror port makes, and few enough to stay in the cache.
const REMEMBERED: usize = 4;

/// What tells one sending of a segment from another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fingerprint {
    /// What the segment says, mixed into 64 bits. It names the place: a connection's number is the caller's, and what is found
    /// must not depend on it.
    said: u64,
    /// The same with whose it is; 0 is nobody's.
    whole: u64,
}

/// The fingerprints of the latest segments in their places, the latest there first.
pub(crate) struct Recent(Box<[[u64; REMEMBERED]]>);

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
        let Fingerprint { said, whole } = fingerprint;
        let Some(place) = self.0.get_mut(said as usize % PLACES) else {
            return false;
        };
        if place.contains(&whole) {
            return true;
        }
        let [first, second, third, _] = *place;
        *place = [whole, first, second, third];
        false
    }
}

/// The fingerprint of a segment of this connection and direction. `None` where an equal one need not be the same packet:
/// an IP identification tells; a timestamp does where there is more than an acknowledgement.
pub(crate) fn fingerprint(
    connection: ConnectionId,
    direction: Direction,
    segment: &Segment<'_>,
) -> Option<Fingerprint> {
    let ip_id = segment.ip_id.filter(|id| *id != 0);
    let timestamps = segment.options.timestamps;
    if ip_id.is_none() && (timestamps.is_none() || segment.payload_len == 0) {
        return None;
    }
    let (value, echo) = timestamps.unwrap_or_default();
    let numbers = u64::from(segment.seq.0) << 32 | u64::from(segment.ack.0);
    let times = u64::from(value) << 32 | u64::from(echo);
    let shape = u64::from(segment.payload_len) << 32
        | u64::from(segment.flags.0) << 16
        | u64::from(segment.window);
    let said = mix(numbers, shape) ^ mix(times, ip_id.unwrap_or(0).into());
    let whose = connection.0 << 1 | direction as u64;
    Some(Fingerprint {
        said,
        whole: mix(said, whose) | 1 << 63,
    })
}

/// Two words in one, each bit of which depends on all of theirs.
#[inline]
fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one ^ GOLDEN) * u128::from(other ^ ROOT);
    (product >> 64) as u64 ^ product as u64
}

/// Odd and without pattern: the golden ratio's digits and those of the square root of 3.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const ROOT: u64 = 0xBB67_AE85_84CA_A73B;
