//! Fixtures replayed into decoders: what is right is found to be right, and what is broken is found and named.

mod broken;
mod command;
mod exec;
pub(crate) mod live;
mod shrinking;

use wireseam::{
    analyzer::Role,
    fixtures::Script,
    replay::{
        Failed, FailureKind, Fixture, Own, Segmentation, Target, Trial, Tungstenite, Verdict,
        try_fixture,
    },
};

pub(crate) use self::command::{Folder, replay, stderr, stdout};

use self::broken::{Broken, Fault};
use crate::case::Case;

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// All ways but those that make many segmentations.
const FEW: [&str; 5] = ["original", "coalesce-all", "fields", "mss:7", "seed:1"];

/// No fixture of more bytes is cut into single ones here.
const MOST_SINGLE_BYTES: usize = 5_000;

fn ways(names: &[&str]) -> Vec<Segmentation> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn fixture(case: &Case) -> Fixture {
    Fixture::of_script(&case.script).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A trial for each stream of each fixture.
fn over_all(target: &mut dyn Target) -> Vec<Trial> {
    let mut trials = Vec::new();
    for case in Case::all() {
        let fixture = fixture(&case);
        let short = fixture
            .streams
            .iter()
            .all(|stream| stream.bytes.len() < MOST_SINGLE_BYTES);
        let names: Vec<&str> = match short {
            true => FEW
                .into_iter()
                .chain(["one-byte", "header-pairs"])
                .collect(),
            false => FEW.to_vec(),
        };
        trials.extend(try_fixture(target, &fixture, &BOTH, &ways(&names)).unwrap());
    }
    trials
}

/// Each trial that is neither `OK` nor `UNIMPLEMENTED`: `fixture role verdict: notes`.
fn remarkable(trials: &[Trial]) -> Vec<String> {
    let remarkable = trials
        .iter()
        .filter(|trial| !matches!(trial.verdict, Verdict::Ok | Verdict::Unimplemented));
    remarkable
        .map(|trial| {
            let name = trial.fixture.trim_start_matches("fixtures/");
            let failure = trial.failed.iter().map(|failed| {
                let failure = &failed.failure;
                format!(
                    "{} {}: {} / {}",
                    failed.cuts.name, failure.kind, failure.expected, failure.found
                )
            });
            let notes: Vec<String> = trial.notes.iter().cloned().chain(failure).collect();
            format!(
                "{name} {} {}: {}",
                trial.role,
                trial.verdict,
                notes.join("; ")
            )
        })
        .collect()
}

/// What tungstenite does with the fixtures that leave a choice, each with the section that leaves it; everything else is as
/// it must be, in every segmentation.
const TUNGSTENITE: [&str; 9] = [
    // RFC 6455 7.4.2 reserves 1014, which IANA registered later
    "close/code-1014.toml client INFORMATIONAL: ws.close.code at 129: refused with close 1002 \"Protocol violation\"",
    "close/code-1014.toml server INFORMATIONAL: ws.close.code at 161: refused with close 1002 \"Protocol violation\"",
    // RFC 6455 5.2 binds the sender to the shortest form, and says nothing of receivers
    "close/length-in-64-bits.toml server INFORMATIONAL: ws.length.form at 161: accepted",
    // it waits for 84 bytes of payload before it looks at the reserved bits (RFC 6455 5.2), and they do not come
    "frames/http-in-websocket.toml client INFORMATIONAL: ws.http at 136: waits for a frame that does not end",
    // RFC 6455 10.4: a frame of 4 GiB
    "frames/length-2-to-the-32.toml server INFORMATIONAL: refused by a limit of its own (RFC 6455 10.4): error 1009 \
     (Space limit exceeded: Message too long: 4294967301 > 16777216)",
    "frames/length-not-minimal.toml client INFORMATIONAL: ws.length.form at 129: accepted",
    "frames/length-not-minimal.toml server INFORMATIONAL: ws.length.form at 161: accepted",
    // RFC 6455 4.1 binds the client to wait for the answer, and says nothing of servers
    "handshake/early-client-frame.toml server INFORMATIONAL: http.upgrade.early at 161: accepted",
    "handshake/early-frame-through-a-proxy.toml server INFORMATIONAL: http.upgrade.early at 161: accepted",
];

#[test]
fn tungstenite_is_right_or_free_to_choose_in_every_segmentation() {
    let trials = over_all(&mut Tungstenite::default());
    let mut found = remarkable(&trials);
    found.sort();
    assert_eq!(found, TUNGSTENITE);
    let verdicts = |verdict| {
        trials
            .iter()
            .filter(|trial| trial.verdict == verdict)
            .count()
    };
    assert!(verdicts(Verdict::Ok) > 200, "{}", verdicts(Verdict::Ok));
    let unimplemented = trials
        .iter()
        .filter(|trial| trial.verdict == Verdict::Unimplemented);
    for trial in unimplemented {
        assert!(trial.notes[0].starts_with("it does not know "), "{trial:?}");
    }
}

/// Its own limit on pieces of a request aside (RFC 6455 10.4), one thing is wrong with how it takes a handshake.
#[test]
fn tungstenite_with_its_handshake_does_not_join_header_lines() {
    let mut target = Tungstenite::with_handshake();
    let failed: Vec<Trial> = Case::all()
        .iter()
        .flat_map(|case| {
            try_fixture(&mut target, &fixture(case), &BOTH, &ways(&["original"])).unwrap()
        })
        .filter(|trial| trial.verdict == Verdict::Failed)
        .collect();
    // RFC 9110 5.3: lines of one field name are one list
    assert_eq!(
        remarkable(&failed),
        [
            "handshake/fields-in-two-lines.toml server FAILED: coalesce-all refused, and nothing is wrong: no error / error \
             1002 (WebSocket protocol error: No \"Connection: upgrade\" header)"
        ]
    );
}

#[test]
fn the_reference_is_right_or_free_to_choose_in_every_segmentation() {
    let found = remarkable(&over_all(&mut Own::default()));
    let others: Vec<_> = found
        .iter()
        .filter(|line| !line.contains(" INFORMATIONAL: ") || !line.ends_with(": accepted"))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    assert!(found.len() > 10, "{found:#?}");
}

#[test]
fn no_claim_differs_from_what_is_replayed_and_most_fixtures_can_be() {
    let fixtures: Vec<Fixture> = Case::all().iter().map(fixture).collect();
    for fixture in &fixtures {
        assert!(
            fixture.differences.is_empty(),
            "{}: {:?}",
            fixture.name,
            fixture.differences
        );
    }
    let streams: usize = fixtures.iter().map(|fixture| fixture.streams.len()).sum();
    assert!(streams > 350, "{streams}");
    let left_out = fixtures.iter().flat_map(|fixture| &fixture.left_out);
    for why in left_out {
        let known = [
            "the capture lacks",
            "the upgrade was",
            "was not captured",
            "no WebSocket",
        ];
        assert!(known.iter().any(|known| why.contains(known)), "{why}");
    }
}

/// The one trial of a script's client bytes.
fn only_trial(target: &mut dyn Target, script: &str, names: &[&str]) -> Trial {
    let script = Script::parse(script, "case.toml").unwrap_or_else(|fault| panic!("{fault}"));
    let fixture = Fixture::of_script(&script).unwrap();
    let trials = try_fixture(target, &fixture, &[Role::Server], &ways(names)).unwrap();
    let [trial] = <[Trial; 1]>::try_from(trials).unwrap();
    trial
}

const ALL: [&str; 8] = [
    "original",
    "one-byte",
    "every-split",
    "fields",
    "header-pairs",
    "mss:3",
    "seed:1",
    "seed:2",
];

/// A fragmented message of two messages with a ping between, and a close: enough for every fault below.
const TALK: &str = r#"
    title = "A talk"
    shows = "Two fragments around a ping, an empty message, a larger one, a close."
    step = [
        { upgrade = {} },
        { from = "client", text = "frag", fin = false },
        { from = "client", ping = "p" },
        { from = "client", continuation = "ment" },
        { from = "client", binary = "" },
        { from = "client", binary = { hex = "ab", times = 300 }, mask = "01 02 03 04" },
        { from = "client", close = { code = 1000, reason = "bye" } },
    ]
"#;

fn failed(fault: Fault, names: &[&str]) -> Failed {
    let mut decoder = Broken::new(fault);
    let trial = only_trial(&mut decoder, TALK, names);
    assert_eq!(
        trial.verdict,
        Verdict::Failed,
        "{fault:?} was not found: {trial:?}"
    );
    trial.failed.unwrap()
}

#[test]
fn a_decoder_without_a_fault_passes_in_every_segmentation() {
    let trial = only_trial(&mut Broken::new(Fault::None), TALK, &ALL);
    assert_eq!((trial.verdict, &trial.failed), (Verdict::Ok, &None));
    assert!(trial.segmentations > 600, "{}", trial.segmentations);
}

#[test]
fn a_mask_that_begins_anew_with_each_chunk_is_found() {
    let failed = failed(Fault::MaskBeginsAnew, &["every-split"]);
    assert_eq!(failed.failure.kind, FailureKind::Different);
    // the first cut inside a payload that leaves another phase: the header of the first frame ends at 167
    assert_eq!(failed.cuts.name, "cuts:168");
    assert_eq!(
        (failed.failure.number, failed.failure.chunk.clone()),
        (2, 168..513)
    );
    assert_eq!(
        failed.failure.expected,
        "text message, 8 bytes \"fragment\""
    );
}

#[test]
fn a_reference_into_a_chunk_that_is_gone_is_found() {
    let failed = failed(Fault::KeepsReference, &ALL);
    assert_eq!(failed.failure.kind, FailureKind::Different);
    let overwritten = Broken::unmasked(&[0xDD; 3], [0x11, 0x22, 0x33, 0x44]);
    // three of the four bytes were in chunks before
    let shown = overwritten.escape_ascii().to_string();
    assert!(
        failed.failure.found.contains(&shown),
        "{} has no {shown}",
        failed.failure.found
    );
}

#[test]
fn a_header_that_has_to_come_in_one_chunk_is_found() {
    let failed = failed(Fault::WholeHeader, &["original", "header-pairs", "fields"]);
    assert_eq!(failed.cuts.name, "cuts:162+163");
    let one = self::failed(Fault::WholeHeader, &["every-split"]);
    assert_eq!(
        (one.cuts.name.as_str(), one.failure.number),
        ("cuts:162", 2)
    );
}

#[test]
fn an_event_that_waits_for_more_bytes_is_found() {
    let failed = failed(Fault::DeliversLate, &["cuts:177+178"]);
    assert_eq!(failed.failure.kind, FailureKind::Late);
    // the ping has seven bytes behind the first fragment's ten; the chunk with its last byte did not bring it
    assert_eq!(
        (failed.failure.at, failed.failure.chunk.clone()),
        (178, 177..178)
    );
    assert_eq!((failed.failure.number, failed.chunks), (2, 3));
    assert_eq!(failed.failure.expected, "ping, 1 byte \"p\"");
    assert_eq!(failed.failure.found, "only with chunk 3");
}

#[test]
fn what_is_lost_at_the_end_what_comes_twice_and_what_comes_after_the_close_is_found() {
    for (fault, kind) in [
        (Fault::LosesWhatIsBehindAMessage, FailureKind::Missing),
        (Fault::TellsPingsTwice, FailureKind::Extra),
        (Fault::GoesOnBehindTheClose, FailureKind::AfterTheEnd),
        (Fault::ClosesTooSoon, FailureKind::Refused),
        (Fault::Floods, FailureKind::Different),
    ] {
        assert_eq!(failed(fault, &ALL).failure.kind, kind, "{fault:?}");
    }
}

#[test]
fn a_fault_that_is_not_refused_or_is_refused_in_other_places_is_found() {
    let reserved = TALK.replace("ping = \"p\"", "ping = \"p\", rsv = [2]");
    let trial = only_trial(&mut Broken::new(Fault::None), &reserved, &ALL);
    assert_eq!(trial.verdict, Verdict::Ok, "{trial:?}");
    let trial = only_trial(
        &mut Broken::new(Fault::IgnoresReservedBits),
        &reserved,
        &ALL,
    );
    let failure = trial.failed.unwrap().failure;
    assert_eq!((failure.kind, failure.at), (FailureKind::NotRefused, 171));
    assert_eq!(failure.expected, "error, ws.rsv (RFC 6455 5.2)");
    let trial = only_trial(&mut Broken::new(Fault::RefusesByChunk), &reserved, &ALL);
    assert_eq!(
        trial.failed.unwrap().failure.kind,
        FailureKind::Inconsistent
    );
}

#[test]
fn a_failure_is_found_again_with_the_cuts_that_it_names() {
    for fault in [
        Fault::MaskBeginsAnew,
        Fault::WholeHeader,
        Fault::DeliversLate,
        Fault::KeepsReference,
    ] {
        let first = failed(fault, &ALL);
        let again = failed(fault, &[first.cuts.name.as_str()]);
        assert_eq!(
            (&again.cuts, &again.failure),
            (&first.cuts, &first.failure),
            "{fault:?}"
        );
    }
}

#[test]
fn any_seed_replays_the_same() {
    for seed in 0..40 {
        let name = format!("seed:{seed}");
        let run = || {
            let mut decoder = Broken::new(Fault::WholeHeader);
            only_trial(&mut decoder, TALK, &[&name])
        };
        assert_eq!(run(), run(), "{name}");
        let cuts = |begin: usize| {
            let way: Segmentation = name.parse().unwrap();
            let shape = wireseam::replay::Shape {
                begin,
                end: 400,
                ..Default::default()
            };
            way.plan(&shape).segmentations[0].places.clone()
        };
        let later: Vec<_> = cuts(0).into_iter().filter(|place| *place > 170).collect();
        assert_eq!(cuts(170), later, "{name}");
    }
}

#[test]
fn each_byte_is_fed_once_and_a_trial_says_how_many_there_were() {
    let mut decoder = Broken::new(Fault::None);
    let trial = only_trial(&mut decoder, TALK, &["one-byte"]);
    // in one piece first: 352 bytes twice
    assert_eq!(
        (trial.segmentations, trial.chunks, trial.bytes),
        (2, 353, 704)
    );
    assert_eq!(decoder.fed, 704);
}
