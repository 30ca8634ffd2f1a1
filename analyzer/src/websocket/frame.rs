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
    #[inline]
    pub(crate) fn parse(input: &[u8]) -> Option<Self> {
        match input.first_chunk() {
            Some(front) => Some(Self::at(front)),
            None => header(input).ok().map(|(_, header)| header),
        }
    }

    /// The header at the start of as many bytes as the longest has.
    ///
    /// It looks at the same bytes whatever they say: lengths and masks come in no order that a processor could foretell.
    #[inline]
    fn at(front: &[u8; LONGEST_HEADER]) -> Self {
        let [first, second, a, b, c, d, e, f, g, h, ..] = *front;
        let extended_length = extended_length(second);
        let extended = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let extended = extended >> (64 - 8 * u32::from(extended_length)).min(63);
        let key = front.get(2 + usize::from(extended_length)..);
        let key = key.and_then(|key| key.first_chunk()).copied();
        Self {
            masking_key: key.filter(|_| second & 0x80 != 0),
            length: if extended_length == 0 {
                (second & 0x7F).into()
            } else {
                extended
            },
            extended_length,
            ..Self::of_first_byte(first)
        }
    }

    /// A header of two bytes, of which this is the first.
    #[inline]
    fn of_first_byte(first: u8) -> Self {
        Self {
            fin: first & 0x80 != 0,
            rsv: [first & 0x40 != 0, first & 0x20 != 0, first & 0x10 != 0],
            opcode: Opcode::from_first_byte(first),
            masking_key: None,
            length: 0,
            extended_length: 0,
        }
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
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2 + usize::from(extended_length(second)) + mask
}

/// How many bytes the extended length takes in a header with this second byte, told without a branch.
#[inline]
fn extended_length(second: u8) -> u8 {
    let short = second & 0x7F;
    2 * u8::from(short == 126) + 8 * u8::from(short == 127)
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
        masking_key,
        length,
        extended_length,
        ..FrameHeader::of_first_byte(first)
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
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// With enough bytes for any header it is read at once, with fewer as a stream.
        #[test]
        fn headers_are_the_same_read_at_once_and_as_a_stream(
            mut front: [u8; LONGEST_HEADER],
            length in prop_oneof![any::<u8>(), Just(126), Just(127)],
            masked: bool,
        ) {
            front[1] = length & 0x7F | u8::from(masked) << 7;
            let at_once = FrameHeader::parse(&front).expect("a header");
            let size = header_size(front[1]);
            prop_assert_eq!(at_once.size(), size as u64);
            let (rest, streamed) = header(&front).expect("a header");
            prop_assert_eq!(at_once, streamed);
            prop_assert_eq!(rest.len(), LONGEST_HEADER - size);
        }
    }

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
