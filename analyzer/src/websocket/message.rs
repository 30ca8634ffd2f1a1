//! One message while it comes (RFC 6455 5.4, 5.6): its data unmasked, inflated, judged, hashed and kept as far as asked.

use sha2::{Digest as _, Sha256};

use super::deflate::{Decoders, Inflated, Inflater};
use super::mask::unmask;
use super::utf8::Utf8;
use crate::alignment::{FrameParts, Layout};
use crate::left_out::LeftOut;
use crate::spare::Reuse;
use crate::{Config, MessageId, MessageKind, Offset, Payload, Span};

/// How much is unmasked at a time.
const BLOCK: usize = 4_096;

/// The same for short pieces, which most messages are.
const SMALL_BLOCK: usize = 256;

/// Of a message with more frames than this, the list is not kept for the next.
const KEPT: usize = 256;

/// A message of which not every frame has come.
#[derive(Debug)]
pub(crate) struct OpenMessage {
    pub(crate) id: MessageId,
    pub(crate) kind: MessageKind,
    pub(crate) compressed: bool,
    /// The frames that have ended.
    pub(crate) frames: Vec<FrameParts>,
    /// What is said of its first frames, where they are no longer kept.
    pub(crate) left_out: Option<Box<LeftOut>>,
    /// The sum of its frames' announced payloads.
    pub(crate) wire_length: u64,
    /// Whether the capture lacks any of its bytes, or its end.
    pub(crate) missing: bool,
    /// From where on the map is needed for it.
    pub(crate) keep_from: Offset,
    content: Content,
}

/// A message's application data, consumed as it comes.
#[derive(Debug, Default)]
struct Content {
    length: u64,
    utf8: Option<Utf8>,
    hash: Option<Box<Sha256>>,
    kept: Vec<u8>,
    keep: usize,
}

/// What a message came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Its length; `None` where its data could not be decoded.
    pub(crate) length: Option<u64>,
    pub(crate) payload: Payload,
    /// The offset in its data of the first byte that is not UTF-8, in text.
    pub(crate) first_invalid: Option<u64>,
    /// What came of its inflation, where it was compressed.
    pub(crate) inflated: Option<Inflated>,
}

impl Default for OpenMessage {
    fn default() -> Self {
        Self {
            id: MessageId(0),
            kind: MessageKind::Unknown,
            compressed: false,
            frames: Vec::new(),
            left_out: None,
            wire_length: 0,
            missing: false,
            keep_from: Offset(0),
            content: Content::default(),
        }
    }
}

impl Reuse for OpenMessage {
    fn clear(&mut self) {
        self.content = Content::default();
        if self.frames.capacity() > KEPT {
            self.frames = Vec::new();
        }
    }
}

impl Outcome {
    /// Whether there is more to say of its data than how long it is.
    pub(super) fn has_to_be_judged(&self) -> bool {
        self.first_invalid.is_some() || self.inflated.is_some()
    }
}

impl OpenMessage {
    /// From its first frame's first byte to the last byte of the last one that ended.
    pub(super) fn span(&self) -> Option<Span> {
        let (first, last) = self.frames.first().zip(self.frames.last())?;
        let left_out = self.left_out.as_ref().map(|left_out| left_out.start);
        Some(Span::new(left_out.unwrap_or(first.start), last.end))
    }

    /// Forgets where it lies before an offset, except for the sum of it; `open` is its frame that has not ended.
    pub(super) fn leave_out(
        &mut self,
        open: Option<&FrameParts>,
        before: Offset,
        layout: &Layout<'_>,
    ) {
        let mut frames = self.frames.clone();
        frames.extend(open.cloned());
        let sum = LeftOut::add(self.left_out.as_deref(), &frames, before, layout);
        if let Some(mut sum) = sum {
            let behind = self.frames.partition_point(|frame| frame.end <= before);
            let gone = behind.min(self.frames.len().saturating_sub(1));
            let gone = self.frames.drain(..gone);
            sum.frames += gone.filter(FrameParts::has_header).count() as u64;
            self.left_out = Some(Box::new(sum));
        }
        self.keep_from = self.keep_from.max(before);
    }

    /// Begins it; what it was before does not matter.
    pub(super) fn begin(
        &mut self,
        id: MessageId,
        kind: MessageKind,
        compressed: bool,
        keep_from: Offset,
        config: &Config,
    ) {
        self.id = id;
        self.kind = kind;
        self.compressed = compressed;
        self.frames.clear();
        self.left_out = None;
        self.wire_length = 0;
        self.missing = false;
        self.keep_from = keep_from;
        self.content = Content {
            length: 0,
            utf8: (kind == MessageKind::Text).then(Utf8::default),
            hash: config.hashes().then(Box::default),
            kept: Vec::new(),
            keep: config.kept_bytes(),
        };
    }

    /// Begins a message whose beginning the capture lacks.
    pub(super) fn begin_headless(&mut self, id: MessageId, keep_from: Offset, config: &Config) {
        self.begin(id, MessageKind::Unknown, false, keep_from, config);
        self.missing = true;
    }

    /// Takes the next piece of a frame's payload as it stands on the wire; `phase` is its offset in that payload.
    pub(crate) fn feed(
        &mut self,
        piece: &[u8],
        masking_key: Option<[u8; 4]>,
        phase: u64,
        inflater: Option<&mut Inflater>,
        decoders: &mut Decoders,
    ) {
        if self.missing || (self.compressed && inflater.is_none()) {
            return;
        }
        let announced = self.wire_length;
        let Self { content, .. } = self;
        let mut take = |data: &[u8]| content.take(data);
        let Some(inflater) = inflater.filter(|_| self.compressed) else {
            if content.is_satisfied() {
                content.length += piece.len() as u64;
            } else {
                in_clear(piece, masking_key, phase, |data| content.take(data));
            }
            return;
        };
        in_clear(piece, masking_key, phase, |data| {
            inflater.feed(data, announced, decoders, &mut take);
        });
    }

    /// Notes that bytes of it are missing.
    pub(crate) fn lose(&mut self, inflater: Option<&mut Inflater>) {
        self.missing = true;
        if let Some(inflater) = inflater.filter(|_| self.compressed) {
            inflater.lose();
        }
    }

    /// Ends it.
    pub(crate) fn finish(
        &mut self,
        inflater: Option<&mut Inflater>,
        decoders: &mut Decoders,
    ) -> Outcome {
        let mut inflated = None;
        let mut length = Some(self.content.length);
        if self.compressed {
            inflated = inflater.map(|inflater| inflater.end_message(decoders));
            length = inflated.and_then(|inflated| inflated.length.ok());
        }
        if self.missing {
            length =
                (!self.compressed && self.kind != MessageKind::Unknown).then_some(self.wire_length);
        }
        let whole = !self.missing && length.is_some();
        let first_invalid = self
            .content
            .utf8
            .filter(|_| whole)
            .and_then(|utf8| utf8.first_invalid());
        let sha256 = self
            .content
            .hash
            .take()
            .filter(|_| whole)
            .map(|hash| hash.finalize().into());
        let bytes = std::mem::take(&mut self.content.kept);
        Outcome {
            length,
            payload: Payload { sha256, bytes },
            first_invalid,
            inflated,
        }
    }
}

impl Content {
    fn take(&mut self, data: &[u8]) {
        self.length += data.len() as u64;
        if let Some(utf8) = &mut self.utf8 {
            utf8.feed(data);
        }
        if let Some(hash) = &mut self.hash {
            hash.update(data);
        }
        let room = self.keep.saturating_sub(self.kept.len()).min(data.len());
        self.kept
            .extend_from_slice(data.get(..room).unwrap_or_default());
    }

    /// Whether more data would only be counted.
    fn is_satisfied(&self) -> bool {
        self.utf8.is_none() && self.hash.is_none() && self.kept.len() >= self.keep
    }
}

/// Hands on the bytes of a payload piece unmasked, a block at a time.
pub(super) fn in_clear(
    piece: &[u8],
    masking_key: Option<[u8; 4]>,
    phase: u64,
    mut take: impl FnMut(&[u8]),
) {
    let Some(key) = masking_key else {
        take(piece);
        return;
    };
    if piece.len() <= SMALL_BLOCK {
        unmasked(piece, key, phase, &mut [0; SMALL_BLOCK], take);
    } else {
        unmasked(piece, key, phase, &mut [0; BLOCK], take);
    }
}

fn unmasked(
    piece: &[u8],
    key: [u8; 4],
    mut phase: u64,
    block: &mut [u8],
    mut take: impl FnMut(&[u8]),
) {
    for masked in piece.chunks(block.len()) {
        let Some(block) = block.get_mut(..masked.len()) else {
            return;
        };
        block.copy_from_slice(masked);
        unmask(block, key, phase);
        take(block);
        phase += masked.len() as u64;
    }
}
