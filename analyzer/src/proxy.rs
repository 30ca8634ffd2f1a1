//! The PROXY protocol: a header that a proxy puts in front of its client's bytes (haproxy's `doc/proxy-protocol.txt`).
//!
//! ```text
//!   version 1   PROXY TCP4 192.0.2.7 198.51.100.9 51234 80 CR LF
//!
//!               12          1            1              2       length
//!   version 2   signature | version    | family       | length | addresses | what else the proxy knows
//!                         |   command  |   transport  |
//! ```
//!
//! What does not keep to it is not taken for it. Of what stands behind the addresses nothing is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wireseam_wire::Endpoint;

use crate::{Offset, Proxied, Span};

/// What a client's first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// Too few of them to tell.
    NotYet,
    /// No header of a proxy.
    Absent,
    /// A header of so many bytes, which are more than are waited for.
    TooLong(usize),
    /// A header, with its length in bytes.
    Header(Proxied),
}

/// The header at the start of a stream, of `longest` bytes at most.
pub(crate) fn prefix(input: &[u8], longest: usize) -> Prefix {
    if shares_start(input, SIGNATURE) {
        version_2(input, longest)
    } else if shares_start(input, PROXY) {
        version_1(input)
    } else {
        Prefix::Absent
    }
}

/// 2.1: one line, which ends within 107 bytes.
fn version_1(input: &[u8]) -> Prefix {
    let line = input.get(..LONGEST_LINE).unwrap_or(input);
    let Some(end) = memchr::memmem::find(line, b"\r\n") else {
        let may_go_on = input.len() < LONGEST_LINE && may_be_line(input);
        return if may_go_on {
            Prefix::NotYet
        } else {
            Prefix::Absent
        };
    };
    let words = line.get(PROXY.len()..end).unwrap_or_default();
    addresses_in_words(words).map_or(Prefix::Absent, |addresses| {
        Prefix::Header(header(1, end + 2, false, addresses))
    })
}

/// Whether a line of which no more has come can still be one: behind UNKNOWN anything may stand.
fn may_be_line(input: &[u8]) -> bool {
    let rest = input.get(PROXY.len()..).unwrap_or_default();
    if rest.len() > UNKNOWN.len() && rest.starts_with(UNKNOWN) {
        return true;
    }
    let families: [&[u8]; 3] = [b"TCP4 ", b"TCP6 ", UNKNOWN];
    let begins = families.iter().any(|family| shares_start(rest, family));
    begins && rest.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r'))
}

/// `TCP4 192.0.2.7 198.51.100.9 51234 80`.
fn addresses_in_words(words: &[u8]) -> Option<Addresses> {
    if words == UNKNOWN || words.starts_with(b"UNKNOWN ") {
        return Some(None);
    }
    let words = std::str::from_utf8(words).ok()?;
    let mut words = words.split(' ');
    let parse: fn(&str) -> Option<IpAddr> = match words.next()? {
        "TCP4" => |word| Some(IpAddr::V4(word.parse().ok()?)),
        "TCP6" => |word| Some(IpAddr::V6(word.parse().ok()?)),
        _ => return None,
    };
    let [from, to] = [parse(words.next()?)?, parse(words.next()?)?];
    let [from_port, to_port] = [port(words.next()?)?, port(words.next()?)?];
    if words.next().is_some() {
        return None;
    }
    Some(Some([endpoint(from, from_port), endpoint(to, to_port)]))
}

/// A decimal number without leading zeros.
fn port(word: &str) -> Option<u16> {
    let is_plain = word == "0" || word.starts_with(|first| matches!(first, '1'..='9'));
    word.parse().ok().filter(|_| is_plain)
}

/// 2.2.
fn version_2(input: &[u8], longest: usize) -> Prefix {
    let Some((fixed, rest)) = input.split_first_chunk::<FIXED>() else {
        let kind = [12, 13].map(|at| input.get(at).copied());
        let is_known = match kind {
            [Some(command), Some(family)] => is_known(command, family),
            [Some(command), None] => matches!(command, LOCAL | RELAYED),
            _ => true,
        };
        return if is_known {
            Prefix::NotYet
        } else {
            Prefix::Absent
        };
    };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let total = FIXED + length;
    let needed = match family >> 4 {
        _ if command == LOCAL => 0,
        1 => 12,
        2 => 36,
        3 => 216,
        _ => 0,
    };
    if !is_known(command, family) || length < needed {
        return Prefix::Absent;
    }
    if total > longest {
        return Prefix::TooLong(total);
    }
    let Some(rest) = rest.get(..length) else {
        return Prefix::NotYet;
    };
    let addresses = match family >> 4 {
        _ if command == LOCAL => None,
        1 => addresses_in_bytes(rest, |bytes: [u8; 4]| Ipv4Addr::from(bytes).into()),
        2 => addresses_in_bytes(rest, |bytes: [u8; 16]| Ipv6Addr::from(bytes).into()),
        _ => None,
    };
    Prefix::Header(header(2, total, command == LOCAL, addresses))
}

/// Whether these stand for a command of version 2, and for a family and a transport; of LOCAL they do not matter.
fn is_known(command: u8, family: u8) -> bool {
    command == LOCAL || command == RELAYED && family >> 4 <= 3 && family & 0x0F <= 2
}

/// Both addresses, then both ports.
fn addresses_in_bytes<const N: usize>(
    bytes: &[u8],
    address: impl Fn([u8; N]) -> IpAddr,
) -> Addresses {
    let (from, rest) = bytes.split_first_chunk::<N>()?;
    let (to, rest) = rest.split_first_chunk::<N>()?;
    let (from_port, rest) = rest.split_first_chunk::<2>()?;
    let (to_port, _) = rest.split_first_chunk::<2>()?;
    let [from_port, to_port] = [from_port, to_port].map(|port| u16::from_be_bytes(*port));
    Some([
        endpoint(address(*from), from_port),
        endpoint(address(*to), to_port),
    ])
}

fn header(version: u8, length: usize, local: bool, addresses: Addresses) -> Proxied {
    Proxied {
        version,
        header: Span::of_length(Offset(0), length as u64),
        local,
        source: addresses.map(|[source, _]| source),
        destination: addresses.map(|[_, destination]| destination),
    }
}

fn endpoint(address: IpAddr, port: u16) -> Endpoint {
    Endpoint { address, port }
}

/// Whether `input` begins as `start` does, as far as there is anything of either.
fn shares_start(input: &[u8], start: &[u8]) -> bool {
    let shared = input.len().min(start.len());
    input[..shared] == start[..shared]
}

/// Who connected and to whom, where that is said.
type Addresses = Option<[Endpoint; 2]>;

/// How version 1 begins.
const PROXY: &[u8] = b"PROXY ";
/// What version 1 says where it names nobody.
const UNKNOWN: &[u8] = b"UNKNOWN";
/// The longest line of version 1, its end included (2.1).
const LONGEST_LINE: usize = 107;
/// How version 2 begins.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// What of version 2 is always there: the signature, version and command, family and transport, a length of the rest.
pub(crate) const FIXED: usize = 16;
/// Version 2, and the proxy speaks for itself.
const LOCAL: u8 = 0x20;
/// Version 2, and the proxy speaks for another.
const RELAYED: u8 = 0x21;

#[cfg(test)]
mod tests {
    use super::*;

    /// What each prefix of these bytes is, each kind once; `Header` with its length.
    fn told(input: &[u8]) -> Vec<String> {
        let mut told: Vec<_> = (1..=input.len())
            .map(|length| match prefix(&input[..length], 300) {
                Prefix::Header(proxied) => format!("{}", proxied.header.length()),
                other => format!("{other:?}"),
            })
            .collect();
        told.dedup();
        told
    }

    fn header_of(input: &[u8]) -> Option<Proxied> {
        match prefix(input, 300) {
            Prefix::Header(proxied) => Some(proxied),
            _ => None,
        }
    }

    fn names(input: &[u8]) -> Option<[String; 2]> {
        let proxied = header_of(input)?;
        Some([
            proxied.source?.to_string(),
            proxied.destination?.to_string(),
        ])
    }

    fn binary(command: u8, family: u8, length: u16, rest: &[u8]) -> Vec<u8> {
        let kind = [command, family];
        [SIGNATURE, &kind, &length.to_be_bytes(), rest].concat()
    }

    /// The examples of 2.1, with the longest line of each family.
    #[test]
    fn a_line_is_read_once_it_is_whole() {
        let line = b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
        assert_eq!(told(&[line, &b"GET / "[..]].concat()), ["NotYet", "56"]);
        let end = "255.255.255.255:65535".to_owned();
        assert_eq!(names(line), Some([end.clone(), end]));
        let full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        let line = format!("PROXY TCP6 {full} {full} 65535 65535\r\n");
        assert_eq!(told(line.as_bytes()), ["NotYet", "104"]);
        assert_eq!(told(b"PROXY UNKNOWN\r\n"), ["NotYet", "15"]);
        let line = format!("PROXY UNKNOWN {full} {full} 65535 65535\r\n");
        assert_eq!(
            (line.len(), told(line.as_bytes()).pop()),
            (107, Some("107".to_owned()))
        );
        assert_eq!(names(line.as_bytes()), None, "what it says is not believed");
    }

    #[test]
    fn a_line_that_does_not_keep_to_the_protocol_is_none() {
        for line in [
            &b"PROXY TCP4 192.0.2.7 198.51.100.9 51234\r\n"[..],
            b"PROXY TCP4 192.0.2.7 198.51.100.9 51234 80 1\r\n",
            b"PROXY TCP4 192.0.2.7  198.51.100.9 51234 80\r\n",
            b"PROXY TCP4 192.0.2.07 198.51.100.9 51234 80\r\n",
            b"PROXY TCP4 2001:db8::1 2001:db8::2 51234 80\r\n",
            b"PROXY TCP6 192.0.2.7 198.51.100.9 51234 80\r\n",
            b"PROXY TCP4 192.0.2.7 198.51.100.9 051234 80\r\n",
            b"PROXY TCP4 192.0.2.7 198.51.100.9 +5123 80\r\n",
            b"PROXY TCP4 192.0.2.7 198.51.100.9 65536 80\r\n",
            b"PROXY TCP5 192.0.2.7 198.51.100.9 51234 80\r\n",
            b"PROXY UNKNOWNS\r\n",
            b"PROXY /x HTTP/1.1\r\n",
            b"PROXIED\r\n",
            b"proxy TCP4 192.0.2.7 198.51.100.9 51234 80\r\n",
        ] {
            let told = told(line);
            assert_eq!(told.last().map(String::as_str), Some("Absent"), "{line:?}");
            assert!(told.len() <= 2, "{told:?} of {line:?}");
        }
        let endless = [b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat();
        assert_eq!(told(&endless), ["NotYet", "Absent"]);
        assert_eq!(prefix(&endless[..106], 300), Prefix::NotYet);
        assert_eq!(prefix(&endless[..107], 300), Prefix::Absent);
    }

    #[test]
    fn a_binary_header_is_read_once_all_its_length_is_there() {
        let ends = [192, 0, 2, 7, 198, 51, 100, 9, 0xC8, 0x22, 0, 80];
        let expected = ["192.0.2.7:51234".to_owned(), "198.51.100.9:80".to_owned()];
        let bytes = binary(RELAYED, 0x11, 12, &[&ends[..], b"GET / "].concat());
        assert_eq!(told(&bytes), ["NotYet", "28"]);
        assert_eq!(names(&bytes), Some(expected.clone()));
        let more = binary(RELAYED, 0x11, 17, &[&ends[..], &[4, 0, 2, 0, 0]].concat());
        assert_eq!(
            (told(&more).pop(), names(&more)),
            (Some("33".to_owned()), Some(expected))
        );
        let mut six = [0; 36];
        (six[15], six[31], six[33], six[35]) = (1, 2, 3, 4);
        let ends = names(&binary(RELAYED, 0x21, 36, &six)).expect("both");
        assert_eq!(ends, ["[::1]:3", "[::2]:4"]);
        let unix = binary(RELAYED, 0x31, 216, &[b'/'; 216]);
        assert_eq!(
            (told(&unix).pop(), names(&unix)),
            (Some("232".to_owned()), None)
        );
        let local = header_of(&binary(LOCAL, 0xFF, 2, &[9, 9])).expect("a header");
        assert!(local.local && local.header.length() == 18 && local.source.is_none());
        let unspecified = header_of(&binary(RELAYED, 0, 0, &[])).expect("a header");
        assert!(!unspecified.local && unspecified.destination.is_none());
    }

    #[test]
    fn a_binary_header_that_does_not_keep_to_the_protocol_is_none() {
        for (command, family, length) in [
            (0x11, 0x11, 12),
            (0x31, 0x11, 12),
            (0x22, 0x11, 12),
            (RELAYED, 0x41, 12),
            (RELAYED, 0x13, 12),
            (RELAYED, 0x11, 11),
            (RELAYED, 0x21, 35),
            (RELAYED, 0x31, 215),
        ] {
            let told = told(&binary(command, family, length, &[0; 300]));
            assert_eq!(
                told,
                ["NotYet", "Absent"],
                "{command:x} {family:x} {length}"
            );
        }
        let longest = binary(RELAYED, 0x11, 284, &[0; 284]);
        assert_eq!(told(&longest), ["NotYet", "300"]);
        let longer = binary(RELAYED, 0x11, 285, &[0; 285]);
        assert_eq!(told(&longer), ["NotYet", "TooLong(301)"]);
        assert_eq!(told(b"\r\n\r\nGET / "), ["NotYet", "Absent"]);
        assert_eq!(told(b"GET / "), ["Absent"]);
    }
}
