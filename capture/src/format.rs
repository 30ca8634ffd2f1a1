//! Which of the two formats a capture has, and what its file header says.

use std::fmt;

use pcap_parser::parse_pcap_header;

use crate::{
    CaptureError, Dropped, Notes,
    block::{Front, Kind, Record},
    buffer::Buffer,
    input::Fault,
    pcap::Pcap,
    pcapng::Pcapng,
    signature::{SIGNATURE_LEN, Signature, recognise},
};

/// A capture's format with all that was learnt about the capture so far.
#[derive(Debug)]
pub(crate) enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// What a capture file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// pcap (draft-ietf-opsawg-pcap), microseconds or nanoseconds.
    Pcap,
    /// pcapng (draft-ietf-opsawg-pcapng).
    Pcapng,
}

/// Why there is no format to be told.
pub(crate) enum Unreadable {
    /// The bytes stop coming.
    Fault(Fault),
    /// What came is no capture.
    Error(CaptureError),
}

impl From<Fault> for Unreadable {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Format {
    /// Reads the file header. Interfaces of the capture are counted from `first_interface`.
    pub(crate) fn read(
        name: &str,
        buffer: &mut Buffer,
        first_interface: u32,
    ) -> Result<Self, Unreadable> {
        buffer.fill(SIGNATURE_LEN)?;
        let head = buffer.front();
        let name = || name.to_owned();
        let cut = |format, len| CaptureError::CutHeader {
            name: name(),
            format,
            len,
        };
        let error = match recognise(head) {
            Signature::Pcap => match parse_pcap_header(head) {
                Ok((_, header)) => {
                    buffer.release(PCAP_HEADER_LEN);
                    return Ok(Self::Pcap(Pcap::new(&header, first_interface)));
                }
                Err(_) => cut("pcap", head.len()),
            },
            Signature::Pcapng => {
                let pcapng = Pcapng::new(first_interface);
                if let Front::Part { needs, .. } = pcapng.front(head)
                    && needs <= LARGEST_BLOCK
                {
                    buffer.fill(needs)?;
                }
                let head = buffer.front();
                let (after, offset) = (0, 0);
                match pcapng.front(head) {
                    Front::Part { needs, .. } if needs > LARGEST_BLOCK => CaptureError::TooLarge {
                        name: name(),
                        after,
                        offset,
                        len: needs,
                        cap: LARGEST_BLOCK,
                    },
                    Front::Part { .. } => cut("pcapng", head.len()),
                    Front::Damaged(what) => CaptureError::Damaged {
                        name: name(),
                        after,
                        offset,
                        what,
                    },
                    Front::Packet(_) | Front::Block { .. } => return Ok(Self::Pcapng(pcapng)),
                }
            }
            Signature::Empty => CaptureError::Empty { name: name() },
            Signature::Cut(format) => cut(format, head.len()),
            Signature::Foreign(appearance) => CaptureError::NotACapture {
                name: name(),
                inside: buffer.input().compression(),
                appearance,
            },
        };
        Err(Unreadable::Error(error))
    }

    /// The packet at the front of the buffer, where nothing else is there and nothing is to be said against it.
    #[inline]
    pub(crate) fn packet(&self, buffered: &[u8]) -> Option<Record> {
        match self {
            Self::Pcap(pcap) => pcap.packet(buffered),
            Self::Pcapng(pcapng) => pcapng.packet(buffered),
        }
    }

    /// The block at the front of the buffer.
    pub(crate) fn front(&self, buffered: &[u8]) -> Front {
        match self {
            Self::Pcap(pcap) => pcap.front(buffered),
            Self::Pcapng(pcapng) => pcapng.front(buffered),
        }
    }

    /// Takes in a whole block that is no packet; `Err` says what is wrong with it.
    pub(crate) fn take(
        &mut self,
        block: &[u8],
        kind: Kind,
        notes: &mut Notes,
    ) -> Result<(), &'static str> {
        match self {
            Self::Pcap(_) => Ok(()),
            Self::Pcapng(pcapng) => pcapng.take(block, kind, notes),
        }
    }

    /// Takes in what is said of a packet besides its bytes.
    pub(crate) fn take_options(&mut self, options: &[u8], packet: u64, notes: &mut Notes) {
        if let Self::Pcapng(pcapng) = self {
            pcapng.take_options(options, packet, notes);
        }
    }

    /// What was lost so far.
    pub(crate) fn dropped(&self) -> Dropped {
        match self {
            Self::Pcap(_) => Dropped::default(),
            Self::Pcapng(pcapng) => pcapng.dropped(),
        }
    }

    /// The number of the interface behind all met so far.
    pub(crate) fn next_interface(&self) -> u32 {
        match self {
            Self::Pcap(pcap) => pcap.next_interface(),
            Self::Pcapng(pcapng) => pcapng.next_interface(),
        }
    }

    pub(crate) fn file_format(&self) -> FileFormat {
        match self {
            Self::Pcap(_) => FileFormat::Pcap,
            Self::Pcapng(_) => FileFormat::Pcapng,
        }
    }
}

impl fmt::Display for FileFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
        })
    }
}

/// pcap's file header is no block.
const PCAP_HEADER_LEN: usize = 24;

/// The longest block that is read, 16 MiB: packets are 64 KiB and some headers, and only hostile or damaged files have
/// blocks beyond a key log of some megabytes.
pub(crate) const LARGEST_BLOCK: u64 = 16 << 20;
