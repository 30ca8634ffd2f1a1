//! Application data in the map: text between the first quote and the line's last, escaped; anything else in hex.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::layout::columns;
use crate::report::{Escaped, schema::Payload};

/// Its beginning, in `room` columns; `..` at its end says that there is more.
pub(super) fn beginning(payload: &Payload, room: usize) -> String {
    let room = room.max(LEAST);
    match &payload.text {
        Some(text) if text.is_empty() && !payload.truncated => String::new(),
        Some(text) => {
            let mut shown = String::new();
            let mut rest = text.chars();
            for c in rest.by_ref() {
                let c = Escaped(c.encode_utf8(&mut [0; 4])).to_string();
                if columns(&shown) + columns(&c) + "\"\" ..".len() > room {
                    return format!("\"{shown}\" ..");
                }
                shown += &c;
            }
            format!("\"{shown}\"{}", if payload.truncated { " .." } else { "" })
        }
        None => {
            let bytes = decoded(payload);
            let most = (room - " ..".len() + 1) / "00 ".len();
            let more = payload.truncated || bytes.len() > most;
            let shown = hex(&bytes[..bytes.len().min(most)]);
            match (more, shown.is_empty()) {
                (true, true) => "..".to_owned(),
                (true, false) => format!("{shown} .."),
                (false, _) => shown,
            }
        }
    }
}

/// All of it, in lines of their own.
pub(super) fn whole(payload: &Payload) -> Vec<String> {
    match &payload.text {
        Some(text) => vec![format!("\"{}\"", Escaped(text))],
        None => decoded(payload).chunks(BYTES_A_LINE).map(hex).collect(),
    }
}

fn decoded(payload: &Payload) -> Vec<u8> {
    payload
        .base64
        .as_deref()
        .and_then(|text| STANDARD.decode(text).ok())
        .unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// How many bytes of hex stand in a line.
const BYTES_A_LINE: usize = 32;
/// How many columns a beginning gets even where a line is full.
const LEAST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_keeps_to_its_room_and_says_that_there_is_more() {
        let text = |text: &str, truncated| Payload {
            text: Some(text.to_owned()),
            base64: None,
            truncated,
        };
        assert_eq!(beginning(&text("", false), 30), "");
        assert_eq!(beginning(&text("a \"b\"\n", false), 30), "\"a \"b\"\\n\"");
        assert_eq!(beginning(&text("abc", true), 30), "\"abc\" ..");
        assert_eq!(
            beginning(&text(&"x".repeat(25), false), 24),
            format!("\"{}\" ..", "x".repeat(19))
        );
        assert_eq!(
            beginning(&text(&"\u{202e}".repeat(9), false), 24),
            "\"\\u{202e}\\u{202e}\" .."
        );
        assert_eq!(beginning(&text("hello world", false), 0), "\"hel\" ..");
        let bytes = |bytes: &[u8]| Payload {
            text: None,
            base64: Some(STANDARD.encode(bytes)),
            truncated: false,
        };
        assert_eq!(beginning(&bytes(&[0xca, 0xfe]), 30), "ca fe");
        assert_eq!(beginning(&bytes(&[0; 9]), 24), "00 00 00 00 00 00 00 ..");
        assert_eq!(whole(&bytes(&[1; 40])).len(), 2);
    }
}
