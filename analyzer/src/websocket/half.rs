//! One direction of a WebSocket: bytes to frames (RFC 6455 5.2), in a stream.
//!
//! ```text
//!   Between --> Header --header whole--> Payload --last byte--> Between
//!                 |  gap                   | gap: count on; beyond the frame's end the place is lost
//!                 v                        v
//!               Lost <---------------------+        Lost --frames found by score--> Between
//!   Header --"HTTP/1." where a header should be--> Http --end of its body--> Between
//! ```
//!
//! What frames make a message is `assembly.rs`'s, what a header must not say `conformance.rs`'s.

pub(super) mod asleep;
mod lost;
mod places;

use std::mem;

use wireseam_wire::PacketIndex;

use super::assembly::{Assembly, Begin};
use super::busy::{Busy, State};
use super::carry::Carry;
use super::conformance::{self, Compression};
use super::context::{Context, Here, Numbers};
use super::deflate::Cause;
use super::ended::{Ended, Report, Told};
use super::frame::FrameHeader;
use super::http_inside::HttpInside;
use super::open_frame::OpenFrame;
use super::search::{Found, Search};
use crate::alignment::{FrameParts, Layout};
use crate::finding::{self, bytes};
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::{Direction, Offset, Opcode, Span, WebSocketId};

/// One direction.
#[derive(Debug)]
pub(super) struct Half {
    websocket: WebSocketId,
    direction: Direction,
    assembly: Assembly,
    /// `None` between two messages: then there is nothing to remember.
    busy: Option<Box<Busy>>,
    /// The packet in which this direction's head of the upgrade ends.
    head_end: Option<PacketIndex>,
    /// Whether a Close frame was seen.
    closed: bool,
    /// How many HTTP responses the sender still owes.
    owed_responses: u32,
}

impl Half {
    pub(super) fn new(
        websocket: WebSocketId,
        direction: Direction,
        compression: Compression,
        head_end: Option<PacketIndex>,
    ) -> Self {
        Self {
            websocket,
            direction,
            assembly: Assembly::new(compression),
            busy: None,
            head_end,
            closed: false,
            owed_responses: 0,
        }
    }

    /// Starts with a search, because the place of the first frame is not known.
    pub(super) fn searching(mut self, mut search: Box<Search>) -> Self {
        search.be_certain();
        self.assembly.lose_frames(Cause::Beginning);
        self.busy = Some(Box::new(Busy::lost(search.keep_from(), search)));
        self
    }

    /// Starts where frames were found, behind bytes that were passed over.
    pub(super) fn behind(mut self, found: &Found, map: &SpanMap, out: &mut Outbox<'_>) -> Self {
        self.assembly.found_behind(found.rest);
        self.report_found(found.passed, found.bits, map, out);
        self
    }

    /// Expects this many HTTP responses where frames should be.
    pub(super) fn owing(mut self, responses: usize) -> Self {
        self.owed_responses = u32::try_from(responses).unwrap_or(u32::MAX);
        self
    }

    /// Whether a message begins with the next byte, and nothing before it matters to it.
    pub(super) fn is_between_messages(&self) -> bool {
        self.busy.is_none() && !self.closed && self.assembly.is_between_messages()
    }

    /// A Close frame came that was read elsewhere.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Reads all of `input`, whose first byte stands at `at`.
    pub(super) fn feed(
        &mut self,
        at: Offset,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        let mut busy = self.take_busy(context);
        self.read(&mut busy, at, input, numbers, context);
        self.busy = Some(busy);
    }

    fn take_busy(&mut self, context: &mut Context<'_, '_>) -> Box<Busy> {
        self.busy
            .take()
            .unwrap_or_else(|| context.spares.busy.take())
    }

    fn read(
        &mut self,
        busy: &mut Busy,
        mut at: Offset,
        mut input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        while !input.is_empty() {
            let read = match &mut busy.state {
                State::Between => self.begin_frame(busy, at, input, numbers, context),
                State::Header(_) => self.read_header(busy, input, numbers, context),
                State::Payload(_) => self.read_payload(busy, input, context),
                State::Lost(_) => self.search(busy, at, input, numbers, context),
                State::Http(_) => self.read_http(busy, input, context),
            };
            at = at.plus(read as u64);
            input = input.get(read..).unwrap_or_default();
        }
    }

    /// The capture lacks bytes.
    pub(super) fn gap(&mut self, span: Span, context: &mut Context<'_, '_>) {
        let mut busy = self.take_busy(context);
        match &mut busy.state {
            State::Lost(search) => search.gap(span),
            State::Payload(_) => self.payload_gap(&mut busy, span, context),
            State::Between | State::Header(_) => {
                busy.cut_header();
                self.lose_place(&mut busy, span, context);
            }
            State::Http(http) => {
                if !http.skip_gap(span) {
                    self.lose_place(&mut busy, span, context);
                }
            }
        }
        self.busy = Some(busy);
    }

    /// The stream has ended: what is open is cut off.
    pub(super) fn finish(&mut self, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        if self.busy.is_none() && self.assembly.has_said_all() {
            return;
        }
        let mut busy = self.take_busy(context);
        self.tell_loss(&mut busy, None, context);
        if let State::Lost(search) = &busy.state
            && let Some(found) = search.conclude()
        {
            self.go_on(&mut busy, found, numbers, context);
        }
        let in_last_frame = self.report_open_frame(&busy.state, context);
        busy.cut_header();
        self.cut_payload(&mut busy);
        if let Some(message) = self.assembly.open_id().filter(|_| !in_last_frame) {
            let text = "the stream ends before the message's last frame".to_owned();
            let message = Some(message);
            let place = Place {
                message,
                ..self.here().place()
            };
            context
                .out
                .finding_at(&finding::WS_MESSAGE_UNFINISHED, place, text);
        }
        let place = self.here().place();
        self.assembly.finish(place, context, &mut busy.ended);
        self.busy = Some(busy);
    }

    /// From where on the map is needed, when everything before `next` was read.
    pub(super) fn keep_from(&self, next: Offset) -> Offset {
        let state = self.busy.as_ref().and_then(|busy| busy.keep_from());
        let message = self.assembly.keep_from();
        let open = state.into_iter().chain(message);
        open.min().map_or(next, |open| open.min(next))
    }

    /// Reports what has ended, now that all bytes of its packets have been read, and hands on what of it the socket has
    /// to do with.
    pub(super) fn settle(
        &mut self,
        next: Offset,
        context: &mut Context<'_, '_>,
        mut tell: impl FnMut(Told, &mut Context<'_, '_>),
    ) {
        let Some(mut busy) = self.busy.take() else {
            return;
        };
        let mut ended = mem::take(&mut busy.ended);
        if !ended.is_empty() {
            let layout = Layout {
                map: context.map,
                frames: &busy.frames,
                head_end: self.head_end,
                limits: &context.config.limits,
            };
            let mut report = Report::new(self.websocket, self.direction, &layout);
            for ended in ended.drain(..) {
                if let Some(told) = report.emit(ended, context) {
                    tell(told, context);
                }
            }
        }
        busy.ended = ended;
        self.bound_places(&mut busy, context);
        self.busy = Some(busy);
        let keep_from = self.keep_from(next);
        if let Some(busy) = &mut self.busy {
            busy.forget_frames(keep_from);
            if busy.is_at_rest() {
                context.spares.busy.give_back(self.busy.take());
            }
        }
    }

    fn here(&self) -> Here {
        Here {
            websocket: self.websocket,
            direction: self.direction,
        }
    }

    /// Begins a frame at the start of `input`: all of it where all is there, else what there is.
    fn begin_frame(
        &mut self,
        busy: &mut Busy,
        at: Offset,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        let could_be_http = self.could_be_http();
        let header =
            FrameHeader::parse(input).filter(|_| !(could_be_http && HttpInside::may_begin(input)));
        let id = numbers.next_frame();
        let keep_from = context.batch.min(at);
        let Some(header) = header else {
            busy.state = State::Header(Carry::new(at, keep_from, id));
            if context.wants_messages() {
                busy.frames.push_back((id, Span::new(at, Offset(u64::MAX))));
            }
            return self.read_header(busy, input, numbers, context);
        };
        let parts = header.parts(id, at);
        if context.wants_messages() {
            busy.frames.push_back((id, parts.span()));
        }
        let first_byte = input.first().copied().unwrap_or(0);
        let size = header.size() as usize;
        self.open_frame(busy, header, first_byte, parts, keep_from, numbers, context);
        let rest = input.get(size..).unwrap_or_default();
        size + self.read_payload(busy, rest, context)
    }

    fn could_be_http(&self) -> bool {
        self.direction == Direction::ServerToClient
    }

    fn read_header(
        &mut self,
        busy: &mut Busy,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        let State::Header(carry) = &mut busy.state else {
            return 0;
        };
        let could_be_http = self.could_be_http();
        let read = carry.fill(input, could_be_http);
        let carry = *carry;
        if could_be_http && carry.is_http() {
            numbers.take_back(carry.id);
            busy.frames.pop_back();
            busy.state = State::Http(Box::new(HttpInside::new(carry.start, carry.bytes())));
        } else if let Some(header) = carry.header(could_be_http) {
            let parts = header.parts(carry.id, carry.start);
            if let Some((_, span)) = busy.frames.back_mut() {
                span.end = parts.end;
            }
            let first_byte = carry.first_byte();
            self.open_frame(
                busy,
                header,
                first_byte,
                parts,
                carry.keep_from,
                numbers,
                context,
            );
            self.read_payload(busy, carry.payload(&header), context);
        }
        read
    }

    /// A frame's header is there: judges it and opens the frame.
    #[expect(
        clippy::too_many_arguments,
        reason = "they are what a frame begins with"
    )]
    fn open_frame(
        &mut self,
        busy: &mut Busy,
        header: FrameHeader,
        first_byte: u8,
        parts: FrameParts,
        keep_from: Offset,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        let faults = conformance::faults(&header, self.direction, self.assembly.compression());
        if self.closed || !faults.is_empty() {
            let place = self.here().header(&parts, context.map);
            for (rule, text) in faults {
                context.out.finding_at(rule, place, text);
            }
            if self.closed {
                let text = format!("a {} frame after the Close frame", header.opcode);
                context.out.finding_at(&finding::WS_CLOSE_DATA, place, text);
            }
        }
        let begin = Begin {
            header: &header,
            parts: &parts,
            keep_from,
            here: self.here(),
        };
        let message = self
            .assembly
            .begin_frame(begin, numbers, context, &mut busy.ended);
        let frame = OpenFrame::new(header, first_byte, parts, keep_from, message);
        busy.state = State::Payload(frame);
    }

    /// Reads what of `input` is payload of the open frame, and ends the frame where that is the rest of it.
    fn read_payload(
        &mut self,
        busy: &mut Busy,
        input: &[u8],
        context: &mut Context<'_, '_>,
    ) -> usize {
        let State::Payload(frame) = &mut busy.state else {
            return 0;
        };
        let (piece, phase) = frame.piece(input);
        if piece.is_empty() {
        } else if frame.message.is_some() {
            if context.wants_messages() && self.assembly.is_plain_text() {
                frame.note_code_points(piece, context.map);
            }
            let decoders = &mut context.spares.decoders;
            self.assembly
                .feed(piece, frame.header.masking_key, phase, decoders);
        } else if frame.header.opcode.is_control() {
            frame.keep_control(piece, phase);
        }
        frame.advance(piece.len());
        if frame.is_done() {
            self.end_frame(busy, context);
        }
        piece.len()
    }

    /// A gap in a payload keeps the framing; one that reaches beyond the frame loses it.
    fn payload_gap(&mut self, busy: &mut Busy, span: Span, context: &mut Context<'_, '_>) {
        let State::Payload(frame) = &mut busy.state else {
            return;
        };
        let end = frame.parts.end;
        frame.skip_to(span.end);
        if frame.message.is_some() {
            let cause = Cause::lost(span, context.map);
            self.assembly.lose_bytes(cause);
        }
        if frame.is_done() {
            self.end_frame(busy, context);
        }
        if span.end > end {
            self.lose_place(busy, Span::new(end, span.end), context);
        }
    }

    /// The open frame's last byte has come.
    fn end_frame(&mut self, busy: &mut Busy, context: &mut Context<'_, '_>) {
        let State::Payload(frame) = mem::replace(&mut busy.state, State::Between) else {
            return;
        };
        if frame.header.opcode == Opcode::Close {
            self.closed = true;
            self.judge_close(&frame, context);
        }
        let ends_message = frame.message.is_some() && frame.header.fin;
        self.push_frame(busy, frame);
        if ends_message {
            let place = self.here().place();
            self.assembly.end_message(place, context, &mut busy.ended);
        }
    }

    fn judge_close(&self, frame: &OpenFrame, context: &mut Context<'_, '_>) {
        if !frame.is_complete() {
            return;
        }
        for (rule, text) in super::close::faults(frame.control()) {
            let place = Place {
                frame: Some(frame.parts.id),
                ..self.here().bytes(frame.parts.span(), context.map)
            };
            context.out.finding_at(rule, place, text);
        }
    }

    fn push_frame(&mut self, busy: &mut Busy, frame: OpenFrame) {
        if frame.message.is_some() {
            self.assembly.end_frame(&frame.parts);
        }
        busy.ended.push(Ended::Frame(frame.into_ended()));
    }

    /// Reports a frame that the stream's end cuts off; whether it was its message's last.
    fn report_open_frame(&self, state: &State, context: &mut Context<'_, '_>) -> bool {
        let (id, span, is_last) = match state {
            State::Header(carry) => {
                let length = carry.bytes().len() as u64;
                (carry.id, Span::of_length(carry.start, length), false)
            }
            State::Payload(frame) => {
                let is_last = frame.message.is_some() && frame.header.fin;
                let span = Span::new(frame.parts.start, frame.at);
                (frame.parts.id, span, is_last)
            }
            _ => return false,
        };
        let place = Place {
            frame: Some(id),
            ..self.here().bytes(span, context.map)
        };
        let text = "the stream ends inside a frame".to_owned();
        context
            .out
            .finding_at(&finding::WS_FRAME_UNFINISHED, place, text);
        is_last
    }

    fn cut_payload(&mut self, busy: &mut Busy) {
        if matches!(busy.state, State::Payload(_))
            && let State::Payload(frame) = mem::replace(&mut busy.state, State::Between)
        {
            self.push_frame(busy, frame);
        }
    }

    fn read_http(&mut self, busy: &mut Busy, input: &[u8], context: &mut Context<'_, '_>) -> usize {
        let State::Http(http) = &mut busy.state else {
            return 0;
        };
        let read = http.feed(input, &context.config.limits);
        if !http.is_done() {
            return read;
        }
        let owed = if self.owed_responses > 0 {
            ", owed to an earlier request"
        } else {
            ""
        };
        let (length, line) = (bytes(http.length()), http.first_line());
        let text = format!("{length} of HTTP ({line}) where a frame should be{owed}");
        let span = Span::of_length(http.start(), http.length());
        let place = self.here().bytes(span, context.map);
        context.out.finding_at(&finding::WS_HTTP, place, text);
        self.owed_responses = self.owed_responses.saturating_sub(1);
        busy.state = State::Between;
        read
    }
}
