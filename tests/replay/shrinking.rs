//! Failing replays made small.

use std::{
    fs,
    io::{Read, Write},
};

use wireseam::{
    analyzer::Role,
    fixtures::Script,
    replay::{
        About, AdapterError, Begins, Chunk, Decoder, Event, Fixture, Kind, Segmentation, Start,
        shrink, try_fixture,
    },
};

use super::{
    ALL, TALK,
    broken::{Broken, Fault},
    command::{Folder, replay, stderr},
    live::{Server, answer},
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
    let (steps, _) = script.split_once("[claim]").unwrap();
    let steps = steps.lines().filter(|line| line.contains("from = "));
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
fn a_shrunk_script_claims_what_must_be_found_in_it() {
    let script = |fault, talk: &str| {
        let mut decoder = Broken::new(fault);
        let trial = only_trial(&mut decoder, talk, &ALL);
        shrink(&mut decoder, &trial).unwrap()
    };
    let claim = |script: &str| {
        let claim = script.split_once("\n[claim]\n").unwrap().1;
        claim.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    };
    // by RFC 6455 5.5.2, and nothing is wrong with it
    assert_eq!(
        claim(&script(Fault::TellsPingsTwice, TALK)),
        "messages = [] control = [ { from = \"client\", opcode = \"ping\", length = 0 }, ] findings = []"
    );
    // the bit that RFC 6455 5.2 reserves is found
    let reserved = TALK.replace("ping = \"p\"", "ping = \"p\", rsv = [2]");
    assert_eq!(
        claim(&script(Fault::IgnoresReservedBits, &reserved)),
        "messages = [] control = [ { from = \"client\", opcode = \"ping\", length = 0 }, ] findings = [ \"ws.rsv\", ]"
    );
    // what a message says
    let open = r#"
        title = "t"
        shows = "s"
        step = [{ upgrade = {} }, { from = "client", binary = { hex = "ab", times = 300 } }]
    "#;
    let phase = script(Fault::MaskBeginsAnew, open);
    let small = Script::parse(&phase, "small.toml").unwrap();
    let said = small.claim().unwrap().messages.as_ref().unwrap();
    assert_eq!(said.len(), 1, "{phase}");
    // the byte behind the cut has another byte of the key
    assert_eq!(said[0].content(), Some(vec![0xAB; 2]), "{phase}");
    // and all of it is so, for `wireseam check`
    assert!(
        Fixture::of_script(&small).unwrap().differences.is_empty(),
        "{phase}"
    );
}

/// A server that wants its request in one piece, and accepts anything in it but a page that refers to it.
struct Hasty;

impl Decoder for Hasty {
    fn about(&self) -> About {
        About {
            name: "hasty".to_owned(),
            version: String::new(),
            server: Some(Begins::AtHandshake),
            client: None,
            extensions: Vec::new(),
            reports: Kind::ALL.to_vec(),
        }
    }

    fn start(&mut self, _: &Start<'_>) -> Result<(), AdapterError> {
        Ok(())
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError> {
        let chunk = chunk.bytes();
        let text = String::from_utf8_lossy(&chunk);
        let mut lines = text.lines();
        Ok(match text.ends_with("\r\n\r\n") {
            _ if lines.any(|line| line == "Referer: x") => vec![Event::error(None, "a page")],
            true => Vec::new(),
            false => vec![Event::error(None, "in pieces")],
        })
    }
}

/// The request of a script, line by line, and what is left of the rest.
fn request(fields: &str, ways: &[&str]) -> (Vec<String>, String) {
    let script = format!(
        "title = \"t\"\nshows = \"s\"\nstep = [ {{ upgrade = {{ headers = [{fields}] }} }}, {{ from = \"server\", text = \"x\" }} ]"
    );
    let trial = only_trial(&mut Hasty, &script, ways);
    let script = shrink(&mut Hasty, &trial).unwrap();
    let (before, behind) = script.rsplit_once("\"\"\"").unwrap();
    let lines = before.split_once("\"\"\"\n").unwrap().1.lines();
    let lines = lines.map(|line| line.trim().to_owned()).collect();
    (lines, behind.to_owned())
}

#[test]
fn a_handshake_that_fails_is_left_with_the_lines_that_make_it_fail() {
    let (lines, rest) = request(
        "\"Origin: y\", \"Referer: x\", \"Cookie: z\"",
        &["coalesce-all"],
    );
    // RFC 6455 4.1 and RFC 9112 3.2 ask for all but the one
    assert_eq!(
        lines,
        [
            "GET /chat HTTP/1.1",
            "Host: server.example.com",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "Referer: x",
            "",
            ""
        ]
    );
    assert!(rest.contains("{ response = {} }"), "{rest}");
    assert!(!rest.contains("cut") && !rest.contains("text"), "{rest}");
}

#[test]
fn a_handshake_that_fails_in_pieces_is_left_with_one_cut() {
    let (lines, rest) = request("\"Origin: y\", \"Cookie: z\"", &["seed:3"]);
    assert_eq!(lines.len(), 8, "{lines:?}");
    let cut = rest
        .split_once("cut = [")
        .unwrap()
        .1
        .split_once(']')
        .unwrap()
        .0;
    assert!(cut.parse::<usize>().is_ok(), "{cut}");
}

#[test]
fn the_command_makes_a_handshake_smaller() {
    let folder = Folder::new("shrink-handshake");
    let to = folder.path().join("small");
    let output = replay(&[
        "fixtures/handshake/fields-in-two-lines.toml",
        "--to",
        "tungstenite:handshake",
        "--segmentation",
        "original",
        "--shrink",
        to.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("was made smaller"),
        "{}",
        stderr(&output)
    );
    let small = to.join("fields-in-two-lines-1-tungstenite-server.toml");
    let script = fs::read_to_string(&small).unwrap();
    // it looks at the first line of a field only
    let at = |line| script.find(line).unwrap_or_else(|| panic!("{script}"));
    assert!(at("Connection: keep-alive") < at("connection:   UPGRADE"));
    assert!(!script.contains("h2c"), "{script}");
    assert!(script.contains("\n[claim]\nmessages = []\n"), "{script}");
}

#[test]
fn what_fails_in_a_handshake_of_the_harness_is_not_made_smaller() {
    let server = Server::new(|mut socket| {
        let mut head = [0; 4096];
        let read = socket.read(&mut head).unwrap_or_default();
        if head[..read].ends_with(b"\r\n\r\n") {
            let _ = socket.write_all(answer(&head[..read]).as_bytes());
            while matches!(socket.read(&mut head), Ok(1..)) {}
        }
    });
    let folder = Folder::new("shrink");
    let to = folder.path().join("small");
    let output = replay(&[
        "fixtures/handshake/subprotocol.toml",
        "--to",
        &format!("server:{}", server.address()),
        "--segmentation",
        "one-byte",
        "--timeout",
        "0.3",
        "--shrink",
        to.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let says =
        "was not made smaller: it does not fail as a script of one handshake and one end's frames";
    assert!(stderr(&output).contains(says), "{}", stderr(&output));
    assert!(!to.exists());
}
