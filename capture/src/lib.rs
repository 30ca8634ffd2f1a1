//! Where packets come from: capture files, standard input, memory.
//!
//! Everything here is a [`Source`]: it hands over one [`Packet`](wireseam_wire::Packet) after the other, borrowed from
//! its own buffer, and keeps [`Statistics`] of what it knows about the capture. What the packets hold is no concern of
//! this crate. pcap-parser reads the two file formats, and none of its types shows outside.
//!
//! ```
//! use wireseam_capture::{MemorySource, OwnedPacket, Source};
//! use wireseam_wire::LinkType;
//!
//! let mut source = MemorySource::new([OwnedPacket::new(LinkType::RawIp, vec![0x45, 0x00])]);
//! while let Some(packet) = source.next_packet()? {
//!     assert_eq!(packet.data.len(), 2);
//! }
//! assert_eq!(source.statistics().packets, 1);
//! # Ok::<(), wireseam_capture::CaptureError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may unwrap"))]

mod block;
mod bounded;
mod buffer;
mod clock;
mod compression;
mod error;
mod file;
mod format;
mod input;
#[cfg(target_os = "linux")]
mod live;
mod memory;
mod notes;
mod pcap;
mod pcapng;
mod raw;
mod record;
mod sequence;
mod signature;
mod source;
mod unpack;

pub use bounded::Bounded;
pub use compression::Compression;
pub use error::CaptureError;
pub use file::FileSource;
pub use format::FileFormat;
#[cfg(target_os = "linux")]
pub use live::{
    Backend, GoOnAs, LiveError, LiveOptions, LiveSource, LocalInterface, Pace, drop_rights,
    has_libpcap, interfaces, may_capture,
};
pub use memory::{MemorySource, OwnedPacket};
pub use notes::{
    Comment, CommentOn, Counters, Interface, LeftOut, Notes, PacketFlags, Secrets, SecretsKind,
    Section,
};
pub use record::{
    Ended, Limits, RecordError, RecordFailure, RecordOptions, Recorded, Recording, Rotation, record,
};
pub use sequence::Sequence;
pub use source::{Backwards, Dropped, FileRead, Progress, Source, Statistics, Stop};
