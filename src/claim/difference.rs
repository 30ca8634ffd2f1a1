//! One difference between claim and report, and the list in which they are gathered.

use std::fmt;

use wireseam_analyzer::Direction;

/// A place where a report is not as claimed. It prints as one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What the claim speaks of: `message 2 from the client (bytes 172..187, packet 9)`.
    pub about: String,
    /// What was claimed of it: `alignment split`.
    pub claimed: String,
    /// What was found.
    pub found: String,
    /// Where that begins, where it is something that lies in one place.
    pub place: Option<Place>,
}

/// A place in one direction's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The packet that carries the byte there.
    pub packet: u64,
    /// Which way it goes.
    pub direction: Direction,
    /// The stream offset.
    pub offset: u64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            about,
            claimed,
            found,
            place: _,
        } = self;
        write!(f, "{about}: claimed {claimed}, found {found}")
    }
}

/// The differences found so far.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) differences: Vec<Difference>,
    /// Where that which is judged lies.
    pub(super) place: Option<Place>,
}

impl Judgement {
    /// Compares two values as they print, where one is claimed.
    pub(super) fn compare(
        &mut self,
        about: &str,
        key: &str,
        claimed: Option<impl fmt::Display>,
        found: impl fmt::Display,
    ) {
        let Some(claimed) = claimed else {
            return;
        };
        let (claimed, found) = (claimed.to_string(), found.to_string());
        if claimed != found {
            self.differ(about, format!("{key} {claimed}"), found);
        }
    }

    /// Adds a difference.
    pub(super) fn differ(&mut self, about: &str, claimed: String, found: String) {
        self.differences.push(Difference {
            about: about.to_owned(),
            claimed,
            found,
            place: self.place,
        });
    }
}
