//! What of the streams lies in a segment: tails, whole frames, heads; HTTP heads and bodies before them.

use std::collections::BTreeMap;

use wireseam_analyzer::{Direction, SegmentKind};

use super::layout::{count, elide};
use crate::report::{
    Escaped,
    schema::{Bytes, Carried, Connection, Frame, Piece, Request, Segment, WebSocket},
};

/// What is needed to say what lies in a connection's segments.
pub(super) struct Contents<'a> {
    websockets: &'a [WebSocket],
    heads: BTreeMap<(Direction, u64), Vec<String>>,
    /// Where each direction's first frame begins.
    frames_from: [u64; 2],
    otherwise: &'static str,
}

impl<'a> Contents<'a> {
    pub(super) fn of(connection: &'a Connection) -> Self {
        let has = |name: &str| connection.layers.iter().any(|layer| layer == name);
        Self {
            websockets: &connection.websockets,
            heads: heads(&connection.requests),
            frames_from: Direction::BOTH.map(|direction| frames_from(connection, direction)),
            otherwise: match () {
                () if has("tls") => "TLS",
                () if has("http2") => "HTTP/2",
                () if has("http") => "HTTP",
                () if has("websocket") => "before the first frame found",
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
        let mut pieces = Vec::new();
        let mut at = span.0;
        for carried in segment.carries.iter().flatten() {
            if at < carried.span.0 {
                pieces.extend(self.between(segment, Bytes(at, carried.span.0)));
            }
            pieces.extend(self.piece(carried));
            at = carried.span.1;
        }
        if at < span.1 {
            pieces.extend(self.between(segment, Bytes(at, span.1)));
        }
        join_edges(elide(pieces, PIECES, "frames"))
    }

    /// Names bytes that are in no frame.
    fn between(&self, segment: &Segment, bytes: Bytes) -> Vec<String> {
        let from = match segment.direction.0 {
            Direction::ClientToServer => self.frames_from[0],
            Direction::ServerToClient => self.frames_from[1],
        };
        if bytes.0 >= from {
            return vec![format!("| {} in no frame |", count(bytes.length(), "byte"))];
        }
        let direction = segment.direction.0;
        if let Some(heads) = self.heads.get(&(direction, segment.packet)) {
            return vec![heads.join(" + ")];
        }
        let (first, last) = ((direction, 0), (direction, segment.packet));
        let name = match self.otherwise {
            "HTTP" if self.heads.range(first..last).next().is_some() => "body",
            other => other,
        };
        if name.is_empty() {
            Vec::new()
        } else {
            vec![name.to_owned()]
        }
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

fn frames_from(connection: &Connection, direction: Direction) -> u64 {
    let segments = connection
        .segments
        .iter()
        .filter(|segment| segment.direction.0 == direction);
    let carried = segments.flat_map(|segment| segment.carries.iter().flatten());
    carried
        .map(|carried| carried.span.0)
        .min()
        .unwrap_or(u64::MAX)
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
