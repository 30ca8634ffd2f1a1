//! Tests of the lines: they keep the schema, are those of the serializer, and one can have some of them.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use serde_json::Value;
use wireseam_analyzer::{Config, PayloadPolicy};
use wireseam_capture::FileSource;
use wireseam_fixtures::{
    Script,
    traffic::{Profile, Traffic},
};

use super::*;
use crate::{
    Options,
    report::{samples, schema},
};

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

#[test]
fn the_types_of_lines_are_those_of_the_schema() {
    let schema = schema::line_schema();
    let of_schema: BTreeSet<_> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["properties"]["type"]["const"].as_str().unwrap())
        .collect();
    assert_eq!(of_schema, LineType::ALL.map(LineType::name).into());
    for line in LineType::ALL {
        assert_eq!(line.name().parse(), Ok(line));
        assert_eq!(LineType::ALL[line as usize], line);
    }
    let unknown = "packet".parse::<LineType>().unwrap_err().to_string();
    assert!(
        unknown.starts_with(r#"no line has the type "packet"; there are opened, layer,"#)
            && unknown.ends_with(", ended, capture"),
        "{unknown}"
    );
}

/// Holds each line to what the serializer writes for its record.
#[derive(Default)]
struct Serialized {
    line: Buffer,
    /// How many lines of each type were written by hand.
    lines: [u32; LineType::ALL.len()],
}

impl Render for Serialized {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.line.bytes.clear();
        if !hot::write(&mut self.line, context, &event) {
            return Ok(());
        }
        let line = LineType::of(&event.kind).unwrap();
        self.lines[line as usize] += 1;
        let mut serialized = Vec::new();
        write_escaped(&mut serialized, &context.line(event).unwrap())?;
        serialized.push(b'\n');
        let [written, serialized] =
            [&self.line.bytes, &serialized].map(|line| String::from_utf8_lossy(line));
        assert_eq!(written, serialized);
        Ok(())
    }

    fn finish(&mut self, _: &Capture) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_written_by_hand_are_those_of_the_serializer() {
    let mut serialized = Serialized::default();
    for payload in [
        PayloadPolicy::None,
        PayloadPolicy::Preview,
        PayloadPolicy::Sha256,
        PayloadPolicy::Full,
    ] {
        let options = Options {
            config: Config {
                payload,
                ..Config::default()
            },
            ..Options::default()
        };
        for (name, bytes) in captures() {
            crate::inspect(&mut source(&name, &bytes), &options, &mut serialized).unwrap();
        }
    }
    use LineType::{Acknowledged, Frame, Message, Segment};
    for line in LineType::ALL {
        let written = serialized.lines[line as usize];
        let by_hand = [Segment, Frame, Message, Acknowledged].contains(&line);
        assert_eq!(written > 1_000, by_hand, "{written} lines {line:?}");
    }
}

#[test]
fn numbers_and_times_of_any_size_are_those_of_the_serializer() {
    let mut buffer = Buffer::default();
    let edges = [0, 1, 9, 10, 999_999_999, 1_000_000_000, 59_000_000_001];
    let times = edges.into_iter().flat_map(|edge| [edge, -edge]);
    for nanoseconds in times.chain([i64::MIN, i64::MAX]) {
        let time = schema::Seconds { nanoseconds };
        buffer.bytes.clear();
        buffer.seconds(Some(time));
        assert_eq!(String::from_utf8_lossy(&buffer.bytes), time.to_string());
    }
    let powers = (0..20).map(|exponent| 10_u64.pow(exponent));
    let digits = (0..=10_000).chain((1..=9_999).map(|digits| digits * 10_000));
    let numbers = powers.flat_map(|power| [power - 1, power, power + 1, power / 7 * 6]);
    for number in numbers.chain(digits).chain([u64::MAX]) {
        buffer.bytes.clear();
        buffer.number(number);
        assert_eq!(String::from_utf8_lossy(&buffer.bytes), number.to_string());
    }
}

#[test]
fn every_character_is_escaped_as_the_serializer_does() {
    let mut buffer = Buffer::default();
    for c in '\0'..=char::MAX {
        let text = format!("é{c}\"a\\{c}");
        buffer.bytes.clear();
        buffer.text(&text);
        let mut serialized = Vec::new();
        write_escaped(&mut serialized, &text).unwrap();
        assert_eq!(buffer.bytes, serialized, "{c:?}");
    }
}

#[test]
fn base64_in_parts_is_that_of_the_whole() {
    use base64::{Engine, engine::general_purpose::STANDARD};

    let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
    let mut buffer = Buffer::default();
    for length in [0, 1, 2, 3, 191, 192, 193, 384, 1_000] {
        buffer.bytes.clear();
        buffer.base64(&bytes[..length]);
        let whole = format!("\"{}\"", STANDARD.encode(&bytes[..length]));
        assert_eq!(String::from_utf8_lossy(&buffer.bytes), whole, "{length}");
    }
}

#[test]
fn lines_asked_for_are_those_among_all() {
    use LineType::{Finding, Message};

    let counted = LineType::ALL.into_iter();
    let counted: Vec<_> = counted
        .filter(|line| line.detail() == Detail::Counts)
        .collect();
    let mut found = BTreeSet::new();
    for (at, (name, bytes)) in captures().into_iter().enumerate() {
        let all = lines(&name, &bytes, &LineType::ALL);
        let all: Vec<_> = all
            .split_inclusive('\n')
            .map(|line| (type_of(line), line))
            .collect();
        found.extend(all.iter().map(|(line, _)| *line));
        let one = LineType::ALL[at % LineType::ALL.len()];
        for types in [&counted[..], &[Message, Finding], &[Message], &[one], &[]] {
            let wanted = all.iter().filter(|(line, _)| types.contains(line));
            let expected: String = wanted.map(|(_, line)| *line).collect();
            assert_eq!(lines(&name, &bytes, types), expected, "{name}: {types:?}");
        }
    }
    assert_eq!(found, LineType::ALL.into(), "each type is in some capture");
}

fn type_of(line: &str) -> LineType {
    let line: Value = serde_json::from_str(line).unwrap();
    line["type"].as_str().unwrap().parse().unwrap()
}

/// The lines of these types that are written of a capture.
fn lines(name: &str, bytes: &[u8], types: &[LineType]) -> String {
    let mut render = Ndjson::only(types, Vec::new());
    crate::inspect(&mut source(name, bytes), &Options::default(), &mut render).unwrap();
    String::from_utf8(render.into_inner()).unwrap()
}

fn source(name: &str, bytes: &[u8]) -> FileSource {
    FileSource::from_reader(name.to_owned(), Cursor::new(bytes.to_vec())).unwrap()
}

/// All fixtures, the smaller ones of the recordings, and some chat: their names and bytes.
fn captures() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut captures = Vec::new();
    for file in folder(&root).iter().flat_map(|area| folder(area)) {
        let name = file.display().to_string();
        match file.extension().and_then(OsStr::to_str) {
            Some("toml") => {
                let script = fs::read_to_string(&file).unwrap();
                let script = Script::parse(&script, &name).unwrap();
                captures.push((name, script.build().unwrap().bytes));
            }
            Some("pcap" | "pcapng") if file.metadata().unwrap().len() <= LARGEST => {
                captures.push((name, fs::read(&file).unwrap()));
            }
            _ => {}
        }
    }
    assert!(captures.len() > 200, "only {} captures", captures.len());
    let mut chat = Vec::new();
    let traffic = Traffic {
        size: 1 << 18,
        flows: 50,
        ..Traffic::new(Profile::Chat)
    };
    traffic.write(&mut chat).unwrap();
    captures.push(("chat".to_owned(), chat));
    captures
}

/// What lies in a folder; nothing where it is none.
fn folder(path: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    entries
}

/// A test reads each capture many times.
const LARGEST: u64 = 256 << 10;
