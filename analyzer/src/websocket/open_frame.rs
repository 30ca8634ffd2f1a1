//! A frame whose payload is still coming.

use super::conformance::LONGEST_CONTROL;
use super::ended::EndedFrame;
use super::frame::FrameHeader;
use super::message::in_clear;
use crate::alignment::{FrameParts, Layout};
use crate::left_out::LeftOut;
use crate::span_map::SpanMap;
use crate::{MessageId, Offset, Span};

/// An open frame.
#[derive(Debug)]
pub(super) struct OpenFrame {
    pub(super) header: FrameHeader,
    first_byte: u8,
    pub(super) parts: FrameParts,
    /// The next payload byte.
    pub(super) at: Offset,
    /// Whether the capture lacks bytes of it.
    missing: bool,
    /// The message it belongs to.
    pub(super) message: Option<MessageId>,
    /// A control frame's unmasked payload.
    control: Vec<u8>,
    /// What is said of its first places, where they are no longer kept.
    left_out: Option<Box<LeftOut>>,
    /// From where on the map is needed for it.
    pub(super) keep_from: Offset,
}

impl OpenFrame {
    pub(super) fn new(
        header: FrameHeader,
        first_byte: u8,
        parts: FrameParts,
        keep_from: Offset,
        message: Option<MessageId>,
    ) -> Self {
        Self {
            header,
            first_byte,
            at: parts.payload,
            parts,
            missing: false,
            message,
            control: Vec::new(),
            left_out: None,
            keep_from,
        }
    }

    /// The bytes at the start of `input` that are of its payload, and the first one's offset in it.
    pub(super) fn piece<'a>(&self, input: &'a [u8]) -> (&'a [u8], u64) {
        let left = usize::try_from(self.parts.end.0 - self.at.0).unwrap_or(usize::MAX);
        let piece = input.get(..left).unwrap_or(input);
        (piece, self.at.0 - self.parts.payload.0)
    }

    /// Moves on behind a piece.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.at = self.at.plus(bytes as u64);
    }

    /// Moves on over bytes that the capture lacks, to the frame's end at the farthest.
    pub(super) fn skip_to(&mut self, end: Offset) {
        self.missing = true;
        self.at = end.min(self.parts.end);
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.parts.end
    }

    pub(super) fn is_complete(&self) -> bool {
        self.is_done() && !self.missing
    }

    /// A control frame's unmasked payload.
    pub(super) fn control(&self) -> &[u8] {
        &self.control
    }

    /// Notes the segment edges in front of a UTF-8 continuation byte.
    pub(super) fn note_code_points(&mut self, piece: &[u8], map: &SpanMap) {
        for edge in map.edges_in(Span::of_length(self.at, piece.len() as u64)) {
            let phase = edge.0 - self.parts.payload.0;
            let at = usize::try_from(edge.0 - self.at.0).ok();
            let masked = at.and_then(|at| piece.get(at));
            let key = self.header.masking_key;
            let key = key.map_or(0, |key| key[(phase % 4) as usize]);
            if masked.is_some_and(|masked| (masked ^ key) & 0xC0 == 0x80) {
                self.parts.code_points.push(edge);
            }
        }
    }

    /// Keeps as much of a control frame's payload as one may have.
    pub(super) fn keep_control(&mut self, piece: &[u8], phase: u64) {
        let longest = usize::try_from(LONGEST_CONTROL).unwrap_or(usize::MAX);
        let room = longest.saturating_sub(self.control.len()).min(piece.len());
        let piece = piece.get(..room).unwrap_or_default();
        let control = &mut self.control;
        in_clear(piece, self.header.masking_key, phase, |data| {
            control.extend_from_slice(data);
        });
    }

    /// Forgets where it lies before an offset, except for the sum of it.
    pub(super) fn leave_out(&mut self, before: Offset, layout: &Layout<'_>) {
        let frame = std::slice::from_ref(&self.parts);
        if let Some(sum) = LeftOut::add(self.left_out.as_deref(), frame, before, layout) {
            self.left_out = Some(Box::new(sum));
            let kept = self.parts.code_points.partition_point(|at| *at < before);
            self.parts.code_points.drain(..kept);
        }
        self.keep_from = self.keep_from.max(before);
    }

    /// The frame as it ended, or was cut off.
    pub(super) fn into_ended(self) -> EndedFrame {
        EndedFrame {
            complete: self.is_complete(),
            header: Some(self.header),
            first_byte: self.first_byte,
            parts: self.parts,
            message: self.message,
            control: self.control,
            left_out: self.left_out,
        }
    }
}
