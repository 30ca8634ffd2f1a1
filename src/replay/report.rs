//! What came of replaying fixtures, gathered to be written: as a table for people, as JSON for programs.

mod cuts;
mod json;
mod text;

use super::{fixture::Fixture, judge::Verdict, trial::Trial};
use crate::command_line::quoted;
use crate::report::Escaped;

pub use self::{
    json::{document, fixture_line, total_line, trial_line},
    text::write_text,
};

/// Everything that came of replaying fixtures into implementations.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// What was asked to be replayed into, as it was typed, each with what it calls itself.
    pub implementations: Vec<Implementation>,
    /// The fixtures, in order.
    pub fixtures: Vec<Tried>,
}

/// An implementation, as it was asked for and as it calls itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Implementation {
    /// What was typed behind `--to`.
    pub asked: String,
    /// Name and version.
    pub name: String,
}

/// A fixture and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// Its path.
    pub name: String,
    /// What cannot be replayed of it.
    pub left_out: Vec<String>,
    /// Where its claim and this library's reading of it differ.
    pub differences: Vec<String>,
    /// The trials, for each implementation in order.
    pub trials: Vec<Vec<Trial>>,
}

impl Tried {
    /// A fixture that was not replayed yet.
    #[must_use]
    pub fn new(fixture: &Fixture) -> Self {
        Self {
            name: fixture.name.clone(),
            left_out: fixture.left_out.clone(),
            differences: fixture
                .differences
                .iter()
                .map(ToString::to_string)
                .collect(),
            trials: Vec::new(),
        }
    }
}

/// The word for the trials of one fixture together: the worst of them.
fn word(trials: &[Trial]) -> &'static str {
    if trials.iter().any(|trial| trial.broken.is_some()) {
        return "NO RESULT";
    }
    match trials.iter().map(|trial| trial.verdict).max() {
        None => "-",
        Some(Verdict::Ok) => "OK",
        Some(Verdict::Informational) => "INFORMATIONAL",
        Some(Verdict::NonStrict) => "NON-STRICT",
        Some(Verdict::Unimplemented) => "UNIMPLEMENTED",
        Some(Verdict::Failed) => "FAILED",
    }
}

/// The command that replays the failed segmentation of a trial again; `None` where it has not failed, or where nothing was typed
/// to replay it.
#[must_use]
pub fn again(trial: &Trial, asked: &str) -> Option<String> {
    let failed = trial.failed.as_ref().filter(|_| !asked.is_empty())?;
    Some(format!(
        "wireseam replay {} --to {} --role {} --segmentation {}",
        quoted(&trial.fixture),
        quoted(asked),
        trial.role,
        failed.cuts.name
    ))
}

/// Text that cannot speak to a terminal; bytes that are written in backslashes already stay as they are.
fn escaped(text: &str) -> String {
    Escaped(text).to_string().replace(r"\\", r"\")
}
