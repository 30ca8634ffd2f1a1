//! The run loop: packets from a source, through decoder and analyzer, to a renderer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::Duration,
};

use wireseam_analyzer::{Config, Event, EventKind, Level};
use wireseam_capture::{CaptureError, Source};
use wireseam_wire::{self as wire, Checksums, Decoder, Timestamp};

use crate::report::{
    Collector, Context, Render, describe, describe_decoding,
    schema::{Capture, Connection, FORMAT, Report, Seconds},
};
use crate::shard::{Engine, Here, Threads};

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
    /// On how many threads to analyze, besides the one that reads and reports; 0 and 1 are none. The report is the same.
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
    let config = Config {
        detail: render.detail(),
        ..options.config
    };
    if options.jobs > 1 && !options.live {
        std::thread::scope(|scope| {
            let mut threads = Threads::start(scope, options.jobs, config);
            Run::new(options, render).inspect(source, &mut threads)
        })
    } else {
        Run::new(options, render).inspect(source, &mut Here::new(config))
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
    decoder: Decoder,
    report: Reported<'a>,
    latest: Option<Timestamp>,
    /// When the analyzers were last told what time it is.
    told: Option<Timestamp>,
    skipped: BTreeMap<wireseam_wire::Skipped, u64>,
    connections: u64,
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

    fn flush_live(&mut self) -> io::Result<()> {
        if self.options.live && std::mem::take(&mut self.is_new) {
            self.render.flush()?;
        }
        Ok(())
    }
}

impl<'a> Run<'a> {
    fn new(options: &'a Options, render: &'a mut dyn Render) -> Self {
        Self {
            options,
            decoder: Decoder::new(wire::Config {
                checksums: options.checksums,
                limits: options.fragments,
            }),
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
            skipped: BTreeMap::new(),
            connections: 0,
        }
    }

    fn inspect(
        mut self,
        source: &mut dyn Source,
        engine: &mut dyn Engine,
    ) -> Result<Outcome, Error> {
        let end = self.read(source, engine);
        let nothing_read = source.statistics().packets == 0;
        match end {
            Err(fault @ Error::Output(_)) => return Err(fault),
            Err(fault) if nothing_read => return Err(fault),
            Ok(()) | Err(_) => {}
        }
        self.connections = engine.finish(&mut |event| self.report.take(event))?;
        let capture = self.capture(source);
        self.report.render.finish(&capture)?;
        end?;
        Ok(Outcome {
            capture,
            connections: self.connections,
            worst: self.report.worst,
            truncated: source.statistics().truncated.clone(),
        })
    }

    fn read(&mut self, source: &mut dyn Source, engine: &mut dyn Engine) -> Result<(), Error> {
        let mut batch = engine.batch();
        let end = loop {
            if self.options.live && !source.has_packet() {
                if !batch.is_empty() {
                    batch = engine.handle(batch, &mut |event| self.report.take(event))?;
                    self.report.flush_live()?;
                }
                if let Err(fault) = self.wait(source, engine) {
                    break Err(fault);
                }
            }
            let packet = match source.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break Ok(()),
                Err(fault) => break Err(fault.into()),
            };
            let context = &mut self.report.context;
            context.start = context.start.or(packet.at);
            self.latest = self.latest.max(packet.at);
            match self.decoder.decode(&packet) {
                Ok(segment) => batch.push(&segment),
                Err(reason) => *self.skipped.entry(reason).or_default() += 1,
            }
            if batch.is_full() {
                batch = engine.handle(batch, &mut |event| self.report.take(event))?;
            }
        };
        engine.handle(batch, &mut |event| self.report.take(event))?;
        end
    }

    /// Waits for the next packet, and meanwhile reports what is known because none came.
    fn wait(&mut self, source: &mut dyn Source, engine: &mut dyn Engine) -> Result<(), Error> {
        loop {
            if let Some(now) = source.now().filter(|now| self.is_due(*now)) {
                self.told = Some(now);
                engine.handle_timeout(now, &mut |event| self.report.take(event))?;
                self.report.flush_live()?;
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

    fn capture(&self, source: &dyn Source) -> Capture {
        let mut skipped = BTreeMap::new();
        for (reason, count) in &self.skipped {
            *skipped.entry(reason.to_string()).or_default() += count;
        }
        let mut capture = Capture {
            name: self.options.name.clone(),
            connections: self.connections,
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
        let (decoded, looked_at) = (self.decoder.statistics(), self.options.checksums);
        describe_decoding(&mut capture, &decoded, looked_at);
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
