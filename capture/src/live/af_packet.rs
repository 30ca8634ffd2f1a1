//! The backend over a packet socket of our own (packet(7)), for machines without libpcap. Ferranet maps the ring.

use std::{
    io::ErrorKind,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ferranet::{BpfInsn, Channel, PacketType, Receiver, RingConfig};
use nix::net::if_::if_nametoindex;
use wireseam_wire::{LinkType, Timestamp};

use super::{
    Backend, LiveError, LiveOptions,
    batch::{Batch, Tag},
    filter,
    interfaces::LocalInterface,
    source::Seen,
};

/// An interface opened through a packet socket.
pub(super) struct AfPacket {
    receiver: Receiver,
    interface: String,
    link: LinkType,
    snaplen: usize,
    loopback: bool,
    seen: Seen,
    /// Its number, which another of its name would not have.
    index: Option<u32>,
    /// Whether it went down, and nothing has come since.
    down: bool,
}

impl AfPacket {
    pub(super) fn open(
        asked: &LiveOptions,
        local: Option<&LocalInterface>,
    ) -> Result<Self, LiveError> {
        let needs_libpcap = |what: &str, otherwise| LiveError::NeedsLibpcap {
            interface: asked.interface.clone(),
            what: what.to_owned(),
            otherwise,
        };
        let Some(local) = local else {
            return Err(needs_libpcap(
                "it captures on one interface at a time",
                ", or name one interface",
            ));
        };
        let Some(link) = local.link else {
            return Err(needs_libpcap("it does not know this kind of interface", ""));
        };
        // a received copy of each packet sent to oneself is enough
        let program = filter::program(asked, link, local.loopback)?;
        let instructions: Vec<_> = program
            .iter()
            .map(|i| BpfInsn::new(i.code, i.jt, i.jf, i.k))
            .collect();
        let ring = RingConfig {
            block_size: BLOCK,
            block_count: (asked.ring / BLOCK).max(2),
            frame_size: FRAME,
            retire_blk_tov_ms: u32::try_from(asked.block_timeout().as_millis()).unwrap_or(100),
            snaplen: None,
        };
        // nothing is ever sent, but there is no opening without
        let unused = RingConfig {
            block_size: SMALLEST_BLOCK,
            block_count: 1,
            ..RingConfig::tx_default()
        };
        let (_, receiver) = Channel::builder(asked.interface.as_str())
            .promiscuous(asked.promiscuous)
            .filter(instructions)
            .rx_ring(ring)
            .tx_ring(unused)
            .build_sync()
            .map_err(|cause| refused(&asked.interface, &cause))?;
        Ok(Self {
            receiver,
            interface: asked.interface.clone(),
            link,
            snaplen: usize::try_from(asked.snaplen).unwrap_or(usize::MAX),
            loopback: local.loopback,
            seen: Seen::default(),
            index: if_nametoindex(asked.interface.as_str()).ok(),
            down: false,
        })
    }

    pub(super) fn link(&self) -> LinkType {
        self.link
    }

    /// Takes a block of packets from the ring; where there is none, waits for one.
    ///
    /// An interface that goes down may come up again, and is captured on then; one that is gone is not waited for.
    pub(super) fn fill(&mut self, batch: &mut Batch, at_most: Duration) -> Result<(), LiveError> {
        let lost = |what| LiveError::Lost {
            interface: self.interface.clone(),
            what,
        };
        let block = match self.receiver.recv_block_timeout(at_most) {
            Ok(Some(block)) => block,
            Ok(None) if self.down && !is_there(&self.interface, self.index) => {
                return Err(lost("it is gone".to_owned()));
            }
            Ok(None) => return Ok(()),
            // said once, and nothing more when it is gone afterwards
            Err(cause) if is_down(&cause) => {
                self.down = true;
                return Ok(());
            }
            Err(cause) => return Err(lost(said(&cause))),
        };
        self.down = false;
        for frame in block.frames() {
            if self.loopback && frame.packet_type() == PacketType::Outgoing {
                continue;
            }
            let at = frame.timestamp().map_or(Timestamp(0), time);
            let original_len = u32::try_from(frame.wire_len()).unwrap_or(u32::MAX);
            match frame.vlan() {
                Some(tag) if self.link == LinkType::Ethernet => {
                    let tag = Tag {
                        protocol: tag.tpid,
                        control: tag.tci,
                    };
                    batch.push_tagged(at, original_len, frame.data(), tag, self.snaplen);
                }
                _ => batch.push(at, original_len, frame.data()),
            }
        }
        Ok(())
    }

    /// What the kernel counted so far.
    pub(super) fn seen(&mut self) -> Seen {
        if let Ok(stats) = self.receiver.stats() {
            self.seen = Seen {
                received: stats.received,
                dropped: stats.dropped,
            };
        }
        self.seen
    }
}

fn refused(interface: &str, cause: &ferranet::Error) -> LiveError {
    if cause
        .as_io()
        .is_some_and(|io| io.kind() == ErrorKind::PermissionDenied)
    {
        return LiveError::not_permitted(interface);
    }
    LiveError::Refused {
        interface: interface.to_owned(),
        backend: Backend::AfPacket,
        what: said(cause),
    }
}

fn is_down(cause: &ferranet::Error) -> bool {
    cause
        .as_io()
        .is_some_and(|io| io.kind() == ErrorKind::NetworkDown)
}

fn is_there(interface: &str, index: Option<u32>) -> bool {
    if_nametoindex(interface).ok() == index
}

fn said(cause: &ferranet::Error) -> String {
    cause
        .as_io()
        .map_or_else(|| cause.to_string(), ToString::to_string)
}

fn time(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// The kernel hands packets over in blocks of this size: larger than any packet, small enough for the cache.
const BLOCK: u32 = 256 << 10;

/// What a ring of the third version is divided by on paper only.
const FRAME: u32 = 2048;

/// A page, where pages are largest.
const SMALLEST_BLOCK: u32 = 64 << 10;
