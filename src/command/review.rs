//! `wireseam accept` and `wireseam review`: maps that checking left become the accepted ones.

use std::{
    fs,
    io::{self, BufRead, IsTerminal},
};

use similar::TextDiff;
use wireseam::check::{self, Accepted, Found, Pending, Straying};

use super::{Exit, Failure, check::find, print};
use crate::cli::{Accept, Review};

/// How many lines of a map are shown around one that differs.
const CONTEXT: usize = 3;

pub(super) fn accept(asked: &Accept) -> Result<Exit, Failure> {
    let found = find(&asked.which)?;
    let mut said = String::new();
    for pending in pending(&found)? {
        said += &take(&pending)?;
    }
    if asked.delete_stale {
        for stray in found
            .strays
            .iter()
            .filter(|stray| stray.what == Straying::Stale)
        {
            let shown = stray.path.display();
            fs::remove_file(&stray.path).map_err(|cause| {
                let failed = format!("failed to delete {shown}");
                Exit::Environment.with(anyhow::Error::from(cause).context(failed))
            })?;
            said += &format!("deleted  {shown}\n");
        }
    }
    if said.is_empty() {
        said =
            "no map waits to be accepted; `wireseam check` leaves those that differ\n".to_owned();
    }
    print(&said)
}

pub(super) fn review(asked: &Review) -> Result<Exit, Failure> {
    let pending = pending(&find(&asked.which)?)?;
    if pending.is_empty() {
        return print("no map waits for review; `wireseam check` leaves those that differ\n");
    }
    let pending_count = pending.len();
    let asks = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut answers = io::stdin().lock().lines();
    for (number, pending) in pending.iter().enumerate() {
        print(&shown(pending, number + 1, pending_count))?;
        if !asks {
            continue;
        }
        loop {
            print("accept, reject, skip or quit? [a/r/s/q] ")?;
            let answer = answers
                .next()
                .transpose()
                .map_err(|cause| Exit::Environment.with(cause))?;
            match answer.as_deref().map(str::trim) {
                Some("a" | "accept") => print(&take(pending)?)?,
                Some("r" | "reject") => {
                    check::reject(pending).map_err(|cause| Exit::Environment.with(cause))?;
                    print(&format!(
                        "rejected  {}; the accepted map stays\n",
                        pending.fixture.id
                    ))?
                }
                Some("s" | "skip") => Exit::Fine,
                Some("q" | "quit") | None => return Ok(Exit::Fine),
                Some(_) => continue,
            };
            break;
        }
    }
    if asks {
        return Ok(Exit::Fine);
    }
    print("accept them: wireseam accept; on a terminal `wireseam review` asks for each\n")
}

fn pending(found: &Found) -> Result<Vec<Pending>, Failure> {
    let mut all = Vec::new();
    for fixture in &found.fixtures {
        let pending = check::pending(fixture);
        all.extend(pending.map_err(|why| Exit::Input.with(anyhow::anyhow!(why)))?);
    }
    Ok(all)
}

fn take(pending: &Pending) -> Result<String, Failure> {
    let accepted = check::accept(pending).map_err(|cause| Exit::Environment.with(cause))?;
    let what = match accepted {
        Accepted::First => "its first map",
        Accepted::Changed => "another map than before",
    };
    Ok(format!("accepted  {}: {what}\n", pending.fixture.id))
}

/// What differs, with some lines around it.
fn shown(pending: &Pending, number: usize, of: usize) -> String {
    let id = &pending.fixture.id;
    let path = pending.fixture.snapshot();
    let diff = TextDiff::from_lines(pending.accepted.trim_end(), pending.map.trim_end());
    let accepted = format!("{} (accepted)", path.display());
    let now = format!("{} (now)", path.display());
    let mut unified = diff.unified_diff();
    let unified = unified
        .context_radius(CONTEXT)
        .header(&accepted, &now)
        .missing_newline_hint(false);
    let mut text = format!("\n{number} of {of}  {id}\n{unified}");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
