//! Frames and messages that have ended, and how they are reported.

use super::context::Context;
use super::deflate::{Fault, Inflated};
use super::frame::FrameHeader;
use super::message::{OpenMessage, Outcome};
use crate::alignment::{FrameParts, Layout, Packets};
use crate::finding::{self, Rule, bytes};
use crate::left_out::LeftOut;
use crate::outbox::{Outbox, Place};
use crate::{
    Alignment, Counted, Direction, EventKind, Frame, Message, MessageId, Opcode, Slice, Span,
    WebSocketId,
};

/// What ended, in stream order.
#[derive(Debug)]
pub(super) enum Ended {
    Frame(EndedFrame),
    Message(Box<OpenMessage>, Outcome),
}

/// A frame, whole or cut off.
#[derive(Debug)]
pub(super) struct EndedFrame {
    /// `None` where the header was cut off.
    pub(super) header: Option<FrameHeader>,
    pub(super) first_byte: u8,
    pub(super) parts: FrameParts,
    pub(super) message: Option<MessageId>,
    pub(super) complete: bool,
    /// A control frame's unmasked payload.
    pub(super) control: Vec<u8>,
    /// What is said of its first places, where they were not kept.
    pub(super) left_out: Option<Box<LeftOut>>,
}

impl EndedFrame {
    pub(super) fn opcode(&self) -> Opcode {
        Opcode::from_first_byte(self.first_byte)
    }

    /// Whether it is a message all by itself.
    fn is_whole_message(&self) -> bool {
        self.message.is_some()
            && self.first_byte & 0x80 != 0
            && self.opcode() != Opcode::Continuation
    }

    /// As the report has it.
    fn event(&self, websocket: WebSocketId, direction: Direction, lies: Lies) -> Frame {
        let Lies { slices, alignment } = lies;
        let left_out = self.left_out.as_ref();
        Frame {
            slices_left_out: left_out.map_or(0, |left_out| left_out.slices),
            websocket,
            id: self.parts.id,
            direction,
            opcode: self.opcode(),
            fin: self.first_byte & 0x80 != 0,
            rsv: [0x40, 0x20, 0x10].map(|bit| self.first_byte & bit != 0),
            masked: self
                .header
                .is_some_and(|header| header.masking_key.is_some()),
            masking_key: self.header.and_then(|header| header.masking_key),
            length: self.header.map(|header| header.length),
            header: Span::new(self.parts.start, self.parts.payload),
            payload: Span::new(self.parts.payload, self.parts.end),
            message: self.message,
            complete: self.complete,
            slices,
            alignment,
        }
    }
}

/// A message as the report has it; `None` where none of its bytes were captured.
fn message_event(
    message: &OpenMessage,
    outcome: Outcome,
    websocket: WebSocketId,
    direction: Direction,
    layout: &Layout<'_>,
    lies: Lies,
) -> Option<Message> {
    let span = message.span()?;
    let Lies { slices, alignment } = lies;
    let timing = layout.timing(&slices, span.end);
    let left_out = message.left_out.as_ref();
    let timing = left_out.map_or(timing, |left_out| Some(left_out.timing(timing)))?;
    Some(Message {
        websocket,
        id: message.id,
        direction,
        kind: message.kind,
        length: outcome.length,
        wire_length: message.wire_length,
        compressed: message.compressed,
        complete: !message.missing,
        payload: outcome.payload,
        frames: message
            .frames
            .iter()
            .filter(|frame| frame.has_header())
            .map(|frame| frame.id)
            .collect(),
        frames_left_out: left_out.map_or(0, |left_out| left_out.frames),
        span,
        slices_left_out: left_out.map_or(0, |left_out| left_out.slices),
        slices,
        alignment,
        timing,
    })
}

/// Reports what is wrong with a message's data. `window` is the one agreed, in bytes.
pub(super) fn report_faults(
    message: &OpenMessage,
    outcome: &Outcome,
    window: u32,
    place: Place,
    out: &mut Outbox<'_>,
) {
    let place = Place {
        message: Some(message.id),
        ..place
    };
    if let Some(at) = outcome.first_invalid {
        out.finding_at(
            &finding::WS_UTF8,
            place,
            format!("the text is not UTF-8 from its byte {at} on"),
        );
    }
    let inflated = outcome.inflated.as_ref();
    if let Some(inflated) = inflated.filter(|_| !message.missing) {
        report_inflated(inflated, message.wire_length, window, place, out);
    }
}

/// Reports what is wrong with a message's compressed data; what it lacks is [`Health`](super::deflate::Health)'s.
fn report_inflated(
    inflated: &Inflated,
    wire_length: u64,
    window: u32,
    place: Place,
    out: &mut Outbox<'_>,
) {
    let fault: Option<(&'static Rule, _)> = match inflated.length {
        Err(Fault::Data) => Some((
            &finding::DEFLATE_DATA,
            "the message's data does not inflate".to_owned(),
        )),
        Err(Fault::Unfinished) => Some((
            &finding::DEFLATE_DATA,
            "the message's data ends inside a block".to_owned(),
        )),
        Err(Fault::TooLarge(most)) => {
            let (wire_length, most) = (bytes(wire_length), bytes(most));
            Some((
                &finding::DEFLATE_LIMIT,
                format!(
                    "the message's {wire_length} inflate to more than {most} (limit inflated-message or inflation-ratio)"
                ),
            ))
        }
        Err(Fault::Context) | Ok(_) => None,
    };
    let window = inflated.beyond_window.map(|distance| {
        let (distance, window) = (bytes(distance.into()), bytes(window.into()));
        let text = format!("a reference {distance} back; the agreed window is {window}");
        (&finding::DEFLATE_WINDOW, text)
    });
    let tail = inflated.has_tail.then(|| {
        let text = "the message ends with 00 00 ff ff, which its sender should have taken off";
        (&finding::DEFLATE_TAIL, text.to_owned())
    });
    for (rule, text) in [fault, window, tail].into_iter().flatten() {
        out.finding_at(rule, place, text);
    }
}

/// Where frames lie, and how they lie there.
#[derive(Clone, Debug)]
pub(super) struct Lies {
    slices: Vec<Slice>,
    alignment: Alignment,
}

impl Lies {
    fn of(
        frames: &[FrameParts],
        left_out: Option<&LeftOut>,
        layout: &Layout<'_>,
        packets: &mut Packets,
    ) -> Self {
        let slices = layout.slices(frames);
        let mut alignment = layout.alignment(frames, &slices, packets);
        if let Some(left_out) = left_out {
            left_out.join(&mut alignment);
        }
        Self { slices, alignment }
    }
}

/// Reports what ended in the packets that were read.
pub(super) struct Report<'a> {
    websocket: WebSocketId,
    direction: Direction,
    layout: &'a Layout<'a>,
    packets: Packets,
    /// From a frame that is a whole message to the message behind it: how both lie, which is worked out once.
    only_frame: Option<Lies>,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        websocket: WebSocketId,
        direction: Direction,
        layout: &'a Layout<'a>,
    ) -> Self {
        Self {
            websocket,
            direction,
            layout,
            packets: Packets::default(),
            only_frame: None,
        }
    }

    /// Reports what ended next; what the socket has to do with it.
    pub(super) fn emit(&mut self, ended: Ended, context: &mut Context<'_, '_>) -> Option<Told> {
        match ended {
            Ended::Frame(frame) => {
                if context.wants_map() {
                    self.frame(&frame, context.out);
                }
                let told = frame.complete && frame.opcode().is_control();
                told.then_some(Told::Control(frame))
            }
            Ended::Message(message, outcome) => {
                let told = if context.wants_messages() {
                    self.message(&message, outcome, context.out)
                } else {
                    self.counted(&message, &outcome, context.out)
                };
                context.spares.messages.give_back(Some(message));
                told
            }
        }
    }

    fn lies(&mut self, frames: &[FrameParts], left_out: Option<&LeftOut>) -> Lies {
        Lies::of(frames, left_out, self.layout, &mut self.packets)
    }

    fn frame(&mut self, frame: &EndedFrame, out: &mut Outbox<'_>) {
        let lies = self.lies(
            std::slice::from_ref(&frame.parts),
            frame.left_out.as_deref(),
        );
        self.only_frame = frame.is_whole_message().then(|| lies.clone());
        let event = frame.event(self.websocket, self.direction, lies);
        out.push(EventKind::Frame(Box::new(event)));
    }

    fn message(
        &mut self,
        message: &OpenMessage,
        outcome: Outcome,
        out: &mut Outbox<'_>,
    ) -> Option<Told> {
        let only_frame = self.only_frame.take();
        let lies =
            only_frame.unwrap_or_else(|| self.lies(&message.frames, message.left_out.as_deref()));
        let (websocket, direction) = (self.websocket, self.direction);
        let event = message_event(message, outcome, websocket, direction, self.layout, lies)?;
        out.push(EventKind::Message(Box::new(event)));
        told(message)
    }

    fn counted(
        &mut self,
        message: &OpenMessage,
        outcome: &Outcome,
        out: &mut Outbox<'_>,
    ) -> Option<Told> {
        let kind = self.layout.kind(&message.frames, &mut self.packets);
        let left_out = message.left_out.as_ref();
        let alignment = left_out.map_or(kind, |left_out| Some(left_out.joined_kind(kind)))?;
        out.push(EventKind::Counted(Counted {
            websocket: self.websocket,
            direction: self.direction,
            alignment,
            length: outcome.length,
            complete: !message.missing,
        }));
        told(message)
    }
}

fn told(message: &OpenMessage) -> Option<Told> {
    Some(Told::Message {
        id: message.id,
        end: message.frames.last()?.end,
        complete: !message.missing,
    })
}

/// What a socket has to do with what ended.
#[derive(Debug)]
pub(super) enum Told {
    /// A whole control frame.
    Control(EndedFrame),
    /// A message.
    Message {
        /// Its number.
        id: MessageId,
        /// The byte after its last.
        end: crate::Offset,
        /// Whether all of it was captured.
        complete: bool,
    },
}
