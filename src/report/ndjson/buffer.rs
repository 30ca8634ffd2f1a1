//! JSON put together piece by piece in one buffer: what stands in nearly every line, without a serializer in between.
//!
//! The pieces are what serde_json writes for the same values, byte for byte.

use std::ops::Range;

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

    /// Where what is written stands, so that it can be written [again](Self::again).
    pub(super) fn noted(&mut self, write: impl FnOnce(&mut Self) -> &mut Self) -> Range<usize> {
        let before = self.bytes.len();
        before..write(self).bytes.len()
    }

    /// The same once more.
    pub(super) fn again(&mut self, noted: &Range<usize>) -> &mut Self {
        self.bytes.extend_from_within(noted.clone());
        self
    }

    #[inline]
    pub(super) fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        match number.into() {
            digit @ 0..=9 => self.bytes.push(b'0' + digit as u8),
            number => self.digits(number),
        }
        self
    }

    fn digits(&mut self, number: u64) {
        self.json(itoa::Buffer::new().format(number));
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
        let mut items = items.into_iter();
        let Some(first) = items.next() else {
            return self.json("[]");
        };
        self.json("[");
        write(self, first);
        for item in items {
            self.json(",");
            write(self, item);
        }
        self.json("]")
    }

    /// A string of the traffic.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let before = self.bytes.len();
        self.json("\"");
        let mut rest = text;
        while let Some(at) = first_special(rest.as_bytes()) {
            let (plain, special) = rest.split_at(at);
            if special.starts_with(misleads) {
                self.bytes.truncate(before);
                return self.serialized(text);
            }
            if special.starts_with(['"', '\\']) {
                self.json(plain).json("\\");
            } else {
                self.json(plain);
            }
            let character = special.chars().next().map_or(0, char::len_utf8);
            let (character, behind) = special.split_at(character);
            self.json(character);
            rest = behind;
        }
        self.json(rest).json("\"")
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

/// Where the first byte stands with which a character begins that may have to be escaped.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| SPECIAL[usize::from(*byte)];
    // several at a time without a branch between them: most texts have none
    let (blocks, _) = bytes.as_chunks::<16>();
    let plain = blocks
        .iter()
        .take_while(|block| !block.iter().fold(false, |any, byte| any | is_special(byte)))
        .count()
        * 16;
    let at = bytes.get(plain..)?.iter().position(is_special)?;
    Some(plain + at)
}

/// Whether a character that begins with this byte in UTF-8 may have to be escaped.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < special.len() {
        special[byte] = begins_misleading(byte as u8);
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};
