//! What a connection speaks, told by its first bytes.

use crate::http::{begins_like_request, begins_like_response, empty_lines};
use crate::{Direction, tls};

/// The client's first bytes in HTTP/2 (RFC 9113 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How many bytes of an HTTP/1 first line are looked at: more than a word of another protocol's that begins like it.
const TELLING: usize = 9;

/// How many bytes of empty lines are waited behind for a request.
const LONGEST_EMPTY_LINES: usize = 1_024;

/// What some first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// Too few of them to tell.
    NotYet,
    /// HTTP/1.
    Http,
    /// HTTP/2.
    Http2,
    /// TLS.
    Tls,
    /// Nothing known here.
    Unknown,
}

/// Tells what begins with these bytes of one direction.
pub(crate) fn recognise(direction: Direction, input: &[u8]) -> Recognised {
    match direction {
        Direction::ClientToServer => from_client(input),
        Direction::ServerToClient => from_server(input),
    }
}

/// Empty lines before a request are passed over (RFC 9112 2.2).
fn from_client(input: &[u8]) -> Recognised {
    let (empty, input) = input.split_at(empty_lines(input));
    if input.is_empty() {
        let given_up = empty.len() > LONGEST_EMPTY_LINES;
        return if given_up {
            Recognised::Unknown
        } else {
            Recognised::NotYet
        };
    }
    let shared = HTTP2_PREFACE.len().min(input.len());
    if input[..shared] == HTTP2_PREFACE[..shared] {
        let whole = shared == HTTP2_PREFACE.len();
        return if whole {
            Recognised::Http2
        } else {
            Recognised::NotYet
        };
    }
    let is_request = begins_like_request(input);
    if is_request && !has_told_method(input) {
        return Recognised::NotYet;
    }
    http1_or_tls(is_request, input)
}

/// Whether a request has come as far as the first byte of its target, behind which nothing makes it another thing.
fn has_told_method(request: &[u8]) -> bool {
    let space = request.iter().position(|byte| *byte == b' ');
    space.is_some_and(|space| request.len() > space + 1)
}

fn from_server(input: &[u8]) -> Recognised {
    match begins_like_http2_settings(input) {
        Some(true) => Recognised::Http2,
        Some(false) => http1_or_tls(begins_like_response(input), input),
        None => Recognised::NotYet,
    }
}

fn http1_or_tls(is_http: bool, input: &[u8]) -> Recognised {
    match tls::begins_like_record(input) {
        _ if is_http && input.len() >= TELLING => Recognised::Http,
        _ if is_http => Recognised::NotYet,
        None => Recognised::NotYet,
        Some(true) => Recognised::Tls,
        Some(false) => Recognised::Unknown,
    }
}

/// Whether a server begins with a SETTINGS frame on stream 0 (RFC 9113 3.4, 6.5), as it may before the client's preface;
/// `None` where there are too few bytes to tell. It has at most 16,384 bytes (4.2).
fn begins_like_http2_settings(input: &[u8]) -> Option<bool> {
    let expected = [
        Some(0),
        None,
        None,
        Some(4),
        None,
        Some(0),
        Some(0),
        Some(0),
        Some(0),
    ];
    let is_like = |(byte, expected): (&u8, Option<u8>)| expected.is_none_or(|it| it == *byte);
    if !input.iter().zip(expected).all(is_like) {
        return Some(false);
    }
    let [_, high, low, ..] = *input.first_chunk::<9>()?;
    Some(u16::from_be_bytes([high, low]) % 6 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each prefix of these bytes is, each kind once.
    fn told(direction: Direction, input: &[u8]) -> Vec<Recognised> {
        let mut told: Vec<_> = (1..=input.len())
            .map(|length| recognise(direction, &input[..length]))
            .collect();
        told.dedup();
        told
    }

    #[test]
    fn a_torn_beginning_waits_and_then_tells() {
        use Recognised::{Http, Http2, NotYet, Tls, Unknown};
        assert_eq!(
            told(Direction::ClientToServer, b"\r\nGET / HTTP/1.1\r\n"),
            [NotYet, Http]
        );
        assert_eq!(
            told(Direction::ServerToClient, b"HTTP/1.1 200 OK"),
            [NotYet, Http]
        );
        assert_eq!(
            told(Direction::ClientToServer, HTTP2_PREFACE),
            [NotYet, Http2]
        );
        assert_eq!(
            told(Direction::ClientToServer, &[22, 3, 1, 2, 0, 1]),
            [NotYet, Tls]
        );
        assert_eq!(
            told(Direction::ServerToClient, &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0]),
            [NotYet, Http2]
        );
        assert_eq!(
            told(Direction::ClientToServer, &[b'H'; 30]),
            [NotYet, Unknown]
        );
    }

    #[test]
    fn frames_at_the_start_of_a_connection_are_nothing_known() {
        assert_eq!(
            recognise(Direction::ClientToServer, b"\x81\x85\x01\x02\x03\x04Igohn"),
            Recognised::Unknown
        );
    }

    #[test]
    fn a_server_may_begin_http2_before_the_preface() {
        let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
        assert_eq!(
            recognise(Direction::ServerToClient, &settings),
            Recognised::Http2
        );
    }
}
