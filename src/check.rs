//! Fixtures held against what they claim and against the maps that were accepted for them.
//!
//! ```text
//!   folder --find--> Fixture --read--> Report --judge--> is it as claimed?
//!                       |------read--> map ------------> is it the accepted one, `<case>.snap`?
//! ```
//!
//! A fixture is a conversation script, or a capture of real programs: a script whose `recording` names it, or one beside which
//! an accepted map lies. The claim says what is right, and was written before anything read the capture. The accepted map says
//! what was printed when somebody looked: where only that differs, somebody has to look again.
//!
//! In a test of your own, one line checks a folder:
//!
//! ```no_run
//! #[test]
//! fn fixtures() {
//!     wireseam::check::assert_folder("tests/fixtures");
//! }
//! ```
//!
//! The parts of it:
//!
//! ```no_run
//! use wireseam::check;
//!
//! let found = check::find(&["fixtures".into()])?;
//! for fixture in &found.fixtures {
//!     let checked = check::check(fixture);
//!     for problem in &checked.problems {
//!         println!("{}: {problem}", fixture.id);
//!     }
//! }
//! # Ok::<(), check::FindError>(())
//! ```

mod around;
mod asserted;
mod find;
mod mapped;
pub mod output;
mod problem;
mod read;
mod snapshot;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub use self::{
    around::Around,
    asserted::{assert_folder, is_ci},
    find::{FindError, Fixture, Found, Stray, Straying, find},
    problem::{MapDifference, Problem, Verdict},
    snapshot::{Accepted, Pending, WriteError, accept, pending, reject},
};

use wireseam_fixtures::Script;

use self::{mapped::first_difference, read::Read, snapshot::Snapshot};
use crate::case::Case;
use crate::command_line::quoted;

/// What came of one fixture.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The fixture.
    pub fixture: Fixture,
    /// Its title; empty where it has none.
    pub title: String,
    /// The capture of real programs that it is, or that its script names.
    pub recording: Option<PathBuf>,
    /// What is wrong with it, the worst first; nothing where all is as claimed and as accepted.
    pub problems: Vec<Problem>,
    /// Its map as it is printed now; `None` where it cannot be read.
    pub map: Option<String>,
    /// The status code with which the server closed its first WebSocket.
    pub close_code: Option<u16>,
    /// How long it took.
    pub took: Duration,
}

/// Reads a fixture and holds it against its claim and its accepted map.
#[must_use]
pub fn check(fixture: &Fixture) -> Checked {
    let began = Instant::now();
    let mut checked = Checked {
        fixture: fixture.clone(),
        title: String::new(),
        recording: None,
        problems: Vec::new(),
        map: None,
        close_code: None,
        took: Duration::ZERO,
    };
    match Case::open(&fixture.path) {
        Ok(case) => checked.hold_against(&case),
        Err(fault) => checked.problems.push(Problem::Faulty(fault.to_string())),
    }
    checked
        .problems
        .sort_by_key(|problem| std::cmp::Reverse(problem.verdict()));
    checked.took = began.elapsed();
    checked
}

impl Checked {
    /// What is to be said of it in a word.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let worst = self.problems.iter().map(Problem::verdict).max();
        worst.unwrap_or(Verdict::Ok)
    }

    fn hold_against(&mut self, case: &Case) {
        let title = case.script.as_ref().map(Script::title);
        self.title = title.unwrap_or_default().to_owned();
        self.recording = case.file().map(Path::to_path_buf);
        let read = match Read::of(case) {
            Ok(read) => read,
            Err(problem) => {
                self.problems.push(problem);
                return;
            }
        };
        let websockets = read
            .report
            .connections
            .iter()
            .flat_map(|connection| &connection.websockets);
        let close = websockets
            .filter_map(|websocket| websocket.close.server.as_ref())
            .next();
        self.close_code = close.and_then(|close| close.code);
        for difference in case.judge(&read.report) {
            let around = difference
                .place
                .and_then(|place| Around::find(case, &read.report, place));
            self.problems.push(Problem::Claim {
                difference: Box::new(difference),
                around: around.map(Box::new),
            });
        }
        self.problems
            .extend(read.contradictions.into_iter().map(Problem::Contradiction));
        match Snapshot::read(&self.fixture.snapshot()) {
            Ok(Some(accepted)) => {
                if let Some(difference) = first_difference(accepted.contents(), &read.map) {
                    let around = difference
                        .place
                        .and_then(|place| Around::find(case, &read.report, place));
                    self.problems.push(Problem::Map {
                        difference: Box::new(difference),
                        around: around.map(Box::new),
                    });
                }
            }
            Ok(None) => self.problems.push(Problem::NotAccepted),
            Err(cause) => self.problems.push(Problem::Unreadable(cause)),
        }
        self.map = Some(read.map);
    }

    /// Leaves the map of now beside an accepted one that differs or is not there, for somebody to look at; where it does not
    /// differ any longer, takes away what was left there.
    ///
    /// # Errors
    ///
    /// The file cannot be written or removed.
    pub fn leave_pending(&self) -> Result<(), WriteError> {
        let is_new = self
            .problems
            .iter()
            .any(|problem| matches!(problem, Problem::Map { .. } | Problem::NotAccepted));
        match &self.map {
            Some(map) if is_new => snapshot::leave(&self.fixture, map),
            Some(_) => snapshot::take_away(&self.fixture.pending()),
            None => Ok(()),
        }
    }

    /// What to type to see its map.
    #[must_use]
    pub fn command(&self) -> String {
        let path = |path: &Path| quoted(&path.display().to_string());
        match &self.recording {
            Some(recording) => format!("wireseam inspect {}", path(recording)),
            None => format!(
                "wireseam build {} | wireseam inspect -",
                path(&self.fixture.path)
            ),
        }
    }
}
