//! For a person.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Run, VERDICTS};
use crate::check::{Checked, Problem, Verdict};
use crate::report::Escaped;

/// Where what is said of a fixture begins.
const INDENT: &str = "    ";

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    for checked in run
        .checked
        .iter()
        .filter(|checked| !checked.problems.is_empty())
    {
        write_one(checked, out)?;
    }
    for stray in &run.strays {
        let style = style(Verdict::Differs);
        writeln!(out, "{style}stale{style:#}  {}", stray.path.display())?;
        writeln!(out, "{INDENT}{}", stray.text())?;
    }
    if !run
        .checked
        .iter()
        .all(|checked| checked.problems.is_empty())
        || !run.strays.is_empty()
    {
        writeln!(out)?;
    }
    writeln!(out, "{}", totals(run))?;
    if run.left_pending {
        writeln!(
            out,
            "look at the maps that differ: wireseam review; accept them all: wireseam accept"
        )?;
    }
    Ok(())
}

fn write_one(checked: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let verdict = checked.verdict();
    let style = style(verdict);
    let id = &checked.fixture.id;
    match Escaped(&checked.title).to_string().as_str() {
        "" => writeln!(out, "{style}{verdict}{style:#}  {id}")?,
        title => writeln!(out, "{style}{verdict}{style:#}  {id}  {title}")?,
    }
    let mut problems = checked.problems.iter().peekable();
    while let Some(problem) = problems.next() {
        for line in lines(checked, problem) {
            writeln!(out, "{INDENT}{line}")?;
        }
        let next = problems.peek().and_then(|next| next.around());
        if let Some(around) = problem.around().filter(|around| next != Some(*around)) {
            writeln!(out, "{INDENT}at {around}")?;
        }
    }
    if checked.map.is_some() {
        writeln!(out, "{INDENT}see it: {}", checked.command())?;
    }
    Ok(())
}

/// What is to be said of a problem.
fn lines(checked: &Checked, problem: &Problem) -> Vec<String> {
    let Problem::Map { difference, .. } = problem else {
        return problem.to_string().lines().map(str::to_owned).collect();
    };
    let (number, file) = (difference.line, checked.fixture.snapshot());
    let line = |sign, line: &Option<String>| {
        let line = line.as_deref().unwrap_or("(the map ends)");
        format!("{sign} {line}")
    };
    vec![
        format!(
            "line {number} of the map is not the accepted one ({}):",
            file.display()
        ),
        line('-', &difference.accepted),
        line('+', &difference.found),
    ]
}

fn totals(run: &Run) -> String {
    let all = run.checked.len();
    let fixtures = if all == 1 { "fixture" } else { "fixtures" };
    let counts = VERDICTS.iter().filter_map(|verdict| {
        let count = run.count(*verdict);
        (count > 0).then(|| format!("{count} {verdict}"))
    });
    let mut counts: Vec<String> = counts.collect();
    if !run.strays.is_empty() {
        counts.push(format!("{} stale", run.strays.len()));
    }
    match counts.as_slice() {
        [] => "0 fixtures".to_owned(),
        counts => format!("{all} {fixtures}: {}", counts.join(", ")),
    }
}

fn style(verdict: Verdict) -> Style {
    let colour = match verdict {
        Verdict::Ok => AnsiColor::Green,
        Verdict::New => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    Style::new().fg_color(Some(colour.into())).bold()
}
