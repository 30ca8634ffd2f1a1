//! The rows of a picture: what the programs did, what wireseam found, and how each piece is called in few columns.

use wireseam::report::schema::{Bytes, Frame, Message};
use wireseam_analyzer::Opcode;

use super::{
    picture::{Cell, Kind, Picture},
    take::{Stream, text, whole, within},
};

impl Picture {
    /// The calls of send(), with what each was given to send where that is said.
    pub(super) fn sends(self, stream: Stream<'_>, texts: &[&str]) -> Self {
        let pieces = stream.sends();
        let cells = pieces.into_iter().enumerate().map(|(at, bytes)| {
            let said = texts.get(at).map(|text| quoted(text));
            Cell::new(bytes, said.into_iter().chain(lengths(bytes)))
        });
        self.counted("send", "sends", Kind::Calls, cells.collect())
    }

    /// The segments, by length.
    pub(super) fn segments(self, stream: Stream<'_>) -> Self {
        let ends = stream.fin();
        let cells = by_length(stream.segments()).into_iter().map(|cell| {
            let label = format!("{} bytes, FIN", cell.bytes.length());
            let fin = (ends == Some(cell.bytes.1)).then_some(label);
            Cell::new(cell.bytes, fin.into_iter().chain(cell.labels))
        });
        let cells = cells.collect();
        self.counted("segment", "segments", Kind::Segments, cells)
    }

    /// The calls of recv(), by length.
    pub(super) fn receives(self, stream: Stream<'_>) -> Self {
        let cells = by_length(stream.receives());
        self.counted("recv", "recvs", Kind::Calls, cells)
    }

    /// HTTP heads, and what lies behind each.
    pub(super) fn http(self, stream: Stream<'_>) -> Self {
        let heads = stream.http().into_iter();
        let cells = heads.map(|(bytes, what)| {
            let method = what.split(' ').next().map(str::to_owned);
            Cell::new(bytes, [what.clone()].into_iter().chain(method))
        });
        self.row("HTTP", Kind::Meant, cells.collect())
    }

    /// The frames.
    pub(super) fn frames(self, stream: Stream<'_>) -> Self {
        let cells = stream
            .frames()
            .map(|frame| Cell::new(whole(frame), frame_labels(frame)));
        self.counted("frame", "frames", Kind::Meant, cells.collect())
    }

    /// What frames are made of: header, masking key, payload.
    pub(super) fn parts(self, stream: Stream<'_>) -> Self {
        let cells = stream.frames().flat_map(|frame| {
            let Bytes(from, to) = frame.header;
            let key = if frame.masked { to - MASKING_KEY } else { to };
            [
                Cell::new(Bytes(from, key), ["header", "hd", "h"]),
                Cell::new(Bytes(key, to), ["mask", "k"]),
                Cell::new(frame.payload, ["payload", "data", "p"]),
            ]
        });
        self.row(
            "parts",
            Kind::Meant,
            cells
                .filter(|cell| cell.bytes.length() > 0)
                .map(Cell::showing_cuts)
                .collect(),
        )
    }

    /// The messages.
    pub(super) fn messages(self, stream: Stream<'_>) -> Self {
        let count = stream
            .messages()
            .filter(|message| message.span.overlaps(self.bytes()))
            .count();
        let cells = stream
            .messages()
            .flat_map(|message| pieces(stream, message));
        let name = if count == 1 { "message" } else { "messages" };
        self.row(&format!("{count} {name}"), Kind::Meant, cells.collect())
    }

    /// A row named by how many pieces of what lie in it.
    pub(super) fn counted(self, one: &str, many: &str, kind: Kind, cells: Vec<Cell>) -> Self {
        let pieces = cells.iter().map(|cell| cell.bytes).collect();
        let count = within(pieces, self.bytes()).len();
        let name = if count == 1 { one } else { many };
        self.row(&format!("{count} {name}"), kind, cells)
    }
}

/// Single bytes speak for themselves.
fn by_length(pieces: Vec<Bytes>) -> Vec<Cell> {
    let cells = pieces.into_iter();
    cells
        .map(|bytes| Cell::new(bytes, lengths(bytes)))
        .collect()
}

fn lengths(bytes: Bytes) -> Vec<String> {
    match bytes.length() {
        1 => Vec::new(),
        length => vec![
            format!("{length} bytes"),
            format!("{length} B"),
            length.to_string(),
        ],
    }
}

fn frame_labels(frame: &Frame) -> [String; 3] {
    let name = match frame.opcode.0 {
        Opcode::Continuation => "more".to_owned(),
        opcode => opcode.to_string(),
    };
    let end = if frame.fin { "" } else { ", not fin" };
    let id = frame.id;
    [
        format!("F{id} {name}{end}"),
        format!("F{id} {name}"),
        format!("F{id}"),
    ]
}

fn message_labels(message: &Message) -> Vec<String> {
    let id = message.id;
    let short = format!("m{id}");
    match (text(message), message.length) {
        (Some(text), _) => [format!("m{id} {}", quoted(text)), quoted(text)]
            .into_iter()
            .chain(beginnings(&quoted(text)))
            .chain([short])
            .collect(),
        (None, Some(length)) => vec![format!("m{id} {length} bytes"), short],
        (None, None) => vec![short],
    }
}

/// The beginnings of a text that is too long.
fn beginnings(text: &str) -> impl Iterator<Item = String> {
    let length = text.chars().count();
    let shorter = [24, 16, 11, 8]
        .into_iter()
        .filter(move |most| *most < length);
    shorter.map(|most| text.chars().take(most - 2).chain("..".chars()).collect())
}

/// A message's runs of frames: between them lie frames of others.
fn pieces(stream: Stream<'_>, message: &Message) -> Vec<Cell> {
    let mut runs: Vec<Bytes> = Vec::new();
    for frame in stream
        .frames()
        .filter(|frame| frame.message == Some(message.id))
    {
        let frame = whole(frame);
        match runs.last_mut() {
            Some(run) if run.1 == frame.0 => run.1 = frame.1,
            _ => runs.push(frame),
        }
    }
    let more = vec![
        format!("more of m{}", message.id),
        format!("m{}", message.id),
    ];
    let labels = [message_labels(message)]
        .into_iter()
        .chain(std::iter::repeat(more));
    runs.into_iter()
        .zip(labels)
        .map(|(run, labels)| Cell::new(run, labels))
        .collect()
}

/// A text as it can be shown: what a terminal would obey is escaped.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text.chars().flat_map(|c| {
        let escaped = c.is_control().then(|| c.escape_debug());
        let plain = escaped.is_none().then_some(c);
        escaped.into_iter().flatten().chain(plain)
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// The length of a masking key (RFC 6455 5.3).
const MASKING_KEY: u64 = 4;
