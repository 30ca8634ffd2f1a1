//! A segment that holds whole messages and nothing else, as most do: read without opening any of them.

use super::frame::FrameHeader;
use super::mask::unmask;
use crate::{AlignmentKind, Direction, Opcode};

/// How many messages of a segment are read this way; a segment of an ordinary network holds fewer.
const MOST: usize = 32;

/// How long a text may be that is unmasked in one piece.
const LONGEST_MASKED_TEXT: usize = 1 << 11;

/// The messages of a segment.
#[derive(Debug)]
pub(super) struct Whole {
    lengths: [u64; MOST],
    count: usize,
}

impl Whole {
    /// Reads a segment's payload. `None` where it holds anything but whole text and binary messages of one uncompressed
    /// frame each, all of it as it has to be.
    pub(super) fn read(direction: Direction, mut segment: &[u8]) -> Option<Self> {
        let mut whole = Self {
            lengths: [0; MOST],
            count: 0,
        };
        while !segment.is_empty() {
            let header = FrameHeader::parse(segment)?;
            let length = usize::try_from(header.length).ok()?;
            let (payload, behind) = segment
                .get(header.size() as usize..)?
                .split_at_checked(length)?;
            if !is_plain(&header, direction) || !is_text_if_said(&header, payload) {
                return None;
            }
            *whole.lengths.get_mut(whole.count)? = header.length;
            whole.count += 1;
            segment = behind;
        }
        Some(whole)
    }

    pub(super) fn count(&self) -> u64 {
        self.count as u64
    }

    /// How long each is.
    pub(super) fn lengths(&self) -> impl Iterator<Item = u64> {
        self.lengths.iter().copied().take(self.count)
    }

    /// How each lies against the segment.
    pub(super) fn alignment(&self) -> AlignmentKind {
        if self.count == 1 {
            AlignmentKind::Aligned
        } else {
            AlignmentKind::Coalesced
        }
    }
}

/// Whether a header is that of a whole message and breaks no rule.
fn is_plain(header: &FrameHeader, direction: Direction) -> bool {
    header.fin
        && header.rsv == [false; 3]
        && matches!(header.opcode, Opcode::Text | Opcode::Binary)
        && header.masking_key.is_some() == (direction == Direction::ClientToServer)
        && header.is_minimal()
}

/// Whether a payload is UTF-8, where it has to be (RFC 6455 8.1).
fn is_text_if_said(header: &FrameHeader, payload: &[u8]) -> bool {
    if header.opcode != Opcode::Text {
        return true;
    }
    let Some(key) = header.masking_key else {
        return simdutf8::basic::from_utf8(payload).is_ok();
    };
    if payload.len() <= SHORT {
        is_masked_text(payload, key, &mut [0; SHORT])
    } else {
        is_masked_text(payload, key, &mut [0; LONGEST_MASKED_TEXT])
    }
}

/// How long most texts are at most.
const SHORT: usize = 256;

fn is_masked_text(payload: &[u8], key: [u8; 4], clear: &mut [u8]) -> bool {
    let Some(clear) = clear.get_mut(..payload.len()) else {
        return false;
    };
    clear.copy_from_slice(payload);
    unmask(clear, key, 0);
    simdutf8::basic::from_utf8(clear).is_ok()
}
