//! Columns, wrapping, counting and colour: how the map is set, not what it says.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use wireseam_analyzer::Direction;

/// The width that lines of usual traffic keep within.
pub(super) const WIDTH: usize = 120;

/// The colours of a map; it reads the same without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    pub(super) heading: Style,
    pub(super) client: Style,
    pub(super) server: Style,
    pub(super) faint: Style,
    pub(super) notable: Style,
    pub(super) broken: Style,
}

impl Palette {
    /// No colours: for files, pipes and snapshots.
    #[must_use]
    pub fn plain() -> Self {
        Self::default()
    }

    /// The colours of a terminal's own scheme.
    #[must_use]
    pub fn coloured() -> Self {
        Self {
            heading: Style::new().bold(),
            client: AnsiColor::Cyan.on_default(),
            server: AnsiColor::Green.on_default(),
            faint: Style::new().dimmed(),
            notable: AnsiColor::Yellow.on_default(),
            broken: AnsiColor::Red.on_default(),
        }
    }

    pub(super) fn direction(&self, direction: Direction) -> Style {
        match direction {
            Direction::ClientToServer => self.client,
            Direction::ServerToClient => self.server,
        }
    }
}

/// Text in a style.
pub(super) fn paint<T: Display>(style: Style, text: T) -> impl Display {
    struct Painted<T>(Style, T);
    impl<T: Display> Display for Painted<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", self.0)?;
            self.1.fmt(f)?;
            write!(f, "{:#}", self.0)
        }
    }
    Painted(style, text)
}

/// `1 packet`, `2 packets`.
pub(in crate::report) fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// How many columns a text takes: characters, which is right for what traffic mostly is.
pub(super) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// The widest of some texts.
pub(super) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts.into_iter().map(columns).max().unwrap_or(0)
}

/// Words joined by `gap` into lines that end within [`WIDTH`], the first of them beginning at column `indent`.
pub(super) fn wrap(words: &[String], gap: &str, indent: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if indent + columns(line) + columns(gap) + columns(word) <= WIDTH => {
                line.push_str(gap);
                line.push_str(word);
            }
            _ => lines.push(word.clone()),
        }
    }
    lines
}

/// The items, or where there are more than `most`, the first and the last of them around how many were left out.
pub(super) fn elide(mut items: Vec<String>, most: usize, what: &str) -> Vec<String> {
    let tail = most / 4;
    if items.len() > most {
        let left_out = items.len() - most;
        let end = items.split_off(items.len() - tail);
        items.truncate(most - tail);
        items.push(format!("... {left_out} more {what} ..."));
        items.extend(end);
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elision_says_how_many_it_left_out() {
        let items: Vec<_> = (1..=10).map(|n| n.to_string()).collect();
        assert_eq!(
            elide(items.clone(), 4, "slices").join(" "),
            "1 2 3 ... 6 more slices ... 10"
        );
        assert_eq!(elide(items.clone(), 10, "slices"), items);
    }

    #[test]
    fn lines_break_between_words_within_the_width() {
        let words: Vec<_> = (0..30).map(|_| "12345678".to_owned()).collect();
        let lines = wrap(&words, "  ", 20);
        assert!(
            lines.len() == 3 && lines.iter().all(|line| columns(line) + 20 <= WIDTH),
            "{lines:?}"
        );
    }
}
