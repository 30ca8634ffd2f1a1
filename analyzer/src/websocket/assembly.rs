//! Which frames make which message (RFC 6455 5.4), also where the capture lacks some of them.
//!
//! ```text
//!   none --text, binary--> open --last frame--> none
//!   none --continuation--> orphan; after lost bytes: a message whose beginning is missing
//!   open --text, binary--> interrupted; after lost bytes: the open one's end is missing
//! ```

use super::conformance::{Compression, LONGEST_CONTROL};
use super::context::{Context, Here, Numbers};
use super::deflate::{Cause, Decoders, Health, Inflater};
use super::ended::{self, Ended};
use super::frame::FrameHeader;
use super::message::OpenMessage;
use crate::alignment::{FrameParts, Layout};
use crate::finding;
use crate::outbox::Place;
use crate::{Limits, MessageId, MessageKind, Offset, Opcode, Span};

/// A frame that begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin<'a> {
    pub(super) header: &'a FrameHeader,
    pub(super) parts: &'a FrameParts,
    /// From where on the map is needed for it.
    pub(super) keep_from: Offset,
    pub(super) here: Here,
}

/// One direction's messages while they come.
#[derive(Debug)]
pub(super) struct Assembly {
    compression: Compression,
    inflater: Option<Box<Inflater>>,
    /// `None` while nothing is known to be wrong with it.
    health: Option<Box<Health>>,
    open: Option<Box<OpenMessage>>,
    /// Whether a message may have begun in bytes that are not there.
    after_loss: bool,
    /// Whether whole messages may be missing before any that came.
    has_lost_frames: bool,
    /// Bytes in front of the frames that were found again, not yet known to end an open message.
    rest: Option<Span>,
}

/// One direction's messages while none comes.
#[derive(Debug)]
pub(super) struct AsleepAssembly {
    compression: Compression,
    has_lost_frames: bool,
    inflater: Option<Box<Inflater>>,
    health: Option<Box<Health>>,
}

impl AsleepAssembly {
    /// Whether anything lies elsewhere that is kept for it.
    #[cfg(test)]
    pub(super) fn keeps_more(&self) -> bool {
        self.inflater.is_some() || self.health.is_some()
    }

    /// The messages as they were.
    pub(super) fn wake(self) -> Assembly {
        let Self {
            compression,
            has_lost_frames,
            inflater,
            health,
        } = self;
        Assembly {
            compression,
            inflater,
            health,
            open: None,
            after_loss: false,
            has_lost_frames,
            rest: None,
        }
    }
}

impl Assembly {
    pub(super) fn new(compression: Compression) -> Self {
        let after_loss = compression == Compression::Assumed;
        let mut assembly = Self {
            compression,
            inflater: None,
            health: None,
            open: None,
            after_loss,
            has_lost_frames: after_loss,
            rest: None,
        };
        if after_loss {
            assembly.harm(Cause::Beginning);
        }
        assembly
    }

    /// Takes what has to be remembered [between two messages](Self::is_between_messages).
    pub(super) fn sleep(self) -> AsleepAssembly {
        let Self {
            compression,
            inflater,
            health,
            open: _,
            after_loss: _,
            has_lost_frames,
            rest: _,
        } = self;
        AsleepAssembly {
            compression,
            has_lost_frames,
            inflater,
            health,
        }
    }

    /// Messages may refer to something that is not there.
    fn harm(&mut self, cause: Cause) {
        if self.compression.is_deflate() {
            self.health.get_or_insert_default().harm(cause);
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

    /// Whether none is open, and none may be.
    pub(super) fn is_between_messages(&self) -> bool {
        self.open.is_none() && !self.after_loss && self.rest.is_none()
    }

    /// Whether nothing is to be said of it if nothing more comes.
    pub(super) fn has_said_all(&self) -> bool {
        self.open.is_none() && self.health.is_none()
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
        begin: Begin<'_>,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) -> Option<MessageId> {
        let header = begin.header;
        match header.opcode {
            Opcode::Text | Opcode::Binary => {
                let kind = if header.opcode == Opcode::Text {
                    MessageKind::Text
                } else {
                    MessageKind::Binary
                };
                self.end_before(&begin, numbers, context, ended);
                self.begin(kind, &begin, numbers, context);
            }
            Opcode::Continuation => self.go_on(&begin, numbers, context),
            _ => return None,
        }
        let message = self.open.as_mut()?;
        message.wire_length = message.wire_length.saturating_add(header.length);
        Some(message.id)
    }

    /// Takes the next piece of a data frame's payload as it stands on the wire; `phase` is its offset in that payload.
    pub(super) fn feed(
        &mut self,
        piece: &[u8],
        masking_key: Option<[u8; 4]>,
        phase: u64,
        decoders: &mut Decoders,
    ) {
        if let Some(message) = &mut self.open {
            let inflater = self.inflater.as_deref_mut();
            message.feed(piece, masking_key, phase, inflater, decoders);
        }
    }

    /// Notes a frame of the open message that has ended.
    pub(super) fn end_frame(&mut self, parts: &FrameParts) {
        if let Some(message) = &mut self.open {
            message.frames.push(parts.clone());
        }
    }

    /// How many frames of the open message have ended and are kept.
    pub(super) fn kept_frames(&self) -> &[FrameParts] {
        let open = self.open.as_ref();
        open.map_or(&[], |message| &message.frames)
    }

    /// Forgets where the open message lies before an offset, except for the sum of it; its number.
    pub(super) fn leave_out(
        &mut self,
        open: Option<&FrameParts>,
        before: Offset,
        layout: &Layout<'_>,
    ) -> Option<MessageId> {
        let message = self.open.as_mut()?;
        let is_first = message.left_out.is_none();
        message.leave_out(open, before, layout);
        (is_first && message.left_out.is_some()).then_some(message.id)
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
        let outcome = message.finish(self.inflater.as_deref_mut(), &mut context.spares.decoders);
        if outcome.has_to_be_judged() {
            let span = message.span();
            let packet = span.and_then(|span| context.map.completed(span.end));
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
                if self.health.is_some() || inflated.length.is_err() {
                    let health = self.health.get_or_insert_default();
                    health.judge(message.id, inflated, place, context.out);
                }
            }
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
        if let Some(health) = &mut self.health {
            health.recover(context.out);
        }
    }

    /// Bytes of the open message are missing.
    pub(super) fn lose_bytes(&mut self, cause: Cause) {
        if let Some(message) = &mut self.open {
            message.lose(self.inflater.as_deref_mut());
            if message.compressed {
                self.harm(cause);
            }
        }
    }

    /// Frames are missing: whole messages may be.
    pub(super) fn lose_frames(&mut self, cause: Cause) {
        self.lose_bytes(cause);
        self.harm(cause);
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
        begin: &Begin<'_>,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
        ended: &mut Vec<Ended>,
    ) {
        if self.is_between_messages() {
            return;
        }
        let place = begin.here.header(begin.parts, context.map);
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
    fn end_loss(&mut self, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        self.after_loss = false;
        let rest = self.long_rest();
        self.rest = None;
        if let Some(rest) = rest.filter(|_| self.open.is_none()) {
            let id = numbers.next_message();
            let message = self.open.insert(context.spares.messages.take());
            message.begin_headless(id, rest.start, context.config);
            message.frames.push(FrameParts::rest(rest));
            message.wire_length = rest.length();
        }
    }

    fn begin(
        &mut self,
        kind: MessageKind,
        begin: &Begin<'_>,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        let compressed = begin.header.rsv[0];
        if compressed && self.compression.is_deflate() {
            let limits = &context.config.limits;
            self.inflater.get_or_insert_with(|| {
                Box::new(inflater(self.compression, self.has_lost_frames, limits))
            });
        }
        let id = numbers.next_message();
        let message = self.open.insert(context.spares.messages.take());
        message.begin(id, kind, compressed, begin.keep_from, context.config);
    }

    fn go_on(&mut self, begin: &Begin<'_>, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        if self.open.is_none() && self.after_loss {
            let id = numbers.next_message();
            let message = self.open.insert(context.spares.messages.take());
            message.begin_headless(id, begin.keep_from, context.config);
        } else if self.open.is_none() {
            let text = "a continuation frame, and no message to continue".to_owned();
            let place = begin.here.header(begin.parts, context.map);
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
