//! Application data in the map: text between the first quote and the line's last, escaped; anything else in hex.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::layout::columns;
use crate::report::{Escaped, schema::Payload};

/// Its beginning, in `room` columns; `..` at its end says that there is more.
pub(super) fn beginning(payload: &Payload, room: usize) -> String {
    match &payload.text {
        Some(text) => text_beginning(text, payload.truncated, room),
        None => bytes_beginning(&decoded(payload), payload.truncated, room),
    }
}

/// The same of a text.
pub(super) fn text_beginning(text: &str, truncated: bool, room: usize) -> String {
    if text.is_empty() && !truncated {
        return String::new();
    }
    let room = room.max(LEAST) - "\"\" ..".len();
    let mut shown = String::with_capacity(text.len() + "\"\" ..".len());
    shown.push('"');
    let mut width = 0;
    for c in text.chars() {
        let before = shown.len();
        if matches!(c, ' '..='~') && c != '\\' {
            shown.push(c);
            width += 1;
        } else {
            // a string takes everything
            let _ = write!(shown, "{}", Escaped(c.encode_utf8(&mut [0; 4])));
            width += columns(shown.get(before..).unwrap_or_default());
        }
        if width > room {
            shown.truncate(before);
            shown.push_str("\" ..");
            return shown;
        }
    }
    shown.push_str(if truncated { "\" .." } else { "\"" });
    shown
}

/// The same of anything else.
pub(super) fn bytes_beginning(bytes: &[u8], truncated: bool, room: usize) -> String {
    let most = (room.max(LEAST) - " ..".len() + 1) / "00 ".len();
    let more = truncated || bytes.len() > most;
    let mut shown = String::with_capacity(most.min(bytes.len()) * "00 ".len() + "..".len());
    for byte in bytes.iter().take(most) {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('?');
        shown.extend([digit(byte >> 4), digit(byte & 0xf), ' ']);
    }
    if more {
        shown.push_str("..");
    } else {
        shown.pop();
    }
    shown
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
