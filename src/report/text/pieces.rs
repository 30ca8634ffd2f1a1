//! What of the streams lies in a segment: tails, whole frames, heads; and what lies beside them.

use wireseam_analyzer::SegmentKind;

use super::{http::Names, layout::elide};
use crate::report::schema::{Bytes, Carried, Connection, Frame, Piece, Segment, WebSocket};

/// What is needed to say what lies in a connection's segments.
pub(super) struct Contents<'a> {
    websockets: &'a [WebSocket],
    names: Names,
}

impl<'a> Contents<'a> {
    pub(super) fn of(connection: &'a Connection) -> Self {
        Self {
            websockets: &connection.websockets,
            names: Names::of(connection),
        }
    }

    /// The pieces in a segment, ready to be joined by spaces.
    pub(super) fn in_segment(&self, segment: &Segment) -> Vec<String> {
        let span = segment.span;
        if span.length() == 0
            || matches!(segment.kind.0, SegmentKind::Rst | SegmentKind::OutOfWindow)
        {
            return Vec::new();
        }
        let direction = segment.direction.0;
        let mut pieces = Vec::new();
        let mut at = span.0;
        for carried in segment.carries.iter().flatten() {
            if at < carried.span.0 {
                pieces.extend(self.names.within(direction, Bytes(at, carried.span.0)));
            }
            pieces.extend(self.piece(carried));
            at = carried.span.1;
        }
        if at < span.1 {
            pieces.extend(self.names.within(direction, Bytes(at, span.1)));
        }
        let frames = segment.carries.as_ref().map_or(0, Vec::len);
        let all = if frames == pieces.len() {
            "frames"
        } else {
            "pieces"
        };
        join_edges(elide(pieces, PIECES, all))
    }

    /// A frame, or the part of it that is in a segment: `| F1 m1 text fin masked 5 |`, `.. F2 m2 [100..300 of 300] |`.
    fn piece(&self, carried: &Carried) -> Option<String> {
        let at = self
            .websockets
            .binary_search_by_key(&carried.websocket, |websocket| websocket.id)
            .ok()?;
        let frames = &self.websockets[at].frames;
        let frame = &frames[frames
            .binary_search_by_key(&carried.frame, |frame| frame.id)
            .ok()?];
        let opens = matches!(carried.piece.0, Piece::Whole | Piece::Head);
        let closes = matches!(carried.piece.0, Piece::Whole | Piece::Tail);
        let mut words = if opens {
            "| ".to_owned()
        } else {
            ".. ".to_owned()
        };
        if self
            .websockets
            .iter()
            .filter(|websocket| !websocket.frames.is_empty())
            .count()
            > 1
        {
            words += &format!("ws{} ", carried.websocket);
        }
        words += &format!("F{}", frame.id);
        if let Some(message) = frame.message {
            words += &format!(" m{message}");
        }
        if opens {
            words += &description(frame);
        }
        if !(opens && closes) {
            words += &format!(" [{}]", part(frame, carried.span));
        }
        Some(words + if closes { " |" } else { " .." })
    }
}

/// ` text fin masked 5`.
fn description(frame: &Frame) -> String {
    let mut words = format!(" {}", frame.opcode.0);
    for (set, name) in [
        (frame.fin, " fin"),
        (frame.rsv1, " rsv1"),
        (frame.rsv2, " rsv2"),
        (frame.rsv3, " rsv3"),
        (frame.masked, " masked"),
    ] {
        if set {
            words += name;
        }
    }
    match frame.length {
        Some(length) => words + &format!(" {length}"),
        None => words + " ?",
    }
}

/// Which bytes of a frame `here` covers: `header 0..4 of 8`, `0..300 of 300`, or one after the other.
fn part(frame: &Frame, here: Bytes) -> String {
    let (header, payload) = (frame.header, frame.payload);
    let mut words = Vec::new();
    if here.0 < header.1 && (here.0 > header.0 || here.1 <= header.1) {
        let of = frame
            .length
            .map_or("?".to_owned(), |_| header.length().to_string());
        words.push(format!(
            "header {}..{} of {of}",
            here.0 - header.0,
            here.1.min(header.1) - header.0,
        ));
    }
    if here.1 > payload.0 {
        words.push(format!(
            "{}..{} of {}",
            here.0.max(payload.0) - payload.0,
            here.1 - payload.0,
            payload.length()
        ));
    }
    words.join(", ")
}

/// Draws the edge between two neighbours once.
fn join_edges(pieces: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let shared =
            joined.last().is_some_and(|last| last.ends_with(" |")) && piece.starts_with("| ");
        joined.push(if shared { piece[2..].to_owned() } else { piece });
    }
    joined
}

/// How many pieces of one segment are shown.
const PIECES: usize = 32;
