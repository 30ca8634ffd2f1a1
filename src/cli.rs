//! What can be typed: commands and options, and nothing of what they do.

mod check;
mod demo;
mod live;
mod replay;

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use wireseam::report::LineType;

#[cfg(target_os = "linux")]
pub(crate) use self::live::{BackendAsked, Device, Rotate};
pub(crate) use self::{
    check::{Accept, Check, CheckFormat, Review, Which},
    demo::Demo,
    live::{Live, Record},
    replay::{Adapter, BuiltIn, Replay, ReplayFormat, To, ToKind},
};
use crate::limits;

/// Shows where WebSocket messages lie in TCP segments.
#[derive(Debug, Parser)]
#[command(
    name = "wireseam",
    version,
    about,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what TCP does to messages, live on this machine, in lessons of a screen each; no root is needed
    #[command(after_help = demo::DEMO)]
    Demo(Demo),
    /// Read a capture, or an interface, and print which message lies in which segments
    #[command(after_help = INSPECT)]
    Inspect(Inspect),
    /// Record what passes on a network interface into a pcapng file
    #[command(after_help = live::RECORD)]
    Record(Record),
    /// List the network interfaces, and say whether they may be captured on
    Interfaces,
    /// Replay fixtures into a WebSocket decoder, cut in every way
    #[command(after_help = replay::REPLAY)]
    Replay(Replay),
    /// Speak the replay protocol as an adapter for a decoder that is built in: an example, and a partner for another harness
    #[command(hide = true)]
    Adapter(Adapter),
    /// Make a capture file of a conversation script
    #[command(after_help = BUILD)]
    Build(Build),
    /// Check fixtures: is each as claimed, and its map the accepted one?
    #[command(after_help = check::CHECK)]
    Check(Check),
    /// Accept the maps that checking left beside others
    Accept(Accept),
    /// Look at the maps that checking left, one after the other, and accept or reject each
    Review(Review),
    /// Print the JSON Schema of the report
    Schema(Schema),
    /// List the rules that findings cite
    Rules,
    /// Say what a rule means
    Explain(Explain),
    /// List the limits on what is held on to, and what they are
    Limits,
}

/// `wireseam inspect`.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The capture, pcap or pcapng, also packed with gzip, zstd or lz4; several files are one capture; - is standard input
    #[arg(
        value_name = "FILE",
        required_unless_present = "interface",
        conflicts_with = "interface"
    )]
    pub(crate) files: Vec<PathBuf>,
    /// Read what passes on this interface, and say each thing as it becomes known; any is all of them
    #[arg(short, long, value_name = "IFACE")]
    pub(crate) interface: Option<String>,
    /// How to write the report
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Of --format ndjson, write only lines of these types: --type message,finding
    #[arg(short, long = "type", value_name = "TYPE", value_delimiter = ',', value_parser = line_type())]
    pub(crate) types: Vec<LineType>,
    /// Report only this connection; may be given more than once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) connection: Vec<u64>,
    /// How much of each message to show
    #[arg(long, value_enum, default_value_t)]
    pub(crate) payload: Payload,
    /// On how many threads to read and analyze; the report is the same with any number
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = jobs)]
    pub(crate) jobs: usize,
    /// What to do about wrong checksums
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub(crate) checksums: Checksums,
    /// Verify that the report adds up, say so, and exit with 5 where it does not
    #[arg(long)]
    pub(crate) verify: bool,
    /// Exit with 1 where there are findings of this level or a more binding one; the summary then looks for all of them, which
    /// takes it a twentieth more
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t)]
    pub(crate) fail_on: FailOn,
    /// Stop after the first N packets
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) packets: Option<u64>,
    /// Write the report to a file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show no progress bar
    #[arg(long)]
    pub(crate) no_progress: bool,
    /// Show neither progress nor warnings
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Hold on to more, or to less: --limit connections=2000000; may be given more than once. `wireseam limits` lists them
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Limits", value_parser = limits::parse)]
    pub(crate) limit: Vec<limits::Asked>,
    /// When to colour the map
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Color,
    /// What only an interface has.
    #[command(flatten)]
    pub(crate) live: Live,
}

/// `wireseam build`.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The script; fixtures/README.md describes the format
    #[arg(value_name = "CASE.toml", required = true)]
    pub(crate) script: PathBuf,
    /// Write the capture to a file, not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `wireseam schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// The report whose schema to print
    #[arg(value_enum, default_value_t)]
    pub(crate) of: SchemaOf,
}

/// `wireseam explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule, as findings name it: ws.mask.missing
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// How to write a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The boundary map, for people
    #[default]
    Text,
    /// Counts, and a line a connection
    Summary,
    /// One JSON document
    Json,
    /// A line of JSON for each thing found, as it is found
    Ndjson,
}

/// How much of a message to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Payload {
    /// Nothing
    None,
    /// The first 64 bytes
    #[default]
    Preview,
    /// Its SHA-256
    Sha256,
    /// All of it, and its SHA-256
    Full,
}

/// What to do about wrong checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Checksums {
    /// Count them, and take their segments all the same
    #[default]
    Count,
    /// Skip their segments, as a receiver does; not those that left the checksum to the interface
    Require,
    /// Do not look at them
    Ignore,
}

/// From which level on findings make the command fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Violations of a MUST
    Must,
    /// Violations of a MUST or a SHOULD
    Should,
    /// Any finding
    Note,
    /// No finding
    #[default]
    Never,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The document of --format json
    #[default]
    Json,
    /// A line of --format ndjson
    Ndjson,
}

/// A type of line.
fn line_type() -> impl TypedValueParser<Value = LineType> {
    PossibleValuesParser::new(LineType::ALL.map(LineType::name))
        .try_map(|name| name.parse::<LineType>())
}

/// A number of threads.
fn jobs(typed: &str) -> Result<usize, String> {
    match typed.parse() {
        Ok(jobs @ 1..=64) => Ok(jobs),
        _ => Err("a number from 1 to 64".to_owned()),
    }
}

const INSPECT: &str = "\
Examples:
  wireseam inspect chat.pcap                        the map of every connection
  wireseam inspect chat.pcapng --connection 3       of one
  wireseam inspect chat.pcap --format json | jq '.connections[].websockets[].messages[].alignment.kind'
  wireseam inspect chat.pcap --format ndjson --type message | jq -c '[.id, .length, .alignment.kind]'
  wireseam inspect ring-0001.pcap ring-0002.pcap.gz ring-0003.pcap.gz      a rotated capture, read as one
  wireseam inspect -i eth0 --filter 'tcp port 8080'           what passes, as it passes
  wireseam inspect -i lo -f ndjson -t message | jq -c '[.id, .length, .alignment.kind]'
  wireseam inspect -i eth0 --filter 'tcp port 8080' --write chat.pcapng        and record it
  tcpdump -i eth0 -w - -c 1000 | wireseam inspect -

Ctrl-C ends the reading and prints the report of what was read; a second Ctrl-C ends the command.

On an interface --format text writes a line for each thing, as soon as it is known: `wireseam inspect` of what --write
recorded shows the map. Over ssh, leave your own connection out of it: --filter 'not tcp port 22'. Nothing but Ctrl-C,
SIGTERM, --duration and --packets ends it, so the exit code is then as if the capture had ended: 0, or 1 with --fail-on.

Exit codes: 0 fine, 1 findings (see --fail-on), 2 usage, 3 a file cannot be read, 4 the output cannot be written
or the interface cannot be captured on, 5 the report does not add up (see --verify), 130 and 143 interrupted (SIGINT, SIGTERM)";

const BUILD: &str = "\
Examples:
  wireseam build torn-mask.toml -o torn-mask.pcap
  wireseam build torn-mask.toml | wireseam inspect -     look at its map

Exit codes: 0 fine, 2 usage or a fault in the script, 3 the script cannot be read, 4 the capture cannot be written";
