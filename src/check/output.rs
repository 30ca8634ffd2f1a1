//! What is said of the fixtures that were checked: to a person, and to the programs that show test results.

mod autobahn;
mod github;
mod junit;
mod lines;
mod tap;
mod text;

use std::io;

use super::{Checked, Stray, Straying, Verdict};

/// All that was checked in one run.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The fixtures, by path.
    pub checked: Vec<Checked>,
    /// Files that belong to none.
    pub strays: Vec<Stray>,
    /// Whether maps that differ were left for somebody to look at.
    pub left_pending: bool,
}

/// How to write a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// For a person: what is wrong and how to see it again.
    #[default]
    Text,
    /// JUnit's XML, which most continuous integration shows as test results.
    Junit,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// Commands by which GitHub puts notes beside the files of a change.
    Github,
    /// A JSON object a line, the totals last.
    Ndjson,
    /// An `index.json` as the Autobahn test suite writes it.
    Autobahn,
}

impl Form {
    /// Writes a run in this form.
    ///
    /// # Errors
    ///
    /// Writing fails.
    pub fn write(self, run: &Run, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(run, out),
            Self::Junit => junit::write(run, out),
            Self::Tap => tap::write(run, out),
            Self::Github => github::write(run, out),
            Self::Ndjson => lines::write(run, out),
            Self::Autobahn => autobahn::write(run, out),
        }
    }
}

impl Run {
    /// The worst that is to be said of a fixture; a file that belongs to none is like one that differs.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let stray = self.strays.first().map(|_| Verdict::Differs);
        let worst = self.checked.iter().map(Checked::verdict).chain(stray).max();
        worst.unwrap_or(Verdict::Ok)
    }

    /// How many fixtures have a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checked
            .iter()
            .filter(|checked| checked.verdict() == verdict)
            .count()
    }
}

impl Stray {
    /// What is to be said of it.
    fn text(&self) -> &'static str {
        match self.what {
            Straying::Stale => {
                "an accepted map whose fixture is gone; delete it, or give it its fixture's name"
            }
            Straying::StalePending => {
                "a map that waits for review, and whose fixture is gone; delete it"
            }
        }
    }
}

/// What is to be said of one fixture: each problem, and the bytes there.
fn sentences(checked: &Checked) -> Vec<String> {
    let mut sentences = Vec::new();
    for problem in &checked.problems {
        sentences.push(problem.to_string());
        sentences.extend(problem.around().map(|around| format!("at {around}")));
    }
    if checked.map.is_some() && !checked.problems.is_empty() {
        sentences.push(format!("see it: {}", checked.command()));
    }
    sentences
}

const VERDICTS: [Verdict; 6] = [
    Verdict::Ok,
    Verdict::New,
    Verdict::Differs,
    Verdict::Contradicts,
    Verdict::Unreadable,
    Verdict::Faulty,
];
