//! What of the streams lies in a segment: tails, whole frames, heads; HTTP heads and bodies before them.

use std::collections::BTreeMap;

use wireseam_analyzer::{Direction, SegmentKind};

use super::layout::{count, elide};
use crate::report::{
    Escaped,
    schema::{Bytes, Connection, Frame, Request, Segment},
};

/// What lies in the streams of a connection, in stream order.
pub(super) struct Contents<'a> {
    frames: [Vec<Placed<'a>>; 2],
    heads: BTreeMap<(Direction, u64), Vec<String>>,
    otherwise: &'static str,
}

/// A frame in its stream.
struct Placed<'a> {
    span: Bytes,
    prefix: String,
    frame: &'a Frame,
}

impl<'a> Contents<'a> {
    pub(super) fn of(connection: &'a Connection) -> Self {
        let has = |name: &str| connection.layers.iter().any(|layer| layer == name);
        Self {
            frames: Direction::BOTH.map(|direction| place_frames(connection, direction)),
            heads: heads(&connection.requests),
            otherwise: match () {
                () if has("tls") => "TLS",
                () if has("http2") => "HTTP/2",
                () if has("http") => "body",
                () => "",
            },
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
        let frames = match segment.direction.0 {
            Direction::ClientToServer => &self.frames[0],
            Direction::ServerToClient => &self.frames[1],
        };
        let from = frames.partition_point(|placed| placed.span.1 <= span.0);
        let inside: Vec<_> = frames[from..]
            .iter()
            .take_while(|placed| placed.span.0 < span.1)
            .collect();
        let mut pieces = Vec::new();
        let mut at = span.0;
        for placed in &inside {
            if at < placed.span.0 {
                pieces.extend(self.between(segment, frames, Bytes(at, placed.span.0)));
            }
            pieces.push(piece(placed, span));
            at = placed.span.1;
        }
        if at < span.1 {
            pieces.extend(self.between(segment, frames, Bytes(at, span.1)));
        }
        join_edges(elide(pieces, PIECES, "frames"))
    }

    /// Names bytes that are in no frame.
    fn between(&self, segment: &Segment, frames: &[Placed<'_>], gap: Bytes) -> Vec<String> {
        let before_frames = frames.first().is_none_or(|first| gap.1 <= first.span.0);
        if !before_frames {
            return vec![format!("| {} in no frame |", count(gap.length(), "byte"))];
        }
        match self.heads.get(&(segment.direction.0, segment.packet)) {
            Some(heads) => heads.clone(),
            None if self.otherwise.is_empty() => Vec::new(),
            None => vec![self.otherwise.to_owned()],
        }
    }
}

fn place_frames(connection: &Connection, direction: Direction) -> Vec<Placed<'_>> {
    let several = connection
        .websockets
        .iter()
        .filter(|websocket| !websocket.frames.is_empty())
        .count()
        > 1;
    let mut placed = Vec::new();
    for websocket in &connection.websockets {
        let prefix = if several {
            format!("ws{} ", websocket.id)
        } else {
            String::new()
        };
        for frame in websocket
            .frames
            .iter()
            .filter(|frame| frame.direction.0 == direction)
        {
            placed.push(Placed {
                span: Bytes(frame.header.0, frame.payload.1),
                prefix: prefix.clone(),
                frame,
            });
        }
    }
    placed.sort_by_key(|placed| placed.span);
    // a frame found again behind a gap may begin inside one that was never seen to end
    let starts: Vec<_> = placed.iter().skip(1).map(|next| next.span.0).collect();
    for (placed, next) in placed.iter_mut().zip(starts) {
        placed.span.1 = placed.span.1.min(next).max(placed.span.0);
    }
    placed
}

/// Which packets carry which heads: `GET /chat` in the request's packets, `101` in the response's.
fn heads(requests: &[Request]) -> BTreeMap<(Direction, u64), Vec<String>> {
    let mut heads: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for request in requests {
        let target = request.target.as_deref().unwrap_or_default();
        let short: String = target.chars().take(TARGET).collect();
        let cut = if short.len() < target.len() {
            "..."
        } else {
            ""
        };
        let line = format!(
            "{} {}{cut}",
            Escaped(request.method.as_deref().unwrap_or_default()),
            Escaped(&short)
        );
        let status = request
            .status
            .map(|status| status.to_string())
            .unwrap_or_default();
        for (direction, packets, label) in [
            (Direction::ClientToServer, &request.packets, line),
            (Direction::ServerToClient, &request.response_packets, status),
        ] {
            for (at, packet) in packets.iter().enumerate() {
                let before = if at > 0 { ".. " } else { "" };
                let after = if at + 1 < packets.len() { " .." } else { "" };
                heads
                    .entry((direction, *packet))
                    .or_default()
                    .push(format!("{before}{label}{after}"));
            }
        }
    }
    heads
}

/// A frame, or the part of it that lies in `segment`: `| F1 m1 text fin masked 5 |`, `.. F2 m2 [100..300 of 300] |`.
fn piece(placed: &Placed<'_>, segment: Bytes) -> String {
    let Placed {
        span,
        prefix,
        frame,
    } = placed;
    let here = Bytes(span.0.max(segment.0), span.1.min(segment.1));
    let (opens, closes) = (here.0 == frame.header.0, here.1 == frame.payload.1);
    let mut words = format!("{} {prefix}F{}", if opens { "|" } else { ".." }, frame.id);
    if let Some(message) = frame.message {
        words += &format!(" m{message}");
    }
    if opens {
        words += &description(frame);
    }
    if !(opens && closes) {
        words += &format!(" [{}]", part(frame, here));
    }
    words + if closes { " |" } else { " .." }
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
    words + &format!(" {}", frame.length)
}

/// Which bytes of a frame `here` covers: `header 0..4 of 8`, `0..300 of 300`, or one after the other.
fn part(frame: &Frame, here: Bytes) -> String {
    let (header, payload) = (frame.header, frame.payload);
    let mut words = Vec::new();
    if here.0 < header.1 && (here.0 > header.0 || here.1 <= header.1) {
        words.push(format!(
            "header {}..{} of {}",
            here.0 - header.0,
            here.1.min(header.1) - header.0,
            header.length()
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
/// How much of a request target a segment's line shows.
const TARGET: usize = 48;
