//! The first line of a request or a response (RFC 9112 3, 4), read where it lies, and how either is told by its beginning.

/// What no method is longer than, so that a first line can be told early.
const LONGEST_METHOD: usize = 20;

/// How a version begins (RFC 9112 2.3).
const HTTP: &[u8] = b"HTTP/";

/// How a response begins (RFC 9112 2.3); only HTTP/1 does.
const RESPONSE: &[u8] = b"HTTP/1.";

/// The first line of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstLine<'a> {
    /// RFC 9112 3.
    Request {
        method: &'a [u8],
        target: &'a [u8],
        version: &'a [u8],
    },
    /// RFC 9112 4.
    Response { version: &'a [u8], status: u16 },
}

impl<'a> FirstLine<'a> {
    /// Reads the line at the start of `bytes`. `None` where it is neither a request's nor a response's.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Self::parse_with_end(bytes).map(|(line, _)| line)
    }

    /// The same, and where the next line begins.
    pub(crate) fn parse_with_end(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let line = bytes.get(..end)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if line.starts_with(HTTP) {
            status_line(line)
        } else {
            request_line(line)
        };
        line.map(|line| (line, bytes.len().min(end + 1)))
    }
}

/// Whether these first bytes can begin a request: a method of capital letters, a space, a target; or as much of it as is there.
pub(crate) fn begins_like_request(bytes: &[u8]) -> bool {
    let method = bytes
        .iter()
        .take(LONGEST_METHOD + 1)
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    match bytes.get(method) {
        None => method <= LONGEST_METHOD && method > 0,
        Some(b' ') => {
            (3..=LONGEST_METHOD).contains(&method)
                && bytes.get(method + 1).is_none_or(u8::is_ascii_graphic)
        }
        Some(_) => false,
    }
}

/// Whether these first bytes can begin a response: `HTTP/1.`, or as much of it as is there.
pub(crate) fn begins_like_response(bytes: &[u8]) -> bool {
    let shared = bytes.len().min(RESPONSE.len());
    shared > 0 && bytes[..shared] == RESPONSE[..shared]
}

/// RFC 9112 4: the reason phrase, and the space before it, may be missing.
fn status_line(line: &[u8]) -> Option<FirstLine<'_>> {
    let (version, rest) = line.split_at(version_length(line)?);
    let rest = rest.strip_prefix(b" ")?;
    let digits = rest.get(..leading(rest, u8::is_ascii_digit))?;
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(FirstLine::Response { version, status })
}

/// RFC 9112 3.
fn request_line(line: &[u8]) -> Option<FirstLine<'_>> {
    let (method, rest) = line.split_at(leading(line, u8::is_ascii_uppercase));
    let rest = rest.strip_prefix(b" ").filter(|_| !method.is_empty())?;
    let (target, rest) = rest.split_at(memchr::memchr(b' ', rest)?);
    let rest = rest.strip_prefix(b" ")?;
    let version = rest.get(..version_length(rest)?)?;
    Some(FirstLine::Request {
        method,
        target,
        version,
    })
}

/// How many bytes the version at the start of `input` takes (RFC 9112 2.3), with any number of digits.
fn version_length(input: &[u8]) -> Option<usize> {
    let rest = input.strip_prefix(HTTP)?;
    let major = leading(rest, u8::is_ascii_digit);
    let rest = rest.get(major..)?.strip_prefix(b".")?;
    let minor = leading(rest, u8::is_ascii_digit);
    (major > 0 && minor > 0).then_some(HTTP.len() + major + 1 + minor)
}

/// How many bytes at the start of `input` pass `test`.
fn leading(input: &[u8], test: fn(&u8) -> bool) -> usize {
    input
        .iter()
        .position(|byte| !test(byte))
        .unwrap_or(input.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_line_without_reason_phrase_is_read() {
        let told = FirstLine::parse(b"HTTP/1.1 101\r\nUpgrade: websocket\r\n\r\n");
        let (version, status) = (b"HTTP/1.1".as_slice(), 101);
        assert_eq!(told, Some(FirstLine::Response { version, status }));
    }

    #[test]
    fn what_is_no_first_line_is_none() {
        for line in [
            "",
            "GET",
            "GET /",
            "GET / ",
            "GET /HTTP/1.1",
            "GET / HTTP/1",
            "GET / HTTP/.1",
            "GET / HTTP/1.",
            "GET / http/1.1",
            "get / HTTP/1.1",
            " / HTTP/1.1",
            "HTTP/1.1",
            "HTTP/1.1200",
            "HTTP/1.1 ",
            "HTTP/1.1 OK",
            "HTTP/1.1 65536",
        ] {
            assert_eq!(FirstLine::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_torn_start_still_counts_as_a_start() {
        for length in 1..=5 {
            assert!(begins_like_request(&b"GET /"[..length]), "{length}");
            assert!(begins_like_response(&b"HTTP/"[..length]), "{length}");
        }
        assert!(!begins_like_request(b"get /"));
        assert!(!begins_like_request(b"\x16\x03\x01"));
    }

    #[test]
    fn a_method_is_told_from_a_run_of_letters_that_is_longer_than_any() {
        assert!(begins_like_request(&[b'A'; LONGEST_METHOD]));
        assert!(!begins_like_request(&[b'A'; LONGEST_METHOD + 1]));
    }
}
