//! A place in the frames that is lost, and found again.

use std::mem;

use super::Half;
use crate::finding::{self, bytes};
use crate::outbox::{Outbox, Place};
use crate::span_map::SpanMap;
use crate::websocket::busy::{Busy, State};
use crate::websocket::context::{Context, Numbers};
use crate::websocket::deflate::Cause;
use crate::websocket::search::{Fed, Found, Search, given_up};
use crate::{Offset, Span};

impl Half {
    /// A frame's header, or where one would be, is in bytes the capture lacks.
    pub(super) fn lose_place(
        &mut self,
        busy: &mut Busy,
        lost: Span,
        context: &mut Context<'_, '_>,
    ) {
        let cause = Cause::lost(lost, context.map);
        self.assembly.lose_frames(cause);
        busy.lost_from = lost.start;
        let mut search = Box::new(Search::new(self.direction));
        search.be_certain();
        search.gap(lost);
        busy.state = State::Lost(search);
        busy.loss = Some((lost, context.out.moment().packet));
    }

    /// Tells where the place was lost, in the packet that goes on behind it at `next`.
    pub(super) fn tell_loss(
        &self,
        busy: &mut Busy,
        next: Option<Offset>,
        context: &mut Context<'_, '_>,
    ) {
        let Some((lost, packet)) = busy.loss.take() else {
            return;
        };
        let behind = next.and_then(|next| context.map.packet_at(next));
        let place = Place {
            packet: behind.or(Some(packet)),
            span: Some(lost),
            ..self.here().place()
        };
        let lost = bytes(lost.length());
        let text = format!("the capture lacks {lost} in which a frame begins");
        context.out.finding_at(&finding::WS_LOST, place, text);
    }

    pub(super) fn search(
        &mut self,
        busy: &mut Busy,
        at: Offset,
        input: &[u8],
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) -> usize {
        self.tell_loss(busy, Some(at), context);
        let State::Lost(search) = &mut busy.state else {
            return 0;
        };
        let limits = &context.config.limits;
        match search.feed(at, input, context.map, limits) {
            Fed::More => {}
            Fed::Found(found) => self.go_on(busy, found, numbers, context),
            Fed::GivenUp(span) => {
                let place = self.here().bytes(span, context.map);
                context
                    .out
                    .finding_at(&finding::LIMIT_SEARCH, place, given_up(limits));
            }
        }
        input.len()
    }

    /// Goes on where frames were found.
    pub(super) fn go_on(
        &mut self,
        busy: &mut Busy,
        found: Found,
        numbers: &mut Numbers,
        context: &mut Context<'_, '_>,
    ) {
        let State::Lost(search) = &busy.state else {
            return;
        };
        let batch = mem::replace(&mut context.batch, search.keep_from());
        let passed = Span::new(busy.lost_from, found.start);
        self.assembly.found_behind(found.rest);
        self.report_found(passed, found.bits, context.map, context.out);
        busy.state = State::Between;
        self.read(busy, found.start, &found.bytes, numbers, context);
        context.batch = batch;
    }

    /// Says how sure it is that frames begin behind bytes that were not decoded.
    pub(super) fn report_found(
        &self,
        passed: Span,
        bits: u32,
        map: &SpanMap,
        out: &mut Outbox<'_>,
    ) {
        if passed.is_empty() {
            return;
        }
        let place = Place {
            packet: map.packet_at(passed.end),
            span: Some(passed),
            ..self.here().place()
        };
        let (at, passed) = (passed.end, bytes(passed.length()));
        let text = format!(
            "frames found at {at} behind {passed} not decoded, with {bits} bits of evidence"
        );
        out.finding_at(&finding::WS_RESYNC, place, text);
    }
}
