//! One direction of a WebSocket: bytes to frames (RFC 6455 5.2), in a stream.
//!
//! ```text
//!   Header --header whole--> Payload --last byte--> Header
//!     |  gap                   | gap: count on; beyond the frame's end the place is lost
//!     v                        v
//!   Lost <---------------------+        Lost --frames found by score--> Header
//!   Header --"HTTP/1." where a header should be--> Http --end of its body--> Header
//! ```
//!
//! What frames make a message is `assembly.rs`'s, what a header must not say `conformance.rs`'s.

use std::collections::VecDeque;
use std::mem;

use wireseam_wire::PacketIndex;

use super::assembly::Assembly;
use super::carry::Carry;
use super::conformance::{self, Compression};
use super::context::{Context, Numbers};
use super::deflate::Cause;
use super::ended::{self, Ended, EndedFrame, Told};
use super::frame::FrameHeader;
use super::http_inside::HttpInside;
use super::open_frame::OpenFrame;
use super::search::{Found, Search};
use crate::alignment::Layout;
use crate::finding::{self, bytes};
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::{Direction, FrameId, Offset, Opcode, Span, WebSocketId};

/// One direction.
#[derive(Debug)]
pub(super) struct Half {
    websocket: WebSocketId,
    direction: Direction,
    state: State,
    assembly: Assembly,
    /// What ended since the last [`settle`](Self::settle).
    ended: Vec<Ended>,
    /// Every frame as far back as anything open reaches; the last may be open.
    frames: VecDeque<(FrameId, Span)>,
    /// The packet in which this direction's head of the upgrade ends.
    head_end: Option<PacketIndex>,
    /// Whether a Close frame was seen.
    closed: bool,
    /// How many HTTP responses the sender still owes.
    owed_responses: usize,
    /// Where the place in the frames was lost.
    lost_from: Offset,
}

#[derive(Debug)]
enum State {
    Header(Carry),
    Payload(Box<OpenFrame>),
    Lost(Box<Search>),
    Http(Box<HttpInside>),
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
            state: State::Header(Carry::EMPTY),
            assembly: Assembly::new(compression),
            ended: Vec::new(),
            frames: VecDeque::new(),
            head_end,
            closed: false,
            owed_responses: 0,
            lost_from: Offset(0),
        }
    }

    /// Starts with a search, because the place of the first frame is not known.
    pub(super) fn searching(mut self, mut search: Box<Search>) -> Self {
        search.be_certain();
        self.assembly.lose_frames(Cause::Beginning);
        self.lost_from = search.keep_from();
        self.state = State::Lost(search);
        self
    }

    /// Starts where frames were found, behind bytes that were passed over.
    pub(super) fn behind(mut self, found: &Found, out: &mut Outbox<'_>) -> Self {
        self.assembly.found_behind(found.rest);
        self.report_found(found.passed, found.bits, out);
        self
    }

    /// Expects this many HTTP responses where frames should be.
    pub(super) fn owing(mut self, responses: usize) -> Self {
        self.owed_responses = responses;
        self
    }

    /// Reads all of `input`, whose first byte stands at `at`.
    pub(super) fn feed(
        &mut self,
        mut at: Offset,
        mut input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        while !input.is_empty() {
            let read = match &mut self.state {
                State::Header(_) => self.read_header(at, input, numbers, context),
                State::Payload(_) => self.read_payload(input, context),
                State::Lost(_) => self.search(at, input, numbers, context),
                State::Http(_) => self.read_http(input, context),
            };
            at = at.plus(read as u64);
            input = input.get(read..).unwrap_or_default();
        }
    }

    /// The capture lacks bytes.
    pub(super) fn gap(&mut self, span: Span, context: &mut Context<'_, '_>) {
        match &mut self.state {
            State::Lost(search) => search.gap(span),
            State::Payload(_) => self.payload_gap(span, context),
            State::Header(_) => {
                self.cut_header();
                self.lose_place(span, context);
            }
            State::Http(http) => {
                if !http.skip_gap(span) {
                    self.lose_place(span, context);
                }
            }
        }
    }

    /// The stream has ended: what is open is cut off.
    pub(super) fn finish(&mut self, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        if let State::Lost(search) = &self.state
            && let Some(found) = search.conclude()
        {
            self.go_on(found, numbers, context);
        }
        let in_last_frame = self.report_open_frame(context);
        self.cut_header();
        self.cut_payload();
        if let Some(message) = self.assembly.open_id().filter(|_| !in_last_frame) {
            let text = "the stream ends before the message's last frame".to_owned();
            let message = Some(message);
            let place = Place {
                message,
                ..self.place()
            };
            context
                .out
                .finding_at(&finding::WS_MESSAGE_UNFINISHED, place, text);
        }
        let place = self.place();
        self.assembly.finish(place, context, &mut self.ended);
    }

    /// From where on the map is needed, when everything before `next` was read.
    pub(super) fn keep_from(&self, next: Offset) -> Offset {
        let state = match &self.state {
            State::Header(carry) if !carry.is_empty() => carry.keep_from,
            State::Payload(frame) => frame.keep_from,
            State::Lost(search) => search.keep_from(),
            State::Header(_) | State::Http(_) => next,
        };
        let message = self.assembly.keep_from().unwrap_or(next);
        state.min(message).min(next)
    }

    /// Reports what has ended, now that all bytes of its packets have been read.
    pub(super) fn settle(&mut self, next: Offset, context: &mut Context<'_, '_>) -> Vec<Told> {
        if self.ended.is_empty() {
            return Vec::new();
        }
        let layout = Layout {
            map: context.map,
            frames: &self.frames,
            head_end: self.head_end,
            limits: context.reading.limits,
        };
        let (websocket, direction) = (self.websocket, self.direction);
        let mut only_frame = None;
        let ended = mem::take(&mut self.ended).into_iter();
        let told = ended.filter_map(|ended| {
            let out = &mut *context.out;
            ended::emit(ended, websocket, direction, &layout, &mut only_frame, out)
        });
        let told = told.collect();
        let keep_from = self.keep_from(next);
        while let Some((_, span)) = self.frames.front()
            && span.end <= keep_from
        {
            self.frames.pop_front();
        }
        told
    }

    fn place(&self) -> Place {
        Place {
            direction: Some(self.direction),
            websocket: Some(self.websocket),
            ..Place::default()
        }
    }

    /// These bytes of this direction.
    fn place_of(&self, span: Span, map: &SpanMap) -> Place {
        let websocket = Some(self.websocket);
        Place {
            websocket,
            ..Place::of(self.direction, span, map)
        }
    }

    fn read_header(
        &mut self,
        at: Offset,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        let State::Header(carry) = &mut self.state else {
            return 0;
        };
        if carry.is_empty() {
            *carry = Carry::new(at, context.batch.min(at), numbers.next_frame());
            let open = Span::new(at, Offset(u64::MAX));
            self.frames.push_back((carry.id, open));
        }
        let could_be_http = self.direction == Direction::ServerToClient;
        let read = carry.fill(input, could_be_http);
        let carry = *carry;
        if could_be_http && carry.is_http() {
            numbers.take_back(carry.id);
            self.frames.pop_back();
            self.state = State::Http(Box::new(HttpInside::new(carry.start, carry.bytes())));
        } else if let Some(header) = carry.header() {
            self.begin_frame(&carry, header, numbers, context);
        }
        read
    }

    fn begin_frame(
        &mut self,
        carry: &Carry,
        header: FrameHeader,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        let parts = carry.parts(&header);
        let header_span = Span::new(parts.start, parts.payload);
        let place = Place {
            frame: Some(parts.id),
            ..self.place_of(header_span, context.map)
        };
        let compression = self.assembly.compression();
        for (rule, text) in conformance::faults(&header, self.direction, compression) {
            context.out.finding_at(rule, place, text);
        }
        if self.closed {
            let text = format!("a {} frame after the Close frame", header.opcode);
            context.out.finding_at(&finding::WS_CLOSE_DATA, place, text);
        }
        if let Some((_, span)) = self.frames.back_mut() {
            span.end = parts.end;
        }
        let Self {
            assembly, ended, ..
        } = self;
        let message =
            assembly.begin_frame(&header, carry.keep_from, place, numbers, context, ended);
        self.state = State::Payload(Box::new(OpenFrame::new(carry, header, message)));
        if header.length == 0 {
            self.end_frame(context);
        } else if !carry.payload(&header).is_empty() {
            self.read_payload(carry.payload(&header), context);
        }
    }

    fn read_payload(&mut self, input: &[u8], context: &mut Context<'_, '_>) -> usize {
        let State::Payload(frame) = &mut self.state else {
            return 0;
        };
        let (piece, phase) = frame.piece(input);
        if frame.message.is_some() {
            if self.assembly.is_plain_text() {
                frame.note_code_points(piece, context.map);
            }
            self.assembly.feed(piece, frame.header.masking_key, phase);
        } else if frame.header.opcode.is_control() {
            frame.keep_control(piece, phase);
        }
        frame.advance(piece.len());
        if frame.is_done() {
            self.end_frame(context);
        }
        piece.len()
    }

    /// A gap in a payload keeps the framing; one that reaches beyond the frame loses it.
    fn payload_gap(&mut self, span: Span, context: &mut Context<'_, '_>) {
        let State::Payload(frame) = &mut self.state else {
            return;
        };
        let end = frame.parts.end;
        frame.skip_to(span.end);
        if frame.message.is_some() {
            let cause = Cause::lost(span, context.map);
            self.assembly.lose_bytes(cause);
        }
        if frame.is_done() {
            self.end_frame(context);
        }
        if span.end > end {
            self.lose_place(Span::new(end, span.end), context);
        }
    }

    /// The open frame's last byte has come.
    fn end_frame(&mut self, context: &mut Context<'_, '_>) {
        let next = State::Header(Carry::EMPTY);
        let State::Payload(frame) = mem::replace(&mut self.state, next) else {
            return;
        };
        if frame.header.opcode == Opcode::Close {
            self.closed = true;
            self.judge_close(&frame, context);
        }
        let ends_message = frame.message.is_some() && frame.header.fin;
        self.push_frame(*frame);
        if ends_message {
            let place = self.place();
            self.assembly.end_message(place, context, &mut self.ended);
        }
    }

    fn judge_close(&self, frame: &OpenFrame, context: &mut Context<'_, '_>) {
        let place = Place {
            frame: Some(frame.parts.id),
            ..self.place_of(frame.parts.span(), context.map)
        };
        if frame.is_complete() {
            for (rule, text) in super::close::faults(frame.control()) {
                context.out.finding_at(rule, place, text);
            }
        }
    }

    fn push_frame(&mut self, frame: OpenFrame) {
        if frame.message.is_some() {
            self.assembly.end_frame(&frame.parts);
        }
        self.ended.push(Ended::Frame(frame.into_ended()));
    }

    /// Reports a frame that the stream's end cuts off; whether it was its message's last.
    fn report_open_frame(&self, context: &mut Context<'_, '_>) -> bool {
        let (id, span, is_last) = match &self.state {
            State::Header(carry) if !carry.is_empty() => {
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
            ..self.place_of(span, context.map)
        };
        let text = "the stream ends inside a frame".to_owned();
        context
            .out
            .finding_at(&finding::WS_FRAME_UNFINISHED, place, text);
        is_last
    }

    /// Lists a frame whose header is not all there.
    fn cut_header(&mut self) {
        let State::Header(carry) = &self.state else {
            return;
        };
        let Some(first_byte) = carry.bytes().first().copied() else {
            return;
        };
        let parts = carry.cut_parts();
        if let Some((_, span)) = self.frames.back_mut() {
            span.end = parts.end;
        }
        self.ended.push(Ended::Frame(EndedFrame {
            header: None,
            first_byte,
            parts,
            message: None,
            complete: false,
            control: Vec::new(),
        }));
        self.state = State::Header(Carry::EMPTY);
    }

    fn cut_payload(&mut self) {
        if matches!(self.state, State::Payload(_))
            && let State::Payload(frame) =
                mem::replace(&mut self.state, State::Header(Carry::EMPTY))
        {
            self.push_frame(*frame);
        }
    }

    /// A frame's header, or where one would be, is in bytes the capture lacks.
    fn lose_place(&mut self, lost: Span, context: &mut Context<'_, '_>) {
        let cause = Cause::lost(lost, context.map);
        self.assembly.lose_frames(cause);
        self.lost_from = lost.start;
        let mut search = Box::new(Search::new(self.direction));
        search.be_certain();
        search.gap(lost);
        self.state = State::Lost(search);
        let place = Place {
            span: Some(lost),
            ..self.place()
        };
        let lost = bytes(lost.length());
        let text = format!("the capture lacks {lost} in which a frame begins");
        context.out.finding_at(&finding::WS_LOST, place, text);
    }

    fn search(
        &mut self,
        at: Offset,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        let State::Lost(search) = &mut self.state else {
            return 0;
        };
        if let Some(found) = search.feed(at, input, context.map, context.reading.limits) {
            self.go_on(found, numbers, context);
        }
        input.len()
    }

    /// Goes on where frames were found.
    fn go_on(&mut self, found: Found, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        let State::Lost(search) = &self.state else {
            return;
        };
        let batch = mem::replace(&mut context.batch, search.keep_from());
        let passed = Span::new(self.lost_from, found.start);
        self.assembly.found_behind(found.rest);
        self.report_found(passed, found.bits, context.out);
        self.state = State::Header(Carry::EMPTY);
        self.feed(found.start, &found.bytes, numbers, context);
        context.batch = batch;
    }

    /// Says how sure it is that frames begin behind bytes that were not decoded.
    fn report_found(&self, passed: Span, bits: u32, out: &mut Outbox<'_>) {
        if passed.is_empty() {
            return;
        }
        let place = Place {
            span: Some(passed),
            ..self.place()
        };
        let (at, passed) = (passed.end, bytes(passed.length()));
        let text = format!(
            "frames found at {at} behind {passed} not decoded, with {bits} bits of evidence"
        );
        out.finding_at(&finding::WS_RESYNC, place, text);
    }

    fn read_http(&mut self, input: &[u8], context: &mut Context<'_, '_>) -> usize {
        let State::Http(http) = &mut self.state else {
            return 0;
        };
        let read = http.feed(input, context.reading.limits);
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
        let place = self.place_of(span, context.map);
        context.out.finding_at(&finding::WS_HTTP, place, text);
        self.owed_responses = self.owed_responses.saturating_sub(1);
        self.state = State::Header(Carry::EMPTY);
        read
    }
}
