//! Every fixture is as its claim says, and its boundary map is the one that lies beside it.
//!
//! The claim is written by hand from the script and the RFC, before any run; the snapshot `fixtures/<area>/<case>.snap` is the
//! picture of what is printed today. Where the claim differs, something is wrong. Where only the snapshot differs, somebody
//! has to look.

use std::{
    fs, panic,
    path::{Path, PathBuf},
};

use wireseam::{
    analyzer::{Config, PayloadPolicy, RULES},
    claim::judge,
};

use crate::case::{Case, files};

/// A part of the fixtures may be moved or merged; that most are gone is a fault of the search.
const FEWEST_FIXTURES: usize = 100;

#[test]
fn every_fixture_is_as_claimed() {
    let cases = Case::all();
    assert!(
        cases.len() >= FEWEST_FIXTURES,
        "only {} fixtures were found",
        cases.len()
    );
    let differing: Vec<String> = cases.iter().filter_map(differences).collect();
    assert!(
        differing.is_empty(),
        "{} of {} fixtures are not as claimed\n\n{}",
        differing.len(),
        cases.len(),
        differing.join("\n")
    );
}

/// What differs in a fixture and how to look at it; `None` where all is as claimed.
fn differences(case: &Case) -> Option<String> {
    let claim = case.script.claim()?;
    let differences = judge(claim, &case.built, &case.report());
    if differences.is_empty() {
        return None;
    }
    let lines: String = differences
        .iter()
        .map(|difference| format!("  {difference}\n"))
        .collect();
    Some(format!(
        "fixtures/{}/{}.toml: {}\n{lines}  look at it: cargo run -- inspect {}\n",
        case.area,
        case.name,
        case.script.shows(),
        write_capture(case).display()
    ))
}

/// Writes the capture where Cargo keeps what tests write.
fn write_capture(case: &Case) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("corpus")
        .join(&case.area);
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(case.file_name());
    fs::write(&file, &case.built.bytes).unwrap();
    file
}

#[test]
fn every_map_is_the_one_beside_its_fixture() {
    let cases = Case::all();
    let differing: Vec<String> = cases
        .iter()
        .filter(|case| panic::catch_unwind(|| assert_map(case)).is_err())
        .map(|case| format!("fixtures/{}/{}.snap", case.area, case.name))
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {} maps are not as before:\n  {}\n\
         read the differences above; where they are meant: INSTA_UPDATE=always cargo test --test main every_map",
        differing.len(),
        cases.len(),
        differing.join("\n  ")
    );
}

fn assert_map(case: &Case) {
    let folder = format!("../fixtures/{}", case.area);
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(case.name.as_str(), case.map());
    });
}

#[test]
fn no_snapshot_is_left_of_a_fixture_that_is_gone() {
    let stale: Vec<PathBuf> = files("snap")
        .into_iter()
        .filter(|snapshot| !snapshot.with_extension("toml").exists())
        .collect();
    assert!(
        stale.is_empty(),
        "these show fixtures that are no longer there; delete or rename them: {stale:#?}"
    );
}

#[test]
fn every_rule_has_a_fixture_that_breaks_it() {
    let cases = Case::all();
    let claimed: Vec<&str> = cases
        .iter()
        .filter_map(|case| case.script.claim()?.findings.as_ref())
        .flatten()
        .map(String::as_str)
        .collect();
    let untested: Vec<&str> = RULES
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !claimed.contains(id) && !is_reached_by_a_cap(id))
        .collect();
    assert!(
        untested.is_empty(),
        "write a script whose claim has this finding, or a test that reaches the cap: {untested:?}"
    );
}

/// Caps are too large for a fixture; the analyzer's tests lower each and reach it.
fn is_reached_by_a_cap(id: &str) -> bool {
    const TESTS: [&str; 4] = [
        include_str!("../analyzer/tests/caps.rs"),
        include_str!("../analyzer/tests/proxy.rs"),
        include_str!("../analyzer/tests/search.rs"),
        include_str!("../analyzer/tests/waiting.rs"),
    ];
    let quoted = format!("\"{id}\"");
    let is_of_a_cap = id.starts_with("limit.") || id.ends_with(".limit");
    is_of_a_cap && TESTS.iter().any(|test| test.contains(&quoted))
}

#[test]
fn a_message_that_inflates_beyond_the_cap_is_left_there_and_that_is_said() {
    let cases = Case::all();
    let case = cases.iter().find(|case| case.name == "takeover").unwrap();
    let mut config = Config {
        payload: PayloadPolicy::Sha256,
        ..Config::default()
    };
    config.limits.inflated_message = 5;
    let report = case.report_with(config);
    let findings: Vec<&str> = report.connections[0]
        .findings
        .iter()
        .map(|finding| finding.id.as_str())
        .collect();
    assert!(findings.contains(&"deflate.limit"), "{findings:?}");
    for message in &report.connections[0].websockets[0].messages {
        assert_eq!((message.length, &message.sha256), (None, &None));
    }
}

#[test]
fn every_report_keeps_the_schema() {
    let validator = jsonschema::validator_for(&wireseam::report::schema::json_schema()).unwrap();
    for case in Case::all() {
        let report = serde_json::to_value(case.report()).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&report)
            .map(|fault| fault.to_string())
            .collect();
        assert!(
            faults.is_empty(),
            "fixtures/{}/{}.toml: {faults:#?}",
            case.area,
            case.name
        );
    }
}

#[test]
fn every_complete_frame_is_tiled_by_its_slices() {
    for case in Case::all() {
        let report = case.report();
        let websockets = report
            .connections
            .iter()
            .flat_map(|connection| &connection.websockets);
        for frame in websockets
            .flat_map(|websocket| &websocket.frames)
            .filter(|frame| frame.complete)
        {
            let place = format!("fixtures/{}/{}.toml: {frame:?}", case.area, case.name);
            let end = frame.slices.iter().fold(frame.header.0, |at, slice| {
                assert_eq!(slice.span.0, at, "{place}");
                slice.span.1
            });
            assert_eq!(end, frame.payload.1, "{place}");
        }
    }
}
