//! The one buffer that packets are borrowed from: how it is filled, how far it grows, where in the file it stands.
//!
//! ```text
//! | done  |  block |  block  | blo               front() begins behind what was released
//!                            |<--->|<--- refill  a cut block moves to the front, more is read behind it
//! ```
//!
//! It grows for a block that does not fit, by what is really there and never by what a length field claims.

use std::io::{self, Read};

use pcap_parser::{PcapBlockOwned, PcapError, create_reader, traits::PcapReaderIterator};

use crate::{
    CaptureError,
    input::{Failure, Input},
};

/// pcap-parser's reader with what it does not keep: its capacity, its place in the file, why a read failed.
pub(crate) struct Buffer {
    reader: Box<dyn PcapReaderIterator + Send>,
    failure: Failure,
    capacity: usize,
    offset: u64,
}

impl Buffer {
    /// Takes over a stream whose file header was read ahead.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] if the stream fails, or if pcap-parser does not read the file header.
    pub(crate) fn new<R: Read + Send + 'static>(
        name: &str,
        input: Input<R>,
    ) -> Result<Self, CaptureError> {
        let failure = input.failure();
        let capacity = USUAL_CAPACITY.max(input.ahead().len().next_power_of_two());
        let reader = create_reader(capacity, input).map_err(|error| {
            let name = name.to_owned();
            match error {
                PcapError::ReadError => CaptureError::Read {
                    name,
                    cause: failure.take(),
                },
                _ => CaptureError::Damaged {
                    name,
                    after: 0,
                    offset: 0,
                    what: "is no file header that can be read",
                },
            }
        })?;
        Ok(Self {
            reader,
            failure,
            capacity,
            offset: 0,
        })
    }

    /// The buffered bytes from the first block on that was not released.
    pub(crate) fn front(&self) -> &[u8] {
        self.reader.data()
    }

    /// Where in the file `front` begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether no bytes follow those buffered.
    pub(crate) fn is_last(&self) -> bool {
        self.reader.reader_exhausted()
    }

    /// The block at the front, which must be there as a whole; `None` where pcap-parser cannot read it.
    pub(crate) fn parse(&mut self) -> Option<PcapBlockOwned<'_>> {
        self.reader.next().ok().map(|(_, block)| block)
    }

    /// Gives up the first `len` bytes.
    pub(crate) fn release(&mut self, len: usize) {
        self.reader.consume_noshift(len);
        self.offset = self
            .offset
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    }

    /// Reads on behind the buffered bytes, in a buffer twice as large if it is full.
    pub(crate) fn refill(&mut self) -> io::Result<()> {
        if self.reader.data().len() >= self.capacity {
            self.capacity = self.capacity.saturating_mul(2);
            self.reader.grow(self.capacity);
        }
        if self.reader.refill().is_err() {
            return Err(self.failure.take());
        }
        Ok(())
    }
}

/// Larger ones leave the processor's cache and were measured to be slower.
const USUAL_CAPACITY: usize = 128 * 1024;
