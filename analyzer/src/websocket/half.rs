//! One direction of a WebSocket: bytes to frames to messages (RFC 6455 5), in a stream.
//!
//! ```text
//!   Header --header whole--> Payload --last byte--> Header
//!     |  gap                   | gap: count on; beyond the frame's end the place is lost
//!     v                        v
//!   Lost <---------------------+        Lost --frames found by score--> Header
//!   Header --"HTTP/1." where a header should be--> Http --end of its body--> Header
//! ```

use std::collections::VecDeque;
use std::mem;

use wireseam_wire::PacketIndex;

use super::conformance::{self, Compression, LONGEST_CONTROL};
use super::deflate::Inflater;
use super::ended::{self, Ended, EndedFrame, Told};
use super::frame::{FrameHeader, LONGEST_HEADER, header_size};
use super::http_inside::HttpInside;
use super::message::{OpenMessage, Reading, in_clear};
use super::search::{Found, Search};
use crate::alignment::{FrameParts, Layout};
use crate::finding::{self, bytes};
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::{Direction, FrameId, MessageId, MessageKind, Offset, Opcode, Span, WebSocketId};

/// What both directions of a WebSocket count together.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) websocket: WebSocketId,
    pub(super) frames: u64,
    pub(super) messages: u64,
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

/// One direction.
#[derive(Debug)]
pub(super) struct Half {
    websocket: WebSocketId,
    direction: Direction,
    compression: Compression,
    inflater: Option<Box<Inflater>>,
    state: State,
    message: Option<Box<OpenMessage>>,
    /// What ended since the last [`settle`](Self::settle).
    ended: Vec<Ended>,
    /// Every frame as far back as anything open reaches; the last may be open.
    frames: VecDeque<(FrameId, Span)>,
    /// The packet in which this direction's head of the upgrade ends.
    head_end: Option<PacketIndex>,
    /// Whether a Close frame was seen.
    closed: bool,
    /// Whether a message may have begun in bytes that are not there.
    after_loss: bool,
    /// How many HTTP responses the sender still owes.
    owed_responses: usize,
    /// Where the place in the frames was lost.
    lost_from: Offset,
    /// Bytes in front of the frames that were found again, not yet known to end an open message.
    rest: Option<Span>,
}

#[derive(Debug)]
enum State {
    Header(Carry),
    Payload(Box<OpenFrame>),
    Lost(Box<Search>),
    Http(Box<HttpInside>),
}

/// The bytes of a header that is not whole yet.
#[derive(Clone, Copy, Debug)]
struct Carry {
    bytes: [u8; LONGEST_HEADER],
    length: usize,
    start: Offset,
    keep_from: Offset,
    id: FrameId,
}

#[derive(Debug)]
struct OpenFrame {
    header: FrameHeader,
    first_byte: u8,
    parts: FrameParts,
    /// The next payload byte.
    at: Offset,
    missing: bool,
    message: Option<MessageId>,
    /// A control frame's unmasked payload.
    control: Vec<u8>,
    keep_from: Offset,
}

impl Half {
    pub(super) fn new(
        websocket: WebSocketId,
        direction: Direction,
        compression: Compression,
        head_end: Option<PacketIndex>,
        start: Offset,
    ) -> Self {
        Self {
            websocket,
            direction,
            compression,
            inflater: None,
            state: State::Header(Carry::EMPTY),
            message: None,
            ended: Vec::new(),
            frames: VecDeque::new(),
            head_end,
            closed: false,
            after_loss: compression == Compression::Assumed,
            owed_responses: 0,
            lost_from: start,
            rest: None,
        }
    }

    /// Starts with a search, because the place of the first frame is not known.
    pub(super) fn searching(mut self, mut search: Box<Search>) -> Self {
        search.be_certain();
        self.after_loss = true;
        self.lost_from = search.keep_from();
        self.state = State::Lost(search);
        self
    }

    /// Starts where frames were found with so many bits of evidence, behind bytes that were passed over.
    pub(super) fn behind(mut self, rest: Span, bits: u32, out: &mut Outbox<'_>) -> Self {
        self.rest = Some(rest);
        self.report_found(rest, bits, out);
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
                State::Payload(_) => self.read_payload(input, numbers, context),
                State::Lost(_) => self.search(at, input, numbers, context),
                State::Http(_) => self.read_http(input, numbers, context),
            };
            at = at.plus(read as u64);
            input = input.get(read..).unwrap_or_default();
        }
    }

    /// The capture lacks bytes.
    pub(super) fn gap(&mut self, span: Span, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        match &mut self.state {
            State::Lost(search) => search.gap(span),
            State::Payload(_) => self.payload_gap(span, numbers, context),
            State::Header(carry) => {
                if carry.length > 0 {
                    self.cut_header();
                }
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
        let span = match &self.state {
            State::Header(carry) if carry.length > 0 => {
                Some(Span::of_length(carry.start, carry.length as u64))
            }
            State::Payload(frame) => Some(Span::new(frame.parts.start, frame.at)),
            _ => None,
        };
        let in_last_frame = matches!(&self.state, State::Payload(frame) if frame.message.is_some() && frame.header.fin);
        if let Some(span) = span {
            let place = Place {
                span: Some(span),
                frame: self.open_frame_id(),
                ..self.place()
            };
            context.out.finding_at(
                &finding::WS_FRAME_UNFINISHED,
                place,
                "the stream ends inside a frame".to_owned(),
            );
        }
        self.cut_header();
        self.cut_payload();
        if let Some(message) = self.message.as_ref().filter(|_| !in_last_frame) {
            let place = Place {
                message: Some(message.id),
                ..self.place()
            };
            context.out.finding_at(
                &finding::WS_MESSAGE_UNFINISHED,
                place,
                "the stream ends before the message's last frame".to_owned(),
            );
        }
        self.cut_message(context);
    }

    /// From where on the map is needed, when everything before `next` was read.
    pub(super) fn keep_from(&self, next: Offset) -> Offset {
        let state = match &self.state {
            State::Header(carry) if carry.length > 0 => carry.keep_from,
            State::Payload(frame) => frame.keep_from,
            State::Lost(search) => search.keep_from(),
            State::Header(_) | State::Http(_) => next,
        };
        self.message
            .as_ref()
            .map_or(state, |message| message.keep_from.min(state))
            .min(next)
    }

    /// Reports what has ended, now that all bytes of its packets have been read.
    pub(super) fn settle(&mut self, next: Offset, context: &mut Context<'_, '_>) -> Vec<Told> {
        if self.ended.is_empty() {
            return Vec::new();
        }
        let ended = mem::take(&mut self.ended);
        let layout = Layout {
            map: context.map,
            frames: &self.frames,
            head_end: self.head_end,
            limits: context.reading.limits,
        };
        let told = ended
            .into_iter()
            .filter_map(|ended| {
                ended::emit(ended, self.websocket, self.direction, &layout, context.out)
            })
            .collect();
        let keep_from = self.keep_from(next);
        while self
            .frames
            .front()
            .is_some_and(|(_, span)| span.end <= keep_from)
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

    fn open_frame_id(&self) -> Option<FrameId> {
        match &self.state {
            State::Header(carry) if carry.length > 0 => Some(carry.id),
            State::Payload(frame) => Some(frame.parts.id),
            _ => None,
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
        if carry.length == 0 {
            numbers.frames += 1;
            *carry = Carry {
                start: at,
                keep_from: context.batch.min(at),
                id: FrameId(numbers.frames),
                ..Carry::EMPTY
            };
            self.frames
                .push_back((carry.id, Span::new(at, Offset(u64::MAX))));
        }
        let could_be_http = self.direction == Direction::ServerToClient;
        let read = carry.fill(input, could_be_http);
        let carry = *carry;
        if could_be_http && carry.is_http() {
            numbers.frames -= 1;
            self.frames.pop_back();
            self.state = State::Http(Box::new(HttpInside::new(
                carry.start,
                &carry.bytes[..carry.length],
            )));
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
        let parts = frame_parts(carry, &header);
        let place = Place {
            span: Some(Span::new(parts.start, parts.payload)),
            frame: Some(parts.id),
            ..self.place()
        };
        for (rule, text) in conformance::faults(&header, self.direction, self.compression) {
            context.out.finding_at(rule, place, text);
        }
        if self.closed {
            context.out.finding_at(
                &finding::WS_CLOSE_DATA,
                place,
                format!("a {} frame after the Close frame", header.opcode),
            );
        }
        if let Some((_, span)) = self.frames.back_mut() {
            span.end = parts.end;
        }
        let message = self.message_for(&header, carry.keep_from, place, numbers, context);
        if let Some(message) = self.message.as_mut().filter(|_| message.is_some()) {
            message.wire_length = message.wire_length.saturating_add(header.length);
        }
        let at = parts.payload;
        let first_byte = carry.bytes[0];
        self.state = State::Payload(Box::new(OpenFrame {
            header,
            first_byte,
            parts,
            at,
            missing: false,
            message,
            control: Vec::new(),
            keep_from: carry.keep_from,
        }));
        if header.length == 0 {
            self.end_frame(context);
        }
    }

    /// The message a frame belongs to (RFC 6455 5.4), opened where it is its first.
    fn message_for(
        &mut self,
        header: &FrameHeader,
        keep_from: Offset,
        place: Place,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> Option<MessageId> {
        let kind = match header.opcode {
            Opcode::Text => MessageKind::Text,
            Opcode::Binary => MessageKind::Binary,
            Opcode::Continuation => return self.continued(keep_from, place, numbers, context),
            _ => return None,
        };
        if let Some(open) = self
            .message
            .as_ref()
            .map(|message| message.id)
            .filter(|_| !self.after_loss)
        {
            let text = "a new message begins before the last frame of the one before".to_owned();
            context.out.finding_at(
                &finding::WS_MESSAGE_INTERRUPTED,
                Place {
                    message: Some(open),
                    ..place
                },
                text,
            );
        }
        self.end_loss(numbers, context);
        self.cut_message(context);
        numbers.messages += 1;
        let id = MessageId(numbers.messages);
        let compressed = header.rsv[0];
        if compressed && self.compression.is_deflate() && self.inflater.is_none() {
            let limit = context.reading.limits.inflated_message;
            self.inflater = Some(Box::new(Inflater::new(
                self.compression.has_takeover(),
                limit,
            )));
            if self.compression == Compression::Assumed {
                self.inflater
                    .iter_mut()
                    .for_each(|inflater| inflater.forget());
            }
        }
        self.message = Some(Box::new(OpenMessage::new(
            id,
            kind,
            compressed,
            keep_from,
            context.reading,
        )));
        Some(id)
    }

    fn continued(
        &mut self,
        keep_from: Offset,
        place: Place,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> Option<MessageId> {
        if self.message.is_none() && self.after_loss {
            numbers.messages += 1;
            let headless =
                OpenMessage::headless(MessageId(numbers.messages), keep_from, context.reading);
            self.message = Some(Box::new(headless));
        } else if self.message.is_none() {
            context.out.finding_at(
                &finding::WS_CONTINUATION_ORPHAN,
                place,
                "a continuation frame, and no message to continue".to_owned(),
            );
        }
        self.after_loss = false;
        self.rest = None;
        self.message.as_ref().map(|message| message.id)
    }

    /// A message begins after frames were found again. What stands before it, and is too long for a control frame, is the rest of one.
    fn end_loss(&mut self, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        self.after_loss = false;
        let Some(rest) = self
            .rest
            .take()
            .filter(|rest| rest.length() > LONGEST_CONTROL && self.message.is_none())
        else {
            return;
        };
        numbers.messages += 1;
        let mut headless =
            OpenMessage::headless(MessageId(numbers.messages), rest.start, context.reading);
        headless.frames.push(FrameParts::rest(rest));
        headless.wire_length = rest.length();
        self.message = Some(Box::new(headless));
    }

    fn read_payload(
        &mut self,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        let _ = numbers;
        let State::Payload(frame) = &mut self.state else {
            return 0;
        };
        let left = frame.parts.end.0 - frame.at.0;
        let read = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let piece = input.get(..read).unwrap_or(input);
        let phase = frame.at.0 - frame.parts.payload.0;
        if let Some(message) = self.message.as_mut().filter(|_| frame.message.is_some()) {
            if message.kind == MessageKind::Text && !message.compressed {
                frame.note_code_points(piece, context.map);
            }
            message.feed(
                piece,
                frame.header.masking_key,
                phase,
                self.inflater.as_deref_mut(),
            );
        } else if frame.header.opcode.is_control() {
            frame.keep_control(piece, phase);
        }
        frame.at = frame.at.plus(read as u64);
        if frame.at == frame.parts.end {
            self.end_frame(context);
        }
        read
    }

    fn payload_gap(&mut self, span: Span, numbers: &mut Numbers, context: &mut Context<'_, '_>) {
        let _ = numbers;
        let State::Payload(frame) = &mut self.state else {
            return;
        };
        let end = frame.parts.end;
        frame.missing = true;
        frame.at = span.end.min(end);
        let is_done = frame.at == end;
        if let Some(message) = self.message.as_mut().filter(|_| frame.message.is_some()) {
            message.lose(self.inflater.as_deref_mut());
        }
        if is_done {
            self.end_frame(context);
        }
        if span.end > end {
            self.lose_place(Span::new(end, span.end), context);
        }
    }

    /// The open frame's last byte has come.
    fn end_frame(&mut self, context: &mut Context<'_, '_>) {
        let State::Payload(frame) = mem::replace(&mut self.state, State::Header(Carry::EMPTY))
        else {
            return;
        };
        let (fin, opcode, complete) = (frame.header.fin, frame.header.opcode, !frame.missing);
        let of_message = frame.message.is_some();
        if opcode == Opcode::Close {
            self.closed = true;
            if complete {
                self.judge_close(&frame, context);
            }
        }
        self.push_frame(*frame, complete);
        if of_message && fin {
            self.end_message(context);
        }
    }

    fn judge_close(&self, frame: &OpenFrame, context: &mut Context<'_, '_>) {
        let place = Place {
            span: Some(frame.parts.span()),
            frame: Some(frame.parts.id),
            ..self.place()
        };
        for (rule, text) in super::close::faults(&frame.control) {
            context.out.finding_at(rule, place, text);
        }
    }

    fn push_frame(&mut self, frame: OpenFrame, complete: bool) {
        if let Some(message) = self.message.as_mut().filter(|_| frame.message.is_some()) {
            message.frames.push(frame.parts.clone());
        }
        let OpenFrame {
            header,
            first_byte,
            parts,
            message,
            control,
            ..
        } = frame;
        self.ended.push(Ended::Frame(EndedFrame {
            header: Some(header),
            first_byte,
            parts,
            message,
            complete,
            control,
        }));
    }

    fn end_message(&mut self, context: &mut Context<'_, '_>) {
        let Some(mut message) = self.message.take() else {
            return;
        };
        let outcome = message.finish(self.inflater.as_deref_mut());
        let span = message
            .frames
            .first()
            .zip(message.frames.last())
            .map(|(first, last)| Span::new(first.start, last.end));
        ended::report_faults(
            &message,
            &outcome,
            Place {
                span,
                ..self.place()
            },
            context.out,
        );
        self.ended.push(Ended::Message(message, outcome));
    }

    /// The open message's end is missing.
    fn cut_message(&mut self, context: &mut Context<'_, '_>) {
        if let Some(message) = &mut self.message {
            message.lose(self.inflater.as_deref_mut());
            self.end_message(context);
        }
    }

    fn cut_header(&mut self) {
        let State::Header(carry) = &self.state else {
            return;
        };
        if carry.length == 0 {
            return;
        }
        let end = carry.start.plus(carry.length as u64);
        let size = header_size(carry.bytes[1].min(if carry.length > 1 { 0xFF } else { 0 })) as u64;
        let mask_size = if carry.length > 1 && carry.bytes[1] & 0x80 != 0 {
            4
        } else {
            0
        };
        let extended_length = carry.start.plus(2).min(end);
        let mask = carry
            .start
            .plus(size - mask_size)
            .clamp(extended_length, end);
        let parts = FrameParts {
            id: carry.id,
            start: carry.start,
            extended_length,
            mask,
            payload: end,
            end,
            code_points: Vec::new(),
        };
        let first_byte = carry.bytes[0];
        if let Some((_, span)) = self.frames.back_mut() {
            span.end = end;
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
        if let State::Payload(_) = &self.state {
            let State::Payload(frame) = mem::replace(&mut self.state, State::Header(Carry::EMPTY))
            else {
                return;
            };
            self.push_frame(*frame, false);
        }
    }

    /// A frame's header, or where one would be, is in bytes the capture lacks.
    fn lose_place(&mut self, lost: Span, context: &mut Context<'_, '_>) {
        if let Some(message) = &mut self.message {
            message.lose(self.inflater.as_deref_mut());
        }
        self.inflater
            .iter_mut()
            .for_each(|inflater| inflater.forget());
        self.after_loss = true;
        self.lost_from = lost.start;
        let mut search = Box::new(Search::new(self.direction));
        search.be_certain();
        search.gap(lost);
        self.state = State::Lost(search);
        let place = Place {
            span: Some(lost),
            ..self.place()
        };
        context.out.finding_at(
            &finding::WS_LOST,
            place,
            format!(
                "the capture lacks {} in which a frame begins",
                bytes(lost.length())
            ),
        );
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
        self.rest = Some(found.rest);
        self.report_found(passed, found.bits, context.out);
        self.state = State::Header(Carry::EMPTY);
        self.feed(found.start, &found.bytes, numbers, context);
        context.batch = batch;
    }

    /// Says how sure it is that frames begin behind bytes that were not decoded.
    fn report_found(&self, passed: Span, bits: u32, out: &mut Outbox<'_>) {
        if !passed.is_empty() {
            let place = Place {
                span: Some(passed),
                ..self.place()
            };
            let text = format!(
                "frames found at {} behind {} not decoded, with {bits} bits of evidence",
                passed.end,
                bytes(passed.length())
            );
            out.finding_at(&finding::WS_RESYNC, place, text);
        }
    }

    fn read_http(
        &mut self,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        let State::Http(http) = &mut self.state else {
            return 0;
        };
        let read = http.feed(input, context.reading.limits);
        if http.is_done() {
            let span = Span::of_length(http.start(), http.length());
            let owed = if self.owed_responses > 0 {
                ", owed to an earlier request"
            } else {
                ""
            };
            self.owed_responses = self.owed_responses.saturating_sub(1);
            let text = format!(
                "{} of HTTP ({}) where a frame should be{owed}",
                bytes(span.length()),
                http.first_line()
            );
            context.out.finding_at(
                &finding::WS_HTTP,
                Place {
                    span: Some(span),
                    ..self.place()
                },
                text,
            );
            self.state = State::Header(Carry::EMPTY);
        }
        let _ = numbers;
        read
    }
}

impl Carry {
    const EMPTY: Self = Self {
        bytes: [0; LONGEST_HEADER],
        length: 0,
        start: Offset(0),
        keep_from: Offset(0),
        id: FrameId(0),
    };

    /// Takes the bytes of `input` that belong to the header, and says how many.
    fn fill(&mut self, input: &[u8], could_be_http: bool) -> usize {
        let mut read = 0;
        while let Some(byte) = input
            .get(read)
            .filter(|_| self.length < self.wanted(could_be_http))
        {
            self.bytes[self.length] = *byte;
            self.length += 1;
            read += 1;
        }
        read
    }

    /// How many bytes are needed before it can be told what this is.
    fn wanted(&self, could_be_http: bool) -> usize {
        match self.length {
            0 | 1 => 2,
            length if could_be_http && HttpInside::may_begin(&self.bytes[..length]) => {
                HttpInside::TELLING
            }
            _ => header_size(self.bytes[1]),
        }
    }

    fn is_http(&self) -> bool {
        self.length == HttpInside::TELLING && HttpInside::may_begin(&self.bytes[..self.length])
    }

    fn header(&self) -> Option<FrameHeader> {
        FrameHeader::parse(&self.bytes[..self.length])
    }
}

impl OpenFrame {
    /// Notes the segment edges in front of a UTF-8 continuation byte.
    fn note_code_points(&mut self, piece: &[u8], map: &SpanMap) {
        for edge in map.edges_in(Span::of_length(self.at, piece.len() as u64)) {
            let phase = edge.0 - self.parts.payload.0;
            let masked = usize::try_from(edge.0 - self.at.0)
                .ok()
                .and_then(|at| piece.get(at));
            let key = self
                .header
                .masking_key
                .map_or(0, |key| key[(phase % 4) as usize]);
            if masked.is_some_and(|masked| (masked ^ key) & 0xC0 == 0x80) {
                self.parts.code_points.push(edge);
            }
        }
    }

    /// Keeps as much of a control frame's payload as one may have.
    fn keep_control(&mut self, piece: &[u8], phase: u64) {
        let room = usize::try_from(LONGEST_CONTROL)
            .unwrap_or(0)
            .saturating_sub(self.control.len())
            .min(piece.len());
        let control = &mut self.control;
        in_clear(
            piece.get(..room).unwrap_or_default(),
            self.header.masking_key,
            phase,
            |data| control.extend_from_slice(data),
        );
    }
}

fn frame_parts(carry: &Carry, header: &FrameHeader) -> FrameParts {
    let extended_length = carry.start.plus(2);
    let mask = extended_length.plus(u64::from(header.extended_length));
    let payload = carry.start.plus(header.size());
    FrameParts {
        id: carry.id,
        start: carry.start,
        extended_length,
        mask,
        payload,
        end: payload.plus(header.length),
        code_points: Vec::new(),
    }
}
