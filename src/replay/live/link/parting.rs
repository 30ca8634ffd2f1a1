//! How a connection to a live peer ends, so that everything that the peer had to say is there, and whether it still says
//! anything.

use std::{ops::Range, time::Instant};

use super::Link;
use crate::replay::{
    decoder::{AdapterError, CloseEvent, Event},
    run::{Found, Run},
    stream::Stream,
};

impl Link<'_> {
    /// Ends an open connection with a Close frame, so that everything that the peer had to say is there.
    pub(super) fn farewell(
        &mut self,
        stream: &Stream,
        chunk: &Range<usize>,
        run: &mut Run,
    ) -> Result<(), AdapterError> {
        if self.is_gone {
            return Ok(());
        }
        if !self.asks_for_an_end(stream, stream.bytes.len()) {
            return Ok(());
        }
        let sent = Some(CloseEvent {
            code: Some(1000),
            reason: String::new(),
        });
        let deadline = Instant::now() + self.timeout;
        loop {
            for event in self.told(&sent) {
                if matches!(event, Event::Close(_)) {
                    return Ok(());
                }
                let number = run.chunks;
                run.found.push(Found {
                    event,
                    number,
                    chunk: chunk.clone(),
                });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.is_gone || left.is_zero() {
                return Ok(());
            }
            let bytes = self.read(left)?;
            self.take(&bytes)?;
        }
    }

    /// Sends a Close frame behind so many bytes; not where they end inside a frame.
    pub(super) fn asks_for_an_end(&mut self, stream: &Stream, sent: usize) -> bool {
        let mut frames = stream.frames.iter();
        let last = frames.rfind(|frame| frame.header.start < sent);
        let is_between = match last {
            Some(last) => last.complete && last.payload.end.max(last.header.end) == sent,
            None => sent == stream.frames_from(),
        };
        // masked with zeros, by a client (RFC 6455 5.3)
        let close: &[u8] = match stream.role {
            wireseam_analyzer::Role::Server => &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8],
            wireseam_analyzer::Role::Client => &[0x88, 0x02, 0x03, 0xE8],
        };
        is_between && self.write(close).is_ok()
    }

    /// Whether the peer says anything more, or ends the connection.
    pub(super) fn stirs(&mut self) -> Result<bool, AdapterError> {
        let bytes = self.read(self.timeout)?;
        Ok(!bytes.is_empty() || self.is_gone)
    }
}
