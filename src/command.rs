//! What commands do, and how they end.

mod build;

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use wireseam::{
    Error, Options, Outcome, inspect,
    report::{Json, Ndjson, Palette, Render, Summary, Text, schema},
};
use wireseam_analyzer::{Config, Level, PayloadPolicy};
use wireseam_capture::FileSource;

use crate::{
    cli::{Cli, Color, Command, Explain, FailOn, Format, Inspect, Payload, Schema, SchemaOf},
    rules,
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
        Command::Inspect(asked) => inspect_capture(&asked, stderr),
        Command::Build(asked) => build::build(&asked),
        Command::Schema(asked) => print(&schema_text(&asked)),
        Command::Rules => print(&rules::list()),
        Command::Explain(asked) => explain(&asked),
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

fn inspect_capture(asked: &Inspect, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    let standard_input = asked.file.as_os_str() == "-";
    let source = if standard_input {
        FileSource::stdin()
    } else {
        FileSource::open(&asked.file)
    };
    let mut source = source.map_err(|cause| Exit::Input.with(cause))?;
    let options = Options {
        name: asked
            .file
            .file_name()
            .unwrap_or(asked.file.as_os_str())
            .to_string_lossy()
            .into_owned(),
        config: Config {
            payload: policy(asked.payload),
            ..Config::default()
        },
        connections: asked.connection.iter().copied().collect(),
        live: standard_input,
    };
    let out = output(asked)?;
    let mut render = renderer(asked, out);
    let outcome = inspect(&mut source, &options, &mut *render).map_err(|cause| match cause {
        Error::Capture(_) => Exit::Input.with(cause),
        _ => Exit::Environment.with(cause),
    })?;
    if let Some(place) = &outcome.truncated {
        let _ = writeln!(
            stderr,
            "wireseam: warning: {place}; the report covers what stands before"
        );
    }
    for number in &options.connections {
        if *number > outcome.connections {
            let _ = writeln!(
                stderr,
                "wireseam: warning: there is no connection {number}; {}",
                numbers(outcome.connections)
            );
        }
    }
    Ok(if fails(asked.fail_on, &outcome) {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

/// Which connections there are.
fn numbers(connections: u64) -> String {
    match connections {
        0 => "the capture has none".to_owned(),
        1 => "the capture has only connection 1".to_owned(),
        last => format!("the capture has connections 1..{last}"),
    }
}

/// Where the report goes.
fn output(asked: &Inspect) -> Result<Box<dyn Write>, Failure> {
    let Some(path) = &asked.output else {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    };
    if is_same_file(path, &asked.file) {
        let cause = anyhow::anyhow!(
            "failed to write {}: it is the capture itself; name another file",
            path.display()
        );
        return Err(Failure {
            exit: Exit::Usage,
            cause,
        });
    }
    let file = File::create(path).map_err(|cause| {
        Exit::Environment.with(
            anyhow::Error::from(cause).context(format!("failed to create {}", path.display())),
        )
    })?;
    Ok(Box::new(BufWriter::with_capacity(OUTPUT_BUFFER, file)))
}

fn renderer<'a>(asked: &Inspect, out: Box<dyn Write + 'a>) -> Box<dyn Render + 'a> {
    match asked.format {
        Format::Text => Box::new(Text::new(out, palette(asked))),
        Format::Summary => Box::new(Summary::new(out)),
        Format::Json => Box::new(Json::new(out)),
        Format::Ndjson => Box::new(Ndjson::new(out)),
    }
}

fn palette(asked: &Inspect) -> Palette {
    let colour = match asked.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            asked.output.is_none()
                && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
        }
    };
    if colour {
        Palette::coloured()
    } else {
        Palette::plain()
    }
}

fn policy(payload: Payload) -> PayloadPolicy {
    match payload {
        Payload::None => PayloadPolicy::None,
        Payload::Preview => PayloadPolicy::Preview,
        Payload::Sha256 => PayloadPolicy::Sha256,
        Payload::Full => PayloadPolicy::Full,
    }
}

fn fails(fail_on: FailOn, outcome: &Outcome) -> bool {
    let threshold = match fail_on {
        FailOn::Must => Level::Must,
        FailOn::Should => Level::Should,
        FailOn::Note => Level::Note,
        FailOn::Never => return false,
    };
    outcome.worst.is_some_and(|worst| worst <= threshold)
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

/// Reports are written in pieces of this size.
const OUTPUT_BUFFER: usize = 64 * 1024;
