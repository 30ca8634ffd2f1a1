//! Where HTTP ends and a WebSocket begins: by a 101, or by frames found where the handshake is missing.

use std::mem;

use super::{Http, Side, begins_like_whole_head};
use crate::finding;
use crate::http::fields::{Field, Fields};
use crate::http::request::{Answer, Request, packets_of, report};
use crate::http::step::{Outcome, Step, Surroundings, Upgraded};
use crate::http::upgrade;
use crate::outbox::{Outbox, Place};
use crate::websocket::{Fed, Found, Search, given_up};
use crate::{Direction, Offset};

impl Http {
    /// 101: the answer to the oldest request that asked for it; requests before it are owed an answer.
    pub(super) fn switching(
        &mut self,
        fields: &Fields<'_>,
        answer: Answer<'_>,
        out: &mut Outbox<'_>,
    ) -> Outcome {
        let at = self.pending.iter().position(|request| request.turns);
        let owed_responses = at.unwrap_or(0);
        let request = at.and_then(|at| self.pending.remove(at));
        for owed in self.pending.drain(..owed_responses.min(self.pending.len())) {
            report(Some(owed), None, out);
        }
        let is_http2 = fields.has_token(Field::Upgrade, "h2c");
        let is_websocket = request.as_ref().map_or_else(
            || fields.has_token(Field::Upgrade, "websocket"),
            |request| request.asked.is_some() && !is_http2,
        );
        if owed_responses > 0 {
            let text = format!(
                "the 101 stands before the answer to an earlier request ({owed_responses} owed)"
            );
            out.finding_at(
                &finding::HTTP_RESPONSE_ORDER,
                answer.head.place(Direction::ServerToClient),
                text,
            );
        }
        let outcome = if is_websocket {
            Outcome::WebSocket(self.upgraded(
                request.as_ref(),
                fields,
                &answer,
                owed_responses,
                out,
            ))
        } else if is_http2 {
            Outcome::Http2
        } else {
            Outcome::Opaque
        };
        report(request, Some(answer), out);
        outcome
    }

    fn upgraded(
        &mut self,
        request: Option<&Request>,
        fields: &Fields<'_>,
        answer: &Answer<'_>,
        owed_responses: usize,
        out: &mut Outbox<'_>,
    ) -> Upgraded {
        let asked = request.and_then(|request| request.asked.as_deref());
        let mut handshake = upgrade::accepted(asked, fields, out.detail());
        handshake.request_packets = packets_of(request);
        handshake.response_packets.clone_from(&answer.head.packets);
        handshake.frames_from = [
            request.map(|request| request.end.0),
            Some(answer.head.span.end.0),
        ];
        for (rule, direction, text) in upgrade::faults(asked, fields, &handshake) {
            let place = match direction {
                Direction::ClientToServer => request.map(|request| request.head.place(direction)),
                Direction::ServerToClient => Some(answer.head.place(direction)),
            };
            out.websocket_finding(rule, place.unwrap_or_default(), text);
        }
        let client_search = self.take_search(Direction::ClientToServer);
        if client_search.is_some() {
            handshake.frames_from[0] = None;
        }
        let head_ends = [
            request.and_then(|request| request.head.end),
            answer.head.end,
        ];
        Upgraded {
            handshake,
            searches: [client_search, None],
            found: None,
            owed_responses,
            head_ends,
        }
    }

    pub(super) fn lost_step(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        if begins_like_whole_head(direction, input) {
            self.sides[direction as usize] = Side::Head { scanned: 0 };
            return Step::more(0);
        }
        self.search_step(direction, at, input, around, out)
    }

    /// What stands where a head should be is none, and is not taken for one again. Where nothing is missing before it, it is no
    /// WebSocket either.
    pub(super) fn no_head(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        if around.is_whole {
            self.sides[direction as usize] = Side::Foreign;
            return Step::more(input.len());
        }
        self.sides[direction as usize] = Side::Lost(Box::new(Search::new(direction)));
        self.search_step(direction, at, input, around, out)
    }

    /// Searches bytes for frames.
    fn search_step(
        &mut self,
        direction: Direction,
        at: Offset,
        input: &[u8],
        around: &Surroundings<'_>,
        out: &mut Outbox<'_>,
    ) -> Step {
        let Side::Lost(search) = &mut self.sides[direction as usize] else {
            return Step::WAIT;
        };
        let outcome = match search.feed(at, input, around.map, around.limits) {
            Fed::Found(found) => Outcome::WebSocket(self.found(direction, found, out)),
            Fed::GivenUp(span) => {
                let place = Place::of(direction, span, around.map);
                out.finding_at(&finding::LIMIT_SEARCH, place, given_up(around.limits));
                Outcome::More
            }
            Fed::More => Outcome::More,
        };
        Step {
            consumed: input.len(),
            outcome,
        }
    }

    /// The search for a direction's first frame; `None` where its bytes have waited and so begin with it.
    fn take_search(&mut self, direction: Direction) -> Option<Box<Search>> {
        match mem::replace(&mut self.sides[direction as usize], Side::Waiting) {
            Side::Waiting => None,
            Side::Lost(search) => Some(search),
            Side::Head { .. } | Side::Body(_) | Side::Foreign => {
                Some(Box::new(Search::new(direction)))
            }
        }
    }

    /// Frames without the handshake, or without all of it.
    fn found(&mut self, direction: Direction, found: Found, out: &mut Outbox<'_>) -> Upgraded {
        let request = self
            .pending
            .iter()
            .position(|request| request.asked.is_some())
            .and_then(|at| self.pending.remove(at));
        let asked = request
            .as_ref()
            .and_then(|request| request.asked.as_deref());
        let mut handshake = Box::new(upgrade::unanswered(asked, out.detail()));
        handshake.result = crate::HandshakeResult::NotCaptured;
        handshake.confidence = Some(found.bits);
        handshake.request_packets = packets_of(request.as_ref());
        let head_ends = [request.as_ref().and_then(|request| request.head.end), None];
        handshake.frames_from[0] = request.as_ref().map(|request| request.end.0);
        for request in self.pending.drain(..).chain(request) {
            report(Some(request), None, out);
        }
        let mut searches = [None, None];
        let other = direction.reversed();
        searches[other as usize] = self.take_search(other);
        handshake.frames_from[direction as usize] = Some(found.start.0);
        Upgraded {
            handshake,
            searches,
            found: Some((direction, found)),
            owed_responses: 0,
            head_ends,
        }
    }
}
