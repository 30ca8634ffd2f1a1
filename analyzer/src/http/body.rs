//! The length of a body (RFC 9112 6.3, 7.1), counted and never kept.

/// A body that is being skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// This many bytes are left (RFC 9112 6.2).
    Length(u64),
    /// Chunks (7.1).
    Chunked(Chunked),
    /// Everything up to the end of the connection.
    UntilClose,
}

/// Where in the chunked coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunked {
    /// In a chunk-size line: the size so far, and whether its digits have ended.
    Size { size: u64, ended: bool },
    /// In chunk-data, this many bytes and its CRLF left.
    Data(u64),
    /// In a trailer line, and whether it is empty so far.
    Trailer { empty: bool },
    /// Behind the last empty line.
    Done,
}

impl Body {
    /// A body of chunks.
    pub(crate) const CHUNKED: Self = Self::Chunked(Chunked::Size {
        size: 0,
        ended: false,
    });

    /// Whether nothing of it is left.
    pub(crate) fn is_done(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Done))
    }

    /// How many bytes from here on are of the body, whatever they are, and not its last.
    pub(super) fn passes(self) -> u64 {
        match self {
            Self::Length(left) | Self::Chunked(Chunked::Data(left)) => left.saturating_sub(1),
            Self::UntilClose => u64::MAX,
            Self::Chunked(_) => 0,
        }
    }

    /// Skips so many of those.
    pub(super) fn pass(&mut self, bytes: u64) {
        if let Self::Length(left) | Self::Chunked(Chunked::Data(left)) = self {
            *left = left.saturating_sub(bytes);
        }
    }

    /// Skips body bytes at the start of `input`, and says how many.
    pub(crate) fn skip(&mut self, input: &[u8]) -> usize {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left)
                    .unwrap_or(usize::MAX)
                    .min(input.len());
                *left -= taken as u64;
                taken
            }
            Self::Chunked(chunked) => chunked.skip(input),
            Self::UntilClose => input.len(),
        }
    }

    /// Skips bytes that the capture lacks; `false` where it can then not be told where the body ends.
    pub(crate) fn skip_gap(&mut self, length: u64) -> bool {
        let left = match self {
            Self::Length(left) | Self::Chunked(Chunked::Data(left)) => left,
            Self::UntilClose => return true,
            Self::Chunked(_) => return false,
        };
        let skipped = *left >= length;
        *left = left.saturating_sub(length);
        skipped
    }
}

impl Chunked {
    /// Skips chunks, a line or a chunk's data at a time.
    fn skip(&mut self, input: &[u8]) -> usize {
        let mut rest = input;
        while *self != Self::Done && !rest.is_empty() {
            let taken = match self {
                Self::Data(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    if *left == 0 {
                        *self = Self::size_line();
                    }
                    taken
                }
                _ => {
                    let end = memchr::memchr(b'\n', rest);
                    let (line, taken) = match end {
                        Some(end) => (&rest[..end], end + 1),
                        None => (rest, rest.len()),
                    };
                    *self = self.after(line, end.is_some());
                    taken
                }
            };
            rest = &rest[taken..];
        }
        input.len() - rest.len()
    }

    fn size_line() -> Self {
        Self::Size {
            size: 0,
            ended: false,
        }
    }

    /// The state after a part of a line, or after the rest of it.
    fn after(self, part: &[u8], ends: bool) -> Self {
        match self {
            Self::Size { size, ended } => {
                let digits = part.iter().map_while(|byte| char::from(*byte).to_digit(16));
                let digits = digits.take(if ended { 0 } else { part.len() });
                let (size, count) = digits.fold((size, 0), |(size, count), digit| {
                    let size = size.saturating_mul(16).saturating_add(u64::from(digit));
                    (size, count + 1)
                });
                match (ends, size) {
                    (true, 0) => Self::Trailer { empty: true },
                    // The chunk's data has a CRLF behind it.
                    (true, _) => Self::Data(size.saturating_add(2)),
                    (false, _) => Self::Size {
                        size,
                        ended: ended || count < part.len(),
                    },
                }
            }
            Self::Trailer { empty } => {
                let empty = empty && part.iter().all(|byte| *byte == b'\r');
                match (ends, empty) {
                    (true, true) => Self::Done,
                    (true, false) => Self::Trailer { empty: true },
                    (false, _) => Self::Trailer { empty },
                }
            }
            Self::Data(_) | Self::Done => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9112 7.1.3's coding: an extension, two chunks, a trailer.
    const CODED: &[u8] =
        b"5;x=1\r\nhello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\n\r\n";

    #[test]
    fn chunked_body_ends_at_its_last_byte_wherever_it_is_cut() {
        let input = [CODED, b"GET /"].concat();
        for cut in 0..CODED.len() {
            let mut body = Body::CHUNKED;
            let first = body.skip(&input[..cut]);
            assert_eq!(first, cut);
            assert_eq!(cut + body.skip(&input[cut..]), CODED.len(), "cut at {cut}");
            assert!(body.is_done());
        }
    }

    #[test]
    fn a_gap_inside_a_chunk_keeps_the_count() {
        let mut body = Body::CHUNKED;
        body.skip(&CODED[..8]);
        assert!(body.skip_gap(3));
        assert_eq!(body.skip(&CODED[11..]), CODED.len() - 11);
    }

    #[test]
    fn a_gap_over_a_chunk_size_is_not_guessed_at() {
        let mut body = Body::CHUNKED;
        body.skip(&CODED[..8]);
        assert!(!body.skip_gap(8));
    }
}
