//! `--format json`: one document, written connection by connection.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use wireseam_analyzer::Event;

use super::{
    collect::Collector,
    escape,
    record::Context,
    render::Render,
    schema::{Capture, FORMAT},
};

/// Writes the JSON report: one line a connection, the capture last because its totals are known last.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    collector: Collector,
    connections: u64,
}

impl<W: Write> Json<W> {
    /// A report to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            collector: Collector::default(),
            connections: 0,
        }
    }

    fn write_ready(&mut self) -> io::Result<()> {
        while let Some(connection) = self.collector.next_connection() {
            if self.connections == 0 {
                writeln!(self.out, "{{\"format\":{FORMAT},\"connections\":[")?;
            } else {
                self.out.write_all(b",\n")?;
            }
            write_escaped(&mut self.out, &connection)?;
            self.connections += 1;
        }
        Ok(())
    }
}

impl<W: Write> Render for Json<W> {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.collector.event(context, event);
        self.write_ready()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.collector.finish();
        self.write_ready()?;
        if self.connections == 0 {
            write!(self.out, "{{\"format\":{FORMAT},\"connections\":[")?;
        }
        self.out.write_all(b"],\n\"capture\":")?;
        write_escaped(&mut self.out, capture)?;
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// Writes a record in JSON without a character that misleads a terminal: they are all escaped as `\uXXXX`.
pub(super) fn write_escaped(out: &mut impl Write, record: &impl Serialize) -> io::Result<()> {
    record
        .serialize(&mut Serializer::with_formatter(out, Escaping))
        .map_err(io::Error::from)
}

/// JSON on one line, with what [`escape::misleads`] escaped; serde_json itself escapes only what JSON demands.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(escape::misleads) {
            let (before, from) = rest.split_at(at);
            CompactFormatter.write_string_fragment(out, before)?;
            let mut after = from.chars();
            for unit in after
                .next()
                .into_iter()
                .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
            {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = after.as_str();
        }
        CompactFormatter.write_string_fragment(out, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misleading_characters_are_escaped_and_read_back_the_same() {
        let text = "a\x1b[31m \u{9b}2J \u{202e}cba \u{e0041} <script> \"\\ é🦀";
        let mut out = Vec::new();
        write_escaped(&mut out, &text).unwrap();
        let json = String::from_utf8(out).unwrap();
        assert_eq!(
            json,
            r#""a\u001b[31m \u009b2J \u202ecba \udb40\udc41 <script> \"\\ é🦀""#
        );
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
