//! What came of replaying fixtures, as JSON: one document, or a line for each trial as it ends.

use serde_json::{Value, json};

use super::{Replayed, Tried, again, cuts::Cuts};
use crate::replay::{live::OnWire, trial::Trial};

/// The version of these keys: within it one may be added, none is renamed or dropped.
const FORMAT: u32 = 1;

/// The document of `--format json`.
#[must_use]
pub fn document(replayed: &Replayed) -> Value {
    let implementations = replayed.implementations.iter();
    let implementations: Vec<Value> = implementations
        .map(|implementation| json!({ "to": implementation.asked, "name": implementation.name }))
        .collect();
    let fixtures: Vec<Value> = replayed
        .fixtures
        .iter()
        .map(|fixture| {
            let asked = replayed
                .implementations
                .iter()
                .map(|implementation| &implementation.asked);
            let trials = fixture.trials.iter().zip(asked);
            let trials: Vec<Value> = trials
                .flat_map(|(trials, asked)| trials.iter().map(|trial| of_trial(trial, asked)))
                .collect();
            let mut value = of_fixture(fixture);
            value["trials"] = trials.into();
            value
        })
        .collect();
    json!({ "format": FORMAT, "implementations": implementations, "fixtures": fixtures })
}

/// A line for one trial.
#[must_use]
pub fn trial_line(trial: &Trial, asked: &str) -> Value {
    with_type("trial", of_trial(trial, asked))
}

/// A line for a fixture: what cannot be replayed of it, and where its claim is read otherwise.
#[must_use]
pub fn fixture_line(fixture: &Tried) -> Value {
    with_type("fixture", of_fixture(fixture))
}

/// The last line: how many trials there were, by verdict.
#[must_use]
pub fn total_line(replayed: &Replayed) -> Value {
    let mut verdicts = serde_json::Map::new();
    let mut broken = 0_u64;
    let trials = replayed.fixtures.iter().flat_map(|fixture| &fixture.trials);
    for trial in trials.flatten() {
        if trial.broken.is_some() {
            broken += 1;
            continue;
        }
        let count = verdicts
            .entry(trial.verdict.to_string())
            .or_insert(json!(0));
        *count = json!(count.as_u64().unwrap_or_default() + 1);
    }
    json!({
        "type": "total", "format": FORMAT, "fixtures": replayed.fixtures.len(), "verdicts": verdicts, "no_result": broken,
    })
}

fn of_fixture(fixture: &Tried) -> Value {
    json!({ "fixture": fixture.name, "not_replayed": fixture.left_out, "claim_differs": fixture.differences })
}

fn of_trial(trial: &Trial, asked: &str) -> Value {
    let failure = trial.failed.as_ref().map(|failed| {
        let failure = &failed.failure;
        json!({
            "kind": failure.kind.to_string(),
            "segmentation": failed.cuts.name,
            "cuts": failed.cuts.places,
            "at": failure.at,
            "chunk": failure.number,
            "chunks": failed.chunks,
            "chunk_span": [failure.chunk.start, failure.chunk.end],
            "expected": failure.expected,
            "found": failure.found,
            "again": again(trial, asked),
        })
    });
    let known = Cuts::of(trial);
    let cuts = (known.asked() > 0).then(|| {
        json!({
            "asked": known.asked(),
            "achieved": trial.achieved.map_or(0, |(achieved, _)| achieved),
            "unknown": known.unknown(),
            "on_wire": trial.on_wire.as_ref().map(of_capture),
        })
    });
    json!({
        "to": asked,
        "fixture": trial.fixture,
        "connection": trial.connection,
        "role": trial.role.to_string(),
        "verdict": match trial.broken {
            Some(_) => Value::Null,
            None => trial.verdict.to_string().into(),
        },
        "notes": trial.notes,
        "segmentations": trial.segmentations,
        "segmentations_left_out": trial.left_out,
        "chunks": trial.chunks,
        "bytes": trial.bytes,
        "live_cuts": cuts,
        "failure": failure,
        "no_result": trial.broken,
    })
}

/// What was captured of the cuts.
fn of_capture(seen: &OnWire) -> Value {
    json!({
        "interface": seen.interface,
        "achieved": seen.apart,
        "coalesced": seen.coalesced,
        "rejoined": seen.rejoined,
        "not_captured": seen.not_captured(),
        "dropped": seen.dropped,
        "ended": seen.ended,
    })
}

fn with_type(kind: &str, mut value: Value) -> Value {
    value["type"] = kind.into();
    value
}
