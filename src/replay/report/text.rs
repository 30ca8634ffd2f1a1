//! The table of verdicts, and below it everything that is not `OK`, for people.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{Replayed, Trial, again, cuts::Cuts, escaped, word};
use crate::replay::{
    judge::{Failure, FailureKind, Verdict},
    stream::Stream,
    trial::Failed,
};

/// Writes the table: a line for each fixture, a column for each implementation; then what is to be said of each.
///
/// # Errors
///
/// When `out` cannot be written.
pub fn write_text(out: &mut dyn Write, replayed: &Replayed) -> io::Result<()> {
    let names = replayed
        .fixtures
        .iter()
        .map(|fixture| escaped(&fixture.name).chars().count());
    let width = names.chain(["fixture".len()]).max().unwrap_or_default();
    write!(out, "{:width$}", "fixture")?;
    for implementation in &replayed.implementations {
        write!(out, "  {:CELL$}", escaped(&implementation.name))?;
    }
    writeln!(out)?;
    for fixture in &replayed.fixtures {
        let cells = fixture
            .trials
            .iter()
            .map(|trials| format!("{:CELL$}", word(trials)));
        let cells: Vec<String> = cells.collect();
        let line = format!("{:width$}  {}", escaped(&fixture.name), cells.join("  "));
        writeln!(out, "{}", line.trim_end())?;
    }
    for fixture in &replayed.fixtures {
        for why in &fixture.left_out {
            writeln!(
                out,
                "\nNOT REPLAYED  {}\n  {}",
                escaped(&fixture.name),
                escaped(why)
            )?;
        }
        for difference in &fixture.differences {
            writeln!(
                out,
                "\nCLAIM  {}\n  wireseam reads it otherwise, and the claim counts: {}",
                escaped(&fixture.name),
                escaped(difference)
            )?;
        }
    }
    for (at, implementation) in replayed.implementations.iter().enumerate() {
        let trials = replayed
            .fixtures
            .iter()
            .filter_map(|fixture| fixture.trials.get(at));
        for trial in trials.flatten() {
            write_trial(out, trial, &implementation.name, &implementation.asked)?;
        }
    }
    writeln!(out)?;
    for (at, implementation) in replayed.implementations.iter().enumerate() {
        let trials = replayed
            .fixtures
            .iter()
            .filter_map(|fixture| fixture.trials.get(at));
        write_total(out, &implementation.name, trials.flatten())?;
    }
    Ok(())
}

fn write_trial(out: &mut dyn Write, trial: &Trial, name: &str, asked: &str) -> io::Result<()> {
    if let Some(why) = &trial.broken {
        writeln!(
            out,
            "\nNO RESULT  {}  {}",
            heading(trial, name),
            escaped(why)
        )?;
    }
    if trial.verdict != Verdict::Ok {
        writeln!(out, "\n{}  {}", trial.verdict, heading(trial, name))?;
    }
    for note in &trial.notes {
        writeln!(out, "  {}", escaped(note))?;
    }
    let cuts = Cuts::of(trial);
    if cuts.are_short() {
        if trial.verdict == Verdict::Ok && trial.broken.is_none() {
            writeln!(out, "\nCUTS  {}", heading(trial, name))?;
        }
        writeln!(out, "  {}", escaped(&cuts.to_string()))?;
    }
    let Some(failed) = &trial.failed else {
        return Ok(());
    };
    let failure = &failed.failure;
    let chunk = &failure.chunk;
    writeln!(
        out,
        "  {}: {}, chunk {} of {}, bytes {}..{}",
        failure.kind,
        cut_short(&failed.cuts.name),
        failure.number,
        failed.chunks,
        chunk.start,
        chunk.end
    )?;
    writeln!(out, "  at byte   {}", place(&failed.stream, failure))?;
    writeln!(out, "  expected  {}", escaped(&failure.expected))?;
    writeln!(out, "  found     {}", escaped(&failure.found))?;
    writeln!(out, "  bytes     {}", around(failed))?;
    if let Some(again) = again(trial, asked) {
        writeln!(out, "  again     {}", escaped(&again))?;
    }
    Ok(())
}

fn heading(trial: &Trial, name: &str) -> String {
    format!(
        "{}  {} as {}, connection {}",
        escaped(&trial.fixture),
        escaped(name),
        trial.role,
        trial.connection
    )
}

fn write_total<'a>(
    out: &mut dyn Write,
    name: &str,
    trials: impl Iterator<Item = &'a Trial>,
) -> io::Result<()> {
    let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
    let (mut segmentations, mut left_out, mut chunks, mut broken) = (0, 0, 0, 0);
    let mut cuts = Cuts::default();
    for trial in trials {
        match trial.broken {
            Some(_) => broken += 1,
            None => *verdicts.entry(trial.verdict).or_default() += 1,
        }
        segmentations += trial.segmentations;
        left_out += trial.left_out;
        chunks += trial.chunks;
        cuts.add(&Cuts::of(trial));
    }
    let counted = verdicts
        .iter()
        .map(|(verdict, count)| format!("{count} {verdict}"));
    let without = (broken > 0).then(|| format!("{broken} NO RESULT"));
    let counted: Vec<String> = counted.chain(without).collect();
    write!(
        out,
        "{}: {}; {segmentations} segmentations, {chunks} chunks",
        escaped(name),
        counted.join(", ")
    )?;
    if left_out > 0 {
        write!(
            out,
            "; {left_out} segmentations more were left out by the caps"
        )?;
    }
    if cuts.asked() > 0 {
        write!(out, "; {}", escaped(&cuts.to_string()))?;
    }
    writeln!(out)
}

/// Which frame a failure is about.
fn place(stream: &Stream, failure: &Failure) -> String {
    let at = failure.at;
    // an event is told by the offset behind its last byte, a fault by that of its first
    let last = match failure.kind {
        FailureKind::NotRefused => at,
        _ => at.saturating_sub(1),
    };
    if last < stream.head.end {
        return format!(
            "{at}, in the handshake {}..{}",
            stream.head.start, stream.head.end
        );
    }
    let frames = stream.frames.iter().enumerate();
    let mut holding = frames.filter(|(_, frame)| frame.header.start <= last);
    match holding.next_back() {
        Some((number, frame)) => format!(
            "{at}, frame {} of this direction: {}, header {}..{}, payload {}..{}",
            number + 1,
            frame.opcode,
            frame.header.start,
            frame.header.end,
            frame.payload.start,
            frame.payload.end
        ),
        None => at.to_string(),
    }
}

/// The bytes around the one in question, in hex, with a bar at each cut.
fn around(failed: &Failed) -> String {
    let bytes = &failed.stream.bytes;
    let at = failed.failure.at.min(bytes.len());
    let (from, to) = (at.saturating_sub(SHOWN), bytes.len().min(at + SHOWN));
    let mut line = format!("{from}:");
    for (place, byte) in (from..to).zip(bytes.get(from..to).unwrap_or_default()) {
        if failed.cuts.places.binary_search(&place).is_ok() {
            line += " |";
        }
        line += &format!(" {byte:02x}");
    }
    line
}

/// A name of many cuts, cut short: the command that repeats it has all.
fn cut_short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}..", name.get(..end).unwrap_or(name)),
        None => name.to_owned(),
    }
}

/// So many bytes are shown before the one in question, and behind it.
const SHOWN: usize = 12;

/// The width of a column: that of the longest verdict.
const CELL: usize = 14;

/// So many characters of the cuts are shown.
const LONGEST_NAME: usize = 40;
