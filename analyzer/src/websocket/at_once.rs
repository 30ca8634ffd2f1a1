//! The messages of a segment that holds whole ones and nothing else, as the map has them, without opening any.
//!
//! Each is one frame in one packet, and whatever else that packet carried are other messages like it: so where it lies,
//! and how, needs no map.

use super::frame::FrameHeader;
use super::mask::unmask;
use super::whole::Whole;
use crate::span_map::Carrier;
use crate::{
    Alignment, Config, Direction, FrameId, Message, MessageId, MessageKind, Opcode, Payload, Slice,
    Span, Timing, WebSocketId,
};

/// A segment of whole messages.
#[derive(Debug)]
pub(crate) struct AtOnce<'a> {
    websocket: WebSocketId,
    direction: Direction,
    whole: Whole<'a>,
    carrier: Carrier,
    /// How many bytes of each message are kept.
    keep: usize,
}

impl<'a> AtOnce<'a> {
    /// A segment's payload; `None` where it holds anything else, or more than is to be said of its messages can be said
    /// in this way.
    pub(crate) fn read(
        websocket: WebSocketId,
        direction: Direction,
        payload: &'a [u8],
        carrier: Carrier,
        config: &Config,
    ) -> Option<Self> {
        let whole = Whole::read(direction, payload)?;
        let others = (whole.count() as usize).checked_sub(1)?;
        (others <= config.limits.shared_frames && !config.hashes()).then_some(Self {
            websocket,
            direction,
            whole,
            carrier,
            keep: config.kept_bytes(),
        })
    }

    /// How many messages they are.
    pub(crate) fn count(&self) -> u32 {
        self.whole.count()
    }

    /// Its messages, whose frames have numbers from `first_frame` on and they themselves from `first_message` on.
    pub(crate) fn messages(
        &self,
        first_frame: FrameId,
        first_message: MessageId,
    ) -> impl Iterator<Item = Message> {
        let mut start = self.carrier.reach.start;
        (0..)
            .zip(self.whole.frames())
            .map(move |(at, (header, payload))| {
                let (frame, message) =
                    (FrameId(first_frame.0 + at), MessageId(first_message.0 + at));
                let begin = start;
                start = begin.plus(header.size() + header.length);
                let span = Span::new(begin, start);
                self.message(&header, payload, span, message, frame, first_frame)
            })
    }

    fn message(
        &self,
        header: &FrameHeader,
        payload: &[u8],
        span: Span,
        id: MessageId,
        frame: FrameId,
        first_frame: FrameId,
    ) -> Message {
        let Carrier {
            moment,
            super_segment,
            ..
        } = self.carrier;
        let others = u64::from(self.whole.count()) - 1;
        let in_segment = first_frame.0..=first_frame.0 + others;
        Message {
            websocket: self.websocket,
            id,
            direction: self.direction,
            kind: if header.opcode == Opcode::Text {
                MessageKind::Text
            } else {
                MessageKind::Binary
            },
            length: Some(header.length),
            wire_length: header.length,
            compressed: false,
            complete: true,
            payload: Payload {
                sha256: None,
                bytes: self.kept(header, payload),
            },
            frames: vec![frame],
            frames_left_out: 0,
            span,
            slices: vec![Slice {
                packet: moment.packet,
                span,
                retransmitted: false,
            }],
            slices_left_out: 0,
            alignment: Alignment {
                kind: self.whole.alignment(),
                segments: 1,
                shares_with: in_segment.map(FrameId).filter(|it| *it != frame).collect(),
                shared_frames: others,
                with_handshake: false,
                torn: Vec::new(),
                retransmission: false,
                gap: false,
                super_segment,
            },
            timing: Timing {
                first: moment,
                last: moment,
                completed: moment,
            },
        }
    }

    fn kept(&self, header: &FrameHeader, payload: &[u8]) -> Vec<u8> {
        let kept = payload.len().min(self.keep);
        let mut bytes = payload.get(..kept).unwrap_or_default().to_vec();
        if let Some(key) = header.masking_key {
            unmask(&mut bytes, key, 0);
        }
        bytes
    }
}
