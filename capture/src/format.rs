//! Which of the two formats a capture has, and what its file header says.

use std::io::Read;

use pcap_parser::{PcapBlockOwned, parse_pcap_header};

use crate::{
    CaptureError,
    block::{Content, Front},
    input::Input,
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

impl Format {
    /// Reads ahead as far as the file header goes.
    pub(crate) fn read<R: Read>(name: &str, input: &mut Input<R>) -> Result<Self, CaptureError> {
        read_ahead(name, input, SIGNATURE_LEN)?;
        match recognise(input.ahead()) {
            Signature::Pcap => read_pcap(name, input.ahead()),
            Signature::Pcapng => read_pcapng(name, input),
            Signature::Empty => Err(CaptureError::Empty {
                name: name.to_owned(),
            }),
            Signature::Cut(format) => Err(cut(name, format, input.ahead())),
            Signature::Foreign(appearance) => Err(CaptureError::NotACapture {
                name: name.to_owned(),
                appearance,
            }),
        }
    }

    /// How many bytes before the first block are read already: pcap's file header is not one.
    pub(crate) fn header_len(&self) -> usize {
        match self {
            Self::Pcap(_) => 24,
            Self::Pcapng(_) => 0,
        }
    }

    /// The block at the front of the buffer.
    pub(crate) fn front(&self, buffered: &[u8]) -> Front {
        match self {
            Self::Pcap(pcap) => pcap.front(buffered),
            Self::Pcapng(pcapng) => pcapng.front(buffered),
        }
    }

    /// Takes a block in; `Err` says what is wrong with it.
    pub(crate) fn take(&mut self, block: PcapBlockOwned<'_>) -> Result<Content, &'static str> {
        match (self, block) {
            (Self::Pcap(pcap), PcapBlockOwned::Legacy(record)) => {
                Ok(Content::Packet(pcap.record(&record)))
            }
            (Self::Pcapng(pcapng), PcapBlockOwned::NG(block)) => pcapng.take(&block),
            _ => Ok(Content::Nothing),
        }
    }
}

fn read_pcap(name: &str, ahead: &[u8]) -> Result<Format, CaptureError> {
    match parse_pcap_header(ahead) {
        Ok((_, header)) => Ok(Format::Pcap(Pcap::new(&header))),
        Err(_) => Err(cut(name, "pcap", ahead)),
    }
}

/// pcap-parser wants the first section header in one piece, and that may hold options of any length.
fn read_pcapng<R: Read>(name: &str, input: &mut Input<R>) -> Result<Format, CaptureError> {
    let (after, offset) = (0, 0);
    let pcapng = Pcapng::new();
    match pcapng.front(input.ahead()) {
        Front::Part { needs, .. } if needs > LARGEST_BLOCK => {
            let (name, cap) = (name.to_owned(), LARGEST_BLOCK);
            return Err(CaptureError::TooLarge {
                name,
                after,
                offset,
                len: needs,
                cap,
            });
        }
        Front::Part { needs, .. } => read_ahead(name, input, needs)?,
        Front::Damaged(what) => {
            let name = name.to_owned();
            return Err(CaptureError::Damaged {
                name,
                after,
                offset,
                what,
            });
        }
        Front::Whole { .. } => {}
    }
    match pcapng.front(input.ahead()) {
        Front::Whole { .. } => Ok(Format::Pcapng(pcapng)),
        _ => Err(cut(name, "pcapng", input.ahead())),
    }
}

fn read_ahead<R: Read>(name: &str, input: &mut Input<R>, len: u64) -> Result<(), CaptureError> {
    input.read_ahead(len).map_err(|cause| CaptureError::Read {
        name: name.to_owned(),
        cause,
    })
}

fn cut(name: &str, format: &'static str, ahead: &[u8]) -> CaptureError {
    CaptureError::CutHeader {
        name: name.to_owned(),
        format,
        len: ahead.len(),
    }
}

/// The longest block that is read, 16 MiB: packets are 64 KiB and some headers, and only hostile or damaged files have
/// blocks beyond a key log of some megabytes.
pub(crate) const LARGEST_BLOCK: u64 = 16 << 20;
