//! What the agreed extensions mean for the frames (RFC 6455 9, RFC 7692 7.1).

use crate::Direction;
use crate::http_list::split_unquoted;

/// How one direction's sender has to compress (RFC 7692 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// Whether the window is kept between messages (7.1.1).
    pub(crate) takeover: bool,
    /// The binary logarithm of the window (7.1.2): 8 to 15.
    pub(crate) window_bits: u8,
}

impl Agreement {
    /// The window in bytes.
    pub(crate) fn window(self) -> u32 {
        1 << self.window_bits
    }
}

impl Default for Agreement {
    /// What holds without parameters.
    fn default() -> Self {
        Self {
            takeover: true,
            window_bits: LARGEST_WINDOW_BITS,
        }
    }
}

/// permessage-deflate as the response agreed it (RFC 7692 7.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PermessageDeflate {
    directions: [Agreement; 2],
}

impl PermessageDeflate {
    /// How the sender in this direction has to compress.
    pub(crate) fn of(self, direction: Direction) -> Agreement {
        self.directions[direction as usize]
    }
}

/// What the response agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) deflate: Option<PermessageDeflate>,
    /// Whether an extension of another name was agreed, which may give RSV bits a meaning not known here.
    pub(crate) unknown: bool,
    /// Parameters of permessage-deflate that are not as RFC 7692 7.1 says, in words.
    pub(crate) faults: Vec<String>,
}

impl Agreed {
    /// Reads the extensions of a response to these offers, one an element.
    pub(crate) fn of(offered: &[String], extensions: &[String]) -> Self {
        let mut agreed = Self::default();
        for extension in extensions {
            let Some(parameters) = deflate_parameters(extension) else {
                agreed.unknown = true;
                continue;
            };
            if agreed.deflate.is_some() {
                continue;
            }
            let (response, mut faults) = Parameters::of(parameters, Role::Response);
            agreed.deflate = Some(response.agreement());
            let offers = offered.iter().filter_map(|offer| deflate_parameters(offer));
            let unmet = offers.map(|offer| response.unmet(&Parameters::of(offer, Role::Offer).0));
            faults.extend(unmet.min_by_key(Vec::len).unwrap_or_default());
            agreed.faults = faults;
        }
        agreed
    }
}

/// Who gives parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Offer,
    Response,
}

/// The parameters of an offer or a response, the client's and the server's.
#[derive(Clone, Copy, Debug, Default)]
struct Parameters {
    no_context_takeover: [bool; 2],
    max_window_bits: [Option<WindowBits>; 2],
}

/// `None` where only the name was given, which is for an offer's `client_max_window_bits` (RFC 7692 7.1.2.2).
type WindowBits = Option<u8>;

impl Parameters {
    /// Reads them, and says which are not as the RFC has them.
    fn of<'a>(parameters: impl Iterator<Item = &'a str>, role: Role) -> (Self, Vec<String>) {
        let mut read = Self::default();
        let (mut faults, mut seen) = (Vec::new(), Vec::new());
        for parameter in parameters {
            let (name, value) = name_and_value(parameter);
            if seen.contains(&name) {
                faults.push(format!("{name} stands twice"));
            }
            match (name.as_str(), value, value.and_then(window_bits)) {
                ("client_no_context_takeover", None, _) => read.no_context_takeover[0] = true,
                ("server_no_context_takeover", None, _) => read.no_context_takeover[1] = true,
                ("client_max_window_bits", Some(_), Some(bits)) => {
                    read.max_window_bits[0] = Some(Some(bits));
                }
                ("server_max_window_bits", Some(_), Some(bits)) => {
                    read.max_window_bits[1] = Some(Some(bits));
                }
                ("client_max_window_bits", None, _) if role == Role::Offer => {
                    read.max_window_bits[0] = Some(None);
                }
                _ => faults.push(format!("{parameter} is not a parameter of the response")),
            }
            seen.push(name);
        }
        (read, faults)
    }

    fn agreement(&self) -> PermessageDeflate {
        let of = |side: usize| Agreement {
            takeover: !self.no_context_takeover[side],
            window_bits: self.max_window_bits[side]
                .flatten()
                .unwrap_or(LARGEST_WINDOW_BITS),
        };
        PermessageDeflate {
            directions: [of(0), of(1)],
        }
    }

    /// What a response must not say, or must, after this offer, in words.
    fn unmet(&self, offer: &Self) -> Vec<String> {
        let mut unmet = Vec::new();
        if offer.no_context_takeover[1] && !self.no_context_takeover[1] {
            unmet.push("server_no_context_takeover was asked for and is not agreed".to_owned());
        }
        if self.max_window_bits[0].is_some() && offer.max_window_bits[0].is_none() {
            unmet.push("client_max_window_bits was not offered".to_owned());
        }
        let (asked, agreed) = (offer.max_window_bits[1].flatten(), self.agreement());
        let agreed = agreed.of(Direction::ServerToClient).window_bits;
        if let Some(asked) = asked.filter(|asked| agreed > *asked) {
            unmet.push(format!(
                "server_max_window_bits={asked} was asked for and {agreed} bits are agreed"
            ));
        }
        unmet
    }
}

/// The parameters of permessage-deflate; `None` where it is another extension.
fn deflate_parameters(extension: &str) -> Option<impl Iterator<Item = &str>> {
    let mut parts = split_unquoted(extension, ';').into_iter().map(str::trim);
    parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case("permessage-deflate"))
        .then_some(parts)
}

/// A parameter's name in lower case, and its value without quotes (RFC 6455 9.1).
fn name_and_value(parameter: &str) -> (String, Option<&str>) {
    let (name, value) = parameter
        .split_once('=')
        .map_or((parameter, None), |(name, value)| {
            (name.trim(), Some(value.trim().trim_matches('"')))
        });
    (name.to_ascii_lowercase(), value)
}

/// RFC 7692 7.1.2: 8 to 15, without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok()?;
    let is_valid = (8..=LARGEST_WINDOW_BITS).contains(&bits) && bits.to_string() == value;
    is_valid.then_some(bits)
}

/// DEFLATE's window is 2 to the power of this (RFC 1951 2).
const LARGEST_WINDOW_BITS: u8 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(extensions: &[&str]) -> Agreed {
        after_offers(&[], extensions)
    }

    fn after_offers(offers: &[&str], extensions: &[&str]) -> Agreed {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        Agreed::of(&owned(offers), &owned(extensions))
    }

    #[test]
    fn takeover_is_kept_in_each_direction_for_itself() {
        let deflate = agreed(&[
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=\"10\"",
        ])
        .deflate
        .expect("agreed");
        let (client, server) = (Direction::ClientToServer, Direction::ServerToClient);
        assert!(deflate.of(client).takeover && !deflate.of(server).takeover);
        assert_eq!(
            (deflate.of(client).window(), deflate.of(server).window()),
            (1_024, 32_768)
        );
    }

    /// RFC 7692 7.1.2: 8 to 15, a token or a quoted string; a response gives a value, an offer of the client's need not.
    #[test]
    fn window_bits_are_those_of_the_rfc() {
        for (value, bits) in [("8", 8), ("15", 15), ("\"9\"", 9)] {
            let agreed = agreed(&[&format!(
                "permessage-deflate; SERVER_max_window_bits={value}"
            )]);
            let deflate = agreed.deflate.expect("agreed");
            assert!(agreed.faults.is_empty(), "{value}: {:?}", agreed.faults);
            assert_eq!(deflate.of(Direction::ServerToClient).window_bits, bits);
            assert_eq!(deflate.of(Direction::ClientToServer).window_bits, 15);
        }
        for parameter in ["=7", "=16", "=08", "=", "=+9", "", "=x", "=256"] {
            let response = format!("permessage-deflate; client_max_window_bits{parameter}");
            let offer = ["permessage-deflate; client_max_window_bits"];
            assert_eq!(
                after_offers(&offer, &[&response]).faults.len(),
                1,
                "{parameter}"
            );
        }
    }

    /// RFC 7692 7.1.1.1, 7.1.2.1, 7.1.2.2.
    #[test]
    fn a_response_keeps_to_one_of_the_offers() {
        for (offers, response, faults) in [
            (&["permessage-deflate"][..], "permessage-deflate", 0),
            (
                &["permessage-deflate"],
                "permessage-deflate; client_max_window_bits=9",
                1,
            ),
            (
                &["permessage-deflate; client_max_window_bits"],
                "permessage-deflate; client_max_window_bits=9",
                0,
            ),
            (
                &["permessage-deflate; client_max_window_bits=12"],
                "permessage-deflate",
                0,
            ),
            (
                &["permessage-deflate; server_max_window_bits=10"],
                "permessage-deflate",
                1,
            ),
            (
                &["permessage-deflate; server_max_window_bits=10"],
                "permessage-deflate; server_max_window_bits=11",
                1,
            ),
            (
                &["permessage-deflate; server_max_window_bits=10"],
                "permessage-deflate; server_max_window_bits=10",
                0,
            ),
            (
                &["permessage-deflate"],
                "permessage-deflate; server_max_window_bits=10",
                0,
            ),
            (
                &["permessage-deflate; server_no_context_takeover"],
                "permessage-deflate",
                1,
            ),
            (
                &["permessage-deflate"],
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                0,
            ),
            (
                &[
                    "permessage-deflate; server_max_window_bits=10",
                    "x",
                    "permessage-deflate",
                ],
                "permessage-deflate",
                0,
            ),
            (&["x"], "permessage-deflate; client_max_window_bits=9", 0),
        ] {
            let agreed = after_offers(offers, &[response]);
            assert_eq!(
                agreed.faults.len(),
                faults,
                "{offers:?} {response}: {:?}",
                agreed.faults
            );
        }
    }

    #[test]
    fn a_name_that_only_contains_permessage_deflate_is_another_extension() {
        let agreed = agreed(&["x-permessage-deflate-not"]);
        assert!(agreed.deflate.is_none() && agreed.unknown);
    }

    #[test]
    fn wrong_parameters_are_named() {
        assert_eq!(
            agreed(&["permessage-deflate; server_max_window_bits=16; x"])
                .faults
                .len(),
            2
        );
        assert_eq!(
            agreed(&["permessage-deflate; server_max_window_bits=8; client_no_context_takeover"])
                .faults
                .len(),
            0
        );
    }
}
