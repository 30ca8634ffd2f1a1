//! A segment that holds whole messages and nothing else, as most do: read without opening any of them.

use super::conformance::LONGEST_CONTROL;
use super::frame::FrameHeader;
use super::mask::unmask_onto;
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
#[inline]
fn is_text_if_said(header: &FrameHeader, payload: &[u8]) -> bool {
    if header.opcode != Opcode::Text {
        return true;
    }
    match header.masking_key {
        key if payload.len() <= SHORT => is_text(payload, key.unwrap_or_default(), &mut [0; SHORT]),
        Some(key) => is_text(payload, key, &mut [0; LONGEST_MASKED_TEXT]),
        None => simdutf8::basic::from_utf8(payload).is_ok(),
    }
}

/// How long most texts are at most.
const SHORT: usize = 256;

/// Into how much the library that knows UTF-8 cuts its input; what is left over takes it as long as some of these.
const PIECE: usize = 64;

/// Whether a payload is UTF-8 once it is unmasked, where there is room for it in zeros; a key of zeros does not mask.
///
/// The zeros behind it fill its last piece up, so that the same is done whatever its length, but for how often.
fn is_text(payload: &[u8], key: [u8; 4], clear: &mut [u8]) -> bool {
    if unmask_onto(payload, key, clear).is_none() {
        return false;
    }
    let pieces = clear.get(..payload.len().next_multiple_of(PIECE));
    pieces.is_some_and(|pieces| simdutf8::basic::from_utf8(pieces).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::mask::unmask;
    use super::*;

    /// Text, whole or cut anywhere, and some with a byte that does not belong there.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let text = prop::collection::vec(prop_oneof![Just('a'), any::<char>()], 0..150);
        let cut = any::<prop::sample::Index>();
        let other = prop::option::weighted(0.2, any::<(prop::sample::Index, u8)>());
        (text, cut, any::<bool>(), other).prop_map(|(text, cut, is_cut, other)| {
            let mut bytes = text.into_iter().collect::<String>().into_bytes();
            if is_cut {
                bytes.truncate(cut.index(bytes.len() + 1));
            }
            if let Some((at, byte)) = other.filter(|_| !bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn texts_are_whole_messages_where_the_standard_library_reads_them(
            text in texts(),
            key: Option<[u8; 4]>,
        ) {
            let mut payload = text.clone();
            unmask(&mut payload, key.unwrap_or_default(), 0);
            let header = FrameHeader {
                masking_key: key,
                length: payload.len() as u64,
                ..FrameHeader::parse(&[0x81, 0]).expect("a header")
            };
            prop_assert_eq!(
                is_text_if_said(&header, &payload),
                std::str::from_utf8(&text).is_ok()
            );
        }
    }
}
