//! Why a capture cannot be read, in words that name the file and the way out.

use std::io;

use crate::Compression;

/// Why a capture cannot be read (on).
///
/// What a source handed over before the error stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// The operating system refused.
    #[error("failed to read {name}: {cause}")]
    Read {
        /// The file or stream.
        name: String,
        /// What the operating system said.
        cause: io::Error,
    },
    /// There is no file of that name.
    #[error("failed to open {name}: there is no such file")]
    NotFound {
        /// The file.
        name: String,
    },
    /// The file exists and may not be read.
    #[error(
        "failed to open {name}: permission denied; run as a user who may read it, or change its mode"
    )]
    PermissionDenied {
        /// The file.
        name: String,
    },
    /// The name is a directory's.
    #[error("failed to read {name}: it is a directory; name a capture file in it")]
    IsDirectory {
        /// The directory.
        name: String,
    },
    /// Not one byte.
    #[error("failed to read {name}: it is empty, without even a file header")]
    Empty {
        /// The file or stream.
        name: String,
    },
    /// The first bytes are those of neither pcap nor pcapng.
    #[error("failed to read {name}: {} neither pcap nor pcapng{}", it_is(.inside), looks_like(.appearance))]
    NotACapture {
        /// The file or stream.
        name: String,
        /// How what is no capture was packed.
        inside: Option<Compression>,
        /// What it looks like, with the way out; `None` where the first bytes tell nothing.
        appearance: Option<&'static str>,
    },
    /// It begins as a capture and ends inside its file header.
    #[error("failed to read {name}: it ends inside its {format} file header, after {len} bytes")]
    CutHeader {
        /// The file or stream.
        name: String,
        /// "pcap" or "pcapng".
        format: &'static str,
        /// How many bytes of it there are.
        len: usize,
    },
    /// It is packed, and ends before it has told what it holds.
    #[error(
        "failed to read {name}: its {compression} data breaks off at byte {at}, before the end of a capture's file header"
    )]
    CutPacked {
        /// The file or stream.
        name: String,
        /// How it is packed.
        compression: Compression,
        /// Where it breaks off.
        at: u64,
    },
    /// It is packed, and what is packed is damaged or asks for too much.
    #[error(
        "failed to read {name} beyond packet {after}: its {compression} data cannot be unpacked beyond about byte {at}: {what}"
    )]
    Unpack {
        /// The file or stream.
        name: String,
        /// How it is packed.
        compression: Compression,
        /// The number of the last packet before the damage, 0 where there is none.
        after: u64,
        /// About where in the packed file the damage lies.
        at: u64,
        /// What is wrong.
        what: String,
    },
    /// A packet record or block contradicts itself, so nothing behind it can be found.
    #[error("failed to read {name} beyond packet {after}: the block at byte {offset} {what}")]
    Damaged {
        /// The file or stream.
        name: String,
        /// The number of the last packet before the damage, 0 where there is none.
        after: u64,
        /// Where the damaged block begins, counted from 0.
        offset: u64,
        /// What is wrong with it: a predicate, "has a length of 0" for example.
        what: &'static str,
    },
    /// A packet record or block claims more bytes than are ever held in memory.
    #[error(
        "failed to read {name} beyond packet {after}: the block at byte {offset} claims {len} bytes, \
         but no more than {cap} are read in one piece; the file is most likely damaged there"
    )]
    TooLarge {
        /// The file or stream.
        name: String,
        /// The number of the last packet before the block, 0 where there is none.
        after: u64,
        /// Where the block begins, counted from 0.
        offset: u64,
        /// How long it claims to be.
        len: u64,
        /// How long it may be.
        cap: u64,
    },
    /// It is an interface, which cannot be captured on.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    Live(#[from] crate::LiveError),
    /// It is read and recorded at once, and cannot be recorded any longer.
    #[error(transparent)]
    Recording(Box<crate::RecordError>),
}

impl From<crate::RecordError> for CaptureError {
    fn from(cause: crate::RecordError) -> Self {
        Self::Recording(Box::new(cause))
    }
}

/// What is no capture: the file, or what is packed in it.
fn it_is(inside: &Option<Compression>) -> String {
    match inside {
        Some(compression) => format!("it is {compression}, and what is packed in it is"),
        None => "it is".to_owned(),
    }
}

/// The end of the message that says a file is no capture.
fn looks_like(appearance: &Option<&'static str>) -> String {
    match appearance {
        Some(appearance) => format!("; it looks like {appearance}"),
        None => String::new(),
    }
}
