//! How many places of what is open are kept: when there are more, the first ones are forgotten but for their sum.

use super::Half;
use crate::alignment::Layout;
use crate::finding;
use crate::outbox::Place;
use crate::websocket::busy::{Busy, State};
use crate::websocket::context::Context;

impl Half {
    /// Forgets the first places of an open message that has very many.
    pub(super) fn bound_places(&mut self, busy: &mut Busy, context: &mut Context<'_, '_>) {
        let most = context.config.limits.places;
        let frames = self.assembly.kept_frames();
        let by_pieces = (context.map.len() > most)
            .then(|| context.map.start_of_latest(most / 2))
            .flatten();
        let by_frames = (frames.len() > most)
            .then(|| frames.get(frames.len() - most / 2))
            .flatten()
            .and_then(|frame| context.map.piece_at(frame.start))
            .map(|piece| piece.span.start);
        let Some(before) = by_pieces.max(by_frames) else {
            return;
        };
        let open = match &busy.state {
            State::Between | State::Http(_) => None,
            State::Payload(frame) if frame.parts.start < before => Some(frame.parts.clone()),
            State::Payload(frame) if frame.keep_from >= before => None,
            State::Header(carry) if carry.keep_from >= before => None,
            State::Lost(search) if search.keep_from() >= before => None,
            State::Payload(_) | State::Header(_) | State::Lost(_) => return,
        };
        let layout = Layout {
            map: context.map,
            frames: &busy.frames,
            head_end: self.head_end,
            limits: &context.config.limits,
        };
        let of_message = match &busy.state {
            State::Payload(frame) => open.as_ref().filter(|_| frame.message.is_some()),
            _ => None,
        };
        let message = self.assembly.leave_out(of_message, before, &layout);
        if let State::Payload(frame) = &mut busy.state
            && open.is_some()
        {
            frame.leave_out(before, &layout);
        }
        if let Some(message) = message {
            let place = Place {
                message: Some(message),
                ..self.here().place()
            };
            let text = format!(
                "the message has more than {most} places (limit places); the last ones are kept"
            );
            context.out.finding_at(&finding::LIMIT_PLACES, place, text);
        }
    }
}
