//! `wireseam inspect -i`: what passes on an interface is reported as it passes, and recorded too where that was asked for.

use std::io::Write;

use indicatif::ProgressBar;
use wireseam::{Error, Options, Outcome, report::Render};
use wireseam_capture::{
    CaptureError, LiveOptions, Pace, RecordError, RecordFailure, RecordOptions, Recorded,
    Recording, Source, Statistics,
};

use super::{
    Exit, Failure,
    account::{dropped, nobody_reads_on, summary},
    device::{self, Opened, Writer},
    inspect::{self, Rendered},
    output, packets, record,
    signals::Signals,
    status::Told,
};
use crate::cli::Inspect;

pub(super) fn inspect(
    asked: &Inspect,
    interface: &str,
    stderr: &mut dyn Write,
) -> Result<Exit, Failure> {
    let into = into(asked)?;
    output::check(asked)?;
    let signals = Signals::catch()?;
    let Opened { mut source, writer } = Opened::open(
        LiveOptions {
            filter: asked.live.filter.clone(),
            pace: Pace::LowLatency,
            duration: asked.live.duration,
            packets: asked.packets,
            stop: signals.flag(),
            ..LiveOptions::new(interface)
        },
        &asked.live.device,
    )?;
    let mut options = inspect::options(asked, interface.to_owned());
    options.live = true;
    options.config.limits.linger = LINGER;
    let bar = record::bar(asked.quiet || asked.no_progress);
    let out = output::open(asked, &bar)?;
    let mut render = Rendered::new(output::renderer(asked, out), asked.verify);
    let beginning = format!(
        "wireseam: listening on {interface} through {}; Ctrl-C ends it",
        source.backend()
    );
    let mut reading = Reading {
        options: &options,
        bar: &bar,
        stderr: (!asked.quiet).then_some(stderr),
        beginning,
    };
    let (outcome, recorded) = match &into {
        None => (reading.read(&mut source, render.render()), None),
        Some(into) => {
            let begun = Recorded::begin(&mut source, into);
            let mut recorded = begun.map_err(|cause| refused(&writer, cause))?;
            let outcome = reading.read(&mut recorded, render.render());
            (outcome, Some(recorded.finish()))
        }
    };
    bar.finish_and_clear();
    let mut say = |text: String| {
        if let Some(stderr) = &mut reading.stderr {
            // a message that cannot be written has no other place to go
            let _ = stderr.write_all(text.as_bytes());
        }
    };
    say(account(interface, source.statistics(), recorded.as_ref()));
    let mut say = |line: String| say(format!("wireseam: {line}\n"));
    let outcome = outcome.map_err(|cause| match cause {
        Error::Capture(CaptureError::Live(cause)) => device::failure(cause),
        Error::Capture(CaptureError::Recording(cause)) => refused(&writer, *cause),
        cause => Exit::Environment.with(cause),
    })?;
    if let Some(Err(failure)) = recorded {
        return Err(refused(&writer, failure.cause));
    }
    if !render.adds_up(&mut say) {
        return Ok(Exit::Violations);
    }
    for warning in inspect::missing(asked, &outcome) {
        say(warning);
    }
    Ok(inspect::found(asked, &outcome))
}

/// What is read, and who hears of it.
struct Reading<'a> {
    options: &'a Options,
    bar: &'a ProgressBar,
    stderr: Option<&'a mut dyn Write>,
    beginning: String,
}

impl Reading<'_> {
    fn read(&mut self, source: &mut dyn Source, render: &mut dyn Render) -> Result<Outcome, Error> {
        let mut say = |line: &str| {
            if let Some(stderr) = &mut self.stderr {
                // a message that cannot be written has no other place to go
                let _ = self.bar.suspend(|| writeln!(stderr, "{line}"));
            }
        };
        say(&self.beginning);
        let mut told = Told::new(source, self.bar, &mut say);
        wireseam::inspect(&mut told, self.options, render)
    }
}

/// Into which files to record; `None` where into none.
fn into(asked: &Inspect) -> Result<Option<RecordOptions>, Failure> {
    let rotation = record::rotation(&asked.live.rotate)?;
    let Some(path) = &asked.live.write else {
        if rotation.is_asked_for() {
            return Err(Exit::Usage.with(anyhow::anyhow!(
                "--rotate-size and --rotate-time make several files of a recording; name one with --write"
            )));
        }
        return Ok(None);
    };
    if path.as_os_str() == "-" && asked.output.is_none() {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "standard output is the report's; write that to a file with --output, or the recording"
        )));
    }
    record::one_or_many(path, rotation)?;
    Ok(Some(RecordOptions {
        rotation,
        ..RecordOptions::new(path.as_path())
    }))
}

fn refused(writer: &Writer, cause: RecordError) -> Failure {
    if nobody_reads_on(&cause) {
        return Exit::Environment.with(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
    }
    Exit::Environment.with(writer.explain(cause))
}

/// Where every packet is.
fn account(
    interface: &str,
    statistics: &Statistics,
    recorded: Option<&Result<Recording, Box<RecordFailure>>>,
) -> String {
    match recorded {
        Some(Ok(recording)) => summary(recording, statistics, None),
        Some(Err(failure)) => summary(&failure.recording, statistics, Some(&failure.cause)),
        None => {
            let inspected = packets(statistics.packets);
            format!(
                "wireseam: inspected {inspected} on {interface}; {}\n",
                dropped(statistics)
            )
        }
    }
}

/// How long one waits whether something else comes of a connection that has ended, in nanoseconds. Of a capture that was
/// made it is a minute, which nobody waits for who looks on.
const LINGER: i64 = 5_000_000_000;
