//! Untrusted text made safe to show: nothing that comes from the wire moves a cursor, changes a colour or turns text around.

use std::fmt;

/// Text of the traffic, printed with everything escaped that a terminal or a reader could be led astray by.
///
/// Controls print as `\n`, `\t`, `\x1b`; format characters (direction overrides, zero widths) as `\u{202e}`; a backslash
/// doubles, so that what is printed can be read back.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(
    /// The text.
    pub &'a str,
);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                c if misleads(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Whether a character is not itself visible, or changes how its neighbours are shown.
///
/// Controls (C0, C1), the Unicode formatting characters in use (soft hyphen, zero widths, direction marks, embeddings,
/// overrides and isolates, invisible operators, interlinear marks, tags), separators of lines and paragraphs, the noncharacters
/// at the end of the basic plane.
pub(super) fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether a character that [`misleads`] may begin with this byte in UTF-8; few others do.
pub(super) const fn begins_misleading(byte: u8) -> bool {
    matches!(
        byte,
        0..0x20 | 0x7f | 0xc2 | 0xd8 | 0xe1 | 0xe2 | 0xe3 | 0xef | 0xf3
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_misleads_begins_with_a_byte_that_says_so() {
        for c in '\0'..=char::MAX {
            let first = c.encode_utf8(&mut [0; 4]).as_bytes()[0];
            assert!(!misleads(c) || begins_misleading(first), "{c:?}");
        }
        let plain = "az09 {}\"\\éжא漢字🦀";
        assert!(!plain.bytes().any(begins_misleading));
    }

    #[test]
    fn escape_sequences_and_overrides_lose_their_power() {
        assert_eq!(Escaped("a\x1b[31mb").to_string(), "a\\x1b[31mb");
        assert_eq!(Escaped("\u{9b}2J").to_string(), "\\u{9b}2J");
        assert_eq!(Escaped("abc\u{202e}cba").to_string(), "abc\\u{202e}cba");
        assert_eq!(Escaped("\r\n\t\0\x7f").to_string(), "\\r\\n\\t\\x00\\x7f");
    }

    #[test]
    fn what_is_printed_can_be_told_from_what_was_escaped() {
        assert_eq!(Escaped("\\x1b").to_string(), "\\\\x1b");
        assert_eq!(
            Escaped("Grüße, 世界 🦀 <script>").to_string(),
            "Grüße, 世界 🦀 <script>"
        );
    }
}
