//! Packets out of a capture file or stream: from a row of blocks to packets with numbers, and what ends it.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    ops::Range,
    path::Path,
};

use wireseam_wire::{Packet, PacketIndex, Timestamp};

use crate::{
    CaptureError, Dropped, FileRead, Progress, Source, Statistics,
    block::{Front, Kind, Record},
    buffer::Buffer,
    format::{Format, LARGEST_BLOCK, Unreadable},
    input::{Fault, Input},
    source::LOT,
};

/// Reads pcap and pcapng, as they are or packed with gzip, zstd or lz4, from a file or any other stream of bytes.
///
/// Memory stays bounded whatever the file says: the buffer holds one block of at most 16 MiB, usually 128 KiB; a packed
/// one takes what its packer's window needs, at most 128 MiB.
pub struct FileSource {
    name: String,
    size: Option<u64>,
    buffer: Buffer,
    format: Format,
    /// The length of the block at the buffer's front that was handed over and may still be borrowed.
    lent: usize,
    /// Whether the end was met, or a fault that nothing behind can be read for.
    ended: bool,
    statistics: Statistics,
    before: Before,
    earliest: Option<Timestamp>,
    latest: Option<Timestamp>,
    /// Why it ends before its end.
    truncated: Option<String>,
}

/// What of a capture lies in front of a file.
#[derive(Default)]
struct Before {
    packets: u64,
    bytes: u64,
    dropped: Dropped,
}

impl FileSource {
    /// Opens a capture file.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] if the file cannot be opened or is not a capture.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        Self::open_behind(path.as_ref(), 0)
    }

    /// Opens a file of a capture that has so many interfaces in the files in front of it.
    pub(crate) fn open_behind(path: &Path, interfaces: u32) -> Result<Self, CaptureError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|cause| failed_to_open(name.clone(), cause))?;
        let metadata = file.metadata().ok();
        if metadata.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(CaptureError::IsDirectory { name });
        }
        let mut source = Self::new(name, file, interfaces)?;
        source.size = metadata
            .filter(|metadata| metadata.is_file())
            .map(|metadata| metadata.len());
        Ok(source)
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
        Self::new(name.into(), reader, 0)
    }

    fn new(
        name: String,
        reader: impl Read + Send + 'static,
        interfaces: u32,
    ) -> Result<Self, CaptureError> {
        let input = Input::new(reader).map_err(|fault| failed_to_begin(&name, fault))?;
        let mut buffer = Buffer::new(input);
        let format =
            Format::read(&name, &mut buffer, interfaces).map_err(
                |unreadable| match unreadable {
                    Unreadable::Fault(fault) => failed_to_begin(&name, fault),
                    Unreadable::Error(error) => error,
                },
            )?;
        Ok(Self {
            name,
            size: None,
            buffer,
            format,
            lent: 0,
            ended: false,
            statistics: Statistics::default(),
            before: Before::default(),
            earliest: None,
            latest: None,
            truncated: None,
        })
    }

    /// Goes on counting where the files in front of this one ended.
    pub(crate) fn go_on(&mut self, statistics: Statistics) {
        self.before.packets = statistics.packets;
        self.before.bytes = statistics.bytes;
        self.before.dropped = statistics.dropped;
        self.statistics = statistics;
    }

    /// What was counted up to the end of this file, and how many interfaces.
    pub(crate) fn into_counted(self) -> (Statistics, u32) {
        (self.statistics, self.format.next_interface())
    }

    /// What is to be said of this file.
    pub(crate) fn file(&self) -> FileRead {
        FileRead {
            name: self.name.clone(),
            format: Some(self.format.file_format()),
            compression: self.buffer.input().compression(),
            size: self.size,
            packets: self.statistics.packets - self.before.packets,
            bytes: self.statistics.bytes - self.before.bytes,
            first: self.earliest,
            last: self.latest,
            truncated: self.truncated.clone(),
            fault: None,
        }
    }

    /// Goes on to the next packet, which [`FileSource::packet`] then hands over.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<Option<Record>, CaptureError> {
        match self.advance_in_buffer() {
            Some(record) => Ok(Some(record)),
            None => self.advance_further(),
        }
    }

    /// The same where the next packet lies in the buffer with nothing in front of it. `None`, and nothing has happened, where it
    /// does not.
    #[inline(always)] // a record in registers is half of what a packet takes here
    fn advance_in_buffer(&mut self) -> Option<Record> {
        self.buffer.release(std::mem::take(&mut self.lent));
        if self.ended {
            return None;
        }
        let record = self.format.packet(self.buffer.front())?;
        self.count(&record);
        Some(record)
    }

    /// Lends the packets that lie in the buffer with nothing in front of them; how many.
    pub(crate) fn lend(&mut self, most: u64, take: &mut dyn FnMut(&[Packet<'_>])) -> u64 {
        self.buffer.release(std::mem::take(&mut self.lent));
        if self.ended {
            return 0;
        }
        let Self {
            buffer,
            format,
            statistics,
            before,
            ..
        } = self;
        let mut rest = buffer.front();
        let first = statistics.packets + 1;
        let most = LOT.min(usize::try_from(most).unwrap_or(LOT));
        let mut lot = Vec::with_capacity(most);
        for index in (first..).map(PacketIndex).take(most) {
            let Some(record) = format.packet(rest) else {
                break;
            };
            let (block, behind) = rest.split_at_checked(record.len).unwrap_or((rest, &[]));
            lot.push(Packet {
                index,
                at: record.at,
                interface: record.interface,
                link: record.link,
                original_len: record.original_len,
                data: block.get(record.data).unwrap_or_default(),
            });
            self.lent += record.len;
            rest = behind;
            if !record.options.is_empty()
                && let Some(options) = block.get(record.options)
            {
                format.take_options(options, index.0, &mut statistics.notes);
                statistics.dropped = before.dropped.plus(format.dropped());
            }
        }
        statistics.count_all(&lot);
        for packet in &lot {
            note_time(&mut self.earliest, &mut self.latest, packet.at);
        }
        take(&lot);
        lot.len() as u64
    }

    /// The same where something else is in front of the packet, or the buffer's end.
    #[inline(never)]
    fn advance_further(&mut self) -> Result<Option<Record>, CaptureError> {
        if self.ended {
            return Ok(None);
        }
        let record = self.next_record();
        match &record {
            Ok(Some(record)) => self.count(record),
            _ => self.ended = true,
        }
        record
    }

    /// The packet that was just come to.
    #[inline]
    pub(crate) fn packet(&self, record: Record) -> Packet<'_> {
        Packet {
            index: PacketIndex(self.statistics.packets),
            at: record.at,
            interface: record.interface,
            link: record.link,
            original_len: record.original_len,
            data: self.buffer.front().get(record.data).unwrap_or_default(),
        }
    }

    #[inline(always)]
    fn count(&mut self, record: &Record) {
        self.lent = record.len;
        self.statistics
            .count(record.link, record.data.len(), record.at);
        note_time(&mut self.earliest, &mut self.latest, record.at);
        if !record.options.is_empty() {
            self.take_options(record.options.clone());
        }
    }

    #[cold]
    fn take_options(&mut self, options: Range<usize>) {
        if let Some(options) = self.buffer.front().get(options) {
            let statistics = &mut self.statistics;
            self.format
                .take_options(options, statistics.packets, &mut statistics.notes);
            statistics.dropped = self.before.dropped.plus(self.format.dropped());
        }
    }

    /// The next packet's place at the front of the buffer.
    fn next_record(&mut self) -> Result<Option<Record>, CaptureError> {
        loop {
            match self.format.front(self.buffer.front()) {
                Front::Packet(record) => return Ok(Some(record)),
                Front::Block { len, kind } => self.take_block(len, kind)?,
                Front::Damaged(what) => return Err(self.damaged(what)),
                Front::Part { needs, .. } if needs > LARGEST_BLOCK => {
                    return Err(self.too_large(needs));
                }
                Front::Part { needs, kind } if self.buffer.is_last() => {
                    let truncated = self.truncated(needs, kind);
                    return Ok(self.end_early(truncated));
                }
                Front::Part { .. } => {
                    if let Err(fault) = self.buffer.refill() {
                        return self.break_off(fault);
                    }
                }
            }
        }
    }

    /// Takes in the block at the front of the buffer, which is no packet.
    fn take_block(&mut self, len: usize, kind: Kind) -> Result<(), CaptureError> {
        let block = self.buffer.front().get(..len).unwrap_or_default();
        let notes = &mut self.statistics.notes;
        if let Err(what) = self.format.take(block, kind, notes) {
            return Err(self.damaged(what));
        }
        self.statistics.dropped = self.before.dropped.plus(self.format.dropped());
        self.buffer.release(len);
        Ok(())
    }

    /// Ends where no more bytes come. Packed data that is cut off is a file that is cut off.
    fn break_off(&mut self, fault: Fault) -> Result<Option<Record>, CaptureError> {
        let name = self.name.clone();
        let after = self.statistics.packets;
        match fault {
            Fault::System(cause) => Err(CaptureError::Read { name, cause }),
            Fault::CutOff { compression, at } => {
                let place = format!(
                    "the {compression} data breaks off at byte {at} of the file, behind packet {after}"
                );
                Ok(self.end_early(Some(place)))
            }
            Fault::Damaged {
                compression,
                at,
                what,
            } => Err(CaptureError::Unpack {
                name,
                compression,
                after,
                at,
                what,
            }),
        }
    }

    fn end_early(&mut self, truncated: Option<String>) -> Option<Record> {
        self.truncated.clone_from(&truncated);
        self.statistics.truncated = self.statistics.truncated.take().or(truncated);
        None
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
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        let record = self.advance()?;
        Ok(record.map(|record| self.packet(record)))
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        match self.lend(most, take) {
            0 if most > 0 => {}
            lent => return Ok(lent),
        }
        let record = self.advance_further()?;
        Ok(record.map_or(0, |record| {
            take(&[self.packet(record)]);
            1
        }))
    }

    fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    fn files(&self) -> Vec<FileRead> {
        vec![self.file()]
    }

    fn progress(&self) -> Progress {
        Progress {
            read: self.buffer.input().read_so_far(),
            of: self.size,
        }
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

/// Takes a packet's time into account.
#[inline]
fn note_time(
    earliest: &mut Option<Timestamp>,
    latest: &mut Option<Timestamp>,
    at: Option<Timestamp>,
) {
    let Some(at) = at else {
        return;
    };
    if latest.is_none_or(|latest| at < latest) {
        *earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
    }
    *latest = (*latest).max(Some(at));
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

/// Why not even a file header was read.
fn failed_to_begin(name: &str, fault: Fault) -> CaptureError {
    let name = name.to_owned();
    match fault {
        Fault::System(cause) => CaptureError::Read { name, cause },
        Fault::CutOff { compression, at } => CaptureError::CutPacked {
            name,
            compression,
            at,
        },
        Fault::Damaged {
            compression,
            at,
            what,
        } => CaptureError::Unpack {
            name,
            compression,
            after: 0,
            at,
            what,
        },
    }
}
