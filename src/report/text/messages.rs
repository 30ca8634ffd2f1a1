//! The map by message: which packets carry it, how it lies in them, when it came.

use std::io::{self, Write};

use wireseam_analyzer::{AlignmentKind, PayloadPolicy};

use super::{
    arrow,
    layout::{Palette, WIDTH, columns, elide, paint, widest, wrap},
    missing::{Lacks, Missing},
    preview,
};
use crate::report::schema::{Alignment, Connection, Message, Payload, Slice, WebSocket};

pub(super) fn write(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
    websocket: &WebSocket,
    policy: PayloadPolicy,
) -> io::Result<()> {
    if websocket.messages.is_empty() {
        return Ok(());
    }
    let missing = Missing::of(connection, websocket);
    let messages = websocket.messages.iter();
    let lacks: Vec<_> = messages
        .map(|message| missing.of_message(message))
        .collect();
    let messages = websocket.messages.iter().zip(&lacks);
    let rows: Vec<_> = messages
        .map(|(message, lacks)| row(message, lacks))
        .collect();
    let mut widths = HEADINGS.map(columns);
    for (column, width) in widths.iter_mut().enumerate() {
        let widest = widest(rows.iter().map(|row| row[column].as_str()));
        *width = widest.min(WIDEST).max(*width);
    }
    let mut headings = HEADINGS.map(str::to_owned);
    if websocket
        .messages
        .iter()
        .any(|message| message.length != Some(message.wire_length))
    {
        headings[LENGTH] = "length (wire)".to_owned();
        widths[LENGTH] = widths[LENGTH].max(columns(&headings[LENGTH]));
    }
    make_room(&mut widths);
    writeln!(out, "\n  {}", paint(palette.heading, "messages"))?;
    writeln!(
        out,
        "  {}",
        paint(palette.faint, line(&headings, widths, " "))
    )?;
    for ((message, row), lacks) in websocket.messages.iter().zip(&rows).zip(&lacks) {
        write_message(out, palette, (message, lacks), row, widths, policy)?;
    }
    if websocket
        .messages
        .iter()
        .any(|message| message.alignment.retransmission)
    {
        writeln!(
            out,
            "  {}",
            paint(
                palette.faint,
                "* carried by more than one packet, or by a retransmission"
            )
        )?;
    }
    Ok(())
}

/// Narrows the column of alignments where it would leave the previews no room: few are long, and those push their own line.
fn make_room(widths: &mut [usize; COLUMNS]) {
    let arrow_and_gaps = 2 + 1 + 2 * (COLUMNS + 1);
    let taken = widths.iter().sum::<usize>() + arrow_and_gaps + PREVIEW;
    let narrowed = widths[ALIGNMENT].saturating_sub(taken.saturating_sub(WIDTH));
    widths[ALIGNMENT] = narrowed.max(columns(HEADINGS[ALIGNMENT]));
}

fn write_message(
    out: &mut dyn Write,
    palette: &Palette,
    (message, lacks): (&Message, &Lacks),
    row: &[String; COLUMNS],
    widths: [usize; COLUMNS],
    policy: PayloadPolicy,
) -> io::Result<()> {
    let indent = 2 + widths[0] + 5;
    let direction = message.direction.0;
    let front = line(
        row,
        widths,
        &paint(palette.direction(direction), arrow(direction)).to_string(),
    );
    let width = columns(&line(row, widths, arrow(direction)));
    let mut details = Vec::new();
    if message.slices.len() > 1 {
        details.extend(wrap(
            &elide(slices(&message.slices), SLICES, "slices"),
            "  ",
            indent,
        ));
    }
    details.extend(lacks.lines(indent));
    details.extend(remarks(message));
    let (preview, payload) = content(message, policy, WIDTH.saturating_sub(width + 4));
    writeln!(out, "{}", format!("  {front}  {preview}").trim_end())?;
    for detail in details {
        writeln!(out, "{:indent$}{}", "", paint(palette.faint, detail))?;
    }
    for line in payload {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    if let Some(sum) = &message.sha256 {
        writeln!(out, "{:indent$}sha256 {sum}", "")?;
    }
    Ok(())
}

/// A message in one line, but for what was said: `m2 binary 300  #9..#10  split 2 + coalesced with F3`.
pub(super) fn in_a_line(message: &Message) -> String {
    let [id, kind, length, _, _, packets, alignment, _] = row(message, &Lacks::default());
    format!("{id} {kind} {length}  {packets}  {alignment}")
}

/// What was said, as far as it is to be shown: the beginning in `room` columns, or all of it in lines of its own.
pub(super) fn content(
    message: &Message,
    policy: PayloadPolicy,
    room: usize,
) -> (String, Vec<String>) {
    match &message.payload {
        Some(payload) if is_undecoded(message, payload) => ("not decoded".to_owned(), Vec::new()),
        Some(payload) if policy == PayloadPolicy::Full => (String::new(), preview::whole(payload)),
        Some(payload) => (preview::beginning(payload, room), Vec::new()),
        None => Default::default(),
    }
}

/// The columns set beside each other; numbers and spans to the right.
fn line(row: &[String; COLUMNS], widths: [usize; COLUMNS], arrow: &str) -> String {
    let [id, kind, length, frames, span, packets, alignment, time] = row;
    let [
        w_id,
        w_kind,
        w_length,
        w_frames,
        w_span,
        w_packets,
        w_alignment,
        _,
    ] = widths;
    let line = format!(
        "{id:w_id$}  {arrow}  {kind:w_kind$}  {length:>w_length$}  {frames:w_frames$}  {span:>w_span$}  {packets:w_packets$}  {alignment:w_alignment$}  {time}"
    );
    line.trim_end().to_owned()
}

fn row(message: &Message, lacks: &Lacks) -> [String; COLUMNS] {
    let length = match message.length {
        Some(length) if message.compressed => {
            format!("{length} ({})", message.wire_length)
        }
        Some(length) => length.to_string(),
        None => format!("? ({})", message.wire_length),
    };
    [
        format!("m{}", message.id),
        message
            .opcode
            .map_or("?".to_owned(), |kind| kind.to_string()),
        length,
        frames(&message.frames),
        message.span.to_string(),
        packets(&message.slices),
        alignment(&message.alignment, lacks.segments()),
        time(message),
    ]
}

/// `#8`, `#9..#14`: the first and the last in the stream's order.
fn packets(slices: &[Slice]) -> String {
    let star = if slices.iter().any(|slice| slice.retransmitted) {
        "*"
    } else {
        ""
    };
    match (slices.first(), slices.last()) {
        (Some(first), Some(last)) if first.packet == last.packet => {
            format!("#{}{star}", first.packet)
        }
        (Some(first), Some(last)) => format!("#{}..#{}{star}", first.packet, last.packet),
        _ => String::new(),
    }
}

/// `F1`, `F1 F3 F4`, `F1 F3 .. F90 (40)`.
fn frames(frames: &[u64]) -> String {
    match frames {
        [first, second, .., last] if frames.len() > 4 => {
            format!("F{first} F{second} .. F{last} ({})", frames.len())
        }
        few => few
            .iter()
            .map(|frame| format!("F{frame}"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// `aligned`, `split 3`, `coalesced with F3`, `split 2 + coalesced with F3`, and what else is true of it.
fn alignment(alignment: &Alignment, missing: u64) -> String {
    let mut words = split(alignment, missing);
    if matches!(
        alignment.kind.0,
        AlignmentKind::Coalesced | AlignmentKind::SplitAndCoalesced
    ) {
        words.push(format!("coalesced{}", company(alignment)));
    }
    let mut words = if words.is_empty() {
        "aligned".to_owned()
    } else {
        words.join(" + ")
    };
    for (is, word) in [
        (alignment.gap, ", gap"),
        (alignment.super_segment, ", super-segment"),
    ] {
        if is {
            words += word;
        }
    }
    words
}

/// `split 3`, or `split 3 or more` where segments of it are missing, nobody knows how many; nothing where one carried it.
fn split(alignment: &Alignment, missing: u64) -> Vec<String> {
    let segments = alignment.segments + missing;
    let or_more = if missing > 0 { " or more" } else { "" };
    let is_split = missing > 0
        || matches!(
            alignment.kind.0,
            AlignmentKind::Split | AlignmentKind::SplitAndCoalesced
        );
    let words = is_split.then(|| format!("split {segments}{or_more}"));
    words.into_iter().collect()
}

/// ` with the handshake and F3 F4 F5 +12`.
fn company(alignment: &Alignment) -> String {
    let named = alignment
        .shares_with
        .iter()
        .take(COMPANY)
        .map(|frame| format!("F{frame}"));
    let handshake = alignment.with_handshake.then(|| "the handshake".to_owned());
    let mut frames: Vec<_> = named.collect();
    let more = alignment.shared_frames.saturating_sub(COMPANY as u64);
    if more > 0 {
        frames.push(format!("+{more}"));
    }
    let frames = (!frames.is_empty()).then(|| frames.join(" "));
    let company: Vec<_> = handshake.into_iter().chain(frames).collect();
    if company.is_empty() {
        String::new()
    } else {
        format!(" with {}", company.join(" and "))
    }
}

/// Whether all of it was captured and nothing of it could be made readable.
fn is_undecoded(message: &Message, payload: &Payload) -> bool {
    let nothing = |kept: &Option<String>| kept.as_deref().is_none_or(str::is_empty);
    message.complete
        && message.length.is_none()
        && nothing(&payload.text)
        && nothing(&payload.base64)
}

/// `0.010000`, or `0.010000..0.020000` from first byte to completed.
fn time(message: &Message) -> String {
    match (message.timing.first, message.timing.completed) {
        (Some(first), Some(completed)) if first == completed => first.microseconds(),
        (Some(first), Some(completed)) => {
            format!("{}..{}", first.microseconds(), completed.microseconds())
        }
        _ => String::new(),
    }
}

/// `#8 196..207`, with a star where these bytes were carried more than once.
fn slices(slices: &[Slice]) -> Vec<String> {
    let star = |slice: &Slice| if slice.retransmitted { "*" } else { "" };
    slices
        .iter()
        .map(|slice| format!("#{}{} {}", slice.packet, star(slice), slice.span))
        .collect()
}

/// What the columns leave open.
pub(super) fn remarks(message: &Message) -> Vec<String> {
    let timing = &message.timing;
    let mut remarks = Vec::new();
    if !message.complete && !message.alignment.gap {
        remarks.push("incomplete".to_owned());
    }
    let at_end = message.slices.last().map(|slice| slice.packet);
    if at_end.is_some_and(|packet| packet < timing.last_packet) {
        remarks.push(format!(
            "#{} carries earlier bytes of it and came last",
            timing.last_packet
        ));
    }
    if message.complete && timing.completed_by > timing.last_packet {
        let last = timing
            .last
            .map(|last| format!(" at {}", last.microseconds()))
            .unwrap_or_default();
        remarks.push(format!(
            "all of it there with #{}{last}, deliverable only with #{}, which fills a hole before it",
            timing.last_packet, timing.completed_by
        ));
    }
    if remarks.is_empty() {
        Vec::new()
    } else {
        vec![remarks.join("; ")]
    }
}

/// How many columns a message's line has, the arrow aside.
const COLUMNS: usize = 8;
/// What stands in them.
const HEADINGS: [&str; COLUMNS] = [
    "",
    "",
    "length",
    "frames",
    "bytes",
    "packets",
    "alignment",
    "first..completed",
];
/// The column of lengths, with the compressed ones in brackets.
const LENGTH: usize = 2;
/// The column of alignments, the widest.
const ALIGNMENT: usize = 6;
/// How many columns a preview is left at least.
const PREVIEW: usize = 8;
/// A column that is wider than this does not push the others of its table.
const WIDEST: usize = 40;
/// How many slices of one message are shown.
const SLICES: usize = 40;
/// How many of the frames are named that share a message's packets.
const COMPANY: usize = 3;
