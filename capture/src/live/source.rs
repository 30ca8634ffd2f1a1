//! The source over either backend: waiting, stopping, counting.

use std::{
    fmt, fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use wireseam_wire::{LinkType, Packet, PacketIndex, Timestamp};

use super::{
    Backend, LiveError, LiveOptions,
    af_packet::AfPacket,
    batch::{Batch, Taken},
    interface_drops::InterfaceDrops,
    interfaces::interfaces,
    libpcap::Libpcap,
    rights::may_capture,
};
use crate::{CaptureError, Counters, Dropped, Interface, Source, Statistics, Stop, source::LOT};

/// Packets of an interface, as they pass.
pub struct LiveSource {
    device: Device,
    batch: Batch,
    statistics: Statistics,
    link: LinkType,
    drops: InterfaceDrops,
    stop: Arc<AtomicBool>,
    /// When it ends by itself, and behind how many packets.
    end: Option<Instant>,
    most: u64,
    ending: Option<Ending>,
    ended: bool,
    /// Whether the kernel counts packets that are not handed over: the second copies on loopback, which libpcap leaves out.
    counts_copies: bool,
    counted: Instant,
    block_timeout: Duration,
}

/// What the kernel counted: packets that passed the filter, and those of them that it dropped for want of room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) received: u64,
    pub(super) dropped: u64,
}

enum Device {
    Libpcap(Libpcap),
    AfPacket(AfPacket),
}

/// A capture that was stopped: what was there by then is still handed over.
#[derive(Clone, Copy, Debug)]
struct Ending {
    /// So many it were from the beginning on; `None` where copies are counted with them.
    packets: Option<u64>,
    /// Packets behind this time are not of the capture.
    at: Timestamp,
    /// What the kernel still holds for a block to fill is here by then.
    until: Instant,
}

impl LiveSource {
    /// Opens an interface; capturing begins here, not with the first packet asked for.
    ///
    /// # Errors
    ///
    /// [`LiveError`], as one line with the way out.
    pub fn open(asked: &LiveOptions) -> Result<Self, LiveError> {
        check(asked)?;
        let all = interfaces().unwrap_or_default();
        let local = all.iter().find(|local| local.name == asked.interface);
        if asked.interface != ANY {
            match local {
                None => {
                    return Err(LiveError::NoSuchInterface {
                        interface: asked.interface.clone(),
                        there_are: all.into_iter().map(|local| local.name).collect(),
                    });
                }
                Some(local) if !local.up => {
                    return Err(LiveError::Down {
                        interface: asked.interface.clone(),
                    });
                }
                Some(_) => {}
            }
        }
        if !may_capture() {
            return Err(LiveError::not_permitted(&asked.interface));
        }
        let drops = InterfaceDrops::new(&asked.interface);
        let loopback = local.is_some_and(|local| local.loopback);
        let backend = asked.backend.unwrap_or_else(|| Backend::best(loopback));
        let device = match backend {
            Backend::Libpcap => Device::Libpcap(Libpcap::open(asked)?),
            Backend::AfPacket => Device::AfPacket(AfPacket::open(asked, local)?),
        };
        let link = match &device {
            Device::Libpcap(device) => device.link(),
            Device::AfPacket(device) => device.link(),
        };
        let mut statistics = Statistics::default();
        statistics.notes.interface(describe(asked, link));
        let mut source = Self {
            device,
            batch: Batch::default(),
            statistics,
            link,
            drops,
            stop: Arc::clone(&asked.stop),
            most: asked.packets.unwrap_or(u64::MAX),
            end: asked.duration.map(|duration| Instant::now() + duration),
            ending: None,
            ended: false,
            counts_copies: backend == Backend::Libpcap && (loopback || asked.interface == ANY),
            counted: Instant::now(),
            block_timeout: asked.block_timeout(),
        };
        source.count();
        Ok(source)
    }

    /// What packets are captured through.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.device {
            Device::Libpcap(_) => Backend::Libpcap,
            Device::AfPacket(_) => Backend::AfPacket,
        }
    }

    /// Notes that the capture is to end, and with what.
    fn begin_to_end(&mut self, why: Stop) {
        let at = now();
        let seen = self.count();
        self.statistics.stopped = Some(why);
        self.ending = Some(Ending {
            packets: (!self.counts_copies).then(|| seen.received.saturating_sub(seen.dropped)),
            at,
            until: Instant::now() + self.block_timeout * 2 + TICK,
        });
    }

    /// Why the capture is to end now.
    fn why_to_stop(&self) -> Option<Stop> {
        if self.stop.load(Ordering::Relaxed) {
            Some(Stop::Interrupted)
        } else if self.end.is_some_and(|end| Instant::now() >= end) {
            Some(Stop::Duration)
        } else {
            None
        }
    }

    /// Whether all was handed over that was there when the capture was stopped.
    fn has_all(&self) -> bool {
        self.ending.is_some_and(|ending| match ending.packets {
            Some(packets) => self.statistics.packets >= packets,
            None => self.statistics.previous > Some(ending.at),
        })
    }

    /// Takes what the kernel and the interface counted into the statistics.
    fn count(&mut self) -> Seen {
        self.counted = Instant::now();
        let seen = match &mut self.device {
            Device::Libpcap(device) => device.seen(),
            Device::AfPacket(device) => device.seen(),
        };
        let by_interface = self.drops.so_far();
        self.statistics.dropped = Dropped {
            kernel: Some(seen.dropped),
            interface: by_interface,
            between: None,
        };
        let counters = Counters {
            received: None,
            dropped_by_interface: by_interface,
            accepted: (!self.counts_copies).then_some(seen.received),
            dropped_by_kernel: Some(seen.dropped),
            delivered: Some(self.statistics.packets),
        };
        self.statistics.notes.count(0, counters);
        seen
    }

    fn fill(&mut self, at_most: Duration) -> Result<(), LiveError> {
        self.batch.clear();
        match &mut self.device {
            Device::Libpcap(device) => device.fill(&mut self.batch, at_most),
            Device::AfPacket(device) => device.fill(&mut self.batch, at_most),
        }
    }
}

impl Source for LiveSource {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        while !self.wait_for_packet(TICK)? {}
        if self.ended {
            return Ok(None);
        }
        let Some(taken) = self.batch.take() else {
            return Ok(None);
        };
        let index = PacketIndex(self.statistics.packets + 1);
        let packet = packet(index, self.link, taken);
        self.statistics.count_all(&[packet]);
        Ok(Some(packet))
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        while !self.wait_for_packet(TICK)? {}
        // once it is to end, each packet may be the last
        let lot = if self.ending.is_none() { LOT as u64 } else { 1 };
        let most = most.min(self.most - self.statistics.packets).min(lot);
        if self.ended || most == 0 {
            return Ok(0);
        }
        let (first, link) = (self.statistics.packets + 1, self.link);
        let taken = self
            .batch
            .take_many(usize::try_from(most).unwrap_or(usize::MAX));
        let packets = (first..).map(PacketIndex).zip(taken);
        let lot: Vec<_> = packets
            .map(|(index, taken)| packet(index, link, taken))
            .collect();
        self.statistics.count_all(&lot);
        take(&lot);
        Ok(lot.len() as u64)
    }

    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        self.ended |= self.has_all();
        if !self.ended && self.statistics.packets >= self.most {
            self.count();
            self.statistics.stopped = Some(Stop::Limit);
            self.ended = true;
        }
        if self.ended || !self.batch.is_empty() {
            return Ok(true);
        }
        let until = Instant::now() + at_most;
        loop {
            if self.ending.is_none()
                && let Some(why) = self.why_to_stop()
            {
                self.begin_to_end(why);
                self.ended = self.has_all();
            }
            if self.ended {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            self.fill(left.min(TICK))?;
            if self.ending.is_none() && self.counted.elapsed() >= COUNT_EVERY {
                self.count();
            }
            if !self.batch.is_empty() {
                return Ok(true);
            }
            self.ended = self
                .ending
                .is_some_and(|ending| Instant::now() >= ending.until);
            if left.is_zero() && !self.ended {
                return Ok(false);
            }
        }
    }

    fn has_packet(&self) -> bool {
        !self.batch.is_empty() && self.statistics.packets < self.most
    }

    fn now(&self) -> Option<Timestamp> {
        Some(now())
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

fn packet(index: PacketIndex, link: LinkType, taken: Taken<'_>) -> Packet<'_> {
    Packet {
        index,
        at: Some(taken.at),
        interface: 0,
        link,
        original_len: taken.original_len,
        data: taken.data,
    }
}

impl fmt::Debug for LiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSource")
            .field("backend", &self.backend())
            .field("link", &self.link)
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

impl Backend {
    /// The better one of those that are there.
    ///
    /// On loopback it is our own: libpcap has the kernel copy every packet twice, and cannot say which copies were dropped.
    fn best(loopback: bool) -> Self {
        if wireseam_libpcap::available() && !loopback {
            Self::Libpcap
        } else {
            Self::AfPacket
        }
    }
}

impl LiveError {
    /// Not permitted, and exactly what to run.
    pub(super) fn not_permitted(interface: &str) -> Self {
        let program = std::env::current_exe();
        Self::NotPermitted {
            interface: interface.to_owned(),
            program: program
                .map_or_else(|_| "wireseam".to_owned(), |path| path.display().to_string()),
        }
    }
}

/// What no interface could make good.
fn check(asked: &LiveOptions) -> Result<(), LiveError> {
    let wrong = |what: &str| LiveError::Option {
        interface: asked.interface.clone(),
        what: what.to_owned(),
    };
    if !(1..=LARGEST_SNAPLEN).contains(&asked.snaplen) {
        return Err(wrong("the snapshot length is from 1 to 262144 bytes"));
    }
    if !(SMALLEST_RING..=LARGEST_RING).contains(&asked.ring) {
        return Err(wrong("the ring is from 1 MiB to 1 GiB"));
    }
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanoseconds = since.unwrap_or_default().as_nanos();
    Timestamp(i64::try_from(nanoseconds).unwrap_or(i64::MAX))
}

fn describe(asked: &LiveOptions, link: LinkType) -> Interface {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Interface {
        number: 0,
        link,
        snaplen: Some(asked.snaplen),
        name: Some(asked.interface.clone()),
        description: None,
        filter: asked.filter.clone(),
        os: Some(format!("Linux {}", release.trim()).trim().to_owned()),
        hardware: None,
        counters: Counters::default(),
    }
}

/// The name that stands for all interfaces.
const ANY: &str = "any";

/// So often it is looked whether the capture is to stop.
const TICK: Duration = Duration::from_millis(100);

/// So often the kernel is asked what it dropped.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// What libpcap allows.
const LARGEST_SNAPLEN: u32 = 262_144;

/// Less holds no two blocks of packets.
const SMALLEST_RING: u32 = 1 << 20;

/// The kernel does not swap it out.
const LARGEST_RING: u32 = 1 << 30;
