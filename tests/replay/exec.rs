//! Decoders in other processes: those that work, and adapters that die, hang or make no sense.

use std::{
    fs,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use wireseam::replay::{AdapterError, Exec, Target, Tungstenite, Verdict, serve};

use super::{
    ALL, TALK,
    command::{Folder, replay, stderr, stdout},
    only_trial,
};

const MASK: &str = "fixtures/alignment/torn-mask.toml";
const DEFLATE: &str = "fixtures/deflate/takeover.toml";

/// Our own command as an adapter.
fn adapter(name: &str) -> String {
    format!("exec:'{}' adapter {name}", env!("CARGO_BIN_EXE_wireseam"))
}

fn start(command: &str, seconds: f64) -> Result<Exec, AdapterError> {
    let stop = Arc::new(AtomicBool::new(false));
    Exec::start(command, Duration::from_secs_f64(seconds), stop)
}

/// A shell script that answers: who it is, then each line of `answers`, then what comes behind them.
fn script(answers: &[&str], then: &str) -> String {
    let hello = r#"{"name":"script","server":"frames"}"#;
    let all = [&[hello], answers].concat();
    let answers = all.iter().map(|line| format!("read line; echo '{line}'; "));
    format!("{}{then}", answers.collect::<String>())
}

#[test]
fn an_adapter_says_what_the_same_decoder_says_in_this_process() {
    let own = |to: &str| {
        let output = replay(&[
            MASK,
            DEFLATE,
            "fixtures/close",
            "--to",
            to,
            "--segmentation",
            "original,one-byte,fields",
            "--format",
            "json",
        ]);
        assert_eq!(
            (output.status.code(), stderr(&output)),
            (Some(0), String::new()),
            "{to}"
        );
        let json = stdout(&output).replace(&serde_json::to_string(to).unwrap(), "\"\"");
        serde_json::from_str::<serde_json::Value>(&json).unwrap()
    };
    for name in ["tungstenite", "wireseam"] {
        let (here, there) = (own(name), own(&adapter(name)));
        assert_eq!(
            here["fixtures"].as_array().unwrap().len(),
            there["fixtures"].as_array().unwrap().len()
        );
        for (here, there) in here["fixtures"]
            .as_array()
            .unwrap()
            .iter()
            .zip(there["fixtures"].as_array().unwrap())
        {
            assert_eq!(here["trials"], there["trials"], "{name}");
        }
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "the adapters are shell scripts")]
fn an_adapter_that_does_not_start_is_named_with_what_it_said() {
    for (command, says) in [
        ("no-such-adapter", "not found"),
        ("echo no reason >&2; exit 3", "exit status: 3): no reason"),
        ("exit 0", "the adapter ended (exit status: 0)"),
        ("kill -9 $$", "signal: 9"),
        ("cat", "it has no \"name\""),
        ("yes", "the adapter answered \"y\": it is no JSON"),
        ("echo '{\"name\":\"x\"}'", "neither server nor client"),
        ("printf '{\"name\":'", "the adapter ended"),
    ] {
        let fault = start(command, 10.0).unwrap_err().to_string();
        assert!(fault.contains(says), "{command}: {fault}");
        let output = replay(&[MASK, "--to", &format!("exec:{command}")]);
        assert_eq!(output.status.code(), Some(4), "{command}");
        assert!(
            stderr(&output).starts_with("wireseam: failed to replay into exec:"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "it looks into /proc")]
fn an_adapter_that_hangs_is_ended_with_all_that_it_started() {
    let folder = Folder::new("hang");
    let pid = folder.path().join("pid");
    // a child in the background, that holds the pipe and reads nothing
    let command = format!("sleep 1000 & echo $! > '{}'; wait", pid.display());
    let fault = start(&command, 0.3).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the adapter did not answer within 0.3 s (--timeout)"
    );
    let pid = fs::read_to_string(pid).unwrap();
    // it was killed, and is gone as soon as the kernel gets to it
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") || state.contains(") X ") {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the adapter's child goes on: {state}"
        );
        std::thread::yield_now();
    }
}

#[test]
#[cfg_attr(not(unix), ignore = "the adapters are shell scripts")]
fn an_adapter_that_breaks_has_no_result_and_is_started_again_for_the_next_stream() {
    let nothing = r#"{"events":[]}"#;
    for (command, says) in [
        (script(&[nothing], "read line; exit 7"), "exit status: 7"),
        (
            script(&[nothing], "read line; echo nonsense"),
            "answered \"nonsense\"",
        ),
        (
            script(
                &[nothing],
                "read line; echo '{\"broken\":\"out of order\"}'",
            ),
            "out of order",
        ),
        // it has got no bytes that it could hang on
        (
            script(&[], "read line; sleep 100"),
            "the adapter did not answer within 0.5 s",
        ),
        (
            script(&[nothing], "read line; head -c 20000000 /dev/zero"),
            "more than 16 MiB",
        ),
    ] {
        let to = format!("exec:{command}");
        let output = replay(&[
            MASK,
            "fixtures/alignment/aligned.toml",
            "--role",
            "server",
            "--segmentation",
            "original",
            "--timeout",
            "0.5",
            "--to",
            &to,
            "--to",
            "tungstenite",
        ]);
        assert_eq!(
            output.status.code(),
            Some(4),
            "{command}: {}",
            stderr(&output)
        );
        let text = stdout(&output);
        let rows = text
            .lines()
            .filter(|line| line.ends_with("OK") && line.contains("NO RESULT"));
        assert_eq!(rows.count(), 2, "{text}");
        assert_eq!(text.matches(says).count(), 2, "{command}: {text}");
    }
}

/// The decoder hangs on its second chunk, and the adapter is as it should be.
#[test]
#[cfg_attr(not(unix), ignore = "the adapters are shell scripts")]
fn a_decoder_that_hangs_on_bytes_has_failed_with_the_cuts_that_it_hangs_on() {
    let nothing = r#"{"events":[]}"#;
    let to = format!(
        "exec:{}",
        script(&[nothing, nothing], "read line; sleep 100")
    );
    let typed = |segmentation| {
        let output = replay(&[
            MASK,
            "--role",
            "server",
            "--segmentation",
            segmentation,
            "--timeout",
            "0.5",
            "--to",
            &to,
        ]);
        assert_eq!(stderr(&output), "", "{to}");
        assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
        stdout(&output)
    };
    // 161 bytes of a request are not the decoder's; the frame has 6 bytes of header and 5 of payload
    let text = typed("cuts:163+167");
    let told: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("FAILED"))
        .collect();
    assert!(
        told[0].starts_with(&format!("FAILED  {MASK}  script as server")),
        "{text}"
    );
    assert_eq!(
        told[1],
        "  no answer: cuts:163+167, chunk 2 of 3, bytes 163..167"
    );
    assert!(told[3].starts_with("  expected  "), "{text}");
    assert_eq!(
        told[4],
        "  found     did not answer within 0.5 s (--timeout) after 6 bytes"
    );
    assert!(
        told[6].ends_with("--role server --segmentation cuts:163+167"),
        "{text}"
    );
    // in one piece it hangs at the end of the stream only, and by then the message should have come
    let text = typed("coalesce-all");
    assert!(text.contains("  event missing: coalesce-all"), "{text}");
}

#[test]
#[cfg_attr(not(unix), ignore = "the adapters are shell scripts")]
fn an_adapter_may_say_that_it_cannot() {
    let mut target = start(&script(&[r#"{"unsupported":"no masks here"}"#], ""), 10.0).unwrap();
    let trial = only_trial(&mut target, TALK, &["original"]);
    assert_eq!(
        (trial.verdict, trial.notes),
        (Verdict::Unimplemented, vec!["no masks here".to_owned()])
    );
}

#[test]
#[cfg_attr(not(unix), ignore = "the adapters are shell scripts")]
fn what_is_not_reported_is_not_expected() {
    let hello = r#"{"name":"only closes","server":"frames","reports":["close"]}"#;
    let close = r#"{"events":[{"event":"close","code":1000,"reason":"bye"}]}"#;
    let command = format!(
        "read line; echo '{hello}'; while read line; do case $line in *chunk*) echo '{close}';; *) echo '{{\"events\":[]}}';; esac; done"
    );
    let mut target = start(&command, 10.0).unwrap();
    assert_eq!(target.implementation().to_string(), "only closes");
    let trial = only_trial(&mut target, TALK, &["coalesce-all"]);
    assert_eq!((trial.verdict, trial.failed), (Verdict::Ok, None));
    let trial = only_trial(&mut target, TALK, &ALL);
    assert_eq!(trial.verdict, Verdict::Failed, "a close with each chunk");
}

/// The conversation in the description of the protocol is one that takes place.
#[test]
fn the_protocol_is_as_it_is_described() {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/replay-protocol.md"
    ))
    .unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("    > "));
    let asked: String = lines
        .map(|line| {
            line.replace("R0VUIC9..", "R0VUIC8=")
                .replace("SFRUUC8..", "SFRUUC8=")
                + "\n"
        })
        .collect();
    let mut answers = Vec::new();
    serve(
        &mut Tungstenite::default(),
        &mut asked.as_bytes(),
        &mut answers,
    )
    .unwrap();
    let json = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let answers = String::from_utf8(answers).unwrap();
    let answers: Vec<_> = answers.lines().map(json).collect();
    let described: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    < "))
        .map(json)
        .collect();
    assert_eq!(described.len(), 5);
    assert_eq!(answers[1..], described[1..]);
    for key in described[0].as_object().unwrap().keys() {
        assert!(answers[0].get(key).is_some(), "{key}");
    }
}
