//! Whether messages are the sum of their frames.

use std::collections::{BTreeMap, VecDeque};

use wireseam_analyzer::{
    Direction, Frame, FrameId, Message, MessageId, Offset, Slice, Span, WebSocketId,
};

/// The frames of messages that have not ended.
#[derive(Debug, Default)]
pub(super) struct Messages {
    open: BTreeMap<(WebSocketId, MessageId), Parts>,
}

/// How many frames of a message are held, and how many of their slices: as many as the report lists unless asked for more.
const MOST_HELD: usize = 1 << 16;

/// The frames of a message: the last ones, and the sums of all.
#[derive(Debug)]
struct Parts {
    last: VecDeque<Part>,
    /// How many slices the last ones have.
    slices: usize,
    direction: Direction,
    span: Span,
    frames: u64,
    payload: u64,
    is_complete: bool,
    /// Those that are no longer held included, and those that the frames leave out.
    all_slices: u64,
    torn: usize,
}

/// What is held of a message's frame.
#[derive(Debug)]
struct Part {
    id: FrameId,
    slices: Vec<Slice>,
}

impl Parts {
    fn of(direction: Direction, start: Offset) -> Self {
        Self {
            last: VecDeque::new(),
            slices: 0,
            direction,
            span: Span::new(start, start),
            frames: 0,
            payload: 0,
            is_complete: true,
            all_slices: 0,
            torn: 0,
        }
    }

    fn push(&mut self, frame: &Frame, most: usize) {
        self.span.end = frame.payload.end;
        self.frames += 1;
        let payload = frame.length.unwrap_or(frame.payload.length());
        self.payload = self.payload.saturating_add(payload);
        self.is_complete &= frame.complete;
        self.all_slices += frame.slices.len() as u64 + frame.slices_left_out;
        self.torn += frame.alignment.torn.len();
        self.slices += frame.slices.len();
        self.last.push_back(Part {
            id: frame.id,
            slices: frame.slices.clone(),
        });
        while self.last.len() > most || (self.slices > most && self.last.len() > 1) {
            let first = self.last.pop_front();
            self.slices -= first.map_or(0, |part| part.slices.len());
        }
    }
}

impl Messages {
    /// Takes a frame, which may be part of a message that is told later.
    pub(super) fn frame(&mut self, frame: &Frame) {
        if let Some(message) = frame.message {
            self.open
                .entry((frame.websocket, message))
                .or_insert_with(|| Parts::of(frame.direction, frame.header.start))
                .push(frame, MOST_HELD);
        }
    }

    /// Takes a message, and says what is wrong with it.
    pub(super) fn message(&mut self, message: &Message) -> Vec<String> {
        let parts = self.open.remove(&(message.websocket, message.id));
        let parts = parts.unwrap_or_else(|| Parts::of(message.direction, message.span.end));
        let mut faults = Vec::new();
        let mut hold = |is_so: bool, text: &str| {
            if !is_so {
                faults.push(text.to_owned());
            }
        };
        let frames = parts.last.iter().map(|part| part.id).rev();
        hold(
            message.frames_left_out + message.frames.len() as u64 == parts.frames
                && agree(frames, message.frames.iter().copied().rev()),
            "its frames are others than those that name it",
        );
        // the rest of a frame whose header was not captured, where the message begins with one
        let first = parts.span.start;
        let rest = Span::new(message.span.start, first);
        let begun = message
            .slices
            .partition_point(|slice| slice.span.end <= first);
        let (own, of_frames) = message.slices.split_at(begun);
        hold(
            own.is_empty() || !rest.is_empty(),
            "it has bytes before its first frame",
        );
        let places = |slice: &Slice| (slice.packet, slice.span);
        let slices = parts.last.iter().flat_map(|part| &part.slices);
        let more = parts.all_slices.checked_sub(of_frames.len() as u64);
        let is_short = message.slices_left_out > 0;
        hold(
            (is_short || more == Some(0))
                && agree(slices.rev().map(places), of_frames.iter().rev().map(places)),
            "its slices are not those of its frames",
        );
        hold(
            !rest.is_empty() || more == Some(message.slices_left_out),
            "it has left out another number of slices than it has",
        );
        hold(
            message.span.end == parts.span.end,
            "it does not end with its last frame",
        );
        let wire_length = rest.length().saturating_add(parts.payload);
        hold(
            message.wire_length == wire_length,
            "its length on the wire is not that of its frames",
        );
        hold(
            !message.complete || (parts.is_complete && rest.is_empty()),
            "it is complete, and its frames are not",
        );
        hold(
            !message.complete || message.compressed || message.length == Some(wire_length),
            "it is not compressed, and as long as its frames it is not",
        );
        let mut packets: Vec<_> = message.slices.iter().map(|slice| slice.packet).collect();
        packets.sort_unstable();
        packets.dedup();
        hold(
            is_short || message.alignment.segments == packets.len() as u64,
            "it is said to have another number of segments than it has",
        );
        hold(
            is_short || !rest.is_empty() || message.alignment.torn.len() == parts.torn,
            "it is torn in other places than its frames",
        );
        faults
    }

    /// Messages of which there were frames, and that were never told.
    pub(super) fn unfinished(&self) -> Vec<(Direction, String)> {
        let open = self.open.iter().map(|((_, id), parts)| {
            let text = format!("message {} has frames and was never told", id.0);
            (parts.direction, text)
        });
        open.collect()
    }
}

/// Whether two lists are the same, from their ends on as far as both go.
fn agree<T: PartialEq>(one: impl Iterator<Item = T>, other: impl Iterator<Item = T>) -> bool {
    one.zip(other).all(|(one, other)| one == other)
}
