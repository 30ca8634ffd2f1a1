//! `wireseam inspect`: a capture is read, a report is written, and what is to be said about the reading goes to stderr.

use std::{io::Write, path::PathBuf};

use wireseam::{Error, Options, Outcome};
use wireseam_analyzer::{Config, Level, PayloadPolicy};
use wireseam_capture::{Bounded, Source, Stop};

use super::{
    Exit, Failure,
    input::{self, Capture},
    output,
    progress::{self, Watched},
    signals::Signals,
};
use crate::cli::{FailOn, Inspect, Payload};

pub(super) fn inspect(asked: &Inspect, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    let signals = Signals::catch().map_err(|cause| {
        Exit::Environment.with(anyhow::Error::from(cause).context("failed to catch signals"))
    })?;
    let capture = Capture::open(&asked.files, &signals)?;
    let mut say = |line: String| {
        if !asked.quiet {
            // a message that cannot be written has no other place to go
            let _ = writeln!(stderr, "wireseam: {line}");
        }
    };
    if let Some(order) = capture.other_order() {
        say(order);
    }
    let options = Options {
        name: name(&capture, &asked.files),
        config: Config {
            payload: policy(asked.payload),
            ..Config::default()
        },
        connections: asked.connection.iter().copied().collect(),
        live: capture.is_live(),
        jobs: asked.jobs,
    };
    let bar = progress::bar(asked);
    let out = output::open(asked, &bar)?;
    let mut render = output::renderer(asked, out);
    let bounded = Bounded::new(capture, signals.flag(), asked.packets);
    let mut source = Watched::new(bounded, bar);
    let outcome = wireseam::inspect(&mut source, &options, &mut *render);
    source.end();
    let files = source.files();
    for warning in input::warnings(&files) {
        say(warning);
    }
    let outcome = outcome.map_err(|cause| match cause {
        Error::Capture(_) => Exit::Input.with(cause),
        _ => Exit::Environment.with(cause),
    })?;
    if let (Some(Stop::Interrupted), Some(exit)) =
        (outcome.capture.stopped.map(|why| why.0), signals.exit())
    {
        say(interrupted(&source));
        return Ok(exit);
    }
    for number in &options.connections {
        if *number > outcome.connections {
            say(format!(
                "warning: there is no connection {number}; {}",
                numbers(outcome.connections)
            ));
        }
    }
    // of one file the fault is the outcome's
    if files.iter().any(|file| file.fault.is_some()) {
        return Ok(Exit::Input);
    }
    Ok(if fails(asked.fail_on, &outcome) {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

/// What the capture is called: as the file is, or the first of several.
fn name(capture: &Capture, files: &[PathBuf]) -> String {
    let Some(first) = capture.first(files) else {
        return String::new();
    };
    let name = first.file_name().unwrap_or(first.as_os_str());
    let name = name.to_string_lossy();
    match files.len() {
        1 => name.into_owned(),
        many => format!("{name} and {} more", many - 1),
    }
}

fn interrupted(source: &impl Source) -> String {
    let packets = match source.statistics().packets {
        1 => "1 packet".to_owned(),
        packets => format!("{packets} packets"),
    };
    let progress = source.progress();
    let part = match progress.of {
        Some(of) if of > 0 => {
            let files = if source.files().len() > 1 {
                "files"
            } else {
                "file"
            };
            let percent = u128::from(progress.read) * 100 / u128::from(of);
            format!(", {percent} % of the {files}")
        }
        _ => String::new(),
    };
    format!("interrupted after {packets}{part}; the report covers what was read")
}

/// Which connections there are.
fn numbers(connections: u64) -> String {
    match connections {
        0 => "the capture has none".to_owned(),
        1 => "the capture has only connection 1".to_owned(),
        last => format!("the capture has connections 1..{last}"),
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
