//! What is found in a fixture.

use wireseam_analyzer::{Config, PayloadPolicy};

use super::Problem;
use crate::case::Case;
use crate::report::{Palette, Render, Text, schema::Report};
use crate::verify::Verify;
use crate::{Error, Options};

/// What is found in a fixture.
pub(super) struct Read {
    pub(super) report: Report,
    pub(super) map: String,
    /// Where the report does not add up.
    pub(super) contradictions: Vec<String>,
}

impl Read {
    pub(super) fn of(case: &Case) -> Result<Self, Problem> {
        let unreadable = |cause: Error| Problem::Unreadable(cause.to_string());
        let open = || case.source().map_err(|cause| unreadable(cause.into()));
        let hashed = options(case, PayloadPolicy::Sha256);
        let report = crate::read(&mut open()?, &hashed).map_err(unreadable)?;
        let mut map = Vec::new();
        let mut text = Verify::new(Text::new(&mut map, Palette::plain()));
        let shown = options(case, PayloadPolicy::default());
        crate::inspect(&mut open()?, &shown, &mut text as &mut dyn Render).map_err(unreadable)?;
        let listed = text.verification().listed.iter();
        let contradictions = listed.map(ToString::to_string).collect();
        drop(text);
        Ok(Self {
            report,
            map: String::from_utf8_lossy(&map).into_owned(),
            contradictions,
        })
    }
}

fn options(case: &Case, payload: PayloadPolicy) -> Options {
    Options {
        name: case.name.clone(),
        config: Config {
            payload,
            ..Config::default()
        },
        ..Options::default()
    }
}
