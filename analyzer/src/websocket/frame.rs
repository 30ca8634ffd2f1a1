//! A frame's header (RFC 6455 5.2), read as a stream: whole, or so many bytes more are needed.
//!
//! ```text
//!    byte 0        byte 1         0, 2 or 8 bytes     0 or 4 bytes
//!   |F|RSV|opcode| |M|length 7| | extended length  | | masking key |   payload ..
//! ```

use nom::bytes::streaming::take;
use nom::number::streaming::{be_u8, be_u16, be_u64};
use nom::{IResult, Parser};

use crate::alignment::{FrameParts, HeaderSizes};
use crate::{FrameId, Offset, Opcode};

/// The longest header: two bytes, an 8-byte length, a masking key.
pub(crate) const LONGEST_HEADER: usize = 14;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) fin: bool,
    pub(crate) rsv: [bool; 3],
    pub(crate) opcode: Opcode,
    pub(crate) masking_key: Option<[u8; 4]>,
    /// The payload length as announced, all 64 bits of it.
    pub(crate) length: u64,
    /// How many bytes the extended length takes: 0, 2 or 8.
    pub(crate) extended_length: u8,
}

impl FrameHeader {
    /// Reads a header at the start of `input`; `None` where it is not all there. Nothing else can go wrong.
    pub(crate) fn parse(input: &[u8]) -> Option<Self> {
        header(input).ok().map(|(_, header)| header)
    }

    /// Its length in bytes.
    pub(crate) fn size(&self) -> u64 {
        2 + u64::from(self.extended_length) + if self.masking_key.is_some() { 4 } else { 0 }
    }

    /// The parts of the frame that begins with it at `start`.
    pub(crate) fn parts(&self, id: FrameId, start: Offset) -> FrameParts {
        let sizes = HeaderSizes {
            extended_length: self.extended_length,
            mask: if self.masking_key.is_some() { 4 } else { 0 },
        };
        FrameParts::of(id, start, sizes, self.length)
    }

    /// Whether the length is in its shortest form.
    pub(crate) fn is_minimal(&self) -> bool {
        match self.extended_length {
            0 => true,
            2 => self.length > 125,
            _ => self.length > u64::from(u16::MAX),
        }
    }
}

/// How long the header that begins with these two bytes is.
pub(crate) fn header_size(second: u8) -> usize {
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + extended + if second & 0x80 == 0 { 0 } else { 4 }
}

fn header(input: &[u8]) -> IResult<&[u8], FrameHeader> {
    let (input, (first, second)) = (be_u8, be_u8).parse(input)?;
    let (input, (length, extended_length)) = match second & 0x7F {
        126 => be_u16.map(|length| (u64::from(length), 2)).parse(input)?,
        127 => be_u64.map(|length| (length, 8)).parse(input)?,
        length => (input, (u64::from(length), 0)),
    };
    let (input, masking_key) = if second & 0x80 == 0 {
        (input, None)
    } else {
        masking_key.map(Some).parse(input)?
    };
    let header = FrameHeader {
        fin: first & 0x80 != 0,
        rsv: [first & 0x40 != 0, first & 0x20 != 0, first & 0x10 != 0],
        opcode: Opcode::from_first_byte(first),
        masking_key,
        length,
        extended_length,
    };
    Ok((input, header))
}

fn masking_key(input: &[u8]) -> IResult<&[u8], [u8; 4]> {
    take(4_usize)
        .map(|key: &[u8]| <[u8; 4]>::try_from(key).unwrap_or_default())
        .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_rfc_6455_section_5_7_are_read() {
        let hello =
            FrameHeader::parse(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f]).expect("a header");
        assert_eq!(
            (hello.fin, hello.opcode, hello.length, hello.masking_key),
            (true, Opcode::Text, 5, Some([0x37, 0xfa, 0x21, 0x3d]))
        );
        let medium = FrameHeader::parse(&[0x82, 0x7E, 0x01, 0x00]).expect("a header");
        assert_eq!(
            (medium.opcode, medium.length, medium.size()),
            (Opcode::Binary, 256, 4)
        );
        let large = FrameHeader::parse(&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0]).expect("a header");
        assert_eq!((large.length, large.size()), (65_536, 10));
    }

    #[test]
    fn every_shorter_input_needs_more() {
        let longest = [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
        for length in 0..longest.len() {
            assert_eq!(FrameHeader::parse(&longest[..length]), None, "{length}");
        }
        assert!(FrameHeader::parse(&longest).is_some());
        assert_eq!(header_size(longest[1]), longest.len());
    }
}
