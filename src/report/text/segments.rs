//! The map by segment: one line a segment, what of the stream lies in it.

use std::{
    io::{self, Write},
    iter::Peekable,
    vec,
};

use wireseam_analyzer::{Direction, GapCause, SegmentKind};

use super::{
    arrow,
    layout::{Palette, columns, count, paint, widest, wrap},
    pieces::Contents,
    torn,
};
use crate::report::schema::{Connection, Directions, Gap, Segment};

pub(super) fn write(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
) -> io::Result<()> {
    let shown: Vec<_> = connection
        .segments
        .iter()
        .filter(|segment| segment.kind.0 != SegmentKind::Ack)
        .collect();
    let silent = (connection.segments.len() - shown.len()) as u64;
    let left_out = if silent > 0 {
        format!(
            "  ({} without data not shown)",
            count(silent, "acknowledgement")
        )
    } else {
        String::new()
    };
    writeln!(
        out,
        "\n  {}{}",
        paint(palette.heading, "segments"),
        paint(palette.faint, left_out)
    )?;
    let rows: Vec<_> = shown.iter().map(|segment| Row::of(segment)).collect();
    let headings = Row {
        packet: "packet".to_owned(),
        time: "time".to_owned(),
        span: "bytes".to_owned(),
        length: "length".to_owned(),
    };
    let width = |column: fn(&Row) -> &str| widest(rows.iter().chain([&headings]).map(column));
    let widths = [
        width(|row| &row.packet),
        width(|row| &row.time),
        width(|row| &row.span),
        width(|row| &row.length),
    ];
    writeln!(out, "     {}", paint(palette.faint, headings.line(widths)))?;
    let contents = Contents::of(connection);
    let cuts = torn::by_packet(connection);
    let mut gaps = Gaps::of(connection);
    for (segment, row) in shown.iter().zip(&rows) {
        while let Some(gap) = gaps.next_before(segment) {
            write_gap(out, palette, widths, segment.direction.0, gap)?;
        }
        row.write(out, palette, widths, segment, &contents)?;
        let indent = " ".repeat(content_column(widths));
        for sentence in cuts
            .get(&(segment.direction.0, segment.packet))
            .into_iter()
            .flatten()
        {
            writeln!(out, "{indent}{}", paint(palette.notable, sentence))?;
        }
    }
    for (direction, gap) in gaps.rest() {
        write_gap(out, palette, widths, direction, gap)?;
    }
    Ok(())
}

/// The gaps that get a line: not those of the snapshot length, which the segment's own line tells.
struct Gaps<'a>([Peekable<vec::IntoIter<&'a Gap>>; 2]);

impl<'a> Gaps<'a> {
    fn of(connection: &'a Connection) -> Self {
        let Directions {
            client_to_server,
            server_to_client,
        } = &connection.directions;
        Self([client_to_server, server_to_client].map(|totals| {
            let gaps = totals
                .gaps
                .iter()
                .filter(|gap| gap.cause.0 != GapCause::SnapLength);
            gaps.collect::<Vec<_>>().into_iter().peekable()
        }))
    }

    /// The next one that lies before a segment in its stream.
    fn next_before(&mut self, segment: &Segment) -> Option<&'a Gap> {
        let [up, down] = &mut self.0;
        let gaps = match segment.direction.0 {
            Direction::ClientToServer => up,
            Direction::ServerToClient => down,
        };
        gaps.next_if(|gap| gap.span.1 <= segment.span.0)
    }

    fn rest(self) -> impl Iterator<Item = (Direction, &'a Gap)> {
        Direction::BOTH
            .into_iter()
            .zip(self.0)
            .flat_map(|(direction, gaps)| gaps.map(move |gap| (direction, gap)))
    }
}

/// `>       -                 877..1013     136  not captured: the capture lost it`.
fn write_gap(
    out: &mut dyn Write,
    palette: &Palette,
    widths: [usize; 4],
    direction: Direction,
    gap: &Gap,
) -> io::Result<()> {
    let row = Row {
        packet: "-".to_owned(),
        time: String::new(),
        span: gap.span.to_string(),
        length: gap.span.length().to_string(),
    };
    let why = match gap.cause.0 {
        GapCause::Capture => "missing: it was received, the capture lost it",
        GapCause::Network => "missing: it never arrived",
        GapCause::SnapLength => "missing: cut off by the snapshot length",
        GapCause::Unknown => "missing: nothing tells why",
    };
    let arrow = paint(palette.direction(direction), arrow(direction));
    writeln!(
        out,
        "  {arrow}  {}  {}",
        row.line(widths),
        paint(palette.notable, why)
    )
}

/// Where what lies in a segment is written: behind the arrow and four columns.
fn content_column(widths: [usize; 4]) -> usize {
    "  >".len() + 4 * 2 + widths.iter().sum::<usize>() + 2
}

/// The columns of a segment's line that stand before what lies in it.
struct Row {
    packet: String,
    time: String,
    span: String,
    length: String,
}

impl Row {
    fn of(segment: &Segment) -> Self {
        let length = segment.span.length();
        Self {
            packet: format!("#{}", segment.packet),
            time: segment
                .time
                .map(|time| time.microseconds())
                .unwrap_or_default(),
            span: if length > 0 {
                segment.span.to_string()
            } else {
                String::new()
            },
            length: if length > 0 {
                length.to_string()
            } else {
                String::new()
            },
        }
    }

    /// The columns set beside each other.
    fn line(&self, [packet, time, span, length]: [usize; 4]) -> String {
        let Self {
            packet: number,
            time: at,
            span: bytes,
            length: count,
        } = self;
        format!("{number:>packet$}  {at:>time$}  {bytes:>span$}  {count:>length$}")
    }

    fn write(
        &self,
        out: &mut dyn Write,
        palette: &Palette,
        widths: [usize; 4],
        segment: &Segment,
        contents: &Contents<'_>,
    ) -> io::Result<()> {
        let direction = segment.direction.0;
        let front = self.line(widths);
        let arrow = paint(palette.direction(direction), arrow(direction));
        let indent = content_column(widths);
        let notes = notes(segment);
        let mut lines = wrap(
            &contents.in_segment(segment),
            " ",
            indent + columns(&notes) + 2,
        )
        .into_iter();
        let first = lines.next().unwrap_or_default();
        let separator = if notes.is_empty() || first.is_empty() {
            ""
        } else {
            "  "
        };
        let line = format!("{}{separator}{first}", paint(palette.notable, &notes));
        let front = if notes.is_empty() && first.is_empty() {
            front.trim_end()
        } else {
            &front
        };
        writeln!(
            out,
            "  {arrow}  {front}{}{line}",
            if notes.is_empty() && first.is_empty() {
                ""
            } else {
                "  "
            }
        )?;
        for line in lines {
            writeln!(out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }
}

/// What is to be said of a segment itself: its kind where it is not plain data, its control bits, what the capture did to it.
fn notes(segment: &Segment) -> String {
    let mut notes = Vec::new();
    match segment.kind.0 {
        SegmentKind::Data
        | SegmentKind::Syn
        | SegmentKind::Fin
        | SegmentKind::Rst
        | SegmentKind::Ack => {}
        SegmentKind::OutOfOrder => notes.push("out of order".to_owned()),
        SegmentKind::Retransmission => notes.push("retransmission".to_owned()),
        SegmentKind::PartialRetransmission => notes.push("partial retransmission".to_owned()),
        SegmentKind::Duplicate => notes.push("duplicate".to_owned()),
        SegmentKind::KeepAlive => notes.push("keep-alive".to_owned()),
        SegmentKind::ZeroWindowProbe => notes.push("zero-window probe".to_owned()),
        SegmentKind::OutOfWindow => {
            let place = segment.span.0;
            notes.push(format!("at {place}, outside the window, not counted"));
        }
    }
    let flags = segment.flags.0;
    for (flag, name) in [
        (wireseam_wire::Flags::SYN, "SYN"),
        (wireseam_wire::Flags::FIN, "FIN"),
        (wireseam_wire::Flags::RST, "RST"),
    ] {
        if flags.contains(flag) {
            notes.push(name.to_owned());
        }
    }
    if segment.super_segment {
        notes.push("super-segment".to_owned());
    }
    if u64::from(segment.captured) < segment.span.length() {
        notes.push(format!("{} captured", segment.captured));
    }
    notes.join(", ")
}
