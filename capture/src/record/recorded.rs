//! Recording what somebody else reads: a source that writes each packet into a file before it hands it over.

use std::time::{Duration, Instant};

use wireseam_wire::{Packet, Timestamp};

use super::{Ended, RecordError, RecordFailure, RecordOptions, Recording, recorder::Recorder};
use crate::{CaptureError, FileRead, Progress, Source, Statistics};

/// Hands on what another source gives, and records it: the packets read are those in the file, with the same numbers.
///
/// Both share a thread. Whoever reads too slowly is recorded as slowly; what is lost for that, the source counts.
/// [`RecordOptions::limits`] are not looked at.
#[derive(Debug)]
pub struct Recorded<'a, S> {
    source: S,
    recorder: Recorder<'a>,
    /// What the source knew when it was last asked, for files that end before it does.
    known: Statistics,
    unchecked: u32,
    checked: Instant,
}

impl<'a, S: Source> Recorded<'a, S> {
    /// Makes the file, and records from the next packet on.
    ///
    /// # Errors
    ///
    /// [`RecordError`] where the file cannot be made.
    pub fn begin(source: S, asked: &'a RecordOptions) -> Result<Self, RecordError> {
        let known = source.statistics().clone();
        Ok(Self {
            recorder: Recorder::begin(asked, &known)?,
            source,
            known,
            unchecked: 0,
            checked: Instant::now(),
        })
    }

    /// What was recorded so far.
    pub fn recording(&self) -> Recording {
        self.recorder.recording(0, None)
    }

    /// Ends the file, with what the source counted.
    ///
    /// # Errors
    ///
    /// [`RecordFailure`] where it cannot be written. What is in it by then can be read.
    pub fn finish(mut self) -> Result<Recording, Box<RecordFailure>> {
        let statistics = self.source.statistics();
        let ended = statistics.stopped.map_or(Ended::Source, Ended::from);
        let done = self.recorder.end_file(statistics);
        match done {
            Ok(()) => Ok(self.recorder.recording(0, Some(ended))),
            Err(cause) => Err(Box::new(RecordFailure {
                cause,
                recording: self.recorder.recording(0, None),
            })),
        }
    }

    /// Looks at the clock: begins another file, writes what is held.
    fn look(&mut self) -> Result<(), RecordError> {
        self.unchecked = 0;
        if self.checked.elapsed() >= CHECK_EVERY {
            self.checked = Instant::now();
            self.known.clone_from(self.source.statistics());
            self.recorder.flush()?;
        }
        if self.recorder.is_old() {
            self.recorder.rotate(self.source.statistics())?;
        }
        Ok(())
    }
}

impl<S: Source> Source for Recorded<'_, S> {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        self.unchecked += 1;
        if self.unchecked >= PACKETS_A_LOOK {
            self.look()?;
        }
        let Some(packet) = self.source.next_packet()? else {
            return Ok(None);
        };
        self.recorder.take(&packet, &self.known)?;
        Ok(Some(packet))
    }

    fn has_packet(&self) -> bool {
        self.source.has_packet()
    }

    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        if self.source.wait_for_packet(Duration::ZERO)? {
            return Ok(true);
        }
        // nothing waits: there is time, and what is there is safe from now on
        self.recorder.flush()?;
        self.look()?;
        if at_most.is_zero() {
            return Ok(false);
        }
        self.source.wait_for_packet(at_most)
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
const PACKETS_A_LOOK: u32 = 64;

/// Nothing is held for longer.
const CHECK_EVERY: Duration = Duration::from_secs(1);
