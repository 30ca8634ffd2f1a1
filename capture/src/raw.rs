//! The bytes of a file or stream as they lie there: counted, with what was looked at ahead, and no failure forgotten.

use std::io::{self, BufRead, Read};

/// A stream that says how far it was read, whether its end was met, and why it failed.
///
/// Decoders sit between it and whoever reads, and report their own words for what happened here; hence it remembers.
pub(crate) struct Raw {
    reader: Box<dyn Read + Send>,
    ahead: Vec<u8>,
    /// What of `ahead` was read and not handed on.
    start: usize,
    end: usize,
    read: u64,
    has_ended: bool,
    failure: Option<io::Error>,
}

impl Raw {
    /// Nothing is read yet.
    pub(crate) fn new(reader: impl Read + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            ahead: Vec::new(),
            start: 0,
            end: 0,
            read: 0,
            has_ended: false,
            failure: None,
        }
    }

    /// Looks at the next bytes: `len` of them, which are no more than are read ahead, fewer where the stream ends before.
    pub(crate) fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        self.ahead.resize(AHEAD, 0);
        self.ahead.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        while self.end < len.min(AHEAD) && !self.has_ended {
            let end = self.end;
            self.end += self.read_on(|reader, ahead| match ahead.get_mut(end..) {
                Some(room) => reader.read(room),
                None => Ok(0),
            })?;
        }
        let unread = self.unread();
        Ok(unread.get(..len).unwrap_or(unread))
    }

    /// How many bytes were taken out of the stream, those looked at ahead included.
    pub(crate) fn read_so_far(&self) -> u64 {
        self.read
    }

    /// How many bytes were handed on: where in the file the next one lies.
    pub(crate) fn position(&self) -> u64 {
        self.read.saturating_sub(count(self.unread().len()))
    }

    /// Whether more was asked for than there is.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Why the operating system refused, told once.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    fn unread(&self) -> &[u8] {
        self.ahead.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads once, whatever interrupts it, and takes down what came of it.
    fn read_on(
        &mut self,
        mut read: impl FnMut(&mut dyn Read, &mut Vec<u8>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match read(&mut *self.reader, &mut self.ahead) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let passed_on = io::Error::from(error.kind());
                    self.failure = Some(error);
                    return Err(passed_on);
                }
                Ok(read) => {
                    self.has_ended = read == 0;
                    self.read = self.read.saturating_add(count(read));
                    return Ok(read);
                }
            }
        }
    }
}

impl Read for Raw {
    /// Straight into the caller's buffer where that is large, else by way of a buffer of its own.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unread().is_empty() && buffer.len() >= AHEAD {
            return self.read_on(|reader, _| reader.read(buffer));
        }
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Raw {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unread().is_empty() {
            self.peek(1)?;
        }
        Ok(self.unread())
    }

    fn consume(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.end);
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// How much is read ahead at once.
const AHEAD: usize = 64 * 1024;
