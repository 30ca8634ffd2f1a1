//! A segment that holds whole messages and nothing else, as most do: read without opening any of them.

use super::conformance::LONGEST_CONTROL;
use super::frame::FrameHeader;
use super::mask::unmask;
use crate::{AlignmentKind, Direction, Opcode};

/// How long a text may be that is unmasked in one piece.
const LONGEST_MASKED_TEXT: usize = 1 << 11;

/// The messages of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'a> {
    segment: &'a [u8],
    count: u32,
    /// How long the first is.
    first: u64,
}

impl<'a> Whole<'a> {
    /// Reads a segment's payload. `None` where it holds anything but whole text and binary messages of one uncompressed
    /// frame each, all of it as it has to be.
    pub(crate) fn read(direction: Direction, segment: &'a [u8]) -> Option<Self> {
        let (mut count, mut first) = (0, 0);
        let mut rest = segment;
        while !rest.is_empty() {
            let (header, payload, behind) = frame(rest)?;
            if !is_plain(&header, direction) || !is_text_if_said(&header, payload) {
                return None;
            }
            if count == 0 {
                first = header.length;
            }
            count += 1;
            rest = behind;
        }
        Some(Self {
            segment,
            count,
            first,
        })
    }

    /// Their frames.
    pub(super) fn frames(&self) -> impl Iterator<Item = (FrameHeader, &'a [u8])> + use<'a> {
        frames(self.segment)
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// How they lie in their segment.
    pub(crate) fn alignment(&self) -> AlignmentKind {
        if self.count == 1 {
            AlignmentKind::Aligned
        } else {
            AlignmentKind::Coalesced
        }
    }

    /// How long each is.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = u64> {
        let one = (self.count == 1).then_some(self.first);
        let more = if self.count > 1 { self.segment } else { &[] };
        one.into_iter()
            .chain(frames(more).map(|(header, _)| header.length))
    }

    /// Whether a segment's payload holds the beginning of such a message, of at most `longest` bytes with its header, and no
    /// more.
    pub(crate) fn may_begin(direction: Direction, segment: &[u8], longest: usize) -> bool {
        match FrameHeader::parse(segment) {
            Some(header) => {
                let size = header.size().saturating_add(header.length);
                is_plain(&header, direction)
                    && size <= longest as u64
                    && size > segment.len() as u64
            }
            None => segment
                .first()
                .is_some_and(|first| BEGIN_PLAIN.contains(first)),
        }
    }
}

/// A control frame (RFC 6455 5.5) that a segment holds and nothing else, all of it as it has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WholeControl<'a> {
    pub(super) opcode: Opcode,
    pub(super) payload: &'a [u8],
    pub(super) masking_key: Option<[u8; 4]>,
}

impl<'a> WholeControl<'a> {
    /// Reads a segment's payload; `None` where it holds anything else than a Ping or a Pong.
    pub(crate) fn read(direction: Direction, segment: &'a [u8]) -> Option<Self> {
        let is_it = |opcode| matches!(opcode, Opcode::Ping | Opcode::Pong);
        Self::read_one_of(is_it, direction, segment)
    }

    /// The same of a Close, which the first byte tells.
    pub(super) fn read_close(direction: Direction, segment: &'a [u8]) -> Option<Self> {
        if segment.first() != Some(&WHOLE_CLOSE) {
            return None;
        }
        Self::read_one_of(|opcode| opcode == Opcode::Close, direction, segment)
    }

    fn read_one_of(
        is_one: impl Fn(Opcode) -> bool,
        direction: Direction,
        segment: &'a [u8],
    ) -> Option<Self> {
        let (header, payload, behind) = frame(segment)?;
        let is_it = is_one(header.opcode)
            && keeps_the_rules(&header, direction)
            && header.length <= LONGEST_CONTROL
            && behind.is_empty();
        is_it.then_some(Self {
            opcode: header.opcode,
            payload,
            masking_key: header.masking_key,
        })
    }
}

/// The first byte of a Close.
const WHOLE_CLOSE: u8 = 0x88;

/// First bytes of whole messages, text and binary (RFC 6455 5.2).
const BEGIN_PLAIN: [u8; 2] = [0x81, 0x82];

/// The frames of a segment that holds whole ones.
fn frames(mut segment: &[u8]) -> impl Iterator<Item = (FrameHeader, &[u8])> {
    std::iter::from_fn(move || {
        let (header, payload, behind) = frame(segment)?;
        segment = behind;
        Some((header, payload))
    })
}

/// The frame at the start of some bytes: its header, its payload, what stands behind it.
fn frame(bytes: &[u8]) -> Option<(FrameHeader, &[u8], &[u8])> {
    let header = FrameHeader::parse(bytes)?;
    let length = usize::try_from(header.length).ok()?;
    let behind_header = bytes.get(header.size() as usize..)?;
    let (payload, behind) = behind_header.split_at_checked(length)?;
    Some((header, payload, behind))
}

/// Whether a header is that of a whole message and breaks no rule.
#[inline]
fn is_plain(header: &FrameHeader, direction: Direction) -> bool {
    matches!(header.opcode, Opcode::Text | Opcode::Binary) && keeps_the_rules(header, direction)
}

/// Whether a header is that of the only frame of what it begins and breaks no rule.
#[inline]
fn keeps_the_rules(header: &FrameHeader, direction: Direction) -> bool {
    header.fin
        && header.rsv == [false; 3]
        && header.masking_key.is_some() == (direction == Direction::ClientToServer)
        && header.is_minimal()
}

/// Whether a payload is UTF-8, where it has to be (RFC 6455 8.1).
fn is_text_if_said(header: &FrameHeader, payload: &[u8]) -> bool {
    if header.opcode != Opcode::Text {
        return true;
    }
    let Some(key) = header.masking_key else {
        return is_text(payload);
    };
    if payload.len() <= SHORT {
        is_masked_text(payload, key, &mut [0; SHORT])
    } else {
        is_masked_text(payload, key, &mut [0; LONGEST_MASKED_TEXT])
    }
}

/// Most texts are ASCII, and of short ones that is told sooner.
fn is_text(payload: &[u8]) -> bool {
    payload.is_ascii() || simdutf8::basic::from_utf8(payload).is_ok()
}

/// How long most texts are at most.
const SHORT: usize = 256;

fn is_masked_text(payload: &[u8], key: [u8; 4], clear: &mut [u8]) -> bool {
    let Some(clear) = clear.get_mut(..payload.len()) else {
        return false;
    };
    clear.copy_from_slice(payload);
    unmask(clear, key, 0);
    is_text(clear)
}
