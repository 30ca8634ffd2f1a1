//! The bytes of a capture file as pcap-parser is to get them: its header in one piece, and no reason of a failure lost.
//!
//! pcap-parser recognises the format by what its first read returns, which from a pipe may be a single byte, and its
//! errors do not say what the operating system said.

use std::{
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
};

/// A stream whose first bytes were read ahead.
pub(crate) struct Input<R> {
    head: Vec<u8>,
    /// How many bytes of `head` were handed on.
    handed_on: usize,
    rest: R,
    failure: Failure,
}

/// Where a failure of the operating system waits to be told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<io::Error>>>);

impl<R: Read> Input<R> {
    /// Nothing is read yet.
    pub(crate) fn new(rest: R) -> Self {
        Self {
            head: Vec::new(),
            handed_on: 0,
            rest,
            failure: Failure::default(),
        }
    }

    /// Reads ahead until `len` bytes are there or the stream ends.
    pub(crate) fn read_ahead(&mut self, len: u64) -> io::Result<()> {
        let there = u64::try_from(self.head.len()).unwrap_or(u64::MAX);
        let missing = len.saturating_sub(there);
        self.rest
            .by_ref()
            .take(missing)
            .read_to_end(&mut self.head)?;
        Ok(())
    }

    /// What was read ahead.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.head
    }

    /// Where this stream leaves the reason when it fails.
    pub(crate) fn failure(&self) -> Failure {
        self.failure.clone()
    }
}

impl<R: Read> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = self.head.get(self.handed_on..).unwrap_or_default();
        if !ahead.is_empty() {
            let read = (&mut &*ahead).read(buffer)?;
            self.handed_on += read;
            return Ok(read);
        }
        loop {
            match self.rest.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure.put(error)),
                Ok(read) => return Ok(read),
            }
        }
    }
}

impl Failure {
    /// Keeps the error and makes one that pcap-parser may swallow.
    fn put(&self, error: io::Error) -> io::Error {
        let swallowed = io::Error::from(error.kind());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        swallowed
    }

    /// The reason of the failure that just happened.
    pub(crate) fn take(&self) -> io::Error {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting
            .take()
            .unwrap_or_else(|| io::ErrorKind::Other.into())
    }
}
