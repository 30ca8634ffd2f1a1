//! Decoders between messages: a few that all directions share, because a decoder is larger than the window it leaves.
//!
//! A direction keeps its [`Window`]; a decoder is lent to it for one message and filled with that window first. The latest
//! ones keep what they were filled with, so that a direction which is busy gets its own back as it was.

use std::collections::VecDeque;

use flate2::Decompress;

use super::walker::Walker;
use super::window::Window;

/// How much is inflated at a time.
pub(super) const BLOCK: usize = 1 << 14;

/// How many decoders wait for a message, each of about 48 KiB: as many as there are directions busy at the same time.
const WAITING: usize = 16;

/// Decoders that are not in use, and what else a message needs while it is inflated.
#[derive(Default)]
pub(crate) struct Decoders {
    /// The longest unused first; those that nobody may want back in front of them.
    waiting: VecDeque<Waiting>,
    /// How many were given back to be wanted again.
    leases: u64,
    /// Where a block is inflated to.
    output: Vec<u8>,
    window: Window,
    walker: Option<Box<Walker>>,
}

struct Waiting {
    decoder: Box<Decompress>,
    /// Of the direction whose window is in it.
    lease: Option<Lease>,
}

/// Says which decoder holds a direction's window already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease(u64);

impl Decoders {
    /// A decoder that holds this window.
    pub(super) fn take(&mut self, lease: Option<Lease>, window: &Window) -> Box<Decompress> {
        let own = lease.and_then(|_| self.waiting.iter().rposition(|one| one.lease == lease));
        if let Some(one) = own.and_then(|at| self.waiting.remove(at)) {
            return one.decoder;
        }
        let free = self.waiting.front().is_some_and(|one| one.lease.is_none());
        let other = if free || self.waiting.len() >= WAITING {
            self.waiting.pop_front()
        } else {
            None
        };
        let mut decoder = other.map_or_else(|| Box::new(Decompress::new(false)), |one| one.decoder);
        fill(&mut decoder, window);
        decoder
    }

    /// Takes a decoder back that holds its direction's window; with the lease it can be had again.
    pub(super) fn lay_aside(&mut self, decoder: Box<Decompress>) -> Lease {
        self.leases += 1;
        let lease = Lease(self.leases);
        self.waiting.push_back(Waiting {
            decoder,
            lease: Some(lease),
        });
        self.limit();
        lease
    }

    /// Takes a decoder back that nobody wants again as it is.
    pub(super) fn give_back(&mut self, decoder: Box<Decompress>) {
        self.waiting.push_front(Waiting {
            decoder,
            lease: None,
        });
        self.limit();
    }

    /// Where a block is inflated to.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        let mut output = std::mem::take(&mut self.output);
        output.resize(BLOCK, 0);
        output
    }

    pub(super) fn give_back_output(&mut self, output: Vec<u8>) {
        self.output = output;
    }

    /// An empty window.
    pub(super) fn take_window(&mut self) -> Window {
        std::mem::take(&mut self.window)
    }

    pub(super) fn give_back_window(&mut self, mut window: Window) {
        window.clear();
        self.window = window;
    }

    /// A walker that stands before a message.
    pub(super) fn take_walker(&mut self) -> Box<Walker> {
        let mut walker = self.walker.take().unwrap_or_default();
        walker.reset();
        walker
    }

    pub(super) fn give_back_walker(&mut self, walker: Box<Walker>) {
        self.walker = Some(walker);
    }

    fn limit(&mut self) {
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
    }
}

/// Starts a decoder anew, with this window.
pub(super) fn fill(decoder: &mut Decompress, window: &Window) {
    decoder.reset(false);
    for part in window.parts().into_iter().filter(|part| !part.is_empty()) {
        // Raw DEFLATE has no dictionary to compare with: it is taken as it is.
        let _ = decoder.set_dictionary(part);
    }
}

impl std::fmt::Debug for Decoders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoders")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_decoders_wait_than_the_cap() {
        let mut decoders = Decoders::default();
        let window = Window::default();
        let lent: Vec<_> = (0..40).map(|_| decoders.take(None, &window)).collect();
        for (at, decoder) in lent.into_iter().enumerate() {
            if at % 2 == 0 {
                decoders.lay_aside(decoder);
            } else {
                decoders.give_back(decoder);
            }
        }
        assert_eq!(decoders.waiting.len(), WAITING);
    }

    #[test]
    fn a_decoder_laid_aside_is_had_again_until_others_need_it() {
        let mut decoders = Decoders::default();
        let window = Window::default();
        let decoder = decoders.take(None, &window);
        let lease = decoders.lay_aside(decoder);
        let others: Vec<_> = (1..WAITING).map(|_| decoders.take(None, &window)).collect();
        assert!(decoders.waiting.iter().any(|one| one.lease == Some(lease)));
        for other in others {
            decoders.lay_aside(other);
        }
        let own = decoders.take(Some(lease), &window);
        let lease = decoders.lay_aside(own);
        for _ in 0..WAITING {
            let other = decoders.take(None, &window);
            decoders.lay_aside(other);
        }
        assert!(decoders.waiting.iter().all(|one| one.lease != Some(lease)));
    }
}
