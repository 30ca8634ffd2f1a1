//! What can be wrong with a fixture, in the order of how bad it is.

use std::fmt;

use super::Around;
use crate::claim::{Difference, Place};

/// What is to be said of a fixture in a word. What comes later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All is as claimed and as accepted.
    Ok,
    /// No map was accepted for it yet.
    New,
    /// It is not as claimed, or its map not the accepted one.
    Differs,
    /// Its report does not add up: a fault of the one who reads, whatever was claimed.
    Contradicts,
    /// Its capture cannot be read.
    Unreadable,
    /// Its script has a fault.
    Faulty,
}

/// Something wrong with a fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The script has a fault; what, and where in it.
    Faulty(String),
    /// The capture, or the accepted map, cannot be read.
    Unreadable(String),
    /// The report does not add up.
    Contradiction(String),
    /// It is not as claimed.
    Claim {
        /// What differs.
        difference: Box<Difference>,
        /// The bytes there.
        around: Option<Box<Around>>,
    },
    /// Its map is not the accepted one.
    Map {
        /// Where it differs first.
        difference: Box<MapDifference>,
        /// The bytes that this line speaks of.
        around: Option<Box<Around>>,
    },
    /// No map was accepted for it yet.
    NotAccepted,
}

/// The first line in which a map differs from the accepted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapDifference {
    /// Its number in the map, from 1.
    pub line: usize,
    /// The accepted line; `None` where the accepted map has ended.
    pub accepted: Option<String>,
    /// The line as it is printed now; `None` where the map has ended.
    pub found: Option<String>,
    /// What it speaks of.
    pub place: Option<Place>,
}

impl Problem {
    /// How bad it is.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Faulty(_) => Verdict::Faulty,
            Self::Unreadable(_) => Verdict::Unreadable,
            Self::Contradiction(_) => Verdict::Contradicts,
            Self::Claim { .. } | Self::Map { .. } => Verdict::Differs,
            Self::NotAccepted => Verdict::New,
        }
    }

    /// The bytes of which it speaks.
    #[must_use]
    pub fn around(&self) -> Option<&Around> {
        match self {
            Self::Claim { around, .. } | Self::Map { around, .. } => around.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::New => "new",
            Self::Differs => "differs",
            Self::Contradicts => "contradicts",
            Self::Unreadable => "unreadable",
            Self::Faulty => "faulty",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faulty(text) | Self::Unreadable(text) => f.write_str(text),
            Self::Contradiction(text) => write!(f, "the report does not add up: {text}"),
            Self::Claim { difference, .. } => difference.fmt(f),
            Self::Map { difference, .. } => difference.fmt(f),
            Self::NotAccepted => f.write_str("no map was accepted for it yet"),
        }
    }
}

impl fmt::Display for MapDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |line: &Option<String>| match line {
            Some(line) => format!("\"{}\"", line.trim()),
            None => "the end".to_owned(),
        };
        write!(
            f,
            "line {} of the map: accepted {}, found {}",
            self.line,
            shown(&self.accepted),
            shown(&self.found)
        )
    }
}
