//! Compressed captures undone as they are read: one member or frame after the other, each by its own decoder.
//!
//! ```text
//! | member | member | to be skipped |  member ..
//!                                   ^ Between: what begins here? then its decoder owns the stream until the member ends
//! ```
//!
//! Memory stays bounded: gzip keeps 32 KiB, lz4 some blocks of at most 4 MiB, zstd a window of at most 128 MiB.

use std::{
    io::{self, BufRead, Read},
    mem,
};

use flate2::bufread::GzDecoder;
use lz4_flex::frame::FrameDecoder as Lz4Decoder;
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder as ZstdDecoder, errors::FrameDecoderError,
};

use crate::{
    compression::{Begun, Compression},
    input::Fault,
    raw::Raw,
};

/// A compressed stream, read as what it holds.
pub(crate) struct Unpacker {
    member: Member,
    compression: Compression,
    /// A fault that is told when all that was unpacked before it is handed on.
    fault: Option<Fault>,
}

/// Who has the stream.
enum Member {
    Between(Raw),
    Skippable(Raw),
    Gzip(Box<GzDecoder<Raw>>),
    Zstd(Box<Zstd>),
    Lz4(Box<Lz4Decoder<Raw>>),
    Over(Option<Raw>),
}

/// A zstd frame; its header may not have been read yet.
struct Zstd {
    decoder: ZstdDecoder,
    is_begun: bool,
    raw: Raw,
}

/// What the member under way did.
enum Step {
    Unpacked(usize),
    Ended,
    Begun(Option<Begun>),
    Over,
}

impl Unpacker {
    /// Takes over a stream that begins with a member packed so, or with frames to be skipped.
    pub(crate) fn new(raw: Raw, compression: Compression) -> Self {
        Self {
            member: Member::Between(raw),
            compression,
            fault: None,
        }
    }

    /// How the latest member is packed.
    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }

    /// How many bytes of the packed stream were read.
    pub(crate) fn read_so_far(&self) -> u64 {
        match &self.member {
            Member::Between(raw) | Member::Skippable(raw) => raw.read_so_far(),
            Member::Gzip(decoder) => decoder.get_ref().read_so_far(),
            Member::Zstd(zstd) => zstd.raw.read_so_far(),
            Member::Lz4(decoder) => decoder.get_ref().read_so_far(),
            Member::Over(raw) => raw.as_ref().map_or(0, Raw::read_so_far),
        }
    }

    /// Unpacks some more; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        loop {
            match self.member.step(buffer) {
                Ok(Step::Unpacked(len)) => return Ok(len),
                Ok(Step::Begun(begun)) => self.begin(begun),
                Ok(Step::Ended) => {
                    let raw = self.take_raw();
                    self.member = match raw {
                        Some(raw) if self.fault.is_none() => Member::Between(raw),
                        raw => Member::Over(raw),
                    };
                }
                Ok(Step::Over) => return self.fault.take().map_or(Ok(0), Err),
                Err(what) => self.break_off(what),
            }
        }
    }

    fn begin(&mut self, begun: Option<Begun>) {
        let Some(raw) = self.take_raw() else { return };
        if let Some(Begun::Member(compression)) = begun {
            self.compression = compression;
        }
        self.member = match begun {
            None => Member::Over(Some(raw)),
            Some(Begun::Skippable) => Member::Skippable(raw),
            Some(Begun::Member(Compression::Gzip)) => Member::Gzip(Box::new(GzDecoder::new(raw))),
            Some(Begun::Member(Compression::Zstd)) => Member::Zstd(Box::new(Zstd::new(raw))),
            Some(Begun::Member(Compression::Lz4)) => Member::Lz4(Box::new(Lz4Decoder::new(raw))),
        };
    }

    /// Takes the fault down. Nothing behind it can be unpacked, but what zstd holds back is still handed on.
    fn break_off(&mut self, what: String) {
        let compression = self.compression;
        if let Some(raw) = self.member.raw() {
            let fault = fault_of(raw, compression, what);
            self.fault.get_or_insert(fault);
        }
        let goes_on = match &mut self.member {
            Member::Zstd(zstd) => zstd.end_early(),
            _ => false,
        };
        if !goes_on {
            self.member = Member::Over(self.take_raw());
        }
    }

    fn take_raw(&mut self) -> Option<Raw> {
        match mem::replace(&mut self.member, Member::Over(None)) {
            Member::Between(raw) | Member::Skippable(raw) => Some(raw),
            Member::Gzip(decoder) => Some(decoder.into_inner()),
            Member::Zstd(zstd) => Some(zstd.raw),
            Member::Lz4(decoder) => Some(decoder.into_inner()),
            Member::Over(raw) => raw,
        }
    }
}

impl Member {
    /// Goes on; `Err` says what is wrong.
    fn step(&mut self, buffer: &mut [u8]) -> Result<Step, String> {
        match self {
            Self::Between(raw) => next_member(raw).map(Step::Begun),
            Self::Skippable(raw) => skip(raw).map_err(words).map(|()| Step::Ended),
            // what one call unpacks in front of a fault is lost, hence no more than a little at once
            Self::Gzip(decoder) => {
                let most = buffer.len().min(GZIP_PIECE);
                decoder
                    .read(buffer.get_mut(..most).unwrap_or_default())
                    .map(Step::unpacked)
                    .map_err(words)
            }
            Self::Zstd(zstd) => zstd.read(buffer).map(Step::unpacked),
            Self::Lz4(decoder) => match decoder.read(buffer) {
                // the decoder takes a stream that ends between two blocks for the end of the frame
                Ok(0) if decoder.get_ref().has_ended() => Err(String::new()),
                read => read.map(Step::unpacked).map_err(words),
            },
            Self::Over(_) => Ok(Step::Over),
        }
    }

    fn raw(&mut self) -> Option<&mut Raw> {
        match self {
            Self::Between(raw) | Self::Skippable(raw) => Some(raw),
            Self::Gzip(decoder) => Some(decoder.get_mut()),
            Self::Zstd(zstd) => Some(&mut zstd.raw),
            Self::Lz4(decoder) => Some(decoder.get_mut()),
            Self::Over(raw) => raw.as_mut(),
        }
    }
}

impl Zstd {
    fn new(raw: Raw) -> Self {
        let mut decoder = ZstdDecoder::new();
        decoder.set_max_window_size(LARGEST_WINDOW);
        Self {
            decoder,
            is_begun: false,
            raw,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, String> {
        if !self.is_begun {
            self.decoder.init(&mut self.raw).map_err(zstd_words)?;
            self.is_begun = true;
        }
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            self.decoder
                .decode_blocks(&mut self.raw, BlockDecodingStrategy::UptoBlocks(1))
                .map_err(zstd_words)?;
        }
        let read = self.decoder.read(buffer).map_err(words)?;
        let (told, counted) = (
            self.decoder.get_checksum_from_data(),
            self.decoder.get_calculated_checksum(),
        );
        if read == 0 && told.is_some() && told != counted {
            return Err("its content checksum is wrong".to_owned());
        }
        Ok(read)
    }

    /// Has the decoder hand on the window that it keeps until the frame ends, by giving it an empty last block.
    fn end_early(&mut self) -> bool {
        self.is_begun
            && !self.decoder.is_finished()
            && self
                .decoder
                .decode_blocks(LAST_BLOCK, BlockDecodingStrategy::UptoBlocks(1))
                .is_ok()
    }
}

impl Step {
    fn unpacked(len: usize) -> Self {
        match len {
            0 => Self::Ended,
            len => Self::Unpacked(len),
        }
    }
}

/// What begins here. Zeros up to the end are padding, as tapes have it; other bytes are a fault.
fn next_member(raw: &mut Raw) -> Result<Option<Begun>, String> {
    let head = raw.peek(4).map_err(words)?;
    if let Some(begun) = Begun::of(head) {
        return Ok(Some(begun));
    }
    loop {
        let rest = raw.fill_buf().map_err(words)?;
        if rest.is_empty() {
            return Ok(None);
        }
        if rest.iter().any(|byte| *byte != 0) {
            return Err("something else begins there".to_owned());
        }
        let len = rest.len();
        raw.consume(len);
    }
}

/// Steps over a frame without data: its magic number, its length, and that many bytes (RFC 8878 3.1.2).
fn skip(raw: &mut Raw) -> io::Result<()> {
    let mut head = [0; 8];
    raw.read_exact(&mut head)?;
    let [.., a, b, c, d] = head;
    let mut left = u64::from(u32::from_le_bytes([a, b, c, d]));
    while left > 0 {
        let there = raw.fill_buf()?.len();
        if there == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let step = left.min(u64::try_from(there).unwrap_or(u64::MAX));
        raw.consume(usize::try_from(step).unwrap_or(there));
        left -= step;
    }
    Ok(())
}

/// Decoders say the same of a stream that ends, one that fails and one that is wrong; the stream itself knows.
fn fault_of(raw: &mut Raw, compression: Compression, what: String) -> Fault {
    if let Some(cause) = raw.take_failure() {
        return Fault::System(cause);
    }
    let at = raw.position();
    if raw.has_ended() {
        Fault::CutOff { compression, at }
    } else {
        Fault::Damaged {
            compression,
            at,
            what,
        }
    }
}

fn words(error: io::Error) -> String {
    error.to_string()
}

fn zstd_words(error: FrameDecoderError) -> String {
    match error {
        FrameDecoderError::WindowSizeTooBig { requested, .. } => format!(
            "it needs {requested} bytes of memory and is given no more than {LARGEST_WINDOW}; \
             unpack it with unzstd --long=31"
        ),
        FrameDecoderError::DictNotProvided { .. } => {
            "it was packed with a dictionary; unpack it with unzstd -D".to_owned()
        }
        other => other.to_string(),
    }
}

/// A zstd block that is raw, empty and the last, and room for a checksum behind it (RFC 8878 3.1.1.2).
const LAST_BLOCK: &[u8] = &[1, 0, 0, 0, 0, 0, 0];

/// How much of a gzip member is unpacked at once.
const GZIP_PIECE: usize = 16 * 1024;

/// What `zstd --long` asks for; a hostile frame may ask for terabytes.
const LARGEST_WINDOW: u64 = 128 << 20;
