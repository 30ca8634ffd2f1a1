//! Whether messages are the sum of their frames.

use std::collections::BTreeMap;

use wireseam_analyzer::{Direction, Frame, FrameId, Message, MessageId, Slice, Span, WebSocketId};

/// The frames of messages that have not ended.
#[derive(Debug, Default)]
pub(super) struct Messages {
    open: BTreeMap<(WebSocketId, MessageId), Vec<Part>>,
}

/// What is held of a message's frame.
#[derive(Debug)]
struct Part {
    id: FrameId,
    direction: Direction,
    span: Span,
    payload: u64,
    is_complete: bool,
    slices: Vec<Slice>,
    slices_left_out: u64,
    torn: usize,
}

impl Messages {
    /// Takes a frame, which may be part of a message that is told later.
    pub(super) fn frame(&mut self, frame: &Frame) {
        if let Some(message) = frame.message {
            let part = Part {
                id: frame.id,
                direction: frame.direction,
                span: Span::new(frame.header.start, frame.payload.end),
                payload: frame.length.unwrap_or(frame.payload.length()),
                is_complete: frame.complete,
                slices: frame.slices.clone(),
                slices_left_out: frame.slices_left_out,
                torn: frame.alignment.torn.len(),
            };
            self.open
                .entry((frame.websocket, message))
                .or_default()
                .push(part);
        }
    }

    /// Takes a message, and says what is wrong with it.
    pub(super) fn message(&mut self, message: &Message) -> Vec<String> {
        let parts = self.open.remove(&(message.websocket, message.id));
        let parts = parts.unwrap_or_default();
        let mut faults = Vec::new();
        let mut hold = |is_so: bool, text: &str| {
            if !is_so {
                faults.push(text.to_owned());
            }
        };
        let left_out = usize::try_from(message.frames_left_out).unwrap_or(usize::MAX);
        let frames = parts.iter().map(|part| part.id).skip(left_out);
        hold(
            frames.eq(message.frames.iter().copied()),
            "its frames are others than those that name it",
        );
        // the rest of a frame whose header was not captured, where the message begins with one
        let first = parts
            .first()
            .map_or(message.span.end, |part| part.span.start);
        let rest = Span::new(message.span.start, first);
        let begun = message
            .slices
            .partition_point(|slice| slice.span.end <= first);
        let (own, of_frames) = message.slices.split_at(begun);
        hold(
            own.is_empty() || !rest.is_empty(),
            "it has bytes before its first frame",
        );
        let slices: Vec<&Slice> = parts.iter().flat_map(|part| &part.slices).collect();
        let more = slices.len().saturating_sub(of_frames.len());
        let before_those: u64 = parts.iter().map(|part| part.slices_left_out).sum();
        let is_short = message.slices_left_out > 0;
        let places = |slice: &Slice| (slice.packet, slice.span);
        let kept = slices.iter().skip(if is_short { more } else { 0 });
        hold(
            kept.map(|slice| places(slice))
                .eq(of_frames.iter().map(places)),
            "its slices are not those of its frames",
        );
        hold(
            !rest.is_empty() || before_those + more as u64 == message.slices_left_out,
            "it has left out another number of slices than it has",
        );
        let end = parts.last().map_or(message.span.end, |part| part.span.end);
        hold(
            message.span.end == end,
            "it does not end with its last frame",
        );
        let wire_length = parts
            .iter()
            .fold(rest.length(), |sum, part| sum.saturating_add(part.payload));
        hold(
            message.wire_length == wire_length,
            "its length on the wire is not that of its frames",
        );
        hold(
            !message.complete || (parts.iter().all(|part| part.is_complete) && rest.is_empty()),
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
        let torn: usize = parts.iter().map(|part| part.torn).sum();
        hold(
            is_short || !rest.is_empty() || message.alignment.torn.len() == torn,
            "it is torn in other places than its frames",
        );
        faults
    }

    /// Messages of which there were frames, and that were never told.
    pub(super) fn unfinished(&self) -> Vec<(Direction, String)> {
        let open = self.open.iter().filter_map(|((_, id), parts)| {
            let direction = parts.first()?.direction;
            Some((
                direction,
                format!("message {} has frames and was never told", id.0),
            ))
        });
        open.collect()
    }
}
