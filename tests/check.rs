//! Fixtures checked as their owner does it: in a folder of their own, by the command.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use quick_xml::{Reader, events::Event};
use serde_json::Value;

const GREETING: &str = r#"
title = "A greeting"
shows = "One message in two segments."
step = [{ upgrade = {} }, { from = "client", text = "hello", cut = ["mask+2"] }]
claim.messages = [{ from = "client", text = "hello", alignment = "split", segments = 2 }]
"#;

/// A folder of fixtures, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    /// One with an accepted fixture, `area/greeting`.
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("check")
            .join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("area")).unwrap();
        let folder = Self(path);
        folder.write("area/greeting.toml", GREETING);
        assert_eq!(folder.run(&["check"]).code(), 1);
        assert_eq!(folder.run(&["accept"]).code(), 0);
        assert_eq!(folder.run(&["check"]).code(), 0);
        folder
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// Runs a command on it, and what it says with the folder's own name left out.
    fn run(&self, typed: &[&str]) -> Said {
        let command = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(typed)
            .arg(".")
            .env_remove("CI")
            .current_dir(&self.0)
            .output();
        Said(command.unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Said(Output);

impl Said {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    fn must_say(&self, parts: &[&str]) {
        let out = self.out();
        for part in parts {
            assert!(
                out.contains(part),
                "{part:?} is not in\n{out}{}",
                self.err()
            );
        }
    }
}

/// A client's message begins at the end of its request, which is as long as the script's writer says.
fn request_length(folder: &Folder) -> u64 {
    let map = folder.read("area/greeting.snap");
    let request = map.lines().find(|line| line.contains("GET ")).unwrap();
    let line = map
        .lines()
        .find(|line| line.contains("0..") && line.contains("GET /chat"))
        .unwrap_or(request);
    let end = line
        .split("0..")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    end.parse().unwrap()
}

#[test]
fn the_fixtures_of_this_repository_are_as_claimed_and_accepted() {
    let output = Command::new(env!("CARGO_BIN_EXE_wireseam"))
        .args(["check", "--ci"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let said = Said(output.unwrap());
    assert_eq!(said.code(), 0, "{}{}", said.out(), said.err());
}

#[test]
fn what_is_not_as_claimed_is_named_with_its_bytes_and_how_to_see_it() {
    let folder = Folder::new("claimed");
    let at = request_length(&folder);
    folder.write(
        "area/greeting.toml",
        GREETING.replace("segments = 2", "segments = 3"),
    );
    let said = folder.run(&["check"]);
    assert_eq!(said.code(), 1);
    said.must_say(&[
        "differs  area/greeting  A greeting\n",
        "claimed segments 3, found 2",
        // RFC 6455 5.2: a text frame, masked, of 5 bytes
        &format!("at byte {at} from the client, packet 8: | 81 85"),
        "see it: wireseam build ./area/greeting.toml | wireseam inspect -\n",
        "1 fixture: 1 differs\n",
    ]);
    assert!(
        !folder.has("area/greeting.snap.new"),
        "the map is the accepted one"
    );
}

#[test]
fn a_map_that_differs_waits_beside_the_accepted_one_until_it_is_accepted() {
    let folder = Folder::new("map");
    let accepted = folder.read("area/greeting.snap");
    folder.write(
        "area/greeting.snap",
        accepted
            .replace("source: greeting.toml", "source: mine")
            .replace("split 2", "split 7"),
    );
    let said = folder.run(&["check", "--ci"]);
    assert_eq!(said.code(), 1);
    said.must_say(&[
        "is not the accepted one (./area/greeting.snap):\n    - ",
        "split 7",
        "\n    + ",
        "split 2",
    ]);
    assert!(
        !folder.has("area/greeting.snap.new"),
        "continuous integration writes nothing"
    );

    let said = folder.run(&["check"]);
    assert_eq!(said.code(), 1);
    said.must_say(&["wireseam review"]);
    assert!(folder.has("area/greeting.snap.new"));
    folder.run(&["review"]).must_say(&[
        "1 of 1  area/greeting",
        "\n-",
        "split 7",
        "\n+",
        "split 2",
    ]);
    folder
        .run(&["accept"])
        .must_say(&["accepted  area/greeting: another map than before\n"]);
    assert_eq!(folder.run(&["check"]).code(), 0);
    assert!(!folder.has("area/greeting.snap.new"));
    assert_eq!(
        folder.read("area/greeting.snap"),
        accepted.replace("source: greeting.toml", "source: mine"),
        "the metadata of whoever wrote it first stays"
    );
}

#[test]
fn a_map_that_waits_goes_when_it_no_longer_differs() {
    let folder = Folder::new("waits");
    folder.write("area/greeting.toml", GREETING.replace("hello", "howdy"));
    folder.run(&["check"]);
    assert!(folder.has("area/greeting.snap.new"));
    folder.write("area/greeting.toml", GREETING);
    assert_eq!(folder.run(&["check"]).code(), 0);
    assert!(!folder.has("area/greeting.snap.new"));
}

#[test]
fn maps_without_a_fixture_are_named_and_snapshots_of_other_tests_are_not() {
    let folder = Folder::new("stale");
    folder.write("area/gone.snap", folder.read("area/greeting.snap"));
    folder.write("area/gone.snap.new", folder.read("area/greeting.snap"));
    folder.write("area/other.snap", "---\nsource: x\n---\nsomething else\n");
    let said = folder.run(&["check"]);
    assert_eq!(said.code(), 1);
    said.must_say(&[
        "stale  ./area/gone.snap\n",
        "stale  ./area/gone.snap.new\n",
        "1 fixture: 1 ok, 2 stale\n",
    ]);
    assert!(!said.out().contains("other"));
    assert_eq!(folder.run(&["accept", "--delete-stale"]).code(), 0);
    assert!(!folder.has("area/gone.snap") && folder.has("area/other.snap"));
}

#[test]
fn a_fixture_with_a_fault_does_not_keep_the_others_from_being_checked() {
    let folder = Folder::new("faults");
    folder.write("area/faulty.toml", "title = \"No more\"\nstepp = []\n");
    folder.write(
        "area/missing.toml",
        "title = \"Recorded\"\nshows = \"x\"\nrecording = \"none.pcap\"\n",
    );
    let said = folder.run(&["check"]);
    assert_eq!(said.code(), 2, "the worst of them");
    said.must_say(&[
        "faulty  area/faulty\n",
        "stepp",
        "unreadable  area/missing  Recorded\n",
        "none.pcap",
        "3 fixtures: 1 ok, 1 unreadable, 1 faulty\n",
    ]);
    fs::remove_file(folder.0.join("area/faulty.toml")).unwrap();
    assert_eq!(folder.run(&["check"]).code(), 3);
}

#[test]
fn a_capture_of_real_programs_is_a_fixture_by_its_script_or_by_its_accepted_map() {
    let folder = Folder::new("recorded");
    let recording = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/recordings/raw-pipelined-upgrade.pcap");
    for copy in ["area/named.pcap", "area/alone.pcap"] {
        fs::copy(&recording, folder.0.join(copy)).unwrap();
    }
    // the program's log beside the recording says: one binary message of 512 bytes, echoed in one write
    let script = "title = \"Echo\"\nshows = \"x\"\nrecording = \"named.pcap\"\n[claim]\nmessages = [\n\
         { from = \"client\", length = 512, segments = 5 },\n{ from = \"server\", length = 512, alignment = \"aligned\" }]\n";
    folder.write("area/echo.toml", script);
    let said = folder.run(&["check"]);
    said.must_say(&[
        "new  area/echo  Echo\n",
        "see it: wireseam inspect ./area/named.pcap\n",
    ]);
    assert!(!said.out().contains("alone"), "nobody made it a fixture");
    folder.run(&["accept"]);
    assert_eq!(folder.run(&["check"]).code(), 0);

    let file = |typed: &[&str]| {
        let command = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(typed)
            .arg("area/alone.pcap")
            .env_remove("CI")
            .current_dir(&folder.0)
            .output();
        Said(command.unwrap())
    };
    assert_eq!(file(&["check"]).code(), 1, "it has no accepted map yet");
    assert_eq!(file(&["accept"]).code(), 0);
    let said = folder.run(&["check", "--list"]);
    assert_eq!(said.out(), "area/alone\narea/echo\narea/greeting\n");
    assert_eq!(folder.run(&["check"]).code(), 0);

    folder.write(
        "area/echo.toml",
        script.replace("512, segments", "511, segments"),
    );
    folder.run(&["check"]).must_say(&[
        "claimed length 511, found 512",
        "from the client, packet 14:",
    ]);
    folder.write(
        "area/echo.toml",
        script.replace("segments = 5", "packets = [\"a\"]"),
    );
    folder
        .run(&["check"])
        .must_say(&["faulty  area/echo", "name it by its number"]);
    folder.write(
        "area/echo.toml",
        format!("{script}[[step]]\nupgrade = {{}}\n"),
    );
    folder
        .run(&["check"])
        .must_say(&["a recording has neither steps nor edits"]);
}

#[test]
fn fixtures_are_selected_by_id_and_others_are_not_looked_at() {
    let folder = Folder::new("selected");
    folder.write("area/faulty.toml", "title = 3\n");
    for typed in [["--select", "area/greet*"], ["--select", "*greeting"]] {
        let said = folder.run(&["check", typed[0], typed[1]]);
        assert_eq!((said.code(), said.out().as_str()), (0, "1 fixture: 1 ok\n"));
    }
    let said = folder.run(&["check", "--select", "greeting"]);
    assert_eq!(said.code(), 2);
    assert!(
        said.err()
            .contains("there is no such fixture in .; --list lists those there are"),
        "{}",
        said.err()
    );
    let said = folder.run(&["check", "--quiet", "--select", "area/greeting"]);
    assert_eq!((said.code(), said.out().as_str()), (0, ""));
}

/// One that is well, one that differs with letters that every form has to escape, one with a fault, and a stale map.
fn mixed(name: &str) -> Folder {
    let folder = Folder::new(name);
    let wrong = GREETING
        .replace("A greeting", "<&\\\"'#%,:\\n")
        .replace("segments = 2", "segments = 3");
    folder.write("area/wrong.toml", wrong);
    folder.write(
        "area/wrong.snap",
        folder
            .read("area/greeting.snap")
            .replace("greeting.pcap", "wrong.pcap"),
    );
    folder.write("area/faulty.toml", "title = 3\n");
    folder.write("area/gone.snap", folder.read("area/greeting.snap"));
    folder
}

#[test]
fn junit_has_a_case_for_each_fixture_and_a_reason_for_each_that_failed() {
    let folder = mixed("junit");
    let said = folder.run(&["check", "--quiet", "--report", "junit=out.xml"]);
    assert_eq!(said.code(), 2);
    let xml = folder.read("out.xml");
    let mut reader = Reader::from_str(&xml);
    let (mut tags, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                tags.push(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
            }
            Event::Text(said) => text += &said,
            Event::Eof => break,
            _ => {}
        }
    }
    let count = |name: &str| tags.iter().filter(|tag| *tag == name).count();
    assert_eq!(
        (count("testsuites"), count("testsuite"), count("testcase")),
        (1, 2, 4),
        "{xml}"
    );
    assert_eq!((count("failure"), count("error")), (2, 1), "{xml}");
    assert!(
        xml.contains(r#"<testsuite name="area" tests="3" failures="1" errors="1">"#),
        "{xml}"
    );
    assert!(text.contains("claimed segments 3, found 2"), "{text}");
}

#[test]
fn tap_plans_as_many_as_it_reports() {
    let said = mixed("tap").run(&["check", "--format", "tap"]);
    let out = said.out();
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    assert_eq!(lines.next(), Some("1..4"));
    let points: Vec<&str> = lines.filter(|line| line.contains("ok ")).collect();
    assert_eq!(points[0], "not ok 1 - area/faulty");
    assert_eq!(points[1], "ok 2 - area/greeting");
    assert_eq!(points[2], "not ok 3 - area/wrong");
    assert_eq!(points[3], "not ok 4 - ./area/gone.snap");
    assert_eq!(
        out.matches("  ---\n").count(),
        out.matches("  ...\n").count()
    );
}

#[test]
fn github_gets_one_line_for_each_that_is_wrong() {
    let said = mixed("github").run(&["check", "--format", "github"]);
    let out = said.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    assert!(
        lines[0].starts_with("::error file=./area/faulty.toml,title=faulty%3A area/faulty::"),
        "{out}"
    );
    assert!(
        lines[1].starts_with(
            "::error file=./area/wrong.toml,title=differs%3A area/wrong::message 1 from"
        ),
        "{out}"
    );
    assert!(lines[1].contains("%0Aat byte "), "{out}");
    assert!(
        lines[2].starts_with("::error file=./area/gone.snap,title=stale::"),
        "{out}"
    );
    assert_eq!(
        lines[3],
        "::notice title=wireseam::3 fixtures, 3 with something wrong"
    );
}

#[test]
fn each_line_of_json_is_one_and_the_last_has_the_totals() {
    let said = mixed("lines").run(&["check", "--format", "ndjson"]);
    let out = said.out();
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let wrong = &lines[2];
    assert_eq!(wrong["id"], "area/wrong");
    assert_eq!(wrong["title"], "<&\"'#%,:\n");
    let problem = &wrong["problems"][0];
    assert_eq!(
        (&problem["kind"], &problem["claimed"], &problem["found"]),
        (&"claim".into(), &"segments 3".into(), &"2".into())
    );
    assert_eq!(problem["at"]["packet"], 8);
    assert_eq!(problem["at"]["direction"], "client_to_server");
    let totals = lines.last().unwrap();
    assert_eq!(
        (
            &totals["ok"],
            &totals["differs"],
            &totals["faulty"],
            &totals["stale"]
        ),
        (&1.into(), &1.into(), &1.into(), &1.into())
    );
}

#[test]
fn the_index_has_the_shape_of_autobahns() {
    let folder = mixed("autobahn");
    folder.run(&["check", "--report", "autobahn=index.json"]);
    let index: Value = serde_json::from_str(&folder.read("index.json")).unwrap();
    let agents: Vec<_> = index.as_object().unwrap().values().collect();
    assert_eq!(agents.len(), 1);
    let behavior = |id: &str| agents[0][id]["behavior"].as_str().unwrap().to_owned();
    assert_eq!(
        [behavior("area/greeting"), behavior("area/wrong")],
        ["OK", "FAILED"]
    );
    for key in ["behaviorClose", "duration", "remoteCloseCode", "reportfile"] {
        assert!(agents[0]["area/greeting"].get(key).is_some(), "{key}");
    }
}

#[test]
fn what_cannot_be_searched_or_written_is_said_in_one_line() {
    let folder = Folder::new("refused");
    let typed = |typed: &[&str]| {
        let command = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(typed)
            .current_dir(&folder.0)
            .output();
        let said = Said(command.unwrap());
        (said.code(), said.err())
    };
    for (arguments, code, expected) in [
        (&["check"][..], 2, "there is no folder fixtures here"),
        (&["check", "nowhere"], 3, "failed to read nowhere"),
        (&["check", "area/greeting.snap"], 2, "is no fixture"),
        (
            &["check", ".", "--report", "junit=no/such/folder.xml"],
            4,
            "failed to write no/such/folder.xml",
        ),
        (&["check", ".", "--report", "junit"], 2, "FORMAT=FILE"),
    ] {
        let (found, said) = typed(arguments);
        assert_eq!(found, code, "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
