//! The bytes of a frame header that is not whole yet: the only ones carried over a cut, fourteen at most.

use super::frame::{FrameHeader, LONGEST_HEADER, header_size};
use super::http_inside::HttpInside;
use crate::alignment::FrameParts;
use crate::{FrameId, Offset};

/// A header's bytes so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carry {
    bytes: [u8; LONGEST_HEADER],
    length: usize,
    pub(super) start: Offset,
    /// From where on the map is needed for the frame.
    pub(super) keep_from: Offset,
    pub(super) id: FrameId,
}

impl Carry {
    /// A header whose first byte stands at `start`.
    pub(super) fn new(start: Offset, keep_from: Offset, id: FrameId) -> Self {
        Self {
            bytes: [0; LONGEST_HEADER],
            length: 0,
            start,
            keep_from,
            id,
        }
    }

    /// Takes the bytes of `input` that belong to the header, and says how many.
    pub(super) fn fill(&mut self, input: &[u8], could_be_http: bool) -> usize {
        let mut read = 0;
        while let Some(byte) = input
            .get(read)
            .filter(|_| self.length < self.wanted(could_be_http))
        {
            self.bytes[self.length] = *byte;
            self.length += 1;
            read += 1;
        }
        read
    }

    /// The bytes so far.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn first_byte(&self) -> u8 {
        self.bytes[0]
    }

    /// Whether these are the first bytes of an HTTP response.
    pub(super) fn is_http(&self) -> bool {
        self.length == HttpInside::TELLING && HttpInside::may_begin(self.bytes())
    }

    /// The header, once it is whole and, where HTTP may stand in its place, cannot be HTTP any more.
    pub(super) fn header(&self, could_be_http: bool) -> Option<FrameHeader> {
        if self.length < self.wanted(could_be_http) {
            return None;
        }
        FrameHeader::parse(self.bytes())
    }

    /// Bytes of the payload: they were taken to see whether this is HTTP (RFC 9112 4), and it is not.
    pub(super) fn payload(&self, header: &FrameHeader) -> &[u8] {
        let size = usize::try_from(header.size()).unwrap_or(LONGEST_HEADER);
        self.bytes().get(size..).unwrap_or_default()
    }

    /// The parts of a frame of which no more than these bytes came.
    pub(super) fn cut_parts(&self) -> FrameParts {
        let end = self.start.plus(self.length as u64);
        let second = self.bytes().get(1).copied().unwrap_or(0);
        let mask_size = if second & 0x80 == 0 { 0 } else { 4 };
        let mask = self.start.plus((header_size(second) - mask_size) as u64);
        FrameParts {
            id: self.id,
            start: self.start,
            extended_length: self.start.plus(2).min(end),
            mask: mask.min(end),
            payload: end,
            end,
            code_points: Vec::new(),
        }
    }

    /// How many bytes are needed before it can be told what this is.
    fn wanted(&self, could_be_http: bool) -> usize {
        match self.length {
            0 | 1 => 2,
            _ if could_be_http && HttpInside::may_begin(self.bytes()) => HttpInside::TELLING,
            _ => header_size(self.bytes[1]),
        }
    }
}
