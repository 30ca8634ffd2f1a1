//! What can be typed of `wireseam demo`.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValue, PossibleValuesParser},
};

use super::Color;
use crate::demo;

/// `wireseam demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The lesson, by its name or its key; without one a terminal shows a menu, and anything else the first lesson
    #[arg(value_name = "LESSON", value_parser = lessons())]
    pub(crate) lesson: Option<String>,
    /// Show all lessons, one after the other
    #[arg(long, conflicts_with = "lesson")]
    pub(crate) all: bool,
    /// Keep captures and logs in this folder, not in a new temporary one
    #[arg(long, value_name = "FOLDER")]
    pub(crate) save: Option<PathBuf>,
    /// How many columns to use; those of the terminal, at most 120, where it is one, and 80 where not
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(80..=500))]
    pub(crate) width: Option<u16>,
    /// When to colour the pictures
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: Color,
}

/// A lesson's name or key.
fn lessons() -> PossibleValuesParser {
    let values = demo::names().map(|(name, key)| PossibleValue::new(name).alias(key));
    PossibleValuesParser::new(values)
}

pub(super) const DEMO: &str = "\
Examples:
  wireseam demo                          choose lessons by key
  wireseam demo sends                    the first one
  wireseam demo --all --save lessons     all of them, with their captures

Lessons are played over real sockets in a network namespace of their own, and captured there; no root is needed. Where such
namespaces are forbidden, and where this is not Linux, recordings of the same lessons are shown, and a line says so.

Exit codes: 0 fine, 2 usage, 4 the captures cannot be kept, 130 and 143 interrupted (SIGINT, SIGTERM)";
