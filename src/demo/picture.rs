//! A picture of one direction's bytes: a ruler, and below it a row of pieces for each way to cut them.
//!
//! ```text
//!               0              5              10
//!   2 sends     │ "hello"      │ "world"      │
//!   1 recv      │ 10 bytes                    │
//! ```
//!
//! An edge of a piece stands in the column of its byte, in every row, so that one sees which edges meet. `┊` is an edge
//! of a segment inside a piece of another row. What a piece is too narrow to hold stands in a key below.

mod columns;

use std::collections::BTreeSet;

use wireseam::report::schema::Bytes;

use self::columns::{Columns, Need};

/// A picture still without columns.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// What it shows, for the line above it.
    caption: String,
    /// Which bytes.
    bytes: Bytes,
    rows: Vec<Row>,
}

/// One way to cut the bytes.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// How many pieces of what.
    name: String,
    cells: Vec<Cell>,
    kind: Kind,
}

/// What a row's edges are to the other rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Edges that the network made: they are shown in rows of what was meant.
    Segments,
    /// Calls of the programs.
    Calls,
    /// What was meant: heads, frames, messages.
    Meant,
}

/// A piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) bytes: Bytes,
    /// What to write in it, the longest and best first; nothing where it needs no word.
    pub(super) labels: Vec<String>,
    /// Whether words stand beside the edges of segments in it, never over them.
    pub(super) shows_cuts: bool,
}

/// What lines are drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) edge: char,
    pub(super) cut: char,
    pub(super) ruler: char,
}

/// How a stretch of a picture is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// The caption.
    Caption,
    /// The ruler and the key's letters.
    Ruler,
    /// The name of a row.
    Name(Kind),
    /// Edges.
    Edge,
    /// Words in pieces.
    Word(Kind),
}

/// A line in stretches of one look each.
pub(super) type Line = Vec<(Look, String)>;

impl Picture {
    pub(super) fn new(caption: impl Into<String>, bytes: Bytes) -> Self {
        Self {
            caption: caption.into(),
            bytes,
            rows: Vec::new(),
        }
    }

    /// Adds a row of what lies within the picture's bytes; pieces that reach beyond are cut there.
    pub(super) fn row(mut self, name: &str, kind: Kind, cells: Vec<Cell>) -> Self {
        let window = self.bytes;
        let cells: Vec<_> = cells
            .into_iter()
            .filter(|cell| cell.bytes.overlaps(window))
            .map(|cell| Cell {
                bytes: Bytes(cell.bytes.0.max(window.0), cell.bytes.1.min(window.1)),
                ..cell
            })
            .collect();
        self.rows.push(Row {
            name: name.to_owned(),
            cells,
            kind,
        });
        self
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.bytes
    }

    /// How many columns stand in front of the bytes.
    pub(super) fn margin(&self) -> usize {
        let names = self.rows.iter().map(|row| row.name.chars().count());
        INDENT + names.max().unwrap_or(0) + GAP
    }

    /// Draws it into so many columns, of which some are in front of the bytes.
    pub(super) fn lines(&self, width: usize, margin: usize, signs: Signs) -> Vec<Line> {
        let stops: BTreeSet<_> = self.edges().collect();
        let stops: Vec<_> = stops.into_iter().collect();
        let cuts = self.cuts();
        let needs: Vec<_> = self.needs(&stops, &cuts).collect();
        let columns = Columns::new(&stops, &needs, width.saturating_sub(margin + 1));
        let mut caption = self.caption.clone();
        if !columns.is_to_scale() {
            caption.push_str("  (not to scale)");
        }
        let mut lines = vec![vec![
            (Look::Plain, " ".repeat(INDENT)),
            (Look::Caption, caption),
        ]];
        lines.push(vec![
            (Look::Plain, " ".repeat(margin)),
            (Look::Ruler, columns.ruler(signs.ruler)),
        ]);
        let mut keys = Vec::new();
        for row in &self.rows {
            let mut line = vec![
                (Look::Plain, " ".repeat(INDENT)),
                (
                    Look::Name(row.kind),
                    format!("{:1$}", row.name, margin - INDENT),
                ),
            ];
            line.extend(draw(row, &columns, &cuts, signs, &mut keys));
            lines.push(line);
        }
        for (letter, label) in keys {
            lines.push(vec![
                (Look::Plain, " ".repeat(margin)),
                (Look::Ruler, letter.to_string()),
                (Look::Plain, format!("  {label}")),
            ]);
        }
        lines
    }

    /// The edges of segments.
    fn cuts(&self) -> BTreeSet<u64> {
        let rows = self.rows.iter().filter(|row| row.kind == Kind::Segments);
        let cells = rows.flat_map(|row| &row.cells);
        cells
            .flat_map(|cell| [cell.bytes.0, cell.bytes.1])
            .collect()
    }

    fn edges(&self) -> impl Iterator<Item = u64> {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        cells
            .flat_map(|cell| [cell.bytes.0, cell.bytes.1])
            .chain([self.bytes.0, self.bytes.1])
    }

    fn needs<'a>(
        &'a self,
        stops: &'a [u64],
        cuts: &'a BTreeSet<u64>,
    ) -> impl Iterator<Item = Need> + 'a {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.filter_map(|cell| {
            let first_cut = cell.cuts(cuts).next().filter(|_| cell.shows_cuts);
            let end = first_cut.unwrap_or(cell.bytes.1);
            Some(Need {
                from: stops.binary_search(&cell.bytes.0).ok()?,
                to: stops.binary_search(&end).ok()?,
                widths: cell
                    .labels
                    .iter()
                    .map(|label| label.chars().count() + 1)
                    .collect(),
            })
        })
    }
}

/// A row's pieces in their columns; what does not fit goes into the key.
fn draw(
    row: &Row,
    columns: &Columns,
    cuts: &BTreeSet<u64>,
    signs: Signs,
    keys: &mut Vec<(char, String)>,
) -> Line {
    let mut canvas = vec![(Look::Plain, ' '); columns.width() + 1];
    let mut put = |column: usize, look, sign| {
        if let Some(place) = canvas.get_mut(column) {
            *place = (look, sign);
        }
    };
    let none = BTreeSet::new();
    let cuts = if row.kind == Kind::Meant { cuts } else { &none };
    for cell in &row.cells {
        let (from, to) = (columns.of(cell.bytes.0), columns.of(cell.bytes.1));
        for cut in cell.cuts(cuts) {
            put(columns.of(cut), Look::Edge, signs.cut);
        }
        let (begin, label) = place(cell, columns, cuts).unwrap_or_else(|| {
            let letter = cell.labels.first().filter(|_| to > from + 1);
            let letter = letter.map(|label| key(keys, label).to_string());
            (from + 1, letter.unwrap_or_default())
        });
        for (column, sign) in (begin..).zip(label.chars()) {
            put(column, Look::Word(row.kind), sign);
        }
        put(from, Look::Edge, signs.edge);
        put(to, Look::Edge, signs.edge);
    }
    let mut line: Line = Vec::new();
    for (look, sign) in canvas {
        match line.last_mut() {
            Some((same, text)) if *same == look => text.push(sign),
            _ => line.push((look, sign.to_string())),
        }
    }
    line
}

/// Where which of a piece's labels fits: beside the edges of segments if it can be, and over them if it may be.
fn place(cell: &Cell, columns: &Columns, cuts: &BTreeSet<u64>) -> Option<(usize, String)> {
    let Bytes(from, to) = cell.bytes;
    let edges: Vec<_> = [from]
        .into_iter()
        .chain(cell.cuts(cuts))
        .chain([to])
        .collect();
    let between = edges
        .windows(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
    let beside: Vec<_> = between.collect();
    let fits = |label: &String, (from, to): (u64, u64)| {
        let (from, to) = (columns.of(from), columns.of(to));
        let room = to.saturating_sub(from + 1);
        let length = label.chars().count();
        let indent = usize::from(room >= length + 2);
        (length <= room).then(|| (from + 1 + indent, label.clone()))
    };
    cell.labels.iter().find_map(|label| {
        let mut stretches = beside.iter();
        let uncut = stretches.find_map(|stretch| fits(label, *stretch));
        uncut.or_else(|| fits(label, (from, to)).filter(|_| !cell.shows_cuts))
    })
}

/// The letter that stands for a label.
fn key(keys: &mut Vec<(char, String)>, label: &str) -> char {
    if let Some((letter, _)) = keys.iter().find(|(_, its)| its == label) {
        return *letter;
    }
    let letter = ('a'..='z').nth(keys.len()).unwrap_or('*');
    keys.push((letter, label.to_owned()));
    letter
}

impl Cell {
    pub(super) fn new<T: Into<String>>(bytes: Bytes, labels: impl IntoIterator<Item = T>) -> Self {
        Self {
            bytes,
            labels: labels.into_iter().map(Into::into).collect(),
            shows_cuts: false,
        }
    }

    /// The same, in which the edges of segments are what matters.
    pub(super) fn showing_cuts(self) -> Self {
        Self {
            shows_cuts: true,
            ..self
        }
    }

    /// The edges of segments in it.
    fn cuts<'a>(&self, cuts: &'a BTreeSet<u64>) -> impl Iterator<Item = u64> + 'a {
        let Bytes(from, to) = self.bytes;
        cuts.range(from + 1..to.max(from + 1)).copied()
    }
}

impl Signs {
    pub(super) const UNICODE: Self = Self {
        edge: '│',
        cut: '┊',
        ruler: '─',
    };
    pub(super) const ASCII: Self = Self {
        edge: '|',
        cut: ':',
        ruler: '-',
    };
}

/// How far everything stands from the left.
const INDENT: usize = 2;

/// Between the names of rows and the bytes.
const GAP: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(picture: &Picture, width: usize) -> Vec<String> {
        let lines = picture.lines(width, picture.margin(), Signs::ASCII);
        lines
            .into_iter()
            .map(|line| {
                let line: String = line.into_iter().map(|(_, text)| text).collect();
                line.trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn edges_of_the_same_byte_stand_in_one_column() {
        let cell = |from, to, label: &str| Cell::new(Bytes(from, to), [label]);
        let picture = Picture::new("x", Bytes(0, 10))
            .row(
                "sends",
                Kind::Calls,
                vec![cell(0, 5, "hello"), cell(5, 10, "world")],
            )
            .row(
                "segments",
                Kind::Segments,
                vec![cell(0, 7, "7"), cell(7, 10, "3")],
            )
            .row(
                "messages",
                Kind::Meant,
                vec![cell(0, 5, "m"), cell(5, 10, "n")],
            );
        assert_eq!(
            lines(&picture, 44),
            [
                "  x",
                "            0--------------5-----7-------10",
                "  sends     | hello        | world        |",
                "  segments  | 7                  | 3      |",
                "  messages  | m            | n   :        |",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_has_a_key() {
        let picture = Picture::new("x", Bytes(0, 1_000_000)).row(
            "frames",
            Kind::Meant,
            vec![
                Cell::new(Bytes(0, 2), ["a header of two bytes"]),
                Cell::new(Bytes(2, 1_000_000), ["payload"]),
            ],
        );
        assert_eq!(
            lines(&picture, 34),
            [
                "  x  (not to scale)",
                "          0--2-------------1000000",
                "  frames  |a | payload           |",
                "          a  a header of two bytes",
            ]
        );
    }
}
