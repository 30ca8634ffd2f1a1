//! What commands do, and how they end.

#[cfg(target_os = "linux")]
mod account;
mod build;
mod check;
mod demo;
#[cfg(target_os = "linux")]
mod device;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod input;
mod inspect;
#[cfg(target_os = "linux")]
mod interfaces;
mod keys;
#[cfg(target_os = "linux")]
mod live;
mod output;
mod progress;
#[cfg(target_os = "linux")]
mod record;
mod replay;
mod review;
mod signals;
#[cfg(target_os = "linux")]
mod status;

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use wireseam::{Error, report::schema};

#[cfg(not(target_os = "linux"))]
use self::{elsewhere as interfaces, elsewhere as record};
use crate::{
    cli::{Cli, Command, Explain, Schema, SchemaOf},
    limits, rules,
};

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine = 0,
    /// There are findings at or above the level asked about.
    Findings = 1,
    /// It was called wrongly.
    Usage = 2,
    /// The capture cannot be read.
    Input = 3,
    /// The machine does not let it: rights, space.
    Environment = 4,
    /// The report contradicts itself: a fault of this program's, whatever the traffic.
    Violations = 5,
    /// Somebody pressed Ctrl-C: 128 + SIGINT.
    Interrupted = 130,
    /// Somebody asked it to end: 128 + SIGTERM.
    Terminated = 143,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure and the code it ends with.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    cause: anyhow::Error,
}

/// Does what was asked and says on `stderr` what went wrong. Nobody reading on is no fault: it ends quietly.
pub(crate) fn run(cli: Cli, stderr: &mut dyn Write) -> Exit {
    let done = match cli.command {
        Command::Demo(asked) => demo::demo(&asked, stderr),
        Command::Inspect(asked) => inspect::inspect(&asked, stderr),
        Command::Record(asked) => record::record(&asked, stderr),
        Command::Interfaces => interfaces::interfaces(),
        Command::Replay(asked) => replay::replay(&asked, stderr),
        Command::Adapter(asked) => replay::adapter(&asked),
        Command::Build(asked) => build::build(&asked),
        Command::Check(asked) => check::check(&asked),
        Command::Accept(asked) => review::accept(&asked),
        Command::Review(asked) => review::review(&asked),
        Command::Schema(asked) => print(&schema_text(&asked)),
        Command::Rules => print(&rules::list()),
        Command::Explain(asked) => explain(&asked),
        Command::Limits => print(&limits::list()),
    };
    done.unwrap_or_else(|failure| {
        if is_broken_pipe(&failure.cause) {
            return Exit::Fine;
        }
        // a message that cannot be written has no other place to go
        let _ = writeln!(stderr, "wireseam: {:#}", failure.cause);
        failure.exit
    })
}

fn schema_text(asked: &Schema) -> String {
    let schema = match asked.of {
        SchemaOf::Json => schema::json_schema(),
        SchemaOf::Ndjson => schema::line_schema(),
    };
    format!("{schema:#}\n")
}

fn explain(asked: &Explain) -> Result<Exit, Failure> {
    match rules::explain(&asked.id) {
        Ok(text) => print(&text),
        Err(cause) => Err(Exit::Usage.with(cause)),
    }
}

fn print(text: &str) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written
        .map(|()| Exit::Fine)
        .map_err(|cause| Exit::Environment.with(cause))
}

fn packets(count: u64) -> String {
    match count {
        1 => "1 packet".to_owned(),
        many => format!("{many} packets"),
    }
}

fn is_broken_pipe(cause: &anyhow::Error) -> bool {
    let io = cause
        .chain()
        .filter_map(|cause| match cause.downcast_ref::<Error>() {
            Some(Error::Output(io)) => Some(io),
            _ => cause.downcast_ref::<io::Error>(),
        });
    io.map(io::Error::kind)
        .any(|kind| kind == io::ErrorKind::BrokenPipe)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

impl Exit {
    fn with(self, cause: impl Into<anyhow::Error>) -> Failure {
        Failure {
            exit: self,
            cause: cause.into(),
        }
    }
}
