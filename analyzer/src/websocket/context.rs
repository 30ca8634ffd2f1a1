//! What the parts of a WebSocket share while bytes are read: the numbers given so far, the map, the way out.

use super::busy::Busy;
use super::deflate::Decoders;
use super::message::OpenMessage;
use super::talk::ControlTalk;
use crate::alignment::FrameParts;
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::spare::Spare;
use crate::{Config, Detail, Direction, FrameId, MessageId, Offset, Span, WebSocketId};

/// What both directions of a WebSocket count together.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    frames: u64,
    messages: u64,
}

impl Numbers {
    /// The numbers that the next frame and the next message get.
    pub(super) fn next(&self) -> (FrameId, MessageId) {
        (FrameId(self.frames + 1), MessageId(self.messages + 1))
    }

    pub(super) fn next_message(&mut self) -> MessageId {
        self.messages += 1;
        MessageId(self.messages)
    }

    pub(super) fn next_frame(&mut self) -> FrameId {
        self.frames += 1;
        FrameId(self.frames)
    }

    /// Counts messages of one frame each.
    pub(super) fn pass(&mut self, messages: u64) {
        self.frames += messages;
        self.messages += messages;
    }

    /// Takes a number back that turned out to be no frame's, where none was given since.
    pub(super) fn take_back(&mut self, id: FrameId) {
        if id.0 == self.frames {
            self.frames -= 1;
        }
    }
}

/// Which direction of which WebSocket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Here {
    pub(super) websocket: WebSocketId,
    pub(super) direction: Direction,
}

impl Here {
    pub(super) fn place(self) -> Place {
        Place {
            direction: Some(self.direction),
            websocket: Some(self.websocket),
            ..Place::default()
        }
    }

    /// These bytes.
    pub(super) fn bytes(self, span: Span, map: &SpanMap) -> Place {
        let websocket = Some(self.websocket);
        Place {
            websocket,
            ..Place::of(self.direction, span, map)
        }
    }

    /// A frame's header.
    pub(super) fn header(self, parts: &FrameParts, map: &SpanMap) -> Place {
        Place {
            frame: Some(parts.id),
            ..self.bytes(Span::new(parts.start, parts.payload), map)
        }
    }
}

/// Buffers of directions that are at rest.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    pub(super) busy: Spare<Busy>,
    pub(super) messages: Spare<OpenMessage>,
    pub(super) controls: Spare<ControlTalk>,
    pub(super) decoders: Decoders,
}

/// What a half reads besides its bytes.
pub(crate) struct Context<'a, 'b> {
    pub(crate) map: &'a SpanMap,
    pub(crate) config: &'a Config,
    pub(crate) out: &'a mut Outbox<'b>,
    pub(crate) spares: &'a mut Spares,
    /// From where on the bytes now read were made deliverable together.
    pub(crate) batch: Offset,
    /// How far the sender has acknowledged the other direction.
    pub(crate) acknowledged: Option<Offset>,
}

impl Context<'_, '_> {
    /// Whether the whole map was asked for.
    pub(super) fn wants_map(&self) -> bool {
        self.config.detail == Detail::Map
    }

    /// Whether it is asked for where each message lies.
    pub(super) fn wants_messages(&self) -> bool {
        self.config.detail != Detail::Counts
    }
}
