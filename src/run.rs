//! The run loop: packets from a source, through decoder and analyzer, to a renderer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use wireseam_analyzer::{Config, Event, EventKind, Level};
use wireseam_capture::{CaptureError, Source};
use wireseam_wire::{self as wire, Checksums, Packet, Timestamp};

use crate::report::{
    Collector, Context, Render, describe, describe_decoding,
    schema::{Capture, Connection, FORMAT, Report, Seconds},
};
use crate::shard::{Engine, Here, How, Sums};
use crate::threads::Threads;

/// What to look at, and how closely.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the capture is called in the report.
    pub name: String,
    /// How the analyzer works.
    pub config: Config,
    /// What to do about wrong checksums.
    pub checksums: Checksums,
    /// What may be held of packets that came in fragments.
    pub fragments: wire::Limits,
    /// The connections to report, by number; all where there are none.
    pub connections: BTreeSet<u64>,
    /// Whether to report each packet as soon as none lies ready behind it: for captures that are still being made.
    pub live: bool,
    /// On how many threads to analyze, with the calling one, which also reads and reports; 0 is 1. The report is the same.
    pub jobs: usize,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The capture's totals.
    pub capture: Capture,
    /// How many connections it holds, reported or not.
    pub connections: u64,
    /// The most binding level among the findings reported.
    pub worst: Option<Level>,
    /// Where and why the capture ends before its end.
    pub truncated: Option<String>,
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The capture could not be read, or not to its end. What was read before is in the report.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The report could not be written.
    #[error("failed to write the report: {0}")]
    Output(#[from] io::Error),
}

/// Reads a capture to its end and has everything in it rendered.
///
/// # Errors
///
/// [`Error::Capture`] where the source fails; what it gave before is rendered first. [`Error::Output`] where rendering fails.
pub fn inspect(
    source: &mut dyn Source,
    options: &Options,
    render: &mut dyn Render,
) -> Result<Outcome, Error> {
    let how = How {
        decoder: wire::Config {
            checksums: options.checksums,
            limits: options.fragments,
        },
        analyzer: Config {
            detail: render.detail(),
            ..options.config
        },
    };
    // what is not to be reported must not be counted, and that is known of events only
    let tallies = options.connections.is_empty() && render.tally().is_some();
    if options.jobs > 1 && !options.live {
        std::thread::scope(|scope| {
            let mut threads = Threads::start(scope, options.jobs, how, tallies);
            Run::new(options, render).inspect(source, &mut threads)
        })
    } else {
        Run::new(options, render).inspect(source, &mut Here::new(&how, tallies))
    }
}

/// Reads a capture to its end into one [`Report`].
///
/// It holds the whole report; [`inspect`] with a [`Render`] of one's own holds as little as that does.
///
/// # Errors
///
/// Where the source fails.
pub fn read(source: &mut dyn Source, options: &Options) -> Result<Report, Error> {
    let mut whole = Whole::default();
    let outcome = inspect(source, options, &mut whole)?;
    Ok(Report {
        format: FORMAT,
        capture: outcome.capture,
        connections: whole.connections,
    })
}

/// A run under way.
struct Run<'a> {
    options: &'a Options,
    report: Reported<'a>,
    latest: Option<Timestamp>,
    /// When the analyzers were last told what time it is.
    told: Option<Timestamp>,
}

/// What goes into the report.
struct Reported<'a> {
    options: &'a Options,
    render: &'a mut dyn Render,
    context: Context,
    worst: Option<Level>,
    /// Whether anything was rendered since the report was flushed.
    is_new: bool,
}

impl Reported<'_> {
    /// Renders an event, where its connection is to be reported.
    fn take(&mut self, event: Event) -> io::Result<()> {
        let wanted = &self.options.connections;
        if !wanted.is_empty() && !wanted.contains(&event.connection.0) {
            return Ok(());
        }
        if let EventKind::Finding(finding) = &event.kind {
            let level = finding.rule.level;
            self.worst = Some(self.worst.map_or(level, |worst| worst.min(level)));
        }
        self.is_new = true;
        self.render.event(&self.context, event)
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_new) {
            self.render.flush()?;
        }
        Ok(())
    }
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, render: &'a mut dyn Render) -> Self {
        Self {
            options,
            report: Reported {
                options,
                render,
                context: Context {
                    start: None,
                    payload: options.config.payload,
                },
                worst: None,
                is_new: false,
            },
            latest: None,
            told: None,
        }
    }

    fn inspect<E: Engine>(
        mut self,
        source: &mut dyn Source,
        engine: &mut E,
    ) -> Result<Outcome, Error> {
        let end = self.read(source, engine);
        let nothing_read = source.statistics().packets == 0;
        match end {
            Err(fault @ Error::Output(_)) => return Err(fault),
            Err(fault) if nothing_read => return Err(fault),
            Ok(()) | Err(_) => {}
        }
        let (connections, sums) = engine.finish(&mut |event| self.report.take(event))?;
        let capture = self.capture(source, connections, &sums);
        let worst = [self.report.worst, sums.tally.worst()];
        if let Some(tally) = self.report.render.tally() {
            tally.add(sums.tally);
        }
        self.report.render.finish(&capture)?;
        end?;
        Ok(Outcome {
            capture,
            connections,
            worst: worst.into_iter().flatten().min(),
            truncated: source.statistics().truncated.clone(),
        })
    }

    fn read<E: Engine>(&mut self, source: &mut dyn Source, engine: &mut E) -> Result<(), Error> {
        loop {
            if self.options.live && !source.has_packet() {
                engine.analyze(&mut |event| self.report.take(event))?;
                self.report.flush()?;
                self.wait(source, engine)?;
            }
            let mut written = Ok(());
            let taken = source.next_packets(u64::MAX, &mut |packets| {
                written = self.packets(packets, engine);
            })?;
            written?;
            if taken == 0 {
                return Ok(());
            }
        }
    }

    fn packets(&mut self, packets: &[Packet<'_>], engine: &mut impl Engine) -> io::Result<()> {
        let times = packets.iter().map(|packet| packet.at);
        let context = &mut self.report.context;
        if context.start.is_none() {
            context.start = times.clone().flatten().next();
        }
        self.latest = times.fold(self.latest, Option::max);
        engine.packets(packets, &mut |event| self.report.take(event))
    }

    /// Waits for the next packet, and meanwhile reports what is known because none came.
    fn wait(&mut self, source: &mut dyn Source, engine: &mut impl Engine) -> Result<(), Error> {
        loop {
            if let Some(now) = source.now().filter(|now| self.is_due(*now)) {
                self.told = Some(now);
                engine.handle_timeout(now, &mut |event| self.report.take(event))?;
                self.report.flush()?;
            }
            if source.wait_for_packet(TICK)? {
                return Ok(());
            }
        }
    }

    /// Whether the analyzers are to hear what time it is; a clock that was put back is as good a reason.
    fn is_due(&self, now: Timestamp) -> bool {
        let since = |told| now.nanoseconds_since(told);
        self.told
            .is_none_or(|told| !(0..TELL_EVERY).contains(&since(told)))
    }

    fn capture(&self, source: &dyn Source, connections: u64, sums: &Sums) -> Capture {
        let mut skipped = BTreeMap::new();
        for (reason, count) in &sums.skipped {
            *skipped.entry(reason.to_string()).or_default() += count;
        }
        let mut capture = Capture {
            name: self.options.name.clone(),
            connections,
            start: self.report.context.start.and_then(rfc3339),
            duration: self
                .report
                .context
                .start
                .zip(self.latest)
                .map(|(start, latest)| Seconds {
                    nanoseconds: latest.nanoseconds_since(start),
                }),
            skipped,
            ..Capture::default()
        };
        describe(&mut capture, source, self.report.context.start);
        describe_decoding(&mut capture, &sums.decoded, self.options.checksums);
        capture
    }
}

/// A renderer that keeps everything.
#[derive(Default)]
struct Whole {
    collector: Collector,
    connections: Vec<Connection>,
}

impl Render for Whole {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.collector.event(context, event);
        Ok(())
    }

    fn finish(&mut self, _: &Capture) -> io::Result<()> {
        self.collector.finish();
        while let Some(connection) = self.collector.next_connection() {
            self.connections.push(connection);
        }
        Ok(())
    }
}

/// So long nothing else happens where no packet comes.
const TICK: Duration = Duration::from_millis(100);

/// How often the analyzers hear what time it is, in nanoseconds.
const TELL_EVERY: i64 = 250_000_000;

fn rfc3339(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_nanosecond(at.0.into())
        .ok()
        .map(|at| at.to_string())
}
