//! What the harness and an adapter in another process say to each other: a line of JSON each, one answer for each line.
//!
//! `docs/replay-protocol.md` describes it for those who write adapters. Both sides of it are here, so that they cannot
//! differ: what the harness asks ([`Ask`]) and what an adapter answers.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use wireseam_analyzer::Role;

use super::decoder::{About, AdapterError, Begins, Content, Event, Kind, MessageType, Start};

/// The version of the protocol. Within it keys may be added.
pub(super) const PROTOCOL: u32 = 1;

/// What the harness asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Who the adapter is.
    Hello,
    /// To get ready for a stream.
    Start(Connection),
    /// To decode these bytes.
    Chunk(Vec<u8>),
    /// There are no more bytes.
    End,
}

/// What of a [`Start`] travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) role: Role,
    pub(super) begins: Begins,
    pub(super) request: Vec<u8>,
    pub(super) response: Vec<u8>,
    pub(super) extensions: Vec<String>,
}

impl Connection {
    pub(super) fn of(start: &Start<'_>) -> Self {
        Self {
            role: start.role,
            begins: start.begins,
            request: start.request.to_vec(),
            response: start.response.to_vec(),
            extensions: start.extensions.to_vec(),
        }
    }
}

impl Ask {
    /// The line, with its end.
    pub(super) fn line(&self) -> String {
        let value = match self {
            Self::Hello => json!({
                "do": "hello", "protocol": PROTOCOL, "harness": concat!("wireseam ", env!("CARGO_PKG_VERSION")),
            }),
            Self::Start(start) => json!({
                "do": "start",
                "role": start.role.to_string(),
                "begins": begins_word(start.begins),
                "request": BASE64_STANDARD.encode(&start.request),
                "response": BASE64_STANDARD.encode(&start.response),
                "extensions": start.extensions,
            }),
            Self::Chunk(bytes) => json!({ "do": "chunk", "bytes": BASE64_STANDARD.encode(bytes) }),
            Self::End => json!({ "do": "end" }),
        };
        format!("{value}\n")
    }

    /// What a line asks.
    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        let value = object(line)?;
        match text(&value, "do")? {
            "hello" => Ok(Self::Hello),
            "start" => Ok(Self::Start(Connection {
                role: match text(&value, "role")? {
                    "server" => Role::Server,
                    "client" => Role::Client,
                    other => return Err(format!("role {other:?}")),
                },
                begins: begins(&value["begins"])?.ok_or("begins is null")?,
                request: bytes(&value, "request")?,
                response: bytes(&value, "response")?,
                extensions: words(&value["extensions"])?,
            })),
            "chunk" => bytes(&value, "bytes").map(Self::Chunk),
            "end" => Ok(Self::End),
            other => Err(format!("nothing to do is called {other:?}")),
        }
    }
}

/// The answer to [`Ask::Hello`].
pub(super) fn about_line(about: &About) -> String {
    let reports: Vec<String> = about.reports.iter().map(Kind::to_string).collect();
    let value = json!({
        "name": about.name,
        "version": about.version,
        "server": about.server.map(begins_word),
        "client": about.client.map(begins_word),
        "extensions": about.extensions,
        "reports": reports,
    });
    format!("{value}\n")
}

/// The answer to everything else.
pub(super) fn events_line(answer: &Result<Vec<Event>, AdapterError>) -> String {
    let value = match answer {
        Ok(events) => {
            let events: Vec<Value> = events.iter().map(event_value).collect();
            json!({ "events": events })
        }
        Err(AdapterError::Unsupported(why)) => json!({ "unsupported": why }),
        Err(other) => json!({ "broken": other.to_string() }),
    };
    format!("{value}\n")
}

/// What an adapter says of itself.
pub(super) fn parse_about(line: &[u8]) -> Result<About, String> {
    let value = object(line)?;
    if let Some(why) = value.get("broken").and_then(Value::as_str) {
        return Err(why.to_owned());
    }
    let reports = match &value["reports"] {
        Value::Null => Kind::ALL.to_vec(),
        list => words(list)?
            .iter()
            .map(|word| {
                let mut kinds = Kind::ALL.into_iter();
                kinds
                    .find(|kind| kind.to_string() == *word)
                    .ok_or_else(|| format!("no kind of event is called {word:?}"))
            })
            .collect::<Result<_, _>>()?,
    };
    let about = About {
        name: shortened(text(&value, "name")?),
        version: shortened(value["version"].as_str().unwrap_or_default()),
        server: begins(&value["server"])?,
        client: begins(&value["client"])?,
        extensions: words(&value["extensions"])?,
        reports,
    };
    if about.server.is_none() && about.client.is_none() {
        return Err("it is neither server nor client".to_owned());
    }
    Ok(about)
}

/// What an adapter made of the bytes.
pub(super) fn parse_events(line: &[u8]) -> Result<Result<Vec<Event>, AdapterError>, String> {
    let value = object(line)?;
    if let Some(why) = value.get("unsupported").and_then(Value::as_str) {
        return Ok(Err(AdapterError::Unsupported(shortened(why))));
    }
    if let Some(why) = value.get("broken").and_then(Value::as_str) {
        return Ok(Err(AdapterError::Broken(shortened(why))));
    }
    let events = value["events"].as_array();
    let events = events.ok_or("it has no list \"events\"")?;
    events.iter().map(event).collect::<Result<_, _>>().map(Ok)
}

fn event_value(event: &Event) -> Value {
    let kind = event.kind().to_string();
    match event {
        Event::Message(message, content) => {
            let mut value = content_value(content);
            value["event"] = kind.into();
            value["type"] = message.to_string().into();
            value
        }
        Event::Ping(content) | Event::Pong(content) => {
            let mut value = content_value(content);
            value["event"] = kind.into();
            value
        }
        Event::Close(close) => json!({ "event": kind, "code": close.code, "reason": close.reason }),
        Event::Error(refusal) => {
            json!({ "event": kind, "code": refusal.code, "text": refusal.text })
        }
    }
}

/// Bytes where all are known, else their hash.
fn content_value(content: &Content) -> Value {
    let shown = u64::try_from(content.begin.len()).ok();
    if content.length == shown {
        return json!({ "bytes": BASE64_STANDARD.encode(&content.begin) });
    }
    let hex: String = content
        .sha256
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({ "sha256": hex, "length": content.length })
}

fn event(value: &Value) -> Result<Event, String> {
    let code = || match &value["code"] {
        Value::Null => Ok(None),
        code => {
            let code = code.as_u64().and_then(|code| u16::try_from(code).ok());
            code.map(Some).ok_or("a code is a number of 16 bits")
        }
    };
    let kind = value["event"].as_str().ok_or("an event has no \"event\"")?;
    Ok(match kind {
        "message" => {
            let kind = match value["type"].as_str() {
                Some("text") => MessageType::Text,
                Some("binary") => MessageType::Binary,
                _ => return Err("the type of a message is \"text\" or \"binary\"".to_owned()),
            };
            Event::Message(kind, content(value)?)
        }
        "ping" => Event::Ping(content(value)?),
        "pong" => Event::Pong(content(value)?),
        "close" => Event::close(
            code()?,
            &shortened(value["reason"].as_str().unwrap_or_default()),
        ),
        "error" => Event::error(
            code()?,
            shortened(value["text"].as_str().unwrap_or_default()),
        ),
        other => return Err(format!("no kind of event is called {other:?}")),
    })
}

fn content(value: &Value) -> Result<Content, String> {
    if value["bytes"].is_string() {
        return bytes(value, "bytes").map(|bytes| Content::of(&bytes));
    }
    let hex = value["sha256"]
        .as_str()
        .ok_or("a payload has neither \"bytes\" nor \"sha256\"")?;
    let mut sha256 = [0; 32];
    for (at, byte) in sha256.iter_mut().enumerate() {
        let digits = hex.get(2 * at..2 * at + 2).filter(|_| hex.len() == 64);
        let parsed = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        *byte = parsed.ok_or("a SHA-256 has 64 hexadecimal digits")?;
    }
    Ok(Content {
        sha256,
        length: value["length"].as_u64(),
        begin: Vec::new(),
    })
}

fn object(line: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(line) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("it is no JSON object".to_owned()),
        Err(fault) => Err(format!("it is no JSON: {fault}")),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value[key]
        .as_str()
        .ok_or_else(|| format!("it has no \"{key}\""))
}

fn bytes(value: &Value, key: &str) -> Result<Vec<u8>, String> {
    let coded = text(value, key)?;
    BASE64_STANDARD
        .decode(coded)
        .map_err(|fault| format!("\"{key}\" is no base64: {fault}"))
}

fn words(value: &Value) -> Result<Vec<String>, String> {
    let Some(list) = value.as_array() else {
        return match value {
            Value::Null => Ok(Vec::new()),
            _ => Err("where a list of words should be, there is none".to_owned()),
        };
    };
    let word = |word: &Value| {
        word.as_str()
            .map(shortened)
            .ok_or("a word is a string".to_owned())
    };
    list.iter().map(word).collect()
}

fn begins(value: &Value) -> Result<Option<Begins>, String> {
    match (value, value.as_str()) {
        (Value::Null, _) => Ok(None),
        (_, Some("handshake")) => Ok(Some(Begins::AtHandshake)),
        (_, Some("frames")) => Ok(Some(Begins::AtFrames)),
        _ => Err("a role begins with \"handshake\" or \"frames\", or is null".to_owned()),
    }
}

fn begins_word(begins: Begins) -> &'static str {
    match begins {
        Begins::AtHandshake => "handshake",
        Begins::AtFrames => "frames",
    }
}

/// Words of an adapter are kept as far as somebody may read them.
fn shortened(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

const LONGEST_WORD: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_what_is_read() {
        let start = Connection {
            role: Role::Client,
            begins: Begins::AtHandshake,
            request: b"GET".to_vec(),
            response: vec![0, 255],
            extensions: vec!["permessage-deflate".to_owned()],
        };
        for ask in [
            Ask::Hello,
            Ask::Start(start),
            Ask::Chunk(vec![0x81, 5]),
            Ask::End,
        ] {
            assert_eq!(Ask::parse(ask.line().trim_end().as_bytes()), Ok(ask));
        }
    }

    #[test]
    fn what_is_answered_is_what_is_read() {
        let about = About {
            name: "a".to_owned(),
            version: String::new(),
            server: Some(Begins::AtFrames),
            client: None,
            extensions: vec!["x".to_owned()],
            reports: vec![Kind::Message, Kind::Error],
        };
        assert_eq!(parse_about(about_line(&about).as_bytes()), Ok(about));
        let events = vec![
            Event::text("hello"),
            Event::binary(&[7; 1_000]),
            Event::Ping(Content::of(b"")),
            Event::Pong(Content::of(b"p")),
            Event::close(Some(4000), "bye"),
            Event::close(None, ""),
            Event::error(Some(1002), "no"),
            Event::error(None, ""),
        ];
        for answer in [
            Ok(events),
            Err(AdapterError::Unsupported("that".to_owned())),
            Err(AdapterError::Broken("this".to_owned())),
        ] {
            assert_eq!(parse_events(events_line(&answer).as_bytes()), Ok(answer));
        }
    }

    #[test]
    fn nonsense_is_named() {
        for (line, says) in [
            ("", "no JSON"),
            ("[1]", "no JSON object"),
            ("{}", "no list \"events\""),
            (r#"{"events":[{}]}"#, "no \"event\""),
            (r#"{"events":[{"event":"song"}]}"#, "\"song\""),
            (
                r#"{"events":[{"event":"ping"}]}"#,
                "neither \"bytes\" nor \"sha256\"",
            ),
            (r#"{"events":[{"event":"ping","bytes":"?"}]}"#, "no base64"),
            (
                r#"{"events":[{"event":"ping","sha256":"00"}]}"#,
                "64 hexadecimal digits",
            ),
            (r#"{"events":[{"event":"close","code":70000}]}"#, "16 bits"),
            (
                r#"{"events":[{"event":"message","bytes":""}]}"#,
                "\"text\" or \"binary\"",
            ),
        ] {
            let fault = parse_events(line.as_bytes()).unwrap_err();
            assert!(fault.contains(says), "{line}: {fault}");
        }
        assert!(parse_about(br#"{"name":"x"}"#).is_err());
        assert!(parse_about(br#"{"name":"x","server":"soon"}"#).is_err());
    }
}
