//! A lesson as text: in so many columns, with or without colours, in Unicode or ASCII.

use std::path::Path;

use anstyle::{AnsiColor, Style};

use super::{
    lesson::{LESSONS, Lesson, Part},
    picture::{Kind, Line, Look, Signs},
    play::Played,
};

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Columns.
    pub(crate) width: usize,
    pub(crate) colours: bool,
    /// Whether only ASCII can be shown.
    pub(crate) ascii: bool,
}

impl Page {
    /// A lesson that was played.
    pub(super) fn lesson(self, lesson: &Lesson, played: &Played) -> String {
        let mut text = format!(
            "{}  {}\n",
            self.paint(BOLD, lesson.key),
            self.paint(BOLD, lesson.title)
        );
        self.paragraph(&mut text, "", &played.told.scene);
        text.push('\n');
        let margins = played.told.parts.iter().map(|part| match part {
            Part::Picture(picture) => picture.margin(),
            Part::Lines(_) => 0,
        });
        let margin = margins.max().unwrap_or(0);
        for part in &played.told.parts {
            match part {
                Part::Picture(picture) => {
                    let signs = if self.ascii {
                        Signs::ASCII
                    } else {
                        Signs::UNICODE
                    };
                    for line in picture.lines(self.width, margin, signs) {
                        self.line(&mut text, &line);
                    }
                }
                Part::Lines(lines) => {
                    for line in lines {
                        text.push_str(&self.sign(line));
                        text.push('\n');
                    }
                }
            }
        }
        text.push('\n');
        self.paragraph(&mut text, "notice", &played.told.notice);
        self.paragraph(&mut text, "not true", played.told.belief);
        let command = format!("{} inspect {}", program(), shell(&played.capture));
        // a command that is broken between lines cannot be copied
        let is_wide = command.chars().count() + INDENT > self.width;
        text.push_str(&self.word("look"));
        text.push_str(if is_wide { "\n" } else { "" });
        text.push_str(&command);
        text.push('\n');
        text
    }

    /// All lessons, a line each.
    pub(super) fn list(self) -> String {
        let lines = LESSONS.iter().map(|lesson| {
            format!(
                "  {}  {:11}{}\n",
                self.paint(BOLD, lesson.key),
                lesson.name,
                lesson.title
            )
        });
        lines.collect()
    }

    /// A paragraph.
    pub(super) fn text(self, paragraph: &str) -> String {
        let mut text = String::new();
        self.paragraph(&mut text, "", paragraph);
        text
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(BOLD, text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.paint(FAINT, text)
    }

    fn line(self, text: &mut String, line: &Line) {
        let mut whole = String::new();
        for (look, piece) in line {
            whole.push_str(&self.paint(style(*look), &self.sign(piece)));
        }
        text.push_str(whole.trim_end());
        text.push('\n');
    }

    /// A paragraph behind a word.
    fn paragraph(self, text: &mut String, word: &str, paragraph: &str) {
        let (indent, mut first) = match word {
            "" => (2, "  ".to_owned()),
            word => (INDENT, self.word(word)),
        };
        for line in wrap(&self.sign(paragraph), self.width - indent) {
            text.push_str(&first);
            text.push_str(&line);
            text.push('\n');
            first = " ".repeat(indent);
        }
    }

    fn word(self, word: &str) -> String {
        self.paint(BOLD, &format!("  {word:width$}", width = INDENT - 2))
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.colours && style != Style::new() && !text.trim().is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn sign(self, text: &str) -> String {
        let plain = |c: char| if self.ascii && !c.is_ascii() { '?' } else { c };
        text.chars().map(plain).collect()
    }
}

fn style(look: Look) -> Style {
    match look {
        Look::Plain => Style::new(),
        Look::Caption => BOLD,
        Look::Ruler | Look::Edge => FAINT,
        Look::Name(kind) | Look::Word(kind) => match kind {
            Kind::Calls => AnsiColor::Green.on_default(),
            Kind::Segments => AnsiColor::Yellow.on_default(),
            Kind::Meant => AnsiColor::Cyan.on_default(),
        },
    }
}

/// Lines of so many columns, broken between words.
fn wrap(paragraph: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in paragraph.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What was typed to run this.
fn program() -> String {
    let typed = std::env::args_os().next();
    typed.map_or_else(|| "wireseam".to_owned(), |typed| shell(Path::new(&typed)))
}

/// A path as a shell reads it.
fn shell(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

/// How far sentences behind a word stand from the left.
const INDENT: usize = 12;

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
