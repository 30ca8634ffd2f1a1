//! The loop: packets from a source into files, until one of several ends.

use std::{
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use wireseam_wire::Packet;

use super::{RecordError, RecordFailure, RecordOptions, block, recorder::Recorder};
use crate::{OwnedPacket, Source, Statistics, Stop};

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// Packets in files, those deleted included.
    pub packets: u64,
    /// Packets that were captured and are in no file, because that could not be written.
    pub not_written: u64,
    /// Packets that came behind the one that reached a limit.
    pub beyond: u64,
    /// Bytes of all files, those deleted included.
    pub size: u64,
    /// The files that are there.
    pub files: Vec<PathBuf>,
    /// How many were deleted because no more were to be kept.
    pub deleted: u64,
    /// Why it ended; `None` while it goes on, and where it failed.
    pub ended: Option<Ended>,
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody asked it to.
    Interrupted,
    /// There were no more packets.
    Source,
    /// As many packets were recorded as were asked for.
    Packets,
    /// The files are as large as they may be.
    Size,
    /// It went on for as long as it was to.
    Duration,
}

/// Records what a source hands over; about once a second `watch` is told how far it has come.
///
/// # Errors
///
/// [`RecordFailure`] where the source or a file fails. What is in the files by then can be read.
pub fn record(
    source: &mut dyn Source,
    asked: &RecordOptions,
    watch: &mut dyn FnMut(&Recording, &Statistics),
) -> Result<Recording, Box<RecordFailure>> {
    let begun = Recorder::begin(asked, source.statistics());
    let mut recorder = begun.map_err(|cause| {
        Box::new(RecordFailure {
            cause,
            recording: Recording::default(),
        })
    })?;
    let mut run = Run {
        beyond: 0,
        ended: None,
        began: Instant::now(),
        told: Instant::now(),
    };
    let mut done = run.packets(source, &mut recorder, asked, watch);
    let ended = recorder.end_file(source.statistics());
    // the first fault is the one to tell of
    done = done.and(ended);
    let recording = run.recording(&recorder);
    match done {
        Ok(()) => Ok(recording),
        Err(cause) => Err(Box::new(RecordFailure {
            cause,
            recording: Recording {
                ended: None,
                ..recording
            },
        })),
    }
}

struct Run {
    beyond: u64,
    ended: Option<Ended>,
    began: Instant,
    told: Instant,
}

impl Run {
    fn packets(
        &mut self,
        source: &mut dyn Source,
        recorder: &mut Recorder<'_>,
        asked: &RecordOptions,
        watch: &mut dyn FnMut(&Recording, &Statistics),
    ) -> Result<(), RecordError> {
        let mut unchecked = 0;
        loop {
            let is_ready = source.wait_for_packet(Duration::ZERO)?;
            if !is_ready {
                // nothing waits: there is time, and what is there is safe from now on
                recorder.flush()?;
            }
            if !is_ready || unchecked >= PACKETS_A_CHECK {
                unchecked = 0;
                self.look_at_the_clock(source, recorder, asked, watch)?;
            }
            if !is_ready && !source.wait_for_packet(TICK)? {
                continue;
            }
            unchecked += 1;
            let Some(packet) = source.next_packet()? else {
                break;
            };
            if self.ended.is_some_and(Ended::is_exact) {
                self.beyond += 1;
                continue;
            }
            if let Some(limit) = reached(asked, recorder, packet.data.len()) {
                self.end(limit, asked);
                self.beyond += 1;
                continue;
            }
            if recorder.has_room_for(&packet) {
                recorder.packet(&packet)?;
            } else {
                // what the source knows cannot be looked at while a packet of it is
                let (index, packet) = (packet.index, owned(&packet));
                let packet = Packet {
                    index,
                    at: packet.at,
                    interface: packet.interface,
                    link: packet.link,
                    original_len: packet.original_len,
                    data: &packet.data,
                };
                recorder.take(&packet, source.statistics())?;
            }
            if asked
                .limits
                .packets
                .is_some_and(|most| recorder.packets + recorder.held() >= most)
            {
                self.end(Ended::Packets, asked);
            }
        }
        if self.ended.is_none() {
            let stopped = source.statistics().stopped;
            self.ended = Some(stopped.map_or(Ended::Source, Ended::from));
        }
        Ok(())
    }

    fn look_at_the_clock(
        &mut self,
        source: &dyn Source,
        recorder: &mut Recorder<'_>,
        asked: &RecordOptions,
        watch: &mut dyn FnMut(&Recording, &Statistics),
    ) -> Result<(), RecordError> {
        if self.ended.is_none()
            && asked
                .limits
                .duration
                .is_some_and(|most| self.began.elapsed() >= most)
        {
            self.end(Ended::Duration, asked);
        }
        if recorder.is_old() {
            recorder.rotate(source.statistics())?;
        }
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            recorder.flush()?;
            watch(&self.recording(recorder), source.statistics());
        }
        Ok(())
    }

    fn end(&mut self, why: Ended, asked: &RecordOptions) {
        self.ended = self.ended.or(Some(why));
        asked.stop.store(true, Ordering::Relaxed);
    }

    fn recording(&self, recorder: &Recorder<'_>) -> Recording {
        recorder.recording(self.beyond, self.ended)
    }
}

impl From<Stop> for Ended {
    fn from(why: Stop) -> Self {
        match why {
            Stop::Interrupted => Self::Interrupted,
            Stop::Limit => Self::Packets,
            Stop::Duration => Self::Duration,
        }
    }
}

impl Ended {
    /// Whether nothing may be recorded from then on; of what came in time after all the rest is.
    fn is_exact(self) -> bool {
        matches!(self, Self::Packets | Self::Size)
    }
}

/// Whether a packet of that length is one too many.
fn reached(asked: &RecordOptions, recorder: &Recorder<'_>, data: usize) -> Option<Ended> {
    let size = asked.limits.size?;
    (recorder.size() + block::packet_len(data) > size).then_some(Ended::Size)
}

fn owned(packet: &Packet<'_>) -> OwnedPacket {
    OwnedPacket {
        at: packet.at,
        interface: packet.interface,
        link: packet.link,
        original_len: packet.original_len,
        data: packet.data.to_vec(),
    }
}

/// So many packets go by between two looks at the clock.
const PACKETS_A_CHECK: u32 = 64;

/// No look is further from the next than this, when nothing passes.
const TICK: Duration = Duration::from_millis(100);

/// Nothing is held for longer.
const TELL_EVERY: Duration = Duration::from_secs(1);
