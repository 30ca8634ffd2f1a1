//! What can be typed behind `wireseam replay`.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum};
use wireseam::{analyzer::Role, replay::Segmentation};

/// `wireseam replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The fixtures: conversation scripts (.toml) and captures; of a folder all scripts in it and below
    #[arg(value_name = "FIXTURE", required = true)]
    pub(crate) fixtures: Vec<PathBuf>,
    /// What to replay them into; may be given more than once. See below
    #[arg(long, value_name = "TARGET", required = true)]
    pub(crate) to: Vec<To>,
    /// Where to cut: original, coalesce-all, one-byte, every-split, fields, header-pairs, mss:N, seed:S, cuts:A+B, with commas
    /// between them
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Segmentation::from_str)]
    pub(crate) segmentation: Vec<Segmentation>,
    /// Which end the decoder is: a server decodes what clients send
    #[arg(long, value_enum, default_value_t)]
    pub(crate) role: RoleAsked,
    /// How to write what came of it
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: ReplayFormat,
    /// Make each failing replay as small as it can be, and write it into this folder as a script
    #[arg(long, value_name = "FOLDER")]
    pub(crate) shrink: Option<PathBuf>,
    /// How many seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

/// `wireseam adapter`.
#[derive(Debug, Args)]
pub(crate) struct Adapter {
    /// The decoder
    #[arg(value_enum)]
    pub(crate) decoder: BuiltIn,
}

/// A decoder that is built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BuiltIn {
    /// The library tungstenite
    Tungstenite,
    /// The analyzer of this program
    Wireseam,
}

/// A target, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct To {
    /// As it was typed.
    pub(crate) asked: String,
    /// Which it is.
    pub(crate) kind: ToKind,
}

/// Which target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ToKind {
    /// The library tungstenite; whether its handshake is replayed as well.
    Tungstenite(bool),
    /// The analyzer of this program.
    Own,
    /// An adapter that this command line starts.
    Exec(String),
    /// A server that echoes, at this address.
    Server(String),
    /// A client that echoes and connects to this address.
    Client(String),
}

impl FromStr for To {
    type Err = String;

    fn from_str(asked: &str) -> Result<Self, String> {
        let kind = match asked {
            "tungstenite" => ToKind::Tungstenite(false),
            "tungstenite:handshake" => ToKind::Tungstenite(true),
            "wireseam" => ToKind::Own,
            _ => match asked.split_once(':') {
                Some(("exec", command)) if !command.trim().is_empty() => {
                    ToKind::Exec(command.to_owned())
                }
                Some(("server", address)) if address.contains(':') => {
                    ToKind::Server(address.to_owned())
                }
                Some(("client", address)) if is_listening(address) => {
                    ToKind::Client(address.trim_start_matches("listen:").to_owned())
                }
                _ => return Err(format!("the targets are {TARGETS}")),
            },
        };
        Ok(Self {
            asked: asked.to_owned(),
            kind,
        })
    }
}

/// Which end a decoder is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleAsked {
    /// The one that opens the connection
    Client,
    /// The one that accepts it
    Server,
    /// Both, one after the other
    #[default]
    Both,
}

impl RoleAsked {
    /// The roles.
    pub(crate) fn roles(self) -> &'static [Role] {
        match self {
            Self::Client => &[Role::Client],
            Self::Server => &[Role::Server],
            Self::Both => &[Role::Server, Role::Client],
        }
    }
}

/// How to write what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReplayFormat {
    /// A table, and what is to be said of each that is not OK
    #[default]
    Text,
    /// One JSON document
    Json,
    /// A line of JSON for each trial, as it ends
    Ndjson,
}

fn is_listening(address: &str) -> bool {
    address
        .strip_prefix("listen:")
        .is_some_and(|address| address.contains(':'))
}

/// A number of seconds, also 0.5.
fn seconds(typed: &str) -> Result<Duration, String> {
    let number = typed.parse::<f64>().ok();
    number
        .filter(|seconds| *seconds > 0.0 && *seconds <= 3_600.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of seconds, up to 3600".to_owned())
}

const TARGETS: &str = "tungstenite, tungstenite:handshake, wireseam, exec:COMMAND, server:HOST:PORT/TARGET and \
                       client:listen:HOST:PORT";

pub(super) const REPLAY: &str = "\
Targets:
  tungstenite             the Rust library, built in; tungstenite:handshake gives it the request too
  wireseam                this program's own analyzer, for reference
  exec:COMMAND            an adapter, in any language, that a shell starts: docs/replay-protocol.md
  server:HOST:PORT/TARGET a running server that echoes each message; ws://HOST:PORT/TARGET will do as well
  client:listen:HOST:PORT a client that connects here, again and again, and echoes each message

Examples:
  wireseam replay fixtures --to tungstenite
  wireseam replay torn-mask.toml --to tungstenite --segmentation one-byte,seed:7
  wireseam replay fixtures --to 'exec:python3 adapters/python-websockets.py'
  wireseam replay torn-mask.toml --to tungstenite --role server --segmentation cuts:165+168

A verdict is OK, INFORMATIONAL (the RFC leaves it open), NON-STRICT, UNIMPLEMENTED or FAILED.

Exit codes: 0 none has failed, 1 one has, 2 usage or a fault in a script, 3 a fixture cannot be read, 4 a target does not
work, 130 and 143 interrupted (SIGINT, SIGTERM)";
