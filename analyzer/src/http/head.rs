//! The head of a request or a response (RFC 9112 2.1): its first line and its fields, and where it ends. Bodies are
//! `body.rs`'s.

use super::fields::Fields;
use super::first_line::FirstLine;

/// A head.
#[derive(Clone, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) first_line: FirstLine<'a>,
    pub(crate) fields: Fields<'a>,
}

impl<'a> Head<'a> {
    /// Reads a head up to its empty line, or as much as is there. `None` where the first line is neither a request's nor a
    /// response's.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (first_line, start) = FirstLine::parse_with_end(bytes)?;
        let (fields, _) = Fields::parse(bytes, start);
        Some(Self { first_line, fields })
    }

    /// Reads a head that is there as a whole, and says how long it is. It tells in one pass what
    /// [`end_of_head`] and [`parse`](Self::parse) tell in two.
    pub(crate) fn parse_whole(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (first_line, start) = FirstLine::parse_with_end(bytes)?;
        let (fields, end) = Fields::parse(bytes, start);
        Some((Self { first_line, fields }, end?))
    }
}

/// The length of the head at the start of `bytes`, its empty line included; `scanned` bytes are known not to end one.
///
/// A line may end with LF alone (RFC 9112 2.2).
pub(crate) fn end_of_head(bytes: &[u8], scanned: usize) -> Option<usize> {
    let from = scanned.saturating_sub(3).min(bytes.len());
    let end = memchr::memchr_iter(b'\n', &bytes[from..])
        .map(|at| from + at + 1)
        .find_map(|line_end| match bytes.get(line_end..) {
            Some([b'\n', ..]) => Some(line_end + 1),
            Some([b'\r', b'\n', ..]) => Some(line_end + 2),
            _ => None,
        });
    #[cfg(test)]
    crate::work::note(end.unwrap_or(bytes.len()) - from);
    end
}

/// How many bytes of empty lines stand in front of a head; they are passed over (RFC 9112 2.2).
pub(crate) fn empty_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_end_with_lf_alone() {
        assert_eq!(end_of_head(b"GET / HTTP/1.1\nHost: a\n\nrest", 0), Some(24));
        assert_eq!(
            end_of_head(b"GET / HTTP/1.1\r\nHost: a\n\r\nrest", 0),
            Some(26)
        );
    }

    #[test]
    fn head_ends_at_the_empty_line_wherever_the_scan_had_stopped() {
        let bytes = b"GET / HTTP/1.1\r\n\r\nrest";
        for scanned in 0..=17 {
            assert_eq!(end_of_head(bytes, scanned), Some(18), "{scanned}");
        }
    }
}
