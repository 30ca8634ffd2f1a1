//! Requests and responses of one connection, paired (RFC 9112 9.3), up to the upgrade.
//!
//! What follows a request that asks for an upgrade waits for its answer, because only the answer says what it is.
//!
//! ```text
//!   client  Head -> Body -> Head ..          Head -> Waiting --101--> (frames)
//!   server  Head -> Body -> Head ..                         --4xx--> Head
//!   either  --gap over a head--> Lost --a head, or frames found by score-->
//! ```

use std::collections::VecDeque;
use std::mem;

use super::body::Body;
use super::fields::{Field, Fields, latin1};
use super::first_line::{FirstLine, begins_like_request, begins_like_response};
use super::head::{Head, empty_lines, end_of_head};
use super::request::{
    Answer, Carried, Method, Request, RequestLine, packets_of, report, report_interim,
};
use super::step::{Outcome, Step, Surroundings};
use super::upgrade::{self, Asked};
use crate::finding;
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::spare::Reuse;
use crate::websocket::Search;
use crate::{Detail, Direction, Handshake, Offset, Span};

mod switching;

/// Room for so many requests is kept for the next connection.
const KEPT: usize = 16;

/// The HTTP/1 of one connection.
#[derive(Debug)]
pub(crate) struct Http {
    /// Requests without their final response, oldest first.
    pending: VecDeque<Request>,
    sides: [Side; 2],
    /// Whether a head was read.
    recognised: bool,
    /// Whether there were more requests than are remembered.
    forgets: bool,
}

/// Where one direction is.
#[derive(Debug)]
enum Side {
    /// In a head, of which so many bytes are known not to end it.
    Head { scanned: usize },
    /// In a body.
    Body(Body),
    /// Behind a request that may turn the connection into something else.
    Waiting,
    /// Bytes were lost and with them the place; frames are searched for, in case this is a WebSocket.
    Lost(Box<Search>),
    /// All bytes are there, and they are not HTTP.
    Foreign,
}

impl Default for Http {
    /// A connection whose first bytes are HTTP.
    fn default() -> Self {
        Self {
            pending: VecDeque::new(),
            sides: [Side::Head { scanned: 0 }, Side::Head { scanned: 0 }],
            recognised: true,
            forgets: false,
        }
    }
}

impl Reuse for Http {
    fn clear(&mut self) {
        let mut pending = mem::take(&mut self.pending);
        pending.clear();
        pending.shrink_to(KEPT);
        *self = Self {
            pending,
            ..Self::default()
        };
    }
}

impl Http {
    /// A connection whose place in whatever it speaks is not known.
    pub(crate) fn lost() -> Self {
        let side = |direction| Side::Lost(Box::new(Search::new(direction)));
        Self {
            pending: VecDeque::new(),
            sides: Direction::BOTH.map(side),
            recognised: false,
            forgets: false,
        }
    }

    /// Whether a head was read, so that this is HTTP for sure.
    pub(crate) fn is_recognised(&self) -> bool {
        self.recognised
    }

    /// From where on one direction needs its map, when everything before `next` was read.
    pub(crate) fn keep_from(&self, direction: Direction, next: Offset) -> Offset {
        match &self.sides[direction as usize] {
            Side::Lost(search) => search.keep_from(),
            _ => next,
        }
    }

    /// How many bytes of a direction from here on need not be looked at, whatever they are.
    pub(crate) fn passes(&self, direction: Direction) -> u64 {
        match &self.sides[direction as usize] {
            Side::Body(body) => body.passes(),
            Side::Foreign => u64::MAX,
            Side::Head { .. } | Side::Waiting | Side::Lost(_) => 0,
        }
    }

    /// So many of those came.
    pub(crate) fn pass(&mut self, direction: Direction, bytes: u64) {
        if let Side::Body(body) = &mut self.sides[direction as usize] {
            body.pass(bytes);
        }
    }

    /// The answer that the client's bytes wait for does not come: they are searched for frames.
    pub(crate) fn stop_waiting(&mut self) {
        if matches!(
            self.sides[Direction::ClientToServer as usize],
            Side::Waiting
        ) {
            let search = Search::behind_request(Direction::ClientToServer);
            self.sides[Direction::ClientToServer as usize] = Side::Lost(Box::new(search));
        }
    }

    /// Reads bytes of one direction that stand at `at`.
    pub(crate) fn step(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        match &mut self.sides[direction as usize] {
            Side::Waiting => Step::WAIT,
            Side::Body(body) => {
                let consumed = body.skip(input);
                if body.is_done() {
                    self.body_done(direction);
                    if direction == Direction::ClientToServer {
                        if let Some(request) = self.pending.back_mut() {
                            request.end = at.plus(consumed as u64);
                        }
                        out.unblock(Direction::ServerToClient);
                    }
                }
                Step::more(consumed)
            }
            Side::Head { scanned } => {
                let scanned = mem::take(scanned);
                self.head_step(direction, at, input, scanned, around, out)
            }
            Side::Lost(_) => self.lost_step(direction, at, input, around, out),
            Side::Foreign => Step::more(input.len()),
        }
    }

    /// The capture lacks bytes of one direction.
    pub(crate) fn gap(&mut self, direction: Direction, span: Span) {
        let side = &mut self.sides[direction as usize];
        let stays = match side {
            Side::Body(body) => body.skip_gap(span.length()),
            Side::Lost(search) => {
                search.gap(span);
                return;
            }
            Side::Head { .. } | Side::Waiting | Side::Foreign => false,
        };
        if !stays {
            *side = Side::Lost(Box::new(Search::new(direction)));
        } else if matches!(side, Side::Body(body) if body.is_done()) {
            self.body_done(direction);
        }
    }

    /// The client's stream has ended inside a head: what of it is there is taken for the request. Whether there is one.
    pub(crate) fn cut_head(
        &mut self,
        at: Offset,
        input: &[u8],
        map: &SpanMap,
        detail: Detail,
    ) -> bool {
        let open = matches!(
            self.sides[Direction::ClientToServer as usize],
            Side::Head { .. }
        );
        let head = begins_like_whole_head(Direction::ClientToServer, input)
            .then(|| Head::parse(input))
            .flatten();
        let Some(Head { first_line, fields }) = head.filter(|_| open) else {
            return false;
        };
        let span = Span::of_length(at, input.len() as u64);
        self.request(first_line, &fields, Carried::new(span, map, detail), detail);
        true
    }

    /// Reports the requests that were never answered; the stream has ended.
    pub(crate) fn finish(&mut self, out: &mut Outbox<'_>) -> Vec<Handshake> {
        let mut unanswered = Vec::new();
        for request in mem::take(&mut self.pending) {
            if request.asked.is_some() {
                let mut handshake = upgrade::unanswered(request.asked.as_deref(), out.detail());
                handshake.request_packets = packets_of(Some(&request));
                unanswered.push(handshake);
            }
            report(Some(request), None, out);
        }
        unanswered
    }

    /// A body, or a message without one, has ended: what follows?
    fn body_done(&mut self, direction: Direction) {
        let turns = direction == Direction::ClientToServer
            && self.pending.back().is_some_and(|request| request.turns);
        self.sides[direction as usize] = if turns {
            Side::Waiting
        } else {
            Side::Head { scanned: 0 }
        };
    }

    /// What cannot be a head is not waited for.
    fn unfinished_head(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        if begins_like_head(direction, input) {
            if input.len() <= around.limits.http_head {
                self.sides[direction as usize] = Side::Head {
                    scanned: input.len(),
                };
                return Step::WAIT;
            }
            let span = Span::of_length(at, input.len() as u64);
            let place = Place::of(direction, span, around.map);
            let text = format!(
                "a head of more than {} bytes (limit http-head)",
                around.limits.http_head
            );
            out.finding_at(&finding::LIMIT_HEAD, place, text);
        }
        self.no_head(direction, at, input, around, out)
    }

    /// Whether a response has to wait for its request, which was sent before it but may be captured after it.
    fn waits_for_request(&self, direction: Direction, around: &Surroundings<'_>) -> bool {
        let client = &self.sides[Direction::ClientToServer as usize];
        let request_is_open = matches!(client, Side::Head { .. } | Side::Body(_));
        direction == Direction::ServerToClient
            && self.pending.is_empty()
            && request_is_open
            && around.request_may_follow
    }

    /// Whether a 101 has to wait for the request that it answers, or for the rest of its body: where the client's frames begin
    /// is known behind them, and they were sent before it.
    fn waits_to_turn(&self, answer: &Answer<'_>, around: &Surroundings<'_>) -> bool {
        let turns = self.pending.iter().any(|request| request.turns);
        let is_open = match &self.sides[Direction::ClientToServer as usize] {
            Side::Head { .. } => !turns,
            Side::Body(_) => true,
            Side::Waiting | Side::Lost(_) | Side::Foreign => false,
        };
        answer.status == 101 && is_open && around.request_may_follow
    }

    /// Reads a head, if it is whole; empty lines before it are passed over (RFC 9112 2.2) and no part of it. Mostly it is whole
    /// from the beginning, and one pass tells; where it is not, the search for its end goes on where it stopped, and no pass
    /// begins anew with each piece.
    fn head_step(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        scanned: usize,
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        let empty = empty_lines(input);
        if empty > 0 {
            self.sides[direction as usize] = Side::Head { scanned: 0 };
            return Step::more(empty);
        }
        let whole = if scanned == 0 {
            Head::parse_whole(input)
        } else {
            None
        };
        let end = match &whole {
            Some((_, end)) => Some(*end),
            None => end_of_head(input, scanned),
        };
        let Some(end) = end else {
            return self.unfinished_head(direction, at, input, around, out);
        };
        let bytes = input.get(..end).unwrap_or(input);
        if !begins_like_head(direction, bytes) || bytes.len() > around.limits.http_head {
            // what would not have been waited for is no head where it comes in one piece either
            return self.unfinished_head(direction, at, input, around, out);
        }
        if self.waits_for_request(direction, around) {
            self.sides[direction as usize] = Side::Head { scanned: end - 1 };
            return Step::WAIT;
        }
        let span = Span::of_length(at, end as u64);
        match &whole {
            Some((head, _)) => self.head(direction, span, bytes, Some(head), around, out),
            None => {
                let head = Head::parse(bytes);
                self.head(direction, span, bytes, head.as_ref(), around, out)
            }
        }
    }

    fn head(
        &mut self,
        direction: Direction,
        span: Span,
        bytes: &[u8],
        head: Option<&Head<'_>>,
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        let carried = || Carried::new(span, around.map, out.detail());
        let parsed = head.map(|head| (head.first_line, &head.fields));
        let outcome = match (direction, parsed) {
            (Direction::ClientToServer, Some((line @ FirstLine::Request { .. }, fields))) => {
                let carried = carried();
                out.unblock(Direction::ServerToClient);
                self.limit_pending(around, out);
                self.request(line, fields, carried, out.detail())
            }
            (
                Direction::ServerToClient,
                Some((FirstLine::Response { version, status }, fields)),
            ) => {
                let head = carried();
                let answer = Answer {
                    version,
                    status,
                    head,
                };
                if self.waits_to_turn(&answer, around) {
                    let scanned = bytes.len().saturating_sub(1);
                    self.sides[direction as usize] = Side::Head { scanned };
                    return Step::WAIT;
                }
                self.response(fields, answer, out)
            }
            _ => return self.no_head(direction, span.start, bytes, around, out),
        };
        self.recognised = true;
        Step {
            consumed: bytes.len(),
            outcome,
        }
    }

    /// Reports the oldest request as unanswered where too many wait, and says so once.
    fn limit_pending(&mut self, around: &Surroundings<'_>, out: &mut Outbox<'_>) {
        let most = around.limits.pending_requests;
        if self.pending.len() < most {
            return;
        }
        let Some(oldest) = self.pending.pop_front() else {
            return;
        };
        if !mem::replace(&mut self.forgets, true) {
            let place = oldest.head.place(Direction::ClientToServer);
            let text =
                format!("more than {most} requests wait for an answer (limit pending-requests)");
            out.finding_at(&finding::LIMIT_REQUESTS, place, text);
        }
        report(Some(oldest), None, out);
    }

    fn request(
        &mut self,
        line: FirstLine<'_>,
        fields: &Fields<'_>,
        head: Carried,
        detail: Detail,
    ) -> Outcome {
        let FirstLine::Request {
            method,
            target,
            version,
        } = line
        else {
            return Outcome::More;
        };
        let body = if fields.is_chunked() {
            Body::CHUNKED
        } else {
            Body::Length(fields.content_length().unwrap_or(0))
        };
        let line = (detail == Detail::Map).then(|| {
            Box::new(RequestLine {
                method: latin1(method),
                target: latin1(target),
                version: latin1(version),
            })
        });
        let method = Method::of(method);
        self.pending.push_back(Request {
            method,
            line,
            turns: method == Method::Connect || fields.value(Field::Upgrade).is_some(),
            asked: Asked::of(fields).map(Box::new),
            end: head.span.end,
            head,
        });
        self.enter_body(Direction::ClientToServer, body);
        Outcome::More
    }

    fn enter_body(&mut self, direction: Direction, body: Body) {
        if body.is_done() {
            self.body_done(direction)
        } else {
            self.sides[direction as usize] = Side::Body(body)
        }
    }

    fn response(
        &mut self,
        fields: &Fields<'_>,
        answer: Answer<'_>,
        out: &mut Outbox<'_>,
    ) -> Outcome {
        match answer.status {
            101 => self.switching(fields, answer, out),
            100..=199 => {
                report_interim(&answer, out);
                self.sides[Direction::ServerToClient as usize] = Side::Head { scanned: 0 };
                Outcome::More
            }
            _ => self.final_response(fields, answer, out),
        }
    }

    fn final_response(
        &mut self,
        fields: &Fields<'_>,
        answer: Answer<'_>,
        out: &mut Outbox<'_>,
    ) -> Outcome {
        let status = answer.status;
        let request = self.pending.pop_front();
        let method = request.as_ref().map(|request| request.method);
        let is_head = method == Some(Method::Head);
        let tunnel = method == Some(Method::Connect) && (200..300).contains(&status);
        if let Some(asked) = request.as_ref().and_then(|request| request.asked.as_ref()) {
            let mut handshake = upgrade::refused(asked, status, out.detail());
            handshake.request_packets = packets_of(request.as_ref());
            handshake.response_packets.clone_from(&answer.head.packets);
            out.websocket(Box::new(handshake));
        }
        report(request, Some(answer), out);
        if tunnel {
            return Outcome::Tunnel;
        }
        let waits_for_this = self.pending.iter().all(|request| !request.turns);
        if waits_for_this
            && matches!(
                self.sides[Direction::ClientToServer as usize],
                Side::Waiting
            )
        {
            self.sides[Direction::ClientToServer as usize] = Side::Head { scanned: 0 };
            out.unblock(Direction::ClientToServer);
        }
        let body = if is_head || status == 204 || status == 304 {
            Body::Length(0)
        } else if fields.is_chunked() {
            Body::CHUNKED
        } else {
            fields
                .content_length()
                .map_or(Body::UntilClose, Body::Length)
        };
        self.enter_body(Direction::ServerToClient, body);
        Outcome::More
    }
}

fn begins_like_head(direction: Direction, input: &[u8]) -> bool {
    match direction {
        Direction::ClientToServer => begins_like_request(input),
        Direction::ServerToClient => begins_like_response(input),
    }
}

/// Whether a first line stands here, whole enough to trust it in the middle of a stream. Mostly not, and its first bytes tell.
fn begins_like_whole_head(direction: Direction, input: &[u8]) -> bool {
    begins_like_head(direction, input)
        && memchr::memchr(b'\n', input).is_some()
        && FirstLine::parse(input).is_some()
}
