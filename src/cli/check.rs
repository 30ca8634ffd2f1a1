//! What can be typed of commands that check fixtures and accept their maps.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wireseam::check::output::Form;

/// `wireseam check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Which fixtures.
    #[command(flatten)]
    pub(crate) which: Which,
    /// List the fixtures and check none
    #[arg(long)]
    pub(crate) list: bool,
    /// Write nothing but the report: where the environment has CI set, as continuous integration does, that is so anyway
    #[arg(long)]
    pub(crate) ci: bool,
    /// How to write the report
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) format: CheckFormat,
    /// Write the report into a file as well: --report junit=results.xml; may be given more than once
    #[arg(long, value_name = "FORMAT=FILE", value_parser = report)]
    pub(crate) report: Vec<(CheckFormat, PathBuf)>,
    /// Say nothing where nothing is wrong
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `wireseam accept`.
#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// Which fixtures.
    #[command(flatten)]
    pub(crate) which: Which,
    /// Also delete accepted maps whose fixture is gone
    #[arg(long)]
    pub(crate) delete_stale: bool,
}

/// `wireseam review`.
#[derive(Debug, Args)]
pub(crate) struct Review {
    /// Which fixtures.
    #[command(flatten)]
    pub(crate) which: Which,
}

/// Which fixtures.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Scripts, captures, and folders of them; the folder `fixtures` where none is named
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only fixtures with such an id: alignment/torn-mask, 'alignment/*', '*mask*'; may be given more than once
    #[arg(short, long, value_name = "ID")]
    pub(crate) select: Vec<String>,
}

/// In which form to write what came of checking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// What is wrong, and how to see it
    #[default]
    Text,
    /// JUnit's XML
    Junit,
    /// The Test Anything Protocol
    Tap,
    /// Annotations of GitHub Actions
    Github,
    /// A JSON object a line
    Ndjson,
    /// An index.json as the Autobahn test suite writes it
    Autobahn,
}

impl From<CheckFormat> for Form {
    fn from(format: CheckFormat) -> Self {
        match format {
            CheckFormat::Text => Self::Text,
            CheckFormat::Junit => Self::Junit,
            CheckFormat::Tap => Self::Tap,
            CheckFormat::Github => Self::Github,
            CheckFormat::Ndjson => Self::Ndjson,
            CheckFormat::Autobahn => Self::Autobahn,
        }
    }
}

fn report(text: &str) -> Result<(CheckFormat, PathBuf), String> {
    let (format, file) = text
        .split_once('=')
        .filter(|(_, file)| !file.is_empty())
        .ok_or("write FORMAT=FILE, as in junit=results.xml")?;
    Ok((CheckFormat::from_str(format, true)?, file.into()))
}

pub(super) const CHECK: &str = "\
A fixture is a conversation script, *.toml, or a capture of real programs beside which an accepted map lies. It is read anew
and held against its [claim] and against the accepted map, *.snap.

A map that differs is left beside the accepted one, *.snap.new, for `wireseam review` or `cargo insta review`.

Exit codes: 0 all is well, 1 something differs, is new or stale, 2 a script has a fault, 3 a capture cannot be read, 4 a file
cannot be written, 5 a report does not add up.

  wireseam check                              the folder fixtures
  wireseam check tests/captures --select 'close/*'
  wireseam check --ci --report junit=results.xml --format github";
