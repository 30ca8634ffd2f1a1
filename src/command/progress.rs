//! A bar on the terminal that shows how far a long reading has come.
//!
//! It is drawn on stderr, only where that is a terminal, only after a second, and taken away before anything else is
//! written there (a ^C that the terminal wrote behind it leaves it standing, with everything else below). Where the report goes to the same terminal, it is written in whole lines above the bar.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wireseam_capture::{CaptureError, FileRead, Progress, Source, Statistics};
use wireseam_wire::Packet;

use crate::cli::Inspect;

/// A source whose progress is shown.
pub(super) struct Watched<S> {
    source: S,
    bar: ProgressBar,
    packets: u64,
    /// When to draw next; `None` where nothing is ever drawn.
    due: Option<Instant>,
}

/// A bar that is not seen yet, or never where nobody would see it or wants to.
pub(super) fn bar(asked: &Inspect) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if asked.quiet || asked.no_progress || !io::stderr().is_terminal() {
        bar.finish();
    }
    bar
}

impl<S: Source> Watched<S> {
    pub(super) fn new(source: S, bar: ProgressBar) -> Self {
        let due = (!bar.is_finished()).then(|| Instant::now() + FIRST_AFTER);
        Self {
            source,
            bar,
            packets: 0,
            due,
        }
    }

    /// Takes the bar away for good.
    pub(super) fn end(&mut self) {
        self.due = None;
        self.bar.finish_and_clear();
    }

    /// Takes packets into account that come, or came.
    #[inline]
    fn pass(&mut self, packets: u64) {
        self.packets += packets;
        if self.packets >= LOOK_EVERY {
            self.look();
        }
    }

    #[cold]
    fn look(&mut self) {
        self.packets = 0;
        let now = Instant::now();
        let Some(due) = self.due.filter(|due| *due <= now) else {
            return;
        };
        let progress = self.source.progress();
        if self.bar.is_hidden() {
            self.show(progress.of);
        }
        self.bar.set_position(progress.read);
        self.due = Some(due.max(now) + NEXT_AFTER);
    }
}

impl<S> Watched<S> {
    fn show(&self, of: Option<u64>) {
        let style = if of.is_some() {
            OF_KNOWN_SIZE
        } else {
            OF_ANY_SIZE
        };
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        if let Some(of) = of {
            self.bar.set_length(of);
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
    }
}

impl<S: Source> Source for Watched<S> {
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        self.pass(1);
        let packet = self.source.next_packet();
        if !matches!(packet, Ok(Some(_))) {
            self.bar.finish_and_clear();
        }
        packet
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        let taken = self.source.next_packets(most, take);
        match taken {
            Ok(passed @ 1..) => self.pass(passed),
            Ok(0) | Err(_) => self.bar.finish_and_clear(),
        }
        taken
    }

    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        self.source.wait_for_packet(at_most)
    }

    fn statistics(&self) -> &Statistics {
        self.source.statistics()
    }

    fn files(&self) -> Vec<FileRead> {
        self.source.files()
    }

    fn progress(&self) -> Progress {
        self.source.progress()
    }
}

/// Writes whole lines, with the bar out of the way.
pub(super) struct AroundBar<W: Write> {
    out: W,
    bar: ProgressBar,
    held: Vec<u8>,
}

impl<W: Write> AroundBar<W> {
    pub(super) fn new(out: W, bar: ProgressBar) -> Self {
        Self {
            out,
            bar,
            held: Vec::new(),
        }
    }

    /// Writes the first `len` bytes that are held.
    fn pass_on(&mut self, len: usize) -> io::Result<()> {
        let Self { out, bar, held } = self;
        let text = held.get(..len).unwrap_or_default();
        let written = bar.suspend(|| out.write_all(text).and_then(|()| out.flush()));
        held.drain(..len.min(held.len()));
        written
    }
}

impl<W: Write> Write for AroundBar<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= HELD {
            let lines = self.held.iter().rposition(|byte| *byte == b'\n');
            let len = lines.map_or(self.held.len(), |at| at + 1);
            self.pass_on(len)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on(self.held.len())
    }
}

/// Looking at the clock costs about as much as reading a packet, and a packet may take a while to be analysed.
const LOOK_EVERY: u64 = 1_000;

/// What is over sooner needs no bar.
const FIRST_AFTER: Duration = Duration::from_secs(1);

/// No eye follows more.
const NEXT_AFTER: Duration = Duration::from_millis(100);

/// How many bytes are held until they are worth being written.
const HELD: usize = 32 * 1024;

const OF_KNOWN_SIZE: &str =
    "{bytes} of {total_bytes} [{bar:20}] {percent} %  {bytes_per_sec}  {eta} left";
const OF_ANY_SIZE: &str = "{spinner} {bytes}  {bytes_per_sec}  {elapsed}";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may unwrap")]

    use super::*;

    #[test]
    fn only_whole_lines_are_written_until_the_end() {
        let mut written = Vec::new();
        let mut out = AroundBar::new(&mut written, ProgressBar::hidden());
        let line = format!("{}\n", "x".repeat(99));
        for _ in 0..HELD / 100 {
            out.write_all(line.as_bytes()).unwrap();
        }
        out.write_all(&[b'y'; 150]).unwrap();
        assert!(out.out.len() >= HELD / 2 && out.out.len() % 100 == 0);
        out.flush().unwrap();
        assert!(written.ends_with(b"x\nyyy") || written.ends_with(b"yyy"));
        assert_eq!(written.len(), HELD / 100 * 100 + 150);
    }
}
