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
    /// The line that is written next, built here first.
    line: Vec<u8>,
}

impl<W: Write> Ndjson<W> {
    /// Lines to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            line: Vec::new(),
        }
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        self.line.clear();
        write_escaped(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<W: Write> Render for Ndjson<W> {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        context.line(event).map_or(Ok(()), |line| self.write(&line))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.write(&Line::Capture(capture.clone()))?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::{samples, schema};

    #[test]
    fn every_line_keeps_the_schema_and_says_where_it_belongs() {
        let mut out = Vec::new();
        samples::render(&mut Ndjson::new(&mut out));
        let validator = jsonschema::validator_for(&schema::line_schema()).unwrap();
        let lines: Vec<Value> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        for line in &lines {
            let faults: Vec<_> = validator
                .iter_errors(line)
                .map(|fault| fault.to_string())
                .collect();
            assert!(faults.is_empty(), "{line}: {faults:#?}");
            assert!(
                line["type"] == "capture" || line["connection"] == 1,
                "{line}"
            );
        }
        let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
        assert_eq!(
            [
                of("opened"),
                of("segment"),
                of("frame"),
                of("message"),
                of("control")
            ],
            [1, 12, 6, 2, 4]
        );
        assert_eq!(
            [
                of("handshake"),
                of("request"),
                of("close"),
                of("finding"),
                of("ended")
            ],
            [1; 5]
        );
        assert_eq!(lines.last().unwrap()["type"], "capture");
    }
}
