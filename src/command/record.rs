//! `wireseam record`: what passes on an interface goes into files, and at the end every packet is accounted for.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use indicatif::{ProgressBar, ProgressStyle};
use wireseam_capture::{
    CaptureError, Limits, LiveOptions, Pace, RecordError, RecordOptions, Rotation, Source,
};

use super::{
    Exit, Failure,
    account::{nobody_reads_on, status, summary},
    device::{self, Opened},
    print,
    signals::Signals,
};
use crate::cli::{Record, Rotate};

pub(super) fn record(asked: &Record, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    let into = options(asked)?;
    let signals = Signals::catch()?;
    let live = LiveOptions {
        filter: asked.filter.clone(),
        pace: Pace::Bulk,
        stop: signals.flag(),
        ..LiveOptions::new(asked.interface.as_str())
    };
    let into = RecordOptions {
        stop: signals.flag(),
        ..into
    };
    let Opened { mut source, writer } = Opened::open(live, &asked.device)?;
    if !asked.quiet {
        // a message that cannot be written has no other place to go
        let _ = writeln!(
            stderr,
            "wireseam: recording on {} through {} to {}; Ctrl-C ends it",
            asked.interface,
            source.backend(),
            asked.output.display()
        );
    }
    let bar = bar(asked.quiet);
    let done = wireseam_capture::record(&mut source, &into, &mut |recording, statistics| {
        bar.set_message(status(recording, statistics));
    });
    bar.finish_and_clear();
    let (recording, fault) = match &done {
        Ok(recording) => (recording, None),
        Err(failure) => (&failure.recording, Some(&failure.cause)),
    };
    let summary = summary(recording, source.statistics(), fault);
    if is_stdout(asked) {
        if !asked.quiet {
            let _ = write!(stderr, "{summary}");
        }
    } else {
        print(&summary)?;
    }
    match done {
        Ok(_) => Ok(Exit::Fine),
        Err(failure) => match failure.cause {
            RecordError::Capture(CaptureError::Live(cause)) => Err(device::failure(cause)),
            cause if nobody_reads_on(&cause) => Ok(Exit::Fine),
            cause => Err(Exit::Environment.with(writer.explain(cause))),
        },
    }
}

fn options(asked: &Record) -> Result<RecordOptions, Failure> {
    let rotation = rotation(&asked.rotate)?;
    one_or_many(&asked.output, rotation)?;
    Ok(RecordOptions {
        rotation,
        limits: Limits {
            packets: asked.packets,
            size: asked.size,
            duration: asked.duration,
        },
        comment: asked.comment.clone(),
        ..RecordOptions::new(asked.output.as_path())
    })
}

pub(super) fn rotation(asked: &Rotate) -> Result<Rotation, Failure> {
    let rotation = Rotation {
        size: asked.rotate_size,
        time: asked.rotate_time,
        keep: asked.keep,
    };
    if asked.keep.is_some() && !rotation.is_asked_for() {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "--keep chooses among several files; say when to begin another one with --rotate-size or --rotate-time"
        )));
    }
    Ok(rotation)
}

/// Standard output is never several files.
pub(super) fn one_or_many(path: &Path, rotation: Rotation) -> Result<(), Failure> {
    if path.as_os_str() == "-" && rotation.is_asked_for() {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "standard output is one file; name a file to make several with --rotate-size or --rotate-time"
        )));
    }
    Ok(())
}

fn is_stdout(asked: &Record) -> bool {
    asked.output.as_os_str() == "-"
}

/// A line on the terminal that says how it goes.
pub(super) fn bar(is_hidden: bool) -> ProgressBar {
    if is_hidden || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise}  {msg}") {
        bar.set_style(style);
    }
    bar
}
