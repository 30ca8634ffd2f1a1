//! permessage-deflate (RFC 7692 7.2.2): one direction's messages inflated, in a stream and in bounded memory.
//!
//! The decoder always has a 15-bit window, which inflates every smaller one. After lost or broken data it starts with an
//! empty window: a message that refers to what is not there fails, and one that does not is right all the same.

use std::mem;

use flate2::{Decompress, FlushDecompress, Status};

/// RFC 7692 7.2.1: what the sender took off the end of each message.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// The largest window (RFC 7692 7.1.2), in bytes.
const WINDOW: usize = 1 << 15;

/// How much is inflated at a time.
const BLOCK: usize = 1 << 14;

/// Why a message could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The data is not DEFLATE, or refers to more than the sender had sent.
    Data,
    /// It may refer to bytes of earlier messages that are not there.
    Context,
    /// It is larger than the limit for one message.
    TooLarge,
}

/// One direction's inflater.
pub(crate) struct Inflater {
    decoder: Decompress,
    takeover: bool,
    /// The last bytes inflated, for a decoder that has to start anew after a final block (7.2.3.4).
    window: Vec<u8>,
    /// Whether earlier messages are missing from the window.
    broken: bool,
    fault: Option<Fault>,
    length: u64,
    limit: u64,
}

impl Inflater {
    /// An inflater for messages of up to `limit` bytes; with `takeover` the window is kept between them.
    pub(crate) fn new(takeover: bool, limit: u64) -> Self {
        Self {
            decoder: Decompress::new(false),
            takeover,
            window: Vec::new(),
            broken: false,
            fault: None,
            length: 0,
            limit,
        }
    }

    /// Inflates the next piece of a message and hands the data on.
    pub(crate) fn feed(&mut self, mut input: &[u8], mut take: impl FnMut(&[u8])) {
        let mut block = [0; BLOCK];
        while self.fault.is_none() {
            let (read, written) = (self.decoder.total_in(), self.decoder.total_out());
            let status = self
                .decoder
                .decompress(input, &mut block, FlushDecompress::Sync);
            let read = usize::try_from(self.decoder.total_in() - read).unwrap_or(0);
            let written = usize::try_from(self.decoder.total_out() - written).unwrap_or(0);
            input = input.get(read..).unwrap_or_default();
            let output = block.get(..written).unwrap_or_default();
            self.keep(output);
            take(output);
            match status {
                Ok(Status::StreamEnd) => self.restart(),
                Ok(_) => {}
                Err(_) => self.fail(if self.broken {
                    Fault::Context
                } else {
                    Fault::Data
                }),
            }
            if self.length > self.limit {
                self.fail(Fault::TooLarge);
            }
            if input.is_empty() && written < BLOCK {
                return;
            }
        }
    }

    /// Ends the message: its length, or why it has none.
    pub(crate) fn end_message(&mut self, take: impl FnMut(&[u8])) -> Result<u64, Fault> {
        self.feed(&TAIL, take);
        if !self.takeover {
            self.reset();
            self.broken = false;
        }
        let length = mem::take(&mut self.length);
        self.fault.take().map_or(Ok(length), Err)
    }

    /// Part of a message is missing: the rest of it is not inflated, nor counted on by later ones.
    pub(crate) fn lose(&mut self) {
        if self.fault.is_none() {
            self.fail(Fault::Context);
        }
    }

    /// Whole messages may be missing: later ones cannot count on any before them.
    pub(crate) fn forget(&mut self) {
        self.broken = self.takeover;
        self.reset();
    }

    fn fail(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.broken = self.takeover;
        self.reset();
    }

    fn reset(&mut self) {
        self.decoder.reset(false);
        self.window.clear();
    }

    /// After a block marked as final the stream goes on with a new decoder and the old window.
    fn restart(&mut self) {
        self.decoder.reset(false);
        if !self.window.is_empty() && self.decoder.set_dictionary(&self.window).is_err() {
            self.fail(Fault::Context);
        }
    }

    fn keep(&mut self, output: &[u8]) {
        self.length += output.len() as u64;
        let surplus = (self.window.len() + output.len()).saturating_sub(WINDOW);
        self.window.drain(..surplus.min(self.window.len()));
        self.window.extend_from_slice(
            output
                .get(output.len().saturating_sub(WINDOW)..)
                .unwrap_or_default(),
        );
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater")
            .field("takeover", &self.takeover)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut data = Vec::new();
        inflater.feed(payload, |piece| data.extend_from_slice(piece));
        inflater
            .end_message(|piece| data.extend_from_slice(piece))
            .map(|_| data)
    }

    #[test]
    fn examples_of_rfc_7692_section_7_2_3_inflate() {
        let mut inflater = Inflater::new(true, 1 << 20);
        let compressed = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(
            inflate(&mut inflater, &compressed).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.1"
        );
        assert_eq!(
            inflate(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.2, takeover"
        );
        let stored = [
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ];
        assert_eq!(
            inflate(&mut inflater, &stored).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.3"
        );
        let last_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(
            inflate(&mut inflater, &last_block).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.4, BFINAL"
        );
        assert_eq!(
            inflate(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]).as_deref(),
            Ok(&b"Hello"[..]),
            "the window outlives BFINAL"
        );
        let two_blocks = [
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        assert_eq!(
            inflate(&mut inflater, &two_blocks).as_deref(),
            Ok(&b"Hello"[..]),
            "7.2.3.5"
        );
        assert_eq!(
            inflate(&mut inflater, &[0x00]).as_deref(),
            Ok(&b""[..]),
            "7.2.3.6, empty"
        );
    }

    #[test]
    fn without_takeover_a_reference_to_the_message_before_fails() {
        let mut inflater = Inflater::new(false, 1 << 20);
        assert!(inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).is_ok());
        assert_eq!(
            inflate(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
            Err(Fault::Data)
        );
    }

    #[test]
    fn after_a_lost_message_only_what_stands_alone_inflates() {
        let mut inflater = Inflater::new(true, 1 << 20);
        assert!(inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).is_ok());
        inflater.lose();
        assert_eq!(inflate(&mut inflater, &[]), Err(Fault::Context));
        assert_eq!(
            inflate(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
            Err(Fault::Context)
        );
        assert_eq!(
            inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]).as_deref(),
            Ok(&b"Hello"[..])
        );
    }

    #[test]
    fn a_message_above_the_limit_is_given_up_and_the_next_one_is_not() {
        let mut inflater = Inflater::new(false, 4);
        assert_eq!(
            inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
            Err(Fault::TooLarge)
        );
        assert_eq!(inflate(&mut inflater, &[0x00]).as_deref(), Ok(&b""[..]));
    }
}
