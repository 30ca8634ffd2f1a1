//! Packets out of a capture file or stream: from a row of blocks to packets with numbers, and what ends it.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use wireseam_wire::{Packet, PacketIndex};

use crate::{
    CaptureError, Source, Statistics,
    block::{Content, Front, Kind, Record},
    buffer::Buffer,
    format::{Format, LARGEST_BLOCK},
    input::Input,
};

/// Reads pcap and pcapng, from a file or any other stream of bytes.
///
/// Memory stays bounded whatever the file says: the buffer holds one block of at most 16 MiB, usually 128 KiB.
pub struct FileSource {
    name: String,
    buffer: Buffer,
    format: Format,
    /// The length of the block at the buffer's front that was handed over and may still be borrowed.
    lent: usize,
    /// Whether the end was met, or a fault that nothing behind can be read for.
    ended: bool,
    statistics: Statistics,
}

impl FileSource {
    /// Opens a capture file.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] if the file cannot be opened or is not a capture.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file = File::open(path).map_err(|cause| failed_to_open(name.clone(), cause))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(CaptureError::IsDirectory { name });
        }
        Self::from_reader(name, file)
    }

    /// Reads a capture from standard input.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] if it cannot be read or is not a capture.
    pub fn stdin() -> Result<Self, CaptureError> {
        Self::from_reader("standard input", io::stdin())
    }

    /// Reads a capture from any stream; `name` is what error messages call it. A buffer of its own is no use to it.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] if the stream fails or is not a capture.
    pub fn from_reader(
        name: impl Into<String>,
        reader: impl Read + Send + 'static,
    ) -> Result<Self, CaptureError> {
        let name = name.into();
        let mut input = Input::new(reader);
        let format = Format::read(&name, &mut input)?;
        let mut buffer = Buffer::new(&name, input)?;
        buffer.release(format.header_len());
        Ok(Self {
            name,
            buffer,
            format,
            lent: 0,
            ended: false,
            statistics: Statistics::default(),
        })
    }

    /// The next packet's place at the front of the buffer.
    fn next_record(&mut self) -> Result<Option<Record>, CaptureError> {
        self.buffer.release(std::mem::take(&mut self.lent));
        while let Some((len, kind)) = self.next_block()? {
            match self.read_block(kind)? {
                Content::Packet(record) => {
                    self.lent = len;
                    return Ok(Some(record));
                }
                Content::Dropped(dropped) => self.statistics.dropped = dropped,
                Content::Nothing => {}
            }
            self.buffer.release(len);
        }
        Ok(None)
    }

    /// Reads on until a whole block is at the front of the buffer; `None` at the end of the file.
    fn next_block(&mut self) -> Result<Option<(usize, Kind)>, CaptureError> {
        loop {
            match self.format.front(self.buffer.front()) {
                Front::Whole { len, kind } => return Ok(Some((len, kind))),
                Front::Damaged(what) => return Err(self.damaged(what)),
                Front::Part { needs, .. } if needs > LARGEST_BLOCK => {
                    return Err(self.too_large(needs));
                }
                Front::Part { needs, kind } if self.buffer.is_last() => {
                    self.statistics.truncated = self.truncated(needs, kind);
                    return Ok(None);
                }
                Front::Part { .. } => self.refill()?,
            }
        }
    }

    /// Reads the block at the front of the buffer. One that packets do not depend on may be unreadable.
    fn read_block(&mut self, kind: Kind) -> Result<Content, CaptureError> {
        let content = match self.buffer.parse() {
            Some(block) => self.format.take(block),
            None if kind == Kind::Other => Ok(Content::Nothing),
            None => Err("holds lengths that contradict each other"),
        };
        content.map_err(|what| self.damaged(what))
    }

    fn refill(&mut self) -> Result<(), CaptureError> {
        let name = || self.name.clone();
        self.buffer.refill().map_err(|cause| CaptureError::Read {
            name: name(),
            cause,
        })
    }

    /// What to say of a file whose last block needs more bytes than there are; nothing if it ends where a block does.
    fn truncated(&self, needs: u64, kind: Kind) -> Option<String> {
        let there = u64::try_from(self.buffer.front().len()).unwrap_or(u64::MAX);
        let short = byte_count(needs.saturating_sub(there));
        let last = self.statistics.packets;
        match kind {
            _ if there == 0 => None,
            Kind::Packet => Some(format!(
                "the capture ends inside packet {}, {short} short",
                last + 1
            )),
            Kind::Description | Kind::Other => Some(format!(
                "the capture ends inside a block behind packet {last}, {short} short"
            )),
            Kind::Unknown => Some(format!(
                "the capture ends inside the header of a block behind packet {last}"
            )),
        }
    }

    fn damaged(&self, what: &'static str) -> CaptureError {
        CaptureError::Damaged {
            name: self.name.clone(),
            after: self.statistics.packets,
            offset: self.buffer.offset(),
            what,
        }
    }

    fn too_large(&self, len: u64) -> CaptureError {
        CaptureError::TooLarge {
            name: self.name.clone(),
            after: self.statistics.packets,
            offset: self.buffer.offset(),
            len,
            cap: LARGEST_BLOCK,
        }
    }
}

impl Source for FileSource {
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        let record = self.next_record();
        self.ended = !matches!(record, Ok(Some(_)));
        let Some(record) = record? else {
            return Ok(None);
        };
        let data = self.buffer.front().get(record.data).unwrap_or_default();
        self.statistics.count(record.link, data.len());
        Ok(Some(Packet {
            index: PacketIndex(self.statistics.packets),
            at: record.at,
            interface: record.interface,
            link: record.link,
            original_len: record.original_len,
            data,
        }))
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}

impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSource")
            .field("name", &self.name)
            .field("format", &self.format)
            .field("offset", &self.buffer.offset())
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

/// "1 byte", "2 bytes".
fn byte_count(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} byte{plural}")
}

fn failed_to_open(name: String, cause: io::Error) -> CaptureError {
    match cause.kind() {
        io::ErrorKind::NotFound => CaptureError::NotFound { name },
        io::ErrorKind::PermissionDenied => CaptureError::PermissionDenied { name },
        io::ErrorKind::IsADirectory => CaptureError::IsDirectory { name },
        _ => CaptureError::Read { name, cause },
    }
}
