//! The run loop: packets from a source, through decoder and analyzer, to a renderer.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use wireseam_analyzer::{Analyzer, Config, Event, EventKind, Level};
use wireseam_capture::{CaptureError, Source};
use wireseam_wire::{Decoder, Timestamp};

use crate::report::{
    Collector, Context, Render, describe,
    schema::{Capture, Connection, FORMAT, Report, Seconds},
};

/// What to look at, and how closely.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the capture is called in the report.
    pub name: String,
    /// How the analyzer works.
    pub config: Config,
    /// The connections to report, by number; all where there are none.
    pub connections: BTreeSet<u64>,
    /// Whether to flush the report behind each packet that brought something: for captures that are still being made.
    pub live: bool,
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
    let mut run = Run::new(options);
    let end = run.read(source, render);
    let nothing_read = source.statistics().packets == 0;
    match end {
        Err(fault @ Error::Output(_)) => return Err(fault),
        Err(fault) if nothing_read => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    run.analyzer.finish();
    run.drain(render)?;
    let capture = run.capture(source);
    render.finish(&capture)?;
    end?;
    Ok(Outcome {
        capture,
        connections: run.connections,
        worst: run.worst,
        truncated: source.statistics().truncated.clone(),
    })
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
    analyzer: Analyzer,
    context: Context,
    latest: Option<Timestamp>,
    skipped: BTreeMap<wireseam_wire::Skipped, u64>,
    connections: u64,
    worst: Option<Level>,
}

impl<'a> Run<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            decoder: Decoder::default(),
            analyzer: Analyzer::new(options.config),
            context: Context {
                start: None,
                payload: options.config.payload,
            },
            latest: None,
            skipped: BTreeMap::new(),
            connections: 0,
            worst: None,
        }
    }

    fn read(&mut self, source: &mut dyn Source, render: &mut dyn Render) -> Result<(), Error> {
        while let Some(packet) = source.next_packet()? {
            self.context.start = self.context.start.or(packet.at);
            self.latest = self.latest.max(packet.at);
            match self.decoder.decode(&packet) {
                Ok(segment) => self.analyzer.handle_segment(&segment),
                Err(reason) => *self.skipped.entry(reason).or_default() += 1,
            }
            self.drain(render)?;
        }
        Ok(())
    }

    /// Renders what the analyzer has to say.
    fn drain(&mut self, render: &mut dyn Render) -> io::Result<()> {
        let mut rendered = false;
        while let Some(event) = self.analyzer.poll_event() {
            self.connections = self.connections.max(event.connection.0);
            if !self.options.connections.is_empty()
                && !self.options.connections.contains(&event.connection.0)
            {
                continue;
            }
            if let EventKind::Finding(finding) = &event.kind {
                let level = finding.rule.level;
                self.worst = Some(self.worst.map_or(level, |worst| worst.min(level)));
            }
            render.event(&self.context, event)?;
            rendered = true;
        }
        if rendered && self.options.live {
            render.flush()?;
        }
        Ok(())
    }

    fn capture(&self, source: &dyn Source) -> Capture {
        let mut skipped = BTreeMap::new();
        for (reason, count) in &self.skipped {
            *skipped.entry(reason.to_string()).or_default() += count;
        }
        let mut capture = Capture {
            name: self.options.name.clone(),
            connections: self.connections,
            start: self.context.start.and_then(rfc3339),
            duration: self
                .context
                .start
                .zip(self.latest)
                .map(|(start, latest)| Seconds {
                    nanoseconds: latest.nanoseconds_since(start),
                }),
            skipped,
            ..Capture::default()
        };
        describe(&mut capture, source, self.context.start);
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

fn rfc3339(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_nanosecond(at.0.into())
        .ok()
        .map(|at| at.to_string())
}
