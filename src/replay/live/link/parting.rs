//! How a connection to a live peer ends, so that everything that the peer had to say is there, and whether it still says
//! anything.

use std::{
    net::Shutdown,
    ops::Range,
    time::{Duration, Instant},
};

use super::{Link, MOST_PATIENCE, SHORT_PATIENCE};
use crate::replay::{
    decoder::{AdapterError, CloseEvent, Event},
    expected::Item,
    judge::is_own_limit,
    run::{Found, Run},
    stream::{FramePlace, Stream},
};

/// A header without a key that gives a length in 16 bits.
const LONGEST_SHORT_HEADER: usize = 4;

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
            return self.break_off(stream, chunk, run);
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

    /// Ends this half of a connection inside a frame, so that everything that the peer had to say of it is there.
    ///
    /// What it says of the end itself is not judged: of its errors those count that such a frame is refused with.
    fn break_off(
        &mut self,
        stream: &Stream,
        chunk: &Range<usize>,
        run: &mut Run,
    ) -> Result<(), AdapterError> {
        // through a proxy the end may overtake the refusal
        if stream.frames.last().is_some_and(is_long) {
            self.listen(SHORT_PATIENCE)?;
        }
        let _ = self.socket.shutdown(Shutdown::Write);
        let deadline = Instant::now() + self.timeout.min(MOST_PATIENCE);
        while !self.is_gone && Instant::now() < deadline {
            self.listen(deadline.saturating_duration_since(Instant::now()))?;
        }
        let endless = stream.items.iter().filter_map(|item| match item {
            Item::Fault(fault) if fault.until > stream.bytes.len() => Some(fault.codes),
            _ => None,
        });
        let codes: Vec<u16> = endless.flatten().copied().collect();
        for event in self.told(&None) {
            let counts = match &event {
                Event::Error(refusal) => {
                    is_own_limit(refusal) || refusal.code.is_some_and(|code| codes.contains(&code))
                }
                _ => true,
            };
            if counts {
                let number = run.chunks;
                run.found.push(Found {
                    event,
                    number,
                    chunk: chunk.clone(),
                });
            }
        }
        Ok(())
    }

    /// Takes what comes first within this time.
    fn listen(&mut self, at_most: Duration) -> Result<(), AdapterError> {
        let bytes = self.read(at_most)?;
        self.take(&bytes)
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

/// Whether a frame has not ended whose header gives its length in 64 bits (RFC 6455 5.2): one that may be too long for a peer.
fn is_long(frame: &FramePlace) -> bool {
    let key = frame.key.map_or(0, |key| key.len());
    !frame.complete && frame.header.len().saturating_sub(key) > LONGEST_SHORT_HEADER
}
