//! A JSON object a line.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Run, VERDICTS};
use crate::check::{Around, Checked, Problem, Straying};

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    for checked in &run.checked {
        writeln!(out, "{}", fixture(checked))?;
    }
    for stray in &run.strays {
        let what = match stray.what {
            Straying::Stale => "accepted",
            Straying::StalePending => "pending",
        };
        let path = stray.path.display().to_string();
        writeln!(
            out,
            "{}",
            json!({ "type": "stale", "path": path, "map": what })
        )?;
    }
    let counts = VERDICTS
        .iter()
        .map(|verdict| (verdict.to_string(), run.count(*verdict).into()));
    let mut totals = Map::from_iter([("type".to_owned(), "totals".into())]);
    totals.extend(counts);
    totals.insert("stale".to_owned(), run.strays.len().into());
    writeln!(out, "{}", Value::Object(totals))
}

fn fixture(checked: &Checked) -> Value {
    json!({
        "type": "fixture",
        "id": checked.fixture.id,
        "path": checked.fixture.path.display().to_string(),
        "title": checked.title,
        "verdict": checked.verdict().to_string(),
        "problems": checked.problems.iter().map(problem).collect::<Vec<_>>(),
        "command": checked.map.is_some().then(|| checked.command()),
    })
}

fn problem(problem: &Problem) -> Value {
    let kind = match problem {
        Problem::Faulty(_) => "script",
        Problem::Unreadable(_) => "unreadable",
        Problem::Contradiction(_) => "contradiction",
        Problem::Claim { .. } => "claim",
        Problem::Map { .. } => "map",
        Problem::NotAccepted => "not_accepted",
    };
    let mut value = json!({ "kind": kind, "text": problem.to_string() });
    match problem {
        Problem::Claim { difference, .. } => {
            value["about"] = difference.about.as_str().into();
            value["claimed"] = difference.claimed.as_str().into();
            value["found"] = difference.found.as_str().into();
        }
        Problem::Map { difference, .. } => {
            value["line"] = difference.line.into();
            value["accepted"] = difference.accepted.as_deref().into();
            value["found"] = difference.found.as_deref().into();
        }
        _ => {}
    }
    if let Some(around) = problem.around() {
        value["at"] = place(around);
    }
    value
}

fn place(around: &Around) -> Value {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    json!({
        "packet": around.place.packet,
        "direction": around.place.direction.to_string(),
        "offset": around.place.offset,
        "before": hex(&around.before),
        "from": hex(&around.from),
    })
}
