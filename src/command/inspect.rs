//! `wireseam inspect`: a capture is read, a report is written, and what is to be said about the reading goes to stderr.

use std::{collections::BTreeSet, io::Write, path::PathBuf};

use wireseam::{
    Error, Options, Outcome,
    report::{LineType, Render},
    verify::Verify,
};
use wireseam_analyzer::{Config, Level, PayloadPolicy};
use wireseam_capture::{Bounded, Source, Stop};

#[cfg(not(target_os = "linux"))]
use super::elsewhere as live;
#[cfg(target_os = "linux")]
use super::live;
use super::{
    Exit, Failure,
    input::{self, Capture},
    output, packets,
    progress::{self, Watched},
    signals::Signals,
};
use crate::cli::{Checksums, FailOn, Format, Inspect, Payload};
use crate::limits::Chosen;

pub(super) fn inspect(asked: &Inspect, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    if let Some(interface) = &asked.interface {
        return live::inspect(asked, interface, stderr);
    }
    if let Some(option) = asked.live.typed() {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "{option} is for an interface, and this is a file: name the interface with -i, or leave {option} out"
        )));
    }
    let signals = Signals::catch()?;
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
        live: capture.is_live(),
        ..options(asked, name(&capture, &asked.files))
    };
    let bar = progress::bar(asked);
    let out = output::open(asked, &bar)?;
    let mut render = Rendered::new(output::renderer(asked, out), asked.verify);
    let bounded = Bounded::new(capture, signals.flag(), asked.packets);
    let mut source = Watched::new(bounded, bar);
    let outcome = wireseam::inspect(&mut source, &options, render.render());
    source.end();
    let files = source.files();
    for warning in input::warnings(&files) {
        say(warning);
    }
    let outcome = outcome.map_err(|cause| match cause {
        Error::Capture(_) => Exit::Input.with(cause),
        _ => Exit::Environment.with(cause),
    })?;
    if !render.adds_up(&mut say) {
        return Ok(Exit::Violations);
    }
    if let (Some(Stop::Interrupted), Some(exit)) =
        (outcome.capture.stopped.map(|why| why.0), signals.exit())
    {
        say(interrupted(&source));
        return Ok(exit);
    }
    for warning in missing(asked, &outcome) {
        say(warning);
    }
    // of one file the fault is the outcome's
    if files.iter().any(|file| file.fault.is_some()) {
        return Ok(Exit::Input);
    }
    Ok(found(asked, &outcome))
}

/// What was asked for, of a capture of that name.
pub(super) fn options(asked: &Inspect, name: String) -> Options {
    let limits = limits(asked);
    Options {
        name,
        config: Config {
            payload: policy(asked.payload),
            limits: limits.analyzer,
            ..Config::default()
        },
        fragments: limits.fragments,
        checksums: checksums(asked.checksums),
        connections: asked.connection.iter().copied().collect(),
        live: false,
        jobs: asked.jobs,
    }
}

/// What to say of connections that were asked for and are not there.
pub(super) fn missing(asked: &Inspect, outcome: &Outcome) -> Vec<String> {
    let asked: BTreeSet<_> = asked.connection.iter().collect();
    let missing = asked.into_iter().filter(|it| **it > outcome.connections);
    let there_are = numbers(outcome.connections);
    missing
        .map(|number| format!("warning: there is no connection {number}; {there_are}"))
        .collect()
}

/// What to exit with for what was found.
pub(super) fn found(asked: &Inspect, outcome: &Outcome) -> Exit {
    if fails(asked.fail_on, outcome) {
        Exit::Findings
    } else {
        Exit::Fine
    }
}

/// What may be held on to. Counting and listing messages is to be fast: bytes read are not kept for it, unless that was asked
/// for, or the exit code is to tell of every finding.
fn limits(asked: &Inspect) -> Chosen {
    let mut chosen = Chosen::default();
    let is_list = asked.format == Format::Ndjson && asked.types == [LineType::Message];
    if (asked.format == Format::Summary || is_list) && asked.fail_on == FailOn::Never {
        chosen.analyzer.compared_bytes = 0;
    }
    for limit in &asked.limit {
        limit.set(&mut chosen);
    }
    chosen
}

/// A renderer, and what verifies it where that was asked for.
pub(super) enum Rendered<'a> {
    Only(Box<dyn Render + 'a>),
    Verified(Verify<Box<dyn Render + 'a>>),
}

impl<'a> Rendered<'a> {
    pub(super) fn new(render: Box<dyn Render + 'a>, verify: bool) -> Self {
        if verify {
            Self::Verified(Verify::new(render))
        } else {
            Self::Only(render)
        }
    }

    pub(super) fn render(&mut self) -> &mut (dyn Render + 'a) {
        match self {
            Self::Only(render) => &mut **render,
            Self::Verified(render) => render,
        }
    }

    /// Whether the report adds up; says where it does not.
    pub(super) fn adds_up(&self, say: &mut dyn FnMut(String)) -> bool {
        let Self::Verified(render) = self else {
            return true;
        };
        let verified = render.verification();
        for violation in &verified.listed {
            say(format!("does not add up: {violation}"));
        }
        say(format!("verified: {verified}"));
        verified.violations == 0
    }
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
    let packets = packets(source.statistics().packets);
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

fn checksums(asked: Checksums) -> wireseam_wire::Checksums {
    match asked {
        Checksums::Count => wireseam_wire::Checksums::Count,
        Checksums::Require => wireseam_wire::Checksums::Require,
        Checksums::Ignore => wireseam_wire::Checksums::Ignore,
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
