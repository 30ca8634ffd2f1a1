//! What a packet source is, and what it can say about the capture.

use std::{fmt, ops::DerefMut, time::Duration};

use wireseam_wire::{LinkType, Packet, Timestamp};

use crate::{CaptureError, Compression, FileFormat, Notes};

/// Packets the capture itself lost, as far as anyone counted them; `None` is unknown and never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Dropped by the kernel because the recorder was too slow.
    pub kernel: Option<u64>,
    /// Dropped by the network interface.
    pub interface: Option<u64>,
    /// Lost between packets, by whomever, as the packets behind them say. The other two may count the same losses.
    pub between: Option<u64>,
}

/// What a source knows about its capture so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Packets handed over.
    pub packets: u64,
    /// Captured bytes handed over.
    pub bytes: u64,
    /// Link types met, in order of first appearance.
    pub link_types: Vec<LinkType>,
    /// What the capture lost.
    pub dropped: Dropped,
    /// Packets whose time lies before that of the packet in front of them.
    pub backwards: Backwards,
    /// Why a file ends before its end: lower-case fragment that names the place, `None` while none does.
    pub truncated: Option<String>,
    /// Why the source ended before the capture did.
    pub stopped: Option<Stop>,
    /// What the capture says of itself.
    pub notes: Notes,
    /// The time of the latest packet that has one.
    pub(crate) previous: Option<Timestamp>,
}

/// Times that run backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backwards {
    /// How many packets are earlier than the one in front of them.
    pub packets: u64,
    /// By how much at most, in nanoseconds.
    pub largest_step: u64,
}

/// Why a source ended before the capture did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody asked it to.
    Interrupted,
    /// As many packets were handed over as were asked for.
    Limit,
    /// It went on for as long as it was to.
    Duration,
}

/// One of the files that a capture consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRead {
    /// Its name as it was given.
    pub name: String,
    /// What it is written in; `None` where that could not be read.
    pub format: Option<FileFormat>,
    /// How it is packed.
    pub compression: Option<Compression>,
    /// How many bytes it has, packed as it is; `None` where that is not known beforehand.
    pub size: Option<u64>,
    /// Packets handed over.
    pub packets: u64,
    /// Captured bytes handed over.
    pub bytes: u64,
    /// The time of its earliest packet.
    pub first: Option<Timestamp>,
    /// The time of its latest packet.
    pub last: Option<Timestamp>,
    /// Why it ends before its end.
    pub truncated: Option<String>,
    /// Why it could not be read, or not to its end.
    pub fault: Option<String>,
}

/// How far a source has come, in bytes of its files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes were read.
    pub read: u64,
    /// How many there are; `None` where that is not known.
    pub of: Option<u64>,
}

/// Something packets come from, one after the other.
pub trait Source {
    /// The next packet, `None` at the end of the capture.
    ///
    /// A file that is cut inside a packet ends there: `None`, with [`Statistics::truncated`] set.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when the source cannot be read on.
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError>;

    /// Lends packets that lie ready to `take`, all at once and at most so many. Where none does, it waits for one,
    /// as [`next_packet`](Self::next_packet) does. How many it lent: none at the end of the capture.
    ///
    /// Whoever takes them can look into all of them before it works on the first, and need not copy them for that. And
    /// sources lie in one another: this way each of them is passed once for many packets.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when the source cannot be read on, and no packet was lent.
    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        let packet = if most > 0 { self.next_packet()? } else { None };
        Ok(packet.map_or(0, |packet| {
            take(&[packet]);
            1
        }))
    }

    /// Waits until [`next_packet`](Self::next_packet) need not, but no longer than `at_most`; whether it need not.
    ///
    /// A file is always ready; an interface on which nothing passes is not.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when the source cannot be read on.
    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        let _at_once = at_most;
        Ok(true)
    }

    /// Whether the next packet lies ready, so that there is no time for anything else before it.
    fn has_packet(&self) -> bool {
        false
    }

    /// What time it is, by the clock of the packets' times; `None` where they were captured before.
    fn now(&self) -> Option<Timestamp> {
        None
    }

    /// What is known so far.
    fn statistics(&self) -> &Statistics;

    /// The files that were read so far, in the order in which they were; none where packets come from elsewhere.
    fn files(&self) -> Vec<FileRead> {
        Vec::new()
    }

    /// How far it has come.
    fn progress(&self) -> Progress {
        Progress::default()
    }
}

impl Statistics {
    /// Takes packets into account that are about to be lent.
    #[inline]
    pub(crate) fn count_all(&mut self, packets: &[Packet<'_>]) {
        for packet in packets {
            self.count(packet.link, packet.data.len(), packet.at);
        }
    }

    /// Takes a packet into account that is about to be handed over.
    #[inline]
    pub(crate) fn count(&mut self, link: LinkType, captured: usize, at: Option<Timestamp>) {
        self.packets += 1;
        self.bytes += u64::try_from(captured).unwrap_or(u64::MAX);
        if self.link_types.last() != Some(&link) {
            self.note_link(link);
        }
        if let Some(at) = at {
            if let Some(previous) = self.previous.filter(|previous| at < *previous) {
                self.backwards.step(previous, at);
            }
            self.previous = Some(at);
        }
    }

    /// Takes a link type into account that the packet in front may not have had.
    fn note_link(&mut self, link: LinkType) {
        if !self.link_types.contains(&link) && self.link_types.len() < MOST_LINK_TYPES {
            self.link_types.push(link);
        }
    }
}

impl Backwards {
    #[cold]
    fn step(&mut self, from: Timestamp, to: Timestamp) {
        self.packets += 1;
        self.largest_step = self.largest_step.max(from.0.abs_diff(to.0));
    }
}

impl Dropped {
    /// The sum when one of its parts was counted anew.
    pub(crate) fn with(self, before: Self, now: Self) -> Self {
        let less = |sum: Option<u64>, part: Option<u64>| match (sum, part) {
            (Some(sum), Some(part)) => Some(sum.saturating_sub(part)),
            (sum, _) => sum,
        };
        let rest = Self {
            kernel: less(self.kernel, before.kernel),
            interface: less(self.interface, before.interface),
            between: less(self.between, before.between),
        };
        rest.plus(now)
    }

    /// The sum of both; unknown plus unknown stays unknown.
    pub(crate) fn plus(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (known, None) | (None, known) => known,
        };
        Self {
            kernel: sum(self.kernel, other.kernel),
            interface: sum(self.interface, other.interface),
            between: sum(self.between, other.between),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupted => "interrupted",
            Self::Limit => "limit",
            Self::Duration => "duration",
        })
    }
}

/// Borrowed and boxed sources are sources.
impl<P: DerefMut<Target: Source>> Source for P {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        (**self).next_packet()
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        (**self).next_packets(most, take)
    }

    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        (**self).wait_for_packet(at_most)
    }

    fn has_packet(&self) -> bool {
        (**self).has_packet()
    }

    fn now(&self) -> Option<Timestamp> {
        (**self).now()
    }

    fn statistics(&self) -> &Statistics {
        (**self).statistics()
    }

    fn files(&self) -> Vec<FileRead> {
        (**self).files()
    }

    fn progress(&self) -> Progress {
        (**self).progress()
    }
}

/// How many link types are listed: captures have one or two, and a hostile file must not make the list slow to search.
const MOST_LINK_TYPES: usize = 16;

/// How many packets sources lend at once: what is told of them stays in the fastest cache, and what it takes to turn to those who
/// take them is hidden.
pub(crate) const LOT: usize = 64;
