//! The backend over libpcap.

use std::time::Duration;

use pcap::{Active, Capture, Linktype, Precision};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use wireseam_wire::{LinkType, Timestamp};

use super::{Backend, LiveError, LiveOptions, batch::Batch, source::Seen};

/// An interface opened through libpcap.
pub(super) struct Libpcap {
    capture: Capture<Active>,
    interface: String,
    link: LinkType,
    seen: Seen,
    /// What libpcap's own counters said last; they are of 32 bits.
    latest: (u32, u32),
}

impl Libpcap {
    pub(super) fn open(asked: &LiveOptions) -> Result<Self, LiveError> {
        let interface = asked.interface.clone();
        if !wireseam_libpcap::available() {
            return Err(LiveError::NoLibpcap { interface });
        }
        let refused = |cause: pcap::Error| refused(&interface, &cause);
        let timeout = i32::try_from(asked.block_timeout().as_millis()).unwrap_or(i32::MAX);
        let mut capture = Capture::from_device(interface.as_str())
            .map_err(refused)?
            .snaplen(i32::try_from(asked.snaplen).unwrap_or(i32::MAX))
            .promisc(asked.promiscuous)
            .timeout(timeout)
            .buffer_size(i32::try_from(asked.ring).unwrap_or(i32::MAX))
            .precision(Precision::Nano)
            .open()
            .map_err(refused)?;
        // of the two headers that stand for any interface's own, the newer says which interface it was
        if capture.get_datalink() == Linktype::LINUX_SLL {
            let _older_is_as_good = capture.set_datalink(LINUX_SLL2);
        }
        let link = LinkType::from(capture.get_datalink().0.cast_unsigned());
        set_filter(&mut capture, asked.filter.as_deref())?;
        let capture = capture.setnonblock().map_err(refused)?;
        Ok(Self {
            capture,
            link,
            seen: Seen::default(),
            latest: (0, 0),
            interface,
        })
    }

    pub(super) fn link(&self) -> LinkType {
        self.link
    }

    /// Takes packets from the ring; where there are none, waits for some.
    pub(super) fn fill(&mut self, batch: &mut Batch, at_most: Duration) -> Result<(), LiveError> {
        if self.dispatch(batch)? == 0 && !at_most.is_zero() {
            self.wait(at_most)?;
            self.dispatch(batch)?;
        }
        Ok(())
    }

    /// What the kernel counted so far.
    pub(super) fn seen(&mut self) -> Seen {
        if let Ok(stats) = self.capture.stats() {
            let (received, dropped) = self.latest;
            self.seen.received += u64::from(stats.received.wrapping_sub(received));
            self.seen.dropped += u64::from(stats.dropped.wrapping_sub(dropped));
            self.latest = (stats.received, stats.dropped);
        }
        self.seen
    }

    fn dispatch(&mut self, batch: &mut Batch) -> Result<usize, LiveError> {
        let taken = self.capture.dispatch(Some(MOST_AT_ONCE), |packet| {
            let at = time(packet.header.ts.tv_sec, packet.header.ts.tv_usec);
            batch.push(at, packet.header.len, packet.data);
        });
        taken.map_err(|cause| LiveError::Lost {
            interface: self.interface.clone(),
            what: text(&cause),
        })
    }

    fn wait(&self, at_most: Duration) -> Result<(), LiveError> {
        let mut waited = [PollFd::new(&self.capture, PollFlags::IN)];
        let at_most = Timespec::try_from(at_most).ok();
        match poll(&mut waited, at_most.as_ref()) {
            // a signal: whoever asked for it has set a flag that is looked at next
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(cause) => Err(LiveError::Lost {
                interface: self.interface.clone(),
                what: cause.to_string(),
            }),
        }
    }
}

/// Whether libpcap is installed: without it one interface is captured on at a time, with simple filters.
#[must_use]
pub fn has_libpcap() -> bool {
    wireseam_libpcap::available()
}

fn set_filter(capture: &mut Capture<Active>, filter: Option<&str>) -> Result<(), LiveError> {
    let Some(filter) = filter else {
        return Ok(());
    };
    capture
        .filter(filter, true)
        .map_err(|cause| LiveError::Filter {
            filter: filter.to_owned(),
            what: text(&cause),
        })
}

fn refused(interface: &str, cause: &pcap::Error) -> LiveError {
    let what = text(cause);
    if what.contains("permi") {
        return LiveError::not_permitted(interface);
    }
    LiveError::Refused {
        interface: interface.to_owned(),
        backend: Backend::Libpcap,
        what,
    }
}

/// What libpcap said, as the end of a sentence of ours.
pub(super) fn text(cause: &pcap::Error) -> String {
    match cause {
        pcap::Error::PcapError(text) => text.trim_end_matches('.').to_owned(),
        other => other.to_string(),
    }
}

/// The precision asked for makes the second number nanoseconds.
fn time(seconds: i64, nanoseconds: i64) -> Timestamp {
    Timestamp(
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(nanoseconds),
    )
}

/// LINKTYPE_LINUX_SLL2.
const LINUX_SLL2: Linktype = Linktype(276);

/// So many packets are copied at once: enough that a call costs nothing, few enough to stay in the cache.
const MOST_AT_ONCE: usize = 256;
