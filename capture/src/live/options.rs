//! What can be asked of a live capture.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// How an interface is to be captured on.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// The interface's name; `any` is all of them (libpcap only).
    pub interface: String,
    /// Through what; `None` is libpcap where it is found, and `AF_PACKET` where it is not, and on loopback.
    pub backend: Option<Backend>,
    /// The most bytes kept of a packet.
    pub snaplen: u32,
    /// Whether packets are captured that are meant for others.
    pub promiscuous: bool,
    /// How many bytes the kernel may hold for us.
    pub ring: u32,
    /// The capture filter; `None` lets everything through.
    pub filter: Option<String>,
    /// How soon packets are handed over.
    pub pace: Pace,
    /// Ends the capture after so long.
    pub duration: Option<Duration>,
    /// Ends it after so many packets; others that came by then are left in the ring.
    pub packets: Option<u64>,
    /// Ends the capture when it is set: what the kernel has received by then is still handed over.
    pub stop: Arc<AtomicBool>,
}

/// What packets are captured through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The system's libpcap.
    Libpcap,
    /// A packet socket of our own.
    AfPacket,
}

/// How soon packets are handed over: the kernel collects them in blocks, and each block costs a wake-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Within a tenth of a second: for recording.
    #[default]
    Bulk,
    /// Within a few milliseconds: for looking.
    LowLatency,
}

impl LiveOptions {
    /// An interface with everything else as it usually is.
    #[must_use]
    pub fn new(interface: impl Into<String>) -> Self {
        Self {
            interface: interface.into(),
            backend: None,
            snaplen: DEFAULT_SNAPLEN,
            promiscuous: false,
            ring: DEFAULT_RING,
            filter: None,
            pace: Pace::default(),
            duration: None,
            packets: None,
            stop: Arc::default(),
        }
    }

    /// How long the kernel may wait for a block to fill.
    pub(super) fn block_timeout(&self) -> Duration {
        match self.pace {
            Pace::Bulk => Duration::from_millis(100),
            Pace::LowLatency => Duration::from_millis(5),
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Libpcap => "libpcap",
            Self::AfPacket => "af-packet",
        })
    }
}

/// More than any packet has, also with segmentation offload, as tcpdump and Wireshark have it.
const DEFAULT_SNAPLEN: u32 = 262_144;

/// Enough for a fifth of a second at 300 MB/s, in which the reader may be kept waiting by a disk.
const DEFAULT_RING: u32 = 64 << 20;
