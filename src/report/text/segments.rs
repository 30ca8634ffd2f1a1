//! The map by segment: one line a segment, what of the stream lies in it.

use std::{
    io::{self, Write},
    iter::Peekable,
    vec,
};

use wireseam_analyzer::{Direction, GapCause, SegmentKind};
use wireseam_wire::Flags;

use super::{
    arrow,
    layout::{Palette, columns, count, paint, widest, wrap},
    pieces::Contents,
    torn,
};
use crate::report::schema::{Connection, Directions, Gap, Seconds, Segment};

pub(super) fn write(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
) -> io::Result<()> {
    let folded = Folded::of(&connection.segments);
    let shown = connection.segments.iter();
    let shown: Vec<_> = shown.filter(|segment| !folded.has(segment)).collect();
    writeln!(
        out,
        "\n  {}{}",
        paint(palette.heading, "segments"),
        paint(palette.faint, folded.words())
    )?;
    if let Some(line) = backwards(&connection.segments) {
        writeln!(out, "  {}", paint(palette.notable, line))?;
    }
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

/// What gets no line: acknowledgements without data, and those captured twice; every duplicate, where most packets have one.
struct Folded {
    acknowledgements: u64,
    duplicates: u64,
    all_duplicates: bool,
}

impl Folded {
    fn of(segments: &[Segment]) -> Self {
        let number =
            |of: &dyn Fn(&Segment) -> bool| segments.iter().filter(|s| of(s)).count() as u64;
        let duplicates = number(&is_duplicate);
        let others = segments.len() as u64 - duplicates;
        let all_duplicates = duplicates >= DUPLICATES && 2 * duplicates >= others;
        Self {
            acknowledgements: number(&|segment| segment.kind.0 == SegmentKind::Ack),
            duplicates: if all_duplicates {
                duplicates
            } else {
                number(&|segment| is_duplicate(segment) && is_bare(segment))
            },
            all_duplicates,
        }
    }

    fn has(&self, segment: &Segment) -> bool {
        segment.kind.0 == SegmentKind::Ack
            || is_duplicate(segment) && (self.all_duplicates || is_bare(segment))
    }

    /// `  (5 acknowledgements without data not shown)`.
    fn words(&self) -> String {
        let acknowledgements = (self.acknowledgements > 0).then(|| {
            format!(
                "{} without data",
                count(self.acknowledgements, "acknowledgement")
            )
        });
        let of_what = if self.all_duplicates {
            ""
        } else {
            " of an acknowledgement"
        };
        let duplicates = (self.duplicates > 0)
            .then(|| format!("{}{of_what}", count(self.duplicates, "duplicate")));
        let words: Vec<_> = acknowledgements.into_iter().chain(duplicates).collect();
        if words.is_empty() {
            return String::new();
        }
        let why = if self.all_duplicates {
            ": most packets were captured twice"
        } else {
            ""
        };
        format!("  ({} not shown{why})", words.join(" and "))
    }
}

fn is_duplicate(segment: &Segment) -> bool {
    segment.kind.0 == SegmentKind::Duplicate
}

/// Whether it does nothing but acknowledge.
fn is_bare(segment: &Segment) -> bool {
    let flags = segment.flags.0;
    let control = [Flags::SYN, Flags::FIN, Flags::RST];
    segment.span.length() == 0 && !control.into_iter().any(|flag| flags.contains(flag))
}

/// That the times below do not rise: the clock was set back, or the packets are in another order.
fn backwards(segments: &[Segment]) -> Option<String> {
    let times = segments.iter().filter_map(|segment| segment.time);
    let times: Vec<_> = times.map(|time| time.nanoseconds).collect();
    let steps = times.windows(2).map(|pair| pair[0].saturating_sub(pair[1]));
    let steps: Vec<_> = steps.filter(|step| *step > 0).collect();
    let nanoseconds = steps.iter().copied().max()?;
    let packets = match steps.len() as u64 {
        1 => "1 packet is".to_owned(),
        many => format!("{many} packets are"),
    };
    let most = Seconds { nanoseconds }.microseconds();
    Some(format!(
        "the clock ran back: {packets} earlier than the one before, by {most} s at most"
    ))
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
    let syn = if flags.contains(Flags::ACK) {
        "SYN-ACK"
    } else {
        "SYN"
    };
    for (flag, name) in [(Flags::SYN, syn), (Flags::FIN, "FIN"), (Flags::RST, "RST")] {
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

/// Fewer duplicates than this are shown each.
const DUPLICATES: u64 = 5;

#[cfg(test)]
mod tests {
    use wireseam_analyzer::Direction;

    use super::*;
    use crate::report::schema::{Bytes, Word};

    fn segment(kind: SegmentKind, length: u64, flags: Flags, time: Option<i64>) -> Segment {
        Segment {
            packet: 1,
            direction: Word(Direction::ClientToServer),
            time: time.map(|nanoseconds| Seconds { nanoseconds }),
            span: Bytes(0, length),
            captured: 0,
            flags: crate::report::schema::Flags(flags),
            kind: Word(kind),
            super_segment: false,
            carries: None,
        }
    }

    /// How many of `data` segments and so many duplicates, of bare acknowledgements where they have no bytes, get a line.
    fn shown(data: usize, duplicates: usize, length: u64) -> (usize, String) {
        let data = (0..data).map(|_| segment(SegmentKind::Data, 1, Flags::ACK, None));
        let again = segment(SegmentKind::Duplicate, length, Flags::ACK, None);
        let segments: Vec<_> = data.chain((0..duplicates).map(|_| again.clone())).collect();
        let folded = Folded::of(&segments);
        let shown = segments.iter().filter(|segment| !folded.has(segment));
        (shown.count(), folded.words())
    }

    #[test]
    fn duplicates_are_shown_where_they_are_few() {
        let none = String::new;
        assert_eq!(shown(4, 4, 9), (8, none()));
        assert_eq!(shown(11, 5, 9), (16, none()));
        let why = "not shown: most packets were captured twice";
        assert_eq!(shown(10, 5, 9), (10, format!("  (5 duplicates {why})")));
        assert_eq!(
            shown(9, 1, 0),
            (
                9,
                "  (1 duplicate of an acknowledgement not shown)".to_owned()
            )
        );
    }

    #[test]
    fn a_duplicate_that_opens_or_ends_is_no_bare_acknowledgement() {
        for flag in [Flags::SYN, Flags::FIN, Flags::RST] {
            let again = segment(SegmentKind::Duplicate, 0, flag.with(Flags::ACK), None);
            assert!(!is_bare(&again), "{flag:?}");
        }
    }

    #[test]
    fn times_that_fall_are_told_with_the_largest_step() {
        let times = |times: &[Option<i64>]| {
            let segments = times.iter();
            let segments = segments.map(|time| segment(SegmentKind::Data, 1, Flags::ACK, *time));
            backwards(&segments.collect::<Vec<_>>())
        };
        assert_eq!(times(&[Some(1), Some(1), None, Some(2)]), None);
        let told = times(&[Some(9_000_000), None, Some(2_000_000), Some(1_000_000)]).unwrap();
        assert!(
            told.contains("2 packets are") && told.contains("by 0.007000 s"),
            "{told}"
        );
        assert!(times(&[Some(2), Some(1)]).unwrap().contains("1 packet is"));
    }
}
