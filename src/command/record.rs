//! `wireseam record`: what passes on an interface goes into files, and at the end every packet is accounted for.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use indicatif::{ProgressBar, ProgressStyle};
use wireseam_capture::{
    Backend, CaptureError, Counters, Ended, Limits, LiveError, LiveOptions, LiveSource, Owner,
    Pace, RecordError, RecordOptions, Recording, Rotation, Source, Statistics,
};

use super::{Exit, Failure, print, signals::Signals};
use crate::cli::{BackendAsked, Record};

pub(super) fn record(asked: &Record, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    let into = options(asked)?;
    let signals = Signals::catch().map_err(|cause| {
        Exit::Environment.with(anyhow::Error::from(cause).context("failed to catch signals"))
    })?;
    let live = LiveOptions {
        backend: asked.backend.map(backend),
        snaplen: asked.snaplen,
        promiscuous: asked.promiscuous,
        ring: u32::try_from(asked.ring).unwrap_or(u32::MAX),
        filter: asked.filter.clone(),
        pace: Pace::Bulk,
        stop: signals.flag(),
        ..LiveOptions::new(asked.interface.as_str())
    };
    let into = RecordOptions {
        stop: signals.flag(),
        ..into
    };
    let mut source = LiveSource::open(&live).map_err(|cause| exit(&cause).with(cause))?;
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
    let bar = bar(asked);
    let done = wireseam_capture::record(&mut source, &into, &mut |recording, statistics| {
        bar.set_message(status(recording, statistics));
    });
    bar.finish_and_clear();
    let recording = match &done {
        Ok(recording) => recording,
        Err(failure) => &failure.recording,
    };
    let summary = summary(recording, source.statistics());
    if is_stdout(asked) {
        if !asked.quiet {
            let _ = write!(stderr, "{summary}");
        }
    } else {
        print(&summary)?;
    }
    match done {
        Ok(_) => Ok(Exit::Fine),
        Err(failure) => Err(match failure.cause {
            RecordError::Capture(CaptureError::Live(cause)) => exit(&cause).with(cause),
            // nobody reads on
            RecordError::Write { cause, .. }
                if is_stdout(asked) && cause.kind() == io::ErrorKind::BrokenPipe =>
            {
                return Ok(Exit::Fine);
            }
            cause => Exit::Environment.with(cause),
        }),
    }
}

fn options(asked: &Record) -> Result<RecordOptions, Failure> {
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
    if is_stdout(asked) && rotation.is_asked_for() {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "standard output is one file; name a file to make several with --rotate-size or --rotate-time"
        )));
    }
    Ok(RecordOptions {
        rotation,
        limits: Limits {
            packets: asked.packets,
            size: asked.size,
            duration: asked.duration,
        },
        comment: asked.comment.clone(),
        owner: caller(),
        ..RecordOptions::new(asked.output.as_path())
    })
}

fn is_stdout(asked: &Record) -> bool {
    asked.output.as_os_str() == "-"
}

/// Who typed sudo, if somebody did: the files are to be theirs.
fn caller() -> Option<Owner> {
    let number = |name| env::var(name).ok()?.parse().ok();
    rustix::process::geteuid().is_root().then_some(())?;
    Some(Owner {
        user: number("SUDO_UID")?,
        group: number("SUDO_GID")?,
    })
}

fn backend(asked: BackendAsked) -> Backend {
    match asked {
        BackendAsked::Libpcap => Backend::Libpcap,
        BackendAsked::AfPacket => Backend::AfPacket,
    }
}

fn exit(cause: &LiveError) -> Exit {
    match cause {
        LiveError::Filter { .. } | LiveError::Option { .. } => Exit::Usage,
        _ => Exit::Environment,
    }
}

/// A line on the terminal that says how it goes.
fn bar(asked: &Record) -> ProgressBar {
    if asked.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise}  {msg}") {
        bar.set_style(style);
    }
    bar
}

fn status(recording: &Recording, statistics: &Statistics) -> String {
    let dropped = &statistics.dropped;
    format!(
        "{}, {}, dropped: {} by the kernel, {} by the interface",
        packets(recording.packets),
        size(recording.size),
        known(dropped.kernel),
        known(dropped.interface)
    )
}

fn summary(recording: &Recording, statistics: &Statistics) -> String {
    let interfaces = &statistics.notes.interfaces;
    let counters = interfaces
        .first()
        .map_or(Counters::default(), |first| first.counters);
    let mut lines = vec![format!(
        "recorded {} in {}, {}{}",
        packets(recording.packets),
        files(recording),
        size(recording.size),
        ended(recording.ended)
    )];
    let mut line = |what: &str, count: String| lines.push(format!("  {count:>10}  {what}"));
    line("passed the filter", known(counters.accepted));
    line("recorded", recording.packets.to_string());
    line(
        "dropped by the kernel, for want of room in its ring",
        known(counters.dropped_by_kernel),
    );
    if recording.beyond > 0 {
        line(
            "came behind the last one asked for",
            recording.beyond.to_string(),
        );
    }
    if recording.not_written > 0 {
        line(
            "captured, and not written",
            recording.not_written.to_string(),
        );
    }
    let accounted = recording.packets + recording.beyond + recording.not_written;
    let dropped = counters.dropped_by_kernel.unwrap_or(0);
    if let Some(rest) = counters
        .accepted
        .and_then(|all| all.checked_sub(accounted + dropped))
        && rest > 0
    {
        line("left in the ring", rest.to_string());
    }
    line(
        "dropped by the interface in front of the filter",
        known(counters.dropped_by_interface),
    );
    lines.join("\n") + "\n"
}

fn files(recording: &Recording) -> String {
    let many = recording.files.len();
    match (many, recording.files.first(), recording.deleted) {
        (1, Some(file), 0) if file.as_os_str() == "-" => "standard output".to_owned(),
        (1, Some(file), 0) => file.display().to_string(),
        (_, _, 0) => format!("{many} files"),
        (_, _, deleted) => format!("{many} files ({deleted} older ones deleted)"),
    }
}

fn ended(ended: Option<Ended>) -> &'static str {
    match ended {
        None => ", until it failed",
        Some(Ended::Interrupted) => ", until interrupted",
        Some(Ended::Source) => "",
        Some(Ended::Packets) => ", as many as asked for",
        Some(Ended::Size) => ", as large as asked for",
        Some(Ended::Duration) => ", for as long as asked for",
    }
}

fn packets(count: u64) -> String {
    match count {
        1 => "1 packet".to_owned(),
        many => format!("{many} packets"),
    }
}

fn size(bytes: u64) -> String {
    format!("{bytes} bytes")
}

fn known(count: Option<u64>) -> String {
    count.map_or_else(|| "unknown".to_owned(), |count| count.to_string())
}
