//! `wireseam check`: each fixture is held against its claim and its accepted map, and what is wrong is said in many forms.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use wireseam::check::{
    self, FindError, Found, Verdict,
    output::{Form, Run},
};

use super::{Exit, Failure};
use crate::cli::{Check, CheckFormat, Which};

pub(super) fn check(asked: &Check) -> Result<Exit, Failure> {
    let found = find(&asked.which)?;
    if asked.list {
        let list: String = found
            .fixtures
            .iter()
            .map(|fixture| format!("{}\n", fixture.id))
            .collect();
        return super::print(&list);
    }
    let reads_only = asked.ci || check::is_ci();
    let mut run = Run {
        checked: Vec::new(),
        strays: found.strays,
        left_pending: false,
    };
    for fixture in &found.fixtures {
        let checked = check::check(fixture);
        if !reads_only {
            checked
                .leave_pending()
                .map_err(|cause| Exit::Environment.with(cause))?;
        }
        run.left_pending |= fixture.pending().exists();
        run.checked.push(checked);
    }
    for (format, file) in &asked.report {
        write_file(&run, Form::from(*format), file)?;
    }
    let verdict = run.verdict();
    if !(asked.quiet && asked.format == CheckFormat::Text && verdict == Verdict::Ok) {
        let mut out = anstream::AutoStream::auto(io::stdout().lock());
        let written = Form::from(asked.format)
            .write(&run, &mut out)
            .and_then(|()| out.flush());
        written.map_err(|cause| Exit::Environment.with(cause))?;
    }
    Ok(match verdict {
        Verdict::Ok => Exit::Fine,
        Verdict::New | Verdict::Differs => Exit::Findings,
        Verdict::Contradicts => Exit::Violations,
        Verdict::Unreadable => Exit::Input,
        Verdict::Faulty => Exit::Usage,
    })
}

/// The fixtures that were asked for; those selected, where some were.
pub(super) fn find(which: &Which) -> Result<Found, Failure> {
    let usual = PathBuf::from("fixtures");
    let paths = if !which.paths.is_empty() {
        which.paths.clone()
    } else if usual.is_dir() {
        vec![usual]
    } else {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "there is no folder fixtures here; name the scripts, captures or folders to check"
        )));
    };
    let mut found = check::find(&paths).map_err(|cause| match cause {
        FindError::NoFixture { .. } => Exit::Usage.with(cause),
        FindError::Read { .. } => Exit::Input.with(cause),
    })?;
    if !which.select.is_empty() {
        let selected = |id: &str| which.select.iter().any(|pattern| matches(pattern, id));
        found.fixtures.retain(|fixture| selected(&fixture.id));
        // what belongs to no fixture was not selected
        found.strays.clear();
    }
    if found.fixtures.is_empty() && found.strays.is_empty() {
        let searched: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let what = if which.select.is_empty() {
            "no fixture"
        } else {
            "no such fixture"
        };
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "there is {what} in {}; --list lists those there are",
            searched.join(", ")
        )));
    }
    Ok(found)
}

/// Whether an id is as a pattern has it, in which a star stands for anything.
fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| id.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn write_file(run: &Run, form: Form, file: &Path) -> Result<(), Failure> {
    let mut text = Vec::new();
    let written = form.write(run, &mut text).and_then(|()| match form {
        Form::Text => fs::write(file, anstream::adapter::strip_bytes(&text).into_vec()),
        _ => fs::write(file, text),
    });
    written.map_err(|cause| {
        let failed = format!("failed to write {}", file.display());
        Exit::Environment.with(anyhow::Error::from(cause).context(failed))
    })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_anything_and_all_else_for_itself() {
        for (pattern, id, expected) in [
            ("close/torn", "close/torn", true),
            ("close/torn", "close/torn-2", false),
            ("close/*", "close/torn", true),
            ("*torn*", "close/torn-2", true),
            ("*torn", "close/torn-2", false),
            ("c*/t*n", "close/torn", true),
            ("*", "close/torn", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }
}
