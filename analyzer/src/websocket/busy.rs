//! What one direction of a WebSocket has under way: a frame, bytes to search, what ended in the packets now read.

use std::collections::VecDeque;
use std::mem;

use wireseam_wire::PacketIndex;

use super::carry::Carry;
use super::ended::{Ended, EndedFrame};
use super::http_inside::HttpInside;
use super::open_frame::OpenFrame;
use super::search::Search;
use crate::spare::Reuse;
use crate::{FrameId, Offset, Span};

/// Above this many, what a buffer held is not kept for the next user of it.
const KEPT: usize = 1_024;

/// What is under way.
#[derive(Debug, Default)]
pub(crate) struct Busy {
    pub(super) state: State,
    /// What ended since it was last reported.
    pub(super) ended: Vec<Ended>,
    /// Every frame as far back as anything open reaches; the last may be open. For the map only.
    pub(super) frames: VecDeque<(FrameId, Span)>,
    /// Where the place in the frames was lost.
    pub(super) lost_from: Offset,
    /// The bytes in which it was lost and the packet then read, until it is told.
    pub(super) loss: Option<(Span, PacketIndex)>,
}

/// Where in a frame the next byte is.
#[derive(Debug, Default)]
pub(super) enum State {
    #[default]
    Between,
    Header(Carry),
    Payload(OpenFrame),
    Lost(Box<Search>),
    Http(Box<HttpInside>),
}

impl Busy {
    /// Where frames have to be searched for.
    pub(super) fn lost(from: Offset, search: Box<Search>) -> Self {
        Self {
            state: State::Lost(search),
            lost_from: from,
            ..Self::default()
        }
    }

    /// Whether there is nothing that has to be remembered.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(self.state, State::Between) && self.ended.is_empty() && self.frames.is_empty()
    }

    /// From where on the map is needed.
    pub(super) fn keep_from(&self) -> Option<Offset> {
        match &self.state {
            State::Between | State::Http(_) => None,
            State::Header(carry) => Some(carry.keep_from),
            State::Payload(frame) => Some(frame.keep_from),
            State::Lost(search) => Some(search.keep_from()),
        }
    }

    /// Forgets the frames that end at or before an offset.
    pub(super) fn forget_frames(&mut self, before: Offset) {
        while let Some((_, span)) = self.frames.front()
            && span.end <= before
        {
            self.frames.pop_front();
        }
    }

    /// Lists a frame whose header is not all there.
    pub(super) fn cut_header(&mut self) {
        let State::Header(carry) = &self.state else {
            return;
        };
        let parts = carry.cut_parts();
        if let Some((_, span)) = self.frames.back_mut() {
            span.end = parts.end;
        }
        self.ended.push(Ended::Frame(EndedFrame {
            header: None,
            first_byte: carry.first_byte(),
            parts,
            message: None,
            complete: false,
            control: Vec::new(),
            left_out: None,
        }));
        self.state = State::Between;
    }
}

impl Reuse for Busy {
    fn clear(&mut self) {
        let Self { ended, frames, .. } = mem::take(self);
        if ended.capacity() <= KEPT {
            self.ended = ended;
            self.ended.clear();
        }
        if frames.capacity() <= KEPT {
            self.frames = frames;
            self.frames.clear();
        }
    }
}
