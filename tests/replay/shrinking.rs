//! Failing replays made small.

use wireseam::{
    analyzer::Role,
    fixtures::Script,
    replay::{Fixture, Segmentation, shrink, try_fixture},
};

use super::{
    ALL, TALK,
    broken::{Broken, Fault},
    command::{Folder, replay, stderr},
    only_trial,
};

/// What is left of the talk for a decoder with this fault: the steps behind the upgrade.
fn left(fault: Fault) -> Vec<String> {
    let mut decoder = Broken::new(fault);
    let trial = only_trial(&mut decoder, TALK, &ALL);
    let script = shrink(&mut decoder, &trial).unwrap();
    let again = Fixture::of_script(&Script::parse(&script, "small.toml").unwrap()).unwrap();
    let trials = try_fixture(
        &mut decoder,
        &again,
        &[Role::Server],
        &[Segmentation::Original],
    )
    .unwrap();
    let kinds = (
        trials[0].failed.as_ref().unwrap().failure.kind,
        trial.failed.unwrap().failure.kind,
    );
    assert_eq!(kinds.0, kinds.1, "{script}");
    let steps = script.lines().filter(|line| line.contains("from = "));
    steps.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_failing_replay_is_left_with_what_makes_it_fail() {
    // one frame with the one byte that has another phase, and the cut that gives it that
    let steps = left(Fault::MaskBeginsAnew);
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert_eq!(steps[0].matches("cut = [7]").count(), 1, "{steps:?}");
    // any header that is cut
    let steps = left(Fault::WholeHeader);
    assert_eq!(
        (steps.len(), steps[0].matches("cut = [").count()),
        (1, 1),
        "{steps:?}"
    );
    assert!(!steps[0].contains("ab ab"), "{steps:?}");
    // a late ping needs something that brings it
    assert!(left(Fault::DeliversLate).len() <= 2);
    // no cut at all
    let steps = left(Fault::TellsPingsTwice);
    assert_eq!(
        steps,
        ["{ from = \"client\", ping = \"\", mask = \"11 22 33 44\" },"]
    );
}

#[test]
fn the_command_says_what_it_cannot_make_smaller() {
    let folder = Folder::new("shrink");
    let to = folder.path().join("small");
    let lines = "fixtures/handshake/fields-in-two-lines.toml";
    let output = replay(&[
        lines,
        "--to",
        "tungstenite:handshake",
        "--segmentation",
        "original",
        "--shrink",
        to.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("was not made smaller: it does not fail without the handshake"),
        "{}",
        stderr(&output)
    );
    assert!(!to.exists());
}
