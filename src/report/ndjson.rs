//! `--format ndjson`: a record a line, each as soon as it is known.

use std::io::{self, Write};

use wireseam_analyzer::Event;

use super::{
    json::write_escaped,
    record::Context,
    render::Render,
    schema::{Capture, Line},
};

/// Writes every event as a line of JSON; it holds nothing, so memory does not grow with the capture.
#[derive(Debug)]
pub struct Ndjson<W> {
    out: W,
}

impl<W: Write> Ndjson<W> {
    /// Lines to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        write_escaped(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

impl<W: Write> Render for Ndjson<W> {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.write(&context.line(event))
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.write(&Line::Capture(capture.clone()))?;
        self.out.flush()
    }
}
