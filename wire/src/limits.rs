//! Everything here that could grow with the traffic, how far it may, and why so far.

use std::time::Duration;

/// What a [`Decoder`](crate::Decoder) may hold of packets that came in fragments.
///
/// Where a limit is reached the oldest packet is given up, as it is the least likely to become whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many packets may wait for fragments.
    ///
    /// 1,024: a tunnel that fragments each of its packets has a few on their way at a time, one for each sender behind
    /// it; more than this many wait only where fragments are lost, or sent to fill the table.
    pub fragmented_packets: usize,
    /// How many bytes of memory they may take together.
    ///
    /// 4 MiB, as much as Linux holds: a packet has at most 64 KiB, so at least sixty of the largest fit.
    pub fragment_memory: usize,
    /// How long a packet may wait for its fragments, in capture time.
    ///
    /// 30 s, as Linux waits: the longest that RFC 791 3.2 counts on is 255 s, RFC 8200 4.5 says 60 s. Identifications of
    /// IPv4 come round, within seconds on a fast link, so that a longer wait would join what does not belong together.
    pub fragment_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fragmented_packets: 1_024,
            fragment_memory: 4 << 20,
            fragment_age: Duration::from_secs(30),
        }
    }
}

/// How many IP packets may lie in each other around the innermost one.
///
/// Networks stack two or three (a mirrored packet of an overlay inside a provider's tunnel). The bound is for packets
/// made to be deep: each level costs as much as a packet of its own.
pub(crate) const MOST_TUNNELS: u32 = 8;
