//! Workflow commands of GitHub Actions: a note beside the script, or beside the line of the accepted map.

use std::io::{self, Write};

use super::{Run, sentences};
use crate::check::{Problem, Verdict};

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    for checked in run
        .checked
        .iter()
        .filter(|checked| !checked.problems.is_empty())
    {
        let mut place = format!(
            "file={}",
            property(&checked.fixture.path.display().to_string())
        );
        if let Some(Problem::Map { difference, .. }) = checked.problems.first() {
            // of the file the map begins behind three lines of metadata
            let file = checked.fixture.snapshot().display().to_string();
            place = format!(
                "file={},line={}",
                property(&file),
                difference.line + METADATA
            );
        }
        let title = property(&format!("{}: {}", checked.verdict(), checked.fixture.id));
        let text = data(&sentences(checked).join("\n"));
        writeln!(out, "::error {place},title={title}::{text}")?;
    }
    for stray in &run.strays {
        let file = property(&stray.path.display().to_string());
        writeln!(
            out,
            "::error file={file},title=stale::{}",
            data(stray.text())
        )?;
    }
    let bad = run.checked.len() - run.count(Verdict::Ok) + run.strays.len();
    let fixtures = if run.checked.len() == 1 {
        "fixture"
    } else {
        "fixtures"
    };
    writeln!(
        out,
        "::notice title=wireseam::{} {fixtures}, {bad} with something wrong",
        run.checked.len()
    )
}

/// How many lines stand in front of the map in a snapshot that has no more metadata than its source.
const METADATA: usize = 3;

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
