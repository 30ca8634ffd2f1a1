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
    /// What is written next, built here first.
    line: Vec<u8>,
    collector: Collector,
    connections: u64,
}

impl<W: Write> Json<W> {
    /// A report to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            line: Vec::new(),
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
            write_escaped(&mut self.line, &connection)?;
            pass_on(&mut self.line, &mut self.out)?;
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

/// How much memory for the next line is kept.
const LONGEST_KEPT: usize = 1 << 20;

/// Writes what was built, and empties it for the next line.
pub(super) fn pass_on(line: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(line)?;
    line.clear();
    line.shrink_to(LONGEST_KEPT);
    Ok(())
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
        // nearly every string is a key or a word, and no printable ASCII character misleads
        if fragment.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return out.write_all(fragment.as_bytes());
        }
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
    use serde_json::{Value, json};

    use super::*;
    use crate::report::{samples, schema};

    #[test]
    fn the_document_keeps_its_schema() {
        let document = document();
        let validator = jsonschema::validator_for(&schema::json_schema()).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&document)
            .map(|fault| fault.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:#?}");
        let mut broken = document;
        broken["connections"][0]["ended"] = json!("exploded");
        assert!(
            !validator.is_valid(&broken),
            "the schema refuses words that are not in the format"
        );
    }

    #[test]
    fn a_later_retransmission_marks_earlier_bytes() {
        let document = document();
        let websocket = &document["connections"][0]["websockets"][0];
        let message = &websocket["messages"][1];
        assert_eq!(
            message["slices"],
            json!([
                { "packet": 9, "span": [207, 213], "retransmitted": true },
                { "packet": 10, "span": [213, 515], "retransmitted": false },
            ])
        );
        assert_eq!(message["alignment"]["retransmission"], true);
        assert_eq!(websocket["frames"][1]["alignment"]["retransmission"], true);
        assert_eq!(
            websocket["messages"][0]["alignment"]["retransmission"],
            false
        );
    }

    #[test]
    fn a_segment_says_which_frames_it_carries() {
        let document = document();
        let of = |packet: u64| {
            let segments = document["connections"][0]["segments"].as_array().unwrap();
            segments
                .iter()
                .find(|segment| segment["packet"] == packet)
                .unwrap()["carries"]
                .clone()
        };
        let carried = |frame: u64, message: Option<u64>, span: [u64; 2], piece: &str| json!({ "websocket": 1, "frame": frame, "message": message, "span": span, "piece": piece });
        assert_eq!(of(4), json!([]));
        assert_eq!(of(9), json!([carried(2, Some(2), [207, 213], "head")]));
        assert_eq!(
            of(10),
            json!([
                carried(2, Some(2), [213, 515], "tail"),
                carried(3, None, [515, 523], "whole")
            ])
        );
        assert_eq!(of(11), of(9), "a second copy carries the same");
    }

    #[test]
    fn times_are_numbers_to_the_nanosecond_and_payloads_say_that_they_were_cut() {
        let message = &document()["connections"][0]["websockets"][0]["messages"][0];
        assert_eq!(message["timing"]["acked"].to_string(), "0.007000001");
        assert_eq!(
            message["payload"],
            json!({ "text": "hell\u{1b}\"", "truncated": true })
        );
        let message = &document()["connections"][0]["websockets"][0]["messages"][1];
        assert_eq!(message["timing"]["acked"], Value::Null);
        assert_eq!(
            message["payload"],
            json!({ "base64": "yv4A", "truncated": true })
        );
    }

    fn document() -> Value {
        let mut out = Vec::new();
        samples::render(&mut Json::new(&mut out));
        assert!(
            !out.iter().any(|byte| *byte == 0x1b || *byte == 0x9b),
            "no control character stands in the output"
        );
        serde_json::from_slice(&out).unwrap()
    }

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
