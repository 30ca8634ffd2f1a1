//! `--format ndjson`: a record a line, each as soon as it is known.

mod buffer;
mod hot;
mod types;

use std::io::{self, Write};

use wireseam_analyzer::{Detail, Event};

use self::buffer::Buffer;
pub use self::types::{LineType, UnknownLineType};
use super::{
    json::{pass_on, write_escaped},
    record::Context,
    render::Render,
    schema::{Capture, Line},
};

/// Writes every event as a line of JSON; it holds nothing, so memory does not grow with the capture.
#[derive(Debug)]
pub struct Ndjson<W> {
    out: W,
    /// The line that is written next, built here first.
    line: Buffer,
    /// Which types of lines to write, in the order of [`LineType::ALL`].
    wanted: [bool; LineType::ALL.len()],
}

impl<W: Write> Ndjson<W> {
    /// Lines to `out`.
    pub fn new(out: W) -> Self {
        Self::only(&LineType::ALL, out)
    }

    /// Lines of these types to `out`; they are those that [`new`](Self::new) writes among all others, byte for byte.
    pub fn only(types: &[LineType], out: W) -> Self {
        Self {
            out,
            line: Buffer::default(),
            wanted: LineType::ALL.map(|line| types.contains(&line)),
        }
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn wants(&self, line: LineType) -> bool {
        self.wanted[line as usize]
    }

    fn serialize(&mut self, line: &Line) -> io::Result<()> {
        write_escaped(&mut self.line.bytes, line)?;
        self.line.bytes.push(b'\n');
        Ok(())
    }

    fn pass_on(&mut self) -> io::Result<()> {
        pass_on(&mut self.line.bytes, &mut self.out)
    }
}

impl<W: Write> Render for Ndjson<W> {
    fn detail(&self) -> Detail {
        let wanted = LineType::ALL.into_iter().filter(|line| self.wants(*line));
        let details = wanted.map(LineType::detail);
        details.min().unwrap_or(Detail::Counts)
    }

    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        if !LineType::of(&event.kind).is_some_and(|line| self.wants(line)) {
            return Ok(());
        }
        if !hot::write(&mut self.line, context, &event)
            && let Some(line) = context.line(event)
        {
            self.serialize(&line)?;
        }
        self.pass_on()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        if self.wants(LineType::Capture) {
            self.serialize(&Line::Capture(capture.clone()))?;
            self.pass_on()?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
