//! The limits that can be set as they are typed: names, units, and which values make sense. What they mean, and why they are
//! what they are, stands with them in the analyzer's and the decoder's `limits.rs`.

use std::{fmt::Write, ops::RangeInclusive};

use wireseam_analyzer::Limits;

/// Everything that can be set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) analyzer: Limits,
    pub(crate) fragments: wireseam_wire::Limits,
}

/// One limit.
#[derive(Debug)]
struct Limit {
    name: &'static str,
    /// In bytes, or else a number of things.
    in_bytes: bool,
    sensible: RangeInclusive<u64>,
    says: &'static str,
    /// The finding that tells when it is reached.
    rule: Option<&'static str>,
    at: fn(&mut Chosen) -> Place<'_>,
}

/// Where a limit is kept.
enum Place<'a> {
    Memory(&'a mut usize),
    Long(&'a mut u64),
}

/// A limit and the value asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    limit: &'static Limit,
    value: u64,
}

impl Asked {
    pub(crate) fn set(self, chosen: &mut Chosen) {
        match (self.limit.at)(chosen) {
            Place::Memory(place) => *place = usize::try_from(self.value).unwrap_or(usize::MAX),
            Place::Long(place) => *place = self.value,
        }
    }
}

impl Limit {
    fn default(&self) -> u64 {
        match (self.at)(&mut Chosen::default()) {
            Place::Memory(place) => *place as u64,
            Place::Long(place) => *place,
        }
    }

    /// A value as it is typed; bytes may have a unit.
    fn value(&self, typed: &str) -> Option<u64> {
        let unit = typed.chars().next_back().filter(|_| self.in_bytes);
        let shift = match unit {
            Some('K' | 'k') => 10,
            Some('M') => 20,
            Some('G') => 30,
            _ => 0,
        };
        let digits = &typed[..typed.len() - usize::from(shift > 0)];
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = digits.parse::<u64>().ok().filter(|_| is_number)?;
        let value = value.checked_mul(1 << shift)?;
        self.sensible.contains(&value).then_some(value)
    }

    /// A value in words.
    fn words(&self, value: u64) -> String {
        let units = [(30, "G"), (20, "M"), (10, "K")];
        let unit = units
            .into_iter()
            .find(|(shift, _)| self.in_bytes && value > 0 && value.is_multiple_of(1 << shift));
        match unit {
            Some((shift, unit)) => format!("{}{unit}", value >> shift),
            None => value.to_string(),
        }
    }
}

/// Reads `NAME=VALUE`.
pub(crate) fn parse(typed: &str) -> Result<Asked, String> {
    let Some((name, value)) = typed.split_once('=') else {
        return Err("a limit is set as NAME=VALUE; `wireseam limits` lists them".to_owned());
    };
    let Some(limit) = LIMITS.iter().find(|limit| limit.name == name) else {
        let name = name.escape_debug();
        return Err(format!(
            "there is no limit {name}; `wireseam limits` lists them"
        ));
    };
    let Some(value) = limit.value(value) else {
        let [least, most] =
            [limit.sensible.start(), limit.sensible.end()].map(|end| limit.words(*end));
        let unit = if limit.in_bytes {
            " in bytes, or in K, M or G of 1024"
        } else {
            ""
        };
        return Err(format!("{name} is a number from {least} to {most}{unit}"));
    };
    Ok(Asked { limit, value })
}

/// All of them, one a line.
pub(crate) fn list() -> String {
    let width = LIMITS.iter().map(|limit| limit.name.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for limit in LIMITS {
        let Limit {
            name, says, rule, ..
        } = limit;
        let default = limit.words(limit.default());
        let tells = rule.map_or_else(String::new, |rule| format!(" ({rule})"));
        // a String takes everything
        let _ = writeln!(text, "{name:width$}  {default:>7}  {says}{tells}");
    }
    text.push_str(NOTES);
    text
}

/// How to move the limit that a rule tells of.
pub(crate) fn way_out(rule: &str) -> Option<String> {
    let names = LIMITS.iter().filter(|limit| limit.rule == Some(rule));
    let options: Vec<_> = names
        .map(|limit| format!("--limit {}=N", limit.name))
        .collect();
    (!options.is_empty()).then(|| format!("Another limit: {}.", options.join(" or ")))
}

const NOTES: &str = "
In brackets: the finding that hangs on the limit; `wireseam explain limit.held` says more of one. Set a limit with
`wireseam inspect --limit NAME=VALUE`; K, M and G are 1024 bytes, and so on. connections, half-open and compared-bytes are
shared out among 16 analyzers and rounded up. --format summary and a list of --type message alone compare no bytes, unless
compared-bytes or --fail-on asks for it.
";

/// More than anybody has memory for.
const MANY: u64 = 1 << 30;

const LIMITS: &[Limit] = &[
    Limit {
        name: "connections",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "connections followed at once, at about 1 KiB each",
        rule: Some("limit.connections"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.connections),
    },
    Limit {
        name: "half-open",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "connections kept that never got beyond a SYN or an acknowledgement",
        rule: Some("limit.connections"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.half_open),
    },
    Limit {
        name: "held-bytes",
        in_bytes: true,
        sensible: 0..=1 << 40,
        says: "bytes of one direction held behind a hole, until it is given up",
        rule: Some("limit.held"),
        at: |chosen| Place::Long(&mut chosen.analyzer.held_bytes),
    },
    Limit {
        name: "held-segments",
        in_bytes: false,
        sensible: 0..=MANY,
        says: "segments of one direction held behind a hole, until it is given up",
        rule: Some("limit.held"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.held_segments),
    },
    Limit {
        name: "compared-bytes",
        in_bytes: true,
        sensible: 0..=MANY,
        says: "bytes read last that copies of them are compared with",
        rule: Some("tcp.overlap.conflict"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.compared_bytes),
    },
    Limit {
        name: "proxy-header",
        in_bytes: true,
        sensible: 232..=(64 << 10) + 15,
        says: "bytes of a proxy's header that are waited for",
        rule: Some("limit.proxy"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.proxy_header),
    },
    Limit {
        name: "http-head",
        in_bytes: true,
        sensible: 64..=MANY,
        says: "bytes of an HTTP head that are waited for",
        rule: Some("limit.head"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.http_head),
    },
    Limit {
        name: "pending-requests",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "requests that wait for their response",
        rule: Some("limit.requests"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.pending_requests),
    },
    Limit {
        name: "early-bytes",
        in_bytes: true,
        sensible: 0..=MANY,
        says: "bytes kept that wait for the other direction, as behind an upgrade request",
        rule: Some("limit.early"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.early_bytes),
    },
    Limit {
        name: "search-bytes",
        in_bytes: true,
        sensible: 0..=1 << 50,
        says: "bytes without a frame after which the search for one is given up",
        rule: Some("limit.search"),
        at: |chosen| Place::Long(&mut chosen.analyzer.search_bytes),
    },
    Limit {
        name: "places",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "places and frames kept of an open message, at 90 bytes each",
        rule: Some("limit.places"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.places),
    },
    Limit {
        name: "unacknowledged",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "messages of one direction that wait for their acknowledgement",
        rule: Some("limit.unacknowledged"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.unacknowledged),
    },
    Limit {
        name: "unanswered-pings",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "Pings of one direction that wait for their Pong",
        rule: Some("limit.pings"),
        at: |chosen| Place::Memory(&mut chosen.analyzer.unanswered_pings),
    },
    Limit {
        name: "preview",
        in_bytes: true,
        sensible: 0..=MANY,
        says: "bytes of a message that --payload preview keeps",
        rule: None,
        at: |chosen| Place::Memory(&mut chosen.analyzer.preview),
    },
    Limit {
        name: "inflated-message",
        in_bytes: true,
        sensible: 0..=1 << 50,
        says: "bytes that a message may become by inflation",
        rule: Some("deflate.limit"),
        at: |chosen| Place::Long(&mut chosen.analyzer.inflated_message),
    },
    Limit {
        name: "inflation-ratio",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "times its size that a message of more than 64M may become by inflation",
        rule: Some("deflate.limit"),
        at: |chosen| Place::Long(&mut chosen.analyzer.inflation_ratio),
    },
    Limit {
        name: "findings",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "findings of one rule listed in each direction of a connection",
        rule: None,
        at: |chosen| Place::Long(&mut chosen.analyzer.findings_per_rule),
    },
    Limit {
        name: "fragmented-packets",
        in_bytes: false,
        sensible: 1..=MANY,
        says: "IP packets that wait for fragments",
        rule: None,
        at: |chosen| Place::Memory(&mut chosen.fragments.fragmented_packets),
    },
    Limit {
        name: "fragment-memory",
        in_bytes: true,
        sensible: 64 << 10..=1 << 40,
        says: "bytes that they take together",
        rule: None,
        at: |chosen| Place::Memory(&mut chosen.fragments.fragment_memory),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_sets_its_own_and_its_default_is_sensible() {
        for limit in LIMITS {
            let default = limit.default();
            assert!(limit.sensible.contains(&default), "{}", limit.name);
            let mut chosen = Chosen::default();
            let asked = parse(&format!("{}={}", limit.name, default + 1));
            asked.expect("a value").set(&mut chosen);
            let changed: Vec<_> = LIMITS
                .iter()
                .filter(|other| match (other.at)(&mut chosen) {
                    Place::Memory(place) => *place as u64 != other.default(),
                    Place::Long(place) => *place != other.default(),
                })
                .map(|other| other.name)
                .collect();
            assert_eq!(changed, [limit.name]);
        }
    }

    #[test]
    fn bytes_have_units_and_numbers_have_none() {
        let value = |typed| parse(typed).map(|asked| asked.value);
        assert_eq!(value("held-bytes=3"), Ok(3));
        assert_eq!(value("held-bytes=3K"), Ok(3 << 10));
        assert_eq!(value("held-bytes=3M"), Ok(3 << 20));
        assert_eq!(value("held-bytes=3G"), Ok(3 << 30));
        assert_eq!(value("connections=3"), Ok(3));
        for typed in [
            "connections=3K",
            "connections=0",
            "connections=-1",
            "connections=+1",
            "connections=",
            "connections=\u{0663}",
        ] {
            let said = "connections is a number from 1 to 1073741824";
            assert_eq!(value(typed), Err(said.to_owned()), "{typed}");
        }
        for typed in ["held-bytes=M", "held-bytes=1.5M", "held-bytes=99999999999G"] {
            let said = "held-bytes is a number from 0 to 1024G in bytes, or in K, M or G of 1024";
            assert_eq!(value(typed), Err(said.to_owned()), "{typed}");
        }
    }

    #[test]
    fn every_rule_named_is_one() {
        for rule in LIMITS.iter().filter_map(|limit| limit.rule) {
            assert!(
                wireseam_analyzer::RULES
                    .iter()
                    .any(|known| known.id == rule),
                "{rule}"
            );
        }
    }
}
