//! The head of a request or a response (RFC 9112 2.1): its first line and its fields.
//!
//! It reads what endpoints send, also what a server would refuse: white space before a colon, folded lines (RFC 9112
//! 5.2), missing reason phrases. Bodies are `body.rs`'s.

use nom::IResult;
use nom::Parser;
use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map_opt, opt, recognize, rest};
use nom::sequence::{preceded, terminated};

use crate::http_list::split_list;

/// What no method is longer than, so that a first line can be told early.
const LONGEST_METHOD: usize = 20;

/// The first line of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// RFC 9112 3.
    Request {
        method: String,
        target: String,
        version: String,
    },
    /// RFC 9112 4.
    Response { version: String, status: u16 },
}

/// A head, its text read as Latin-1 so that every byte survives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) first_line: FirstLine,
    fields: Vec<(String, String)>,
}

impl Head {
    /// Reads a head that ends with its empty line. `None` where the first line is neither a request's nor a response's.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let (_, first_line) = first_line(lines.next()?).ok()?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in lines.take_while(|line| !line.is_empty()) {
            match (line.first(), fields.last_mut()) {
                (Some(b' ' | b'\t'), Some((_, value))) => {
                    value.push(' ');
                    value.push_str(&latin1(line.trim_ascii()));
                }
                _ => fields.extend(field(line)),
            }
        }
        Some(Self { first_line, fields })
    }

    /// The values of all fields of this name, in order.
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of the first field of this name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The members of the comma-separated lists in all fields of this name (RFC 9110 5.6.1); commas in quotes do not separate.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.values(name)
            .flat_map(split_list)
            .map(|member| member.trim().to_owned())
            .filter(|member| !member.is_empty())
            .collect()
    }

    /// Whether a list field has this token, in any case.
    pub(crate) fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name)
            .iter()
            .any(|member| member.eq_ignore_ascii_case(token))
    }

    /// Content-Length (RFC 9110 8.6), where it is a number.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.list("content-length").first()?.parse().ok()
    }

    /// Whether the body comes in chunks (RFC 9112 7.1).
    pub(crate) fn is_chunked(&self) -> bool {
        self.has_token("transfer-encoding", "chunked")
    }
}

/// The length of the head at the start of `bytes`, its empty line included; `scanned` bytes are known not to end one.
///
/// A line may end with LF alone (RFC 9112 2.2).
pub(crate) fn end_of_head(bytes: &[u8], scanned: usize) -> Option<usize> {
    let from = scanned.saturating_sub(3).min(bytes.len());
    memchr::memchr_iter(b'\n', &bytes[from..])
        .map(|at| from + at + 1)
        .find_map(|line_end| match bytes.get(line_end..) {
            Some([b'\n', ..]) => Some(line_end + 1),
            Some([b'\r', b'\n', ..]) => Some(line_end + 2),
            _ => None,
        })
}

/// How many bytes of empty lines stand in front of a head; they are passed over (RFC 9112 2.2).
pub(crate) fn empty_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count()
}

/// Whether these first bytes can begin a request: a method of capital letters, a space, a target; or as much of it as is there.
pub(crate) fn begins_like_request(bytes: &[u8]) -> bool {
    let method = bytes
        .iter()
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
    let start: &[u8] = b"HTTP/1.";
    let shared = bytes.len().min(start.len());
    shared > 0 && bytes[..shared] == start[..shared]
}

fn first_line(line: &[u8]) -> IResult<&[u8], FirstLine> {
    nom::branch::alt((status_line, request_line)).parse(line)
}

/// RFC 9112 4: the reason phrase, and the space before it, may be missing.
fn status_line(line: &[u8]) -> IResult<&[u8], FirstLine> {
    let status = map_opt(digit1, |digits| {
        std::str::from_utf8(digits).ok()?.parse().ok()
    });
    let (input, (version, _, status)) = (http_version, char(' '), status).parse(line)?;
    let (input, _) = opt(preceded(char(' '), rest)).parse(input)?;
    Ok((
        input,
        FirstLine::Response {
            version: latin1(version),
            status,
        },
    ))
}

/// RFC 9112 3.
fn request_line(line: &[u8]) -> IResult<&[u8], FirstLine> {
    let method = terminated(take_while1(|byte: u8| byte.is_ascii_uppercase()), char(' '));
    let target = terminated(take_till(|byte| byte == b' '), char(' '));
    let (input, (method, target, version)) = (method, target, http_version).parse(line)?;
    Ok((
        input,
        FirstLine::Request {
            method: latin1(method),
            target: latin1(target),
            version: latin1(version),
        },
    ))
}

fn http_version(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize((tag("HTTP/"), digit1, char('.'), digit1)).parse(input)
}

fn field(line: &[u8]) -> Option<(String, String)> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at(colon);
    Some((
        latin1(name.trim_ascii()),
        latin1(value.get(1..)?.trim_ascii()),
    ))
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_line_without_reason_phrase_is_read() {
        let head = Head::parse(b"HTTP/1.1 101\r\nUpgrade: websocket\r\n\r\n").expect("a head");
        assert_eq!(
            head.first_line,
            FirstLine::Response {
                version: "HTTP/1.1".into(),
                status: 101
            }
        );
    }

    #[test]
    fn folded_line_and_space_before_colon_are_read() {
        let head = Head::parse(b"GET / HTTP/1.1\r\nConnection : keep-alive,\r\n Upgrade\r\n\r\n")
            .expect("a head");
        assert!(head.has_token("connection", "upgrade"));
    }

    #[test]
    fn several_fields_of_one_name_are_one_list() {
        let head = Head::parse(b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nupgrade: WebSocket\r\n\r\n")
            .expect("a head");
        assert_eq!(head.list("Upgrade"), ["h2c", "WebSocket"]);
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
        for scanned in 0..17 {
            assert_eq!(end_of_head(bytes, scanned), Some(18), "{scanned}");
        }
    }
}
