//! Which frames make which message (RFC 6455 5.4), also where the capture lacks some of them.
//!
//! ```text
//!   none --text, binary--> open --last frame--> none
//!   none --continuation--> orphan; after lost bytes: a message whose beginning is missing
//!   open --text, binary--> interrupted; after lost bytes: the open one's end is missing
//! ```

use super::conformance::{Compression, LONGEST_CONTROL};
use super::context::{Context, Numbers};
use super::deflate::{Cause, Decoders, Health, Inflater};
use super::ended::{self, Ended};
use super::frame::FrameHeader;
use super::message::OpenMessage;
use crate::alignment::FrameParts;
use crate::finding;
use crate::outbox::Place;
use crate::{Limits, MessageId, MessageKind, Offset, Opcode, Span};

/// One direction's messages while they come.
#[derive(Debug)]
pub(super) struct Assembly {
    compression: Compression,
    inflater: Option<Box<Inflater>>,
    health: Health,
    decoders: Decoders,
    open: Option<Box<OpenMessage>>,
    /// Whether a message may have begun in bytes that are not there.
    after_loss: bool,
    /// Whether whole messages may be missing before any that came.
    has_lost_frames: bool,
    /// Bytes in front of the frames that were found again, not yet known to end an open message.
    rest: Option<Span>,
}

impl Assembly {
    pub(super) fn new(compression: Compression) -> Self {
        let after_loss = compression == Compression::Assumed;
        let mut health = Health::default();
        if after_loss {
            health.harm(Cause::Beginning);
        }
        Self {
            compression,
            inflater: None,
            health,
            decoders: Decoders::default(),
            open: None,
            after_loss,
            has_lost_frames: after_loss,
            rest: None,
        }
    }

    pub(super) fn compression(&self) -> Compression {
        self.compression
    }

    /// From where on the map is needed for the open message, or for what may turn out to be the rest of one.
    pub(super) fn keep_from(&self) -> Option<Offset> {
        let open = self.open.as_ref().map(|message| message.keep_from);
        open.or(self.long_rest().map(|rest| rest.start))
    }

    fn long_rest(&self) -> Option<Span> {
        self.rest.filter(|rest| rest.length() > LONGEST_CONTROL)
    }

    /// The open message's number.
    pub(super) fn open_id(&self) -> Option<MessageId> {
        self.open.as_ref().map(|message| message.id)
    }

    /// Whether segment edges inside code points can be told in the open message: it is uncompressed text.
    pub(super) fn is_plain_text(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|message| message.kind == MessageKind::Text && !message.compressed)
    }

    /// The message that a frame belongs to, opened where it is its first; what that ends goes to `ended`.
    pub(super) fn begin_frame(
        &mut self,
        header: &FrameHeader,
        keep_from: Offset,
        place: Place,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) -> Option<MessageId> {
        match header.opcode {
            Opcode::Text => {
                self.end_before(place, numbers, context, ended);
                self.begin(MessageKind::Text, header, keep_from, numbers, context);
            }
            Opcode::Binary => {
                self.end_before(place, numbers, context, ended);
                self.begin(MessageKind::Binary, header, keep_from, numbers, context);
            }
            Opcode::Continuation => self.go_on(keep_from, place, numbers, context),
            _ => return None,
        }
        let message = self.open.as_mut()?;
        message.wire_length = message.wire_length.saturating_add(header.length);
        Some(message.id)
    }

    /// Takes the next piece of a data frame's payload as it stands on the wire; `phase` is its offset in that payload.
    pub(super) fn feed(&mut self, piece: &[u8], masking_key: Option<[u8; 4]>, phase: u64) {
        if let Some(message) = &mut self.open {
            let inflater = self.inflater.as_deref_mut();
            message.feed(piece, masking_key, phase, inflater, &mut self.decoders);
        }
    }

    /// Notes a frame of the open message that has ended.
    pub(super) fn end_frame(&mut self, parts: &FrameParts) {
        if let Some(message) = &mut self.open {
            message.frames.push(parts.clone());
        }
    }

    /// The open message's last frame has ended.
    pub(super) fn end_message(
        &mut self,
        place: Place,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) {
        let Some(mut message) = self.open.take() else {
            return;
        };
        let outcome = message.finish(self.inflater.as_deref_mut(), &mut self.decoders);
        let ends = message.frames.first().zip(message.frames.last());
        let span = ends.map(|(first, last)| Span::new(first.start, last.end));
        let packet = ends.and_then(|(_, last)| context.map.completed(last.end));
        let packet = packet.map(|moment| moment.packet);
        let place = Place {
            span,
            packet,
            ..place
        };
        let window = self.compression.agreement().window();
        ended::report_faults(&message, &outcome, window, place, context.out);
        if let Some(inflated) = outcome.inflated.as_ref().filter(|_| !message.missing) {
            let place = Place {
                message: Some(message.id),
                ..place
            };
            self.health.judge(message.id, inflated, place, context.out);
        }
        ended.push(Ended::Message(message, outcome));
    }

    /// The open message's end is missing.
    pub(super) fn cut_message(
        &mut self,
        place: Place,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) {
        if let Some(id) = self.open_id() {
            self.lose_bytes(Cause::Unfinished(id));
        }
        self.end_message(place, context, ended);
    }

    /// The stream has ended, and with it the open message.
    pub(super) fn finish(
        &mut self,
        place: Place,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) {
        self.cut_message(place, context, ended);
        self.health.recover(context.out);
    }

    /// Bytes of the open message are missing.
    pub(super) fn lose_bytes(&mut self, cause: Cause) {
        if let Some(message) = &mut self.open {
            message.lose(self.inflater.as_deref_mut());
            if message.compressed {
                self.health.harm(cause);
            }
        }
    }

    /// Frames are missing: whole messages may be.
    pub(super) fn lose_frames(&mut self, cause: Cause) {
        self.lose_bytes(cause);
        self.health.harm(cause);
        if let Some(inflater) = &mut self.inflater {
            inflater.forget();
        }
        self.after_loss = true;
        self.has_lost_frames = true;
    }

    /// Frames were found behind these bytes.
    pub(super) fn found_behind(&mut self, rest: Span) {
        self.rest = Some(rest);
    }

    /// A new message begins: what was open, or may have been, ends here.
    fn end_before(
        &mut self,
        place: Place,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) {
        if let Some(message) = self.open_id().filter(|_| !self.after_loss) {
            let text = "a new message begins before the last frame of the one before".to_owned();
            let message = Some(message);
            let place = Place { message, ..place };
            context
                .out
                .finding_at(&finding::WS_MESSAGE_INTERRUPTED, place, text);
        }
        self.end_loss(numbers, context);
        self.cut_message(place, context, ended);
    }

    /// What stands before the first message after a loss, and is too long for a control frame, is the rest of a message.
    fn end_loss(&mut self, numbers: &mut Numbers, context: &Context<'_, '_>) {
        self.after_loss = false;
        let rest = self.long_rest();
        self.rest = None;
        if let Some(rest) = rest.filter(|_| self.open.is_none()) {
            let id = numbers.next_message();
            let mut message = OpenMessage::headless(id, rest.start, context.reading);
            message.frames.push(FrameParts::rest(rest));
            message.wire_length = rest.length();
            self.open = Some(Box::new(message));
        }
    }

    fn begin(
        &mut self,
        kind: MessageKind,
        header: &FrameHeader,
        keep_from: Offset,
        numbers: &mut Numbers,
        context: &Context<'_, '_>,
    ) {
        let compressed = header.rsv[0];
        if compressed && self.compression.is_deflate() {
            let limits = context.reading.limits;
            self.inflater.get_or_insert_with(|| {
                Box::new(inflater(self.compression, self.has_lost_frames, limits))
            });
        }
        let id = numbers.next_message();
        let message = OpenMessage::new(id, kind, compressed, keep_from, context.reading);
        self.open = Some(Box::new(message));
    }

    fn go_on(
        &mut self,
        keep_from: Offset,
        place: Place,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        if self.open.is_none() && self.after_loss {
            let id = numbers.next_message();
            let message = OpenMessage::headless(id, keep_from, context.reading);
            self.open = Some(Box::new(message));
        } else if self.open.is_none() {
            let text = "a continuation frame, and no message to continue".to_owned();
            context
                .out
                .finding_at(&finding::WS_CONTINUATION_ORPHAN, place, text);
        }
        self.after_loss = false;
        self.rest = None;
    }
}

/// Where messages before the first compressed one may be missing, it may refer to them.
fn inflater(compression: Compression, has_lost_frames: bool, limits: &Limits) -> Inflater {
    let mut inflater = Inflater::new(compression.agreement(), limits);
    if has_lost_frames {
        inflater.forget();
    }
    inflater
}
