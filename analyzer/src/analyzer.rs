//! The flow table: which segment belongs to which connection.

use std::collections::VecDeque;

use wireseam_wire::Segment;

use crate::{Event, Limits, PayloadPolicy};

/// How an [`Analyzer`] works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How much of each message to keep.
    pub payload: PayloadPolicy,
    /// What it may hold on to.
    pub limits: Limits,
}

/// Segments in, events out.
#[derive(Debug)]
pub struct Analyzer {
    events: VecDeque<Event>,
}

impl Analyzer {
    /// An analyzer that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let _ = config;
        Self { events: VecDeque::new() }
    }

    /// Takes the next captured segment. Drain [`poll_event`](Self::poll_event) after each.
    pub fn handle_segment(&mut self, segment: &Segment<'_>) {
        let _ = segment;
    }

    /// Says that the capture has ended: everything still open is closed and reported.
    pub fn finish(&mut self) {}

    /// The next event, `None` when there is nothing more to say for now.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }
}
