//! What the agreed extensions mean for the frames (RFC 6455 9, RFC 7692 7.1).

use crate::Direction;
use crate::http_list::split_unquoted;

/// permessage-deflate as the response agreed it (RFC 7692 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PermessageDeflate {
    /// Whether the client's and the server's window is kept between messages (7.1.1).
    takeover: [bool; 2],
}

impl PermessageDeflate {
    /// Whether the sender in this direction keeps its window between messages.
    pub(crate) fn has_takeover(self, direction: Direction) -> bool {
        self.takeover[direction as usize]
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
    /// Reads the extensions of a response, one an element.
    pub(crate) fn of(extensions: &[String]) -> Self {
        let mut agreed = Self::default();
        for extension in extensions {
            let mut parts = split_unquoted(extension, ';').into_iter().map(str::trim);
            if !parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case("permessage-deflate"))
            {
                agreed.unknown = true;
            } else if agreed.deflate.is_none() {
                let (deflate, faults) = permessage_deflate(parts);
                agreed.deflate = Some(deflate);
                agreed.faults = faults;
            }
        }
        agreed
    }
}

fn permessage_deflate<'a>(
    parameters: impl Iterator<Item = &'a str>,
) -> (PermessageDeflate, Vec<String>) {
    let mut deflate = PermessageDeflate {
        takeover: [true, true],
    };
    let (mut faults, mut seen) = (Vec::new(), Vec::new());
    for parameter in parameters {
        let (name, value) = parameter
            .split_once('=')
            .map_or((parameter, None), |(name, value)| {
                (name.trim(), Some(value.trim().trim_matches('"')))
            });
        let name = name.to_ascii_lowercase();
        if seen.contains(&name) {
            faults.push(format!("{name} stands twice"));
        }
        match (name.as_str(), value) {
            ("client_no_context_takeover", None) => deflate.takeover[0] = false,
            ("server_no_context_takeover", None) => deflate.takeover[1] = false,
            ("client_max_window_bits" | "server_max_window_bits", Some(bits))
                if is_window_bits(bits) => {}
            _ => faults.push(format!("{parameter} is not a parameter of the response")),
        }
        seen.push(name);
    }
    (deflate, faults)
}

/// RFC 7692 7.1.2: 8 to 15, without leading zeros.
fn is_window_bits(value: &str) -> bool {
    matches!(value, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed(extensions: &[&str]) -> Agreed {
        Agreed::of(
            &extensions
                .iter()
                .map(|extension| (*extension).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn takeover_is_kept_in_each_direction_for_itself() {
        let deflate = agreed(&[
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=\"10\"",
        ])
        .deflate
        .expect("agreed");
        assert!(deflate.has_takeover(Direction::ClientToServer));
        assert!(!deflate.has_takeover(Direction::ServerToClient));
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
