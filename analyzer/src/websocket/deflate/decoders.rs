//! What messages are inflated with, between them: all directions share it, because nothing in it outlives a message but the
//! room it takes.

use super::decoder::Decoder;
use super::output::Output;
use super::window::Window;

/// How many decoders wait for a message, each of about 5 KiB: as many as messages that are open at the same time, as a rule.
const WAITING: usize = 16;

/// Decoders that are not in use, and what else a message needs while it is inflated.
#[derive(Default)]
pub(crate) struct Decoders {
    waiting: Vec<Box<Decoder>>,
    output: Option<Output>,
    window: Window,
}

impl Decoders {
    /// A decoder that stands before a message.
    pub(super) fn take(&mut self) -> Box<Decoder> {
        let mut decoder = self.waiting.pop().unwrap_or_default();
        decoder.reset();
        decoder
    }

    pub(super) fn give_back(&mut self, decoder: Box<Decoder>) {
        if self.waiting.len() < WAITING {
            self.waiting.push(decoder);
        }
    }

    /// Where a block is inflated to, empty.
    pub(super) fn output(&mut self) -> &mut Output {
        let output = self.output.get_or_insert_default();
        output.clear();
        output
    }

    /// An empty window.
    pub(super) fn take_window(&mut self) -> Window {
        std::mem::take(&mut self.window)
    }

    pub(super) fn give_back_window(&mut self, mut window: Window) {
        window.clear();
        self.window = window;
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
        let lent: Vec<_> = (0..40).map(|_| decoders.take()).collect();
        for decoder in lent {
            decoders.give_back(decoder);
        }
        assert_eq!(decoders.waiting.len(), WAITING);
    }

    #[test]
    fn decoders_are_small() {
        assert!(size_of::<Decoder>() < 5_500, "{}", size_of::<Decoder>());
    }
}
