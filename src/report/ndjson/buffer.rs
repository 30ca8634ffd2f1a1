//! JSON put together piece by piece in one buffer: what stands in nearly every line, without a serializer in between.
//!
//! The pieces are what serde_json writes for the same values, byte for byte.

use base64::{Engine, engine::general_purpose::STANDARD};
use wireseam_analyzer::Span;

use crate::report::{
    escape::{begins_misleading, misleads},
    json::write_escaped,
    schema::Seconds,
};

/// A line that is being written.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
}

impl Buffer {
    /// JSON as it stands.
    #[inline]
    pub(super) fn json(&mut self, json: &str) -> &mut Self {
        self.bytes.extend_from_slice(json.as_bytes());
        self
    }

    pub(super) fn number(&mut self, number: impl itoa::Integer) -> &mut Self {
        self.json(itoa::Buffer::new().format(number))
    }

    pub(super) fn number_or_null(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            Some(number) => self.number(number),
            None => self.json("null"),
        }
    }

    #[inline]
    pub(super) fn flag(&mut self, flag: bool) -> &mut Self {
        self.json(if flag { "true" } else { "false" })
    }

    /// A number of seconds with nine decimals.
    pub(super) fn seconds(&mut self, time: Option<Seconds>) -> &mut Self {
        let Some(Seconds { nanoseconds }) = time else {
            return self.json("null");
        };
        if nanoseconds < 0 {
            self.json("-");
        }
        let nanoseconds = nanoseconds.unsigned_abs();
        self.number(nanoseconds / SECOND);
        let decimals = self.bytes.len();
        // the digit of the whole second stands where the point belongs, and keeps the zeros behind it
        self.number(SECOND + nanoseconds % SECOND);
        if let Some(point) = self.bytes.get_mut(decimals) {
            *point = b'.';
        }
        self
    }

    pub(super) fn span(&mut self, span: Span) -> &mut Self {
        self.json("[").number(span.start.0);
        self.json(",").number(span.end.0).json("]")
    }

    /// Items in brackets, with commas between them.
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.json("[");
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.json(",");
            }
            write(self, item);
        }
        self.json("]")
    }

    /// A string of the traffic.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let before = self.bytes.len();
        self.json("\"");
        let mut copied = 0;
        for (at, byte) in text.bytes().enumerate() {
            match SPECIAL[usize::from(byte)] {
                Special::No => {}
                Special::Escaped => {
                    // the character itself is copied with what follows it
                    self.json(&text[copied..at]).json("\\");
                    copied = at;
                }
                Special::Perhaps => {
                    if text[at..].starts_with(misleads) {
                        self.bytes.truncate(before);
                        return self.serialized(text);
                    }
                }
            }
        }
        self.json(&text[copied..]).json("\"")
    }

    /// A string with characters that mislead, as the serializer writes it.
    #[cold]
    fn serialized(&mut self, text: &str) -> &mut Self {
        // writing to memory does not fail, nor does serializing a string
        let _ = write_escaped(&mut self.bytes, &text);
        self
    }

    pub(super) fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        self.json("\"");
        for byte in bytes {
            let digits = [byte >> 4, byte & 0x0F].map(|digit| match digit {
                0..=9 => b'0' + digit,
                _ => b'a' + (digit - 10),
            });
            self.bytes.extend_from_slice(&digits);
        }
        self.json("\"")
    }

    pub(super) fn base64(&mut self, bytes: &[u8]) -> &mut Self {
        self.json("\"");
        for part in bytes.chunks(BASE64_PART) {
            let mut encoded = [0; BASE64_PART / 3 * 4];
            // it always fits, and only the last part is padded
            let length = STANDARD.encode_slice(part, &mut encoded).unwrap_or(0);
            self.bytes.extend_from_slice(&encoded[..length]);
        }
        self.json("\"")
    }
}

/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// How many bytes are encoded at a time; a multiple of three, so that no padding comes between.
const BASE64_PART: usize = 192;

/// What a byte of UTF-8 is in a string of JSON.
#[derive(Clone, Copy)]
enum Special {
    No,
    /// Stands behind a backslash.
    Escaped,
    /// Begins a character that may mislead.
    Perhaps,
}

/// That of each byte.
const SPECIAL: [Special; 256] = {
    let mut special = [Special::No; 256];
    let mut byte = 0;
    while byte < special.len() {
        if begins_misleading(byte as u8) {
            special[byte] = Special::Perhaps;
        }
        byte += 1;
    }
    special[b'"' as usize] = Special::Escaped;
    special[b'\\' as usize] = Special::Escaped;
    special
};
