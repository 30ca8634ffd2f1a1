//! The Test Anything Protocol, version 14: a line a fixture, and what is wrong below it.

use std::io::{self, Write};

use super::{Run, sentences};

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 14")?;
    writeln!(out, "1..{}", run.checked.len() + run.strays.len())?;
    for (number, checked) in run.checked.iter().enumerate() {
        let id = &checked.fixture.id;
        let not = if checked.problems.is_empty() {
            ""
        } else {
            "not "
        };
        writeln!(out, "{not}ok {} - {}", number + 1, escaped(id))?;
        if !checked.problems.is_empty() {
            diagnose(out, &checked.verdict().to_string(), &sentences(checked))?;
        }
    }
    for (number, stray) in run.strays.iter().enumerate() {
        let path = stray.path.display().to_string();
        writeln!(
            out,
            "not ok {} - {}",
            run.checked.len() + number + 1,
            escaped(&path)
        )?;
        diagnose(out, "stale", &[stray.text().to_owned()])?;
    }
    Ok(())
}

/// A block of YAML; a JSON string is one of YAML's.
fn diagnose(out: &mut dyn Write, verdict: &str, sentences: &[String]) -> io::Result<()> {
    writeln!(out, "  ---")?;
    writeln!(out, "  verdict: {verdict}")?;
    writeln!(out, "  problems:")?;
    for sentence in sentences {
        writeln!(out, "    - {}", serde_json::Value::from(sentence.as_str()))?;
    }
    writeln!(out, "  ...")
}

/// A number sign would begin a directive.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('#', r"\#")
}
