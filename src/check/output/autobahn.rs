//! An `index.json` of the shape that the Autobahn test suite gives its own: agents, their cases, and how each behaved.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Run;
use crate::check::{Checked, Verdict};

pub(super) fn write(run: &Run, out: &mut dyn Write) -> io::Result<()> {
    let cases: Map<String, Value> = run
        .checked
        .iter()
        .map(|checked| (checked.fixture.id.clone(), case(checked)))
        .collect();
    let agent = format!("wireseam {}", env!("CARGO_PKG_VERSION"));
    writeln!(out, "{:#}", json!({ agent: cases }))
}

fn case(checked: &Checked) -> Value {
    let behavior = match checked.verdict() {
        Verdict::Ok => "OK",
        Verdict::New => "INFORMATIONAL",
        Verdict::Differs | Verdict::Contradicts | Verdict::Unreadable | Verdict::Faulty => "FAILED",
    };
    json!({
        "behavior": behavior,
        "behaviorClose": behavior,
        "duration": u64::try_from(checked.took.as_millis()).unwrap_or(u64::MAX),
        "remoteCloseCode": checked.close_code,
        "reportfile": checked.fixture.snapshot().display().to_string(),
    })
}
