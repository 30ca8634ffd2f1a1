//! What the parts of a WebSocket share while bytes are read: the numbers given so far, the map, the way out.

use super::message::Reading;
use crate::outbox::Outbox;
use crate::span_map::SpanMap;
use crate::{FrameId, MessageId, Offset, WebSocketId};

/// What both directions of a WebSocket count together.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) websocket: WebSocketId,
    frames: u64,
    messages: u64,
}

impl Numbers {
    pub(super) fn new(websocket: WebSocketId) -> Self {
        Self {
            websocket,
            frames: 0,
            messages: 0,
        }
    }

    pub(super) fn next_message(&mut self) -> MessageId {
        self.messages += 1;
        MessageId(self.messages)
    }

    pub(super) fn next_frame(&mut self) -> FrameId {
        self.frames += 1;
        FrameId(self.frames)
    }

    /// Takes a number back that turned out to be no frame's, where none was given since.
    pub(super) fn take_back(&mut self, id: FrameId) {
        if id.0 == self.frames {
            self.frames -= 1;
        }
    }
}

/// What a half reads besides its bytes.
pub(crate) struct Context<'a, 'b> {
    pub(crate) map: &'a SpanMap,
    pub(crate) reading: Reading<'a>,
    pub(crate) out: &'a mut Outbox<'b>,
    /// From where on the bytes now read were made deliverable together.
    pub(crate) batch: Offset,
    /// How far the sender has acknowledged the other direction.
    pub(crate) acknowledged: Option<Offset>,
}
