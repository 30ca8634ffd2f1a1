//! What is told while an interface is read: how many packets there were, and which were dropped.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use wireseam_capture::{CaptureError, FileRead, Progress, Source, Statistics};
use wireseam_wire::{Packet, Timestamp};

use super::{account::dropped, packets};

/// A source of which it is told how it goes: on a terminal all the time, and anywhere when packets are dropped.
pub(super) struct Told<'a, S> {
    source: S,
    bar: &'a ProgressBar,
    say: &'a mut dyn FnMut(&str),
    looked: Instant,
    unlooked: u32,
    /// How many dropped packets were told of, and when.
    dropped: u64,
    warned: Option<Instant>,
}

impl<'a, S: Source> Told<'a, S> {
    pub(super) fn new(source: S, bar: &'a ProgressBar, say: &'a mut dyn FnMut(&str)) -> Self {
        Self {
            source,
            bar,
            say,
            looked: Instant::now(),
            unlooked: 0,
            dropped: 0,
            warned: None,
        }
    }

    fn look(&mut self) {
        self.unlooked = 0;
        if self.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked = Instant::now();
        let statistics = self.source.statistics();
        self.bar.set_message(format!(
            "{}, {}",
            packets(statistics.packets),
            dropped(statistics)
        ));
        let by_kernel = statistics.dropped.kernel.unwrap_or(0);
        let is_due = self.warned.is_none_or(|at| at.elapsed() >= WARN_EVERY);
        if by_kernel > self.dropped && is_due {
            self.dropped = by_kernel;
            self.warned = Some(self.looked);
            (self.say)(&format!(
                "wireseam: warning: the kernel dropped {} so far: they come faster than they are analyzed and the report is \
                 read; a --filter, --format summary or --ring helps",
                packets(by_kernel)
            ));
        }
    }
}

impl<S: Source> Source for Told<'_, S> {
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        self.unlooked += 1;
        if self.unlooked >= PACKETS_A_LOOK {
            self.look();
        }
        self.source.next_packet()
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        let lent = self.source.next_packets(most, take)?;
        self.unlooked = self
            .unlooked
            .saturating_add(u32::try_from(lent).unwrap_or(u32::MAX));
        if self.unlooked >= PACKETS_A_LOOK {
            self.look();
        }
        Ok(lent)
    }

    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        self.look();
        self.source.wait_for_packet(at_most)
    }

    fn has_packet(&self) -> bool {
        self.source.has_packet()
    }

    fn now(&self) -> Option<Timestamp> {
        self.source.now()
    }

    fn statistics(&self) -> &Statistics {
        self.source.statistics()
    }

    fn files(&self) -> Vec<FileRead> {
        self.source.files()
    }

    fn progress(&self) -> Progress {
        self.source.progress()
    }
}

/// So many packets go by between two looks at the clock.
const PACKETS_A_LOOK: u32 = 1_000;

/// No eye follows more.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A report of drops is no report of the traffic: it must not bury that.
const WARN_EVERY: Duration = Duration::from_secs(10);
