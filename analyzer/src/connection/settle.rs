//! What is done when all has been read that a segment made readable: what ended is reported, and what nothing needs forgotten; at
//! the end the rest is.

use wireseam_wire::Timestamp;

use super::{Connection, Protocol, Work};
use crate::{Config, Detail, Direction, Layer, Offset};

impl Connection {
    /// What a segment brings has been read, if any of it could be: gives up what need not be waited for, and reports what ended.
    pub(super) fn conclude(
        &mut self,
        was_read: bool,
        now: Option<Timestamp>,
        work: &mut Work<'_, '_>,
    ) {
        let has_lost = self.lose_patience(now, work);
        if was_read || has_lost || work.config.detail == Detail::Map {
            self.settle(work);
        }
        if self.is_complete() {
            self.finish_protocol(work);
        }
    }

    /// Gives up the holes that need not be waited for any longer; whether there are any.
    #[inline]
    pub(super) fn lose_patience(
        &mut self,
        now: Option<Timestamp>,
        work: &mut Work<'_, '_>,
    ) -> bool {
        if !self.has_hole() {
            return false;
        }
        let mut has_lost = false;
        for side in Direction::BOTH {
            if self.flows[side as usize].is_out_of_patience(now, &work.config.limits) {
                self.begin_batch(side, work);
                self.give_up_hole(side, work);
                has_lost = true;
            }
        }
        has_lost
    }

    /// Whether a hole need not be waited for any longer.
    #[inline]
    pub(super) fn is_out_of_patience(&self, now: Option<Timestamp>, config: &Config) -> bool {
        let limits = &config.limits;
        let mut flows = self.flows.iter();
        flows.any(|flow| flow.is_out_of_patience(now, limits))
    }

    /// All bytes that this segment made deliverable have been read: reports what ended, forgets what nothing needs.
    pub(super) fn settle(&mut self, work: &mut Work<'_, '_>) {
        for direction in Direction::BOTH {
            let flow = &self.flows[direction as usize];
            let (next, may_be_open) = (flow.reassembly.next(), flow.has_map());
            if may_be_open {
                self.with_socket(direction, work, |socket, context| {
                    socket.settle(direction, next, context);
                });
            }
            self.acknowledge(direction, work);
            if may_be_open {
                self.release(direction, next, work);
            }
        }
    }

    /// Tells the WebSocket how far one direction was acknowledged.
    fn acknowledge(&mut self, direction: Direction, work: &mut Work<'_, '_>) {
        if let Protocol::WebSocket(socket) = &mut self.protocol
            && let flow = &self.flows[direction as usize]
            && let Some((end, since)) = flow.acknowledged().zip(flow.acknowledged_since())
        {
            socket.acknowledge(direction, end, since, work.out);
        }
    }

    fn release(&mut self, direction: Direction, next: Offset, work: &mut Work<'_, '_>) {
        let waiting = self.intakes[direction as usize].needed_from(next);
        let open = match &self.protocol {
            Protocol::WebSocket(socket) => socket.keep_from(direction, next),
            Protocol::Http(http) => http.keep_from(direction, next),
            _ => next,
        };
        let flow = &mut self.flows[direction as usize];
        flow.release(waiting.min(open), &mut work.spares.maps);
    }

    /// Reports the rest of what was spoken, and forgets it.
    pub(super) fn finish_protocol(&mut self, work: &mut Work<'_, '_>) {
        if self.is_over() {
            return;
        }
        work.is_last = true;
        for direction in Direction::BOTH {
            self.give_up_holes_at_end(direction, work);
        }
        self.stop_waiting(work);
        for direction in Direction::BOTH {
            let next = self.flows[direction as usize].reassembly.next();
            self.with_socket(direction, work, |socket, context| {
                socket.finish_half(direction, context);
                socket.settle(direction, next, context);
            });
            self.acknowledge(direction, work);
        }
        let tcp_packet = self.state.ended_in();
        match &mut self.protocol {
            Protocol::WebSocket(socket) => {
                let spares = &mut work.spares.socket;
                socket.finish(self.state.ended(), tcp_packet, work.out, spares);
            }
            Protocol::Http(http) => {
                for handshake in http.finish(work.out) {
                    work.out.websocket(Box::new(handshake));
                }
            }
            _ => {}
        }
        let has_bytes = self.flows.iter().any(|flow| flow.totals.bytes > 0);
        if has_bytes && self.layer.is_none() {
            self.report_layer(Layer::Opaque, work);
        }
        let messages = self.messages();
        self.speak(Protocol::Over { messages }, work);
        self.intakes = Default::default();
        for direction in Direction::BOTH {
            self.flows[direction as usize].rest(&mut work.spares.maps);
        }
    }
}
