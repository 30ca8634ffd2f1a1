//! What the capture lacks of a message, and why, in words: `missing: 200 bytes at 361..561 (capture)`.

use wireseam_analyzer::{Direction, GapCause};

use super::layout::{count, elide, wrap};
use crate::report::schema::{Bytes, Connection, Frame, Gap, Message, WebSocket};

/// Where bytes are missing, and where frames lie.
pub(super) struct Missing<'a> {
    client: &'a [Gap],
    server: &'a [Gap],
    frames: &'a [Frame],
}

/// What is missing of one message.
#[derive(Debug, Default)]
pub(super) struct Lacks {
    /// The bytes, in the order of the stream.
    gaps: Vec<Gap>,
}

impl<'a> Missing<'a> {
    pub(super) fn of(connection: &'a Connection, websocket: &'a WebSocket) -> Self {
        let directions = &connection.directions;
        Self {
            client: &directions.client_to_server.gaps,
            server: &directions.server_to_client.gaps,
            frames: &websocket.frames,
        }
    }

    pub(super) fn of_message(&self, message: &Message) -> Lacks {
        let gaps = match message.direction.0 {
            Direction::ClientToServer => self.client,
            Direction::ServerToClient => self.server,
        };
        let mut lacks = Lacks::default();
        for id in &message.frames {
            let Ok(at) = self.frames.binary_search_by_key(id, |frame| frame.id) else {
                continue;
            };
            let frame = &self.frames[at];
            let whole = Bytes(frame.header.0, frame.payload.1);
            let first = gaps.partition_point(|gap| gap.span.1 <= whole.0);
            for gap in gaps[first..].iter().take_while(|gap| gap.span.0 < whole.1) {
                let span = Bytes(gap.span.0.max(whole.0), gap.span.1.min(whole.1));
                lacks.gaps.push(Gap { span, ..*gap });
            }
        }
        lacks
    }
}

impl Lacks {
    /// How many more segments carried it, at least: one for each stretch of missing ones. The snapshot length takes none.
    pub(super) fn segments(&self) -> u64 {
        let mut end = None;
        let mut stretches = 0;
        for Gap { span, cause } in &self.gaps {
            if cause.0 != GapCause::SnapLength {
                stretches += u64::from(end != Some(span.0));
                end = Some(span.1);
            }
        }
        stretches
    }

    /// `missing: 200 bytes at 361..561 (capture)`, in lines.
    pub(super) fn lines(&self, indent: usize) -> Vec<String> {
        let gaps = self.gaps.iter();
        let words = gaps.map(|Gap { span, cause }| {
            format!("{} at {span} ({cause})", count(span.length(), "byte"))
        });
        let mut words = elide(words.collect(), GAPS, "gaps");
        if let Some(first) = words.first_mut() {
            first.insert_str(0, "missing: ");
        }
        wrap(&words, ", ", indent)
    }
}

/// How many gaps of one message are shown.
const GAPS: usize = 8;
