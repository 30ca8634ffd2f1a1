//! The lessons of `wireseam demo`: what they say live, what their recordings say, and that both are the same.
//!
//! The texts are in `tests/snapshots/`. `INSTA_UPDATE=always cargo test --test main demo` takes new ones.

use std::{
    env, fs,
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::tcgetattr,
};

/// The command, called `wireseam` whatever it is called here, in a folder of its own.
fn demo(folder: &str, locale: &str, typed: &[&str]) -> Output {
    let inside = folder_of(folder);
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec wireseam demo \"$@\"", "sh"])
        .args(typed);
    output(command, locale, inside)
}

/// The same where no namespace can be made: limits hold for namespaces inside of this one.
fn demo_without_namespaces(folder: &str, typed: &[&str]) -> Option<Output> {
    let forbid = "echo 0 > /proc/sys/user/max_user_namespaces && \
        echo 0 > /proc/sys/user/max_net_namespaces && exec wireseam demo \"$@\"";
    apart(&["-Ur"], forbid, folder, typed)
}

/// The same without any right, whoever runs the test.
fn demo_as_ordinary_user(folder: &str, typed: &[&str]) -> Option<Output> {
    let user = ["--map-user=1000", "--map-group=1000"];
    apart(&user, "exec wireseam demo \"$@\"", folder, typed)
}

/// Runs a script in a namespace made with these options; `None` where it cannot be made.
fn apart(unshare: &[&str], script: &str, folder: &str, typed: &[&str]) -> Option<Output> {
    let works = Command::new("unshare").args(unshare).arg("true").output();
    works.ok().filter(|made| made.status.success())?;
    let mut command = Command::new("unshare");
    command.args(unshare).args(["sh", "-c", script, "sh"]);
    command.args(typed);
    Some(output(command, "C.UTF-8", folder_of(folder)))
}

fn output(mut command: Command, locale: &str, inside: PathBuf) -> Output {
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_wireseam"));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [ours.parent().unwrap().to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    command
        .env("PATH", env::join_paths(folders).unwrap())
        .env("LC_ALL", locale)
        .current_dir(inside)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn folder_of(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _not_there = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Whether a demo was live; where it was not, one line says so.
fn is_live(output: &Output) -> bool {
    let said = stderr(output);
    assert!(output.status.success(), "{said}");
    let is_one_line =
        said.starts_with("wireseam: no live lessons here (") && said.lines().count() == 1;
    assert!(said.is_empty() || is_one_line, "{said}");
    said.is_empty()
}

/// Says so past the harness, which keeps what is printed.
fn skipped(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED demo::{test}: {why}");
}

fn holds(width: &str, shown: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("demo-{width}"), shown);
    });
}

#[test]
fn lessons_played_live_say_what_is_written() {
    for width in ["80", "120"] {
        let typed = ["--all", "--save", "lessons", "--width", width];
        let shown = demo("demo-live", "C.UTF-8", &typed);
        if !is_live(&shown) {
            return skipped(
                "lessons_played_live_say_what_is_written",
                stderr(&shown).trim(),
            );
        }
        holds(width, &stdout(&shown));
    }
}

#[test]
fn an_ordinary_user_sees_the_same_live() {
    let test = "an_ordinary_user_sees_the_same_live";
    let typed = ["--all", "--save", "lessons", "--width", "80"];
    match demo_as_ordinary_user("demo-ordinary", &typed) {
        Some(shown) if is_live(&shown) => holds("80", &stdout(&shown)),
        Some(shown) => skipped(test, stderr(&shown).trim()),
        None => skipped(test, "needs unshare --map-user"),
    }
}

#[test]
fn recordings_say_the_same_as_lessons_played_live() {
    for width in ["80", "120"] {
        let typed = ["--all", "--save", "lessons", "--width", width];
        let shown = demo_without_namespaces("demo-recorded", &typed)
            .unwrap_or_else(|| demo("demo-recorded", "C.UTF-8", &typed));
        if is_live(&shown) {
            let test = "recordings_say_the_same_as_lessons_played_live";
            return skipped(test, "needs unshare -Ur, or no namespaces at all");
        }
        holds(width, &stdout(&shown));
    }
}

#[test]
fn each_lesson_fits_a_screen() {
    for (width, most) in [("80", 80), ("120", 120)] {
        let typed = ["--all", "--save", "lessons", "--width", width];
        let shown = stdout(&demo("demo-screen", "C.UTF-8", &typed));
        let mut lines = 0;
        let mut lessons = 0;
        for line in shown.lines() {
            assert!(line.chars().count() <= most, "wider than {most}: {line}");
            lines += 1;
            if line.starts_with("  look") {
                // with a line that says which keys there are
                assert!(lines < 24, "{lines} lines in front of\n{line}");
                lessons += 1;
                lines = 0;
                continue;
            }
            if line.is_empty() && lines == 1 {
                lines = 0;
            }
        }
        assert_eq!(lessons, 11);
    }
}

#[test]
fn a_locale_without_unicode_gets_the_same_in_ascii() {
    let typed = ["--all", "--save", "lessons"];
    let unicode = stdout(&demo("demo-unicode", "C.UTF-8", &typed));
    let ascii = stdout(&demo("demo-ascii", "C", &typed));
    assert!(ascii.is_ascii());
    let replaced: String = unicode
        .chars()
        .map(|c| match c {
            '│' => '|',
            '┊' => ':',
            '─' => '-',
            c if c.is_ascii() => c,
            _ => '?',
        })
        .collect();
    assert_eq!(ascii, replaced);
}

#[test]
fn colours_add_nothing_but_colours() {
    let plain = stdout(&demo("demo-plain", "C.UTF-8", &["close", "--save", "x"]));
    let typed = ["close", "--save", "x", "--color", "always"];
    let coloured = stdout(&demo("demo-coloured", "C.UTF-8", &typed));
    assert!(coloured.contains('\x1b'));
    let mut without = String::new();
    for piece in coloured.split('\x1b') {
        let rest = piece.split_once('m').filter(|_| piece.starts_with('['));
        without.push_str(rest.map_or(piece, |(_, rest)| rest));
    }
    assert_eq!(without, plain);
}

#[test]
fn every_capture_can_be_inspected_and_adds_up() {
    let shown = demo("demo-saved", "C.UTF-8", &["--all", "--save", "."]);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("demo-saved");
    let shown = stdout(&shown);
    let commands: Vec<_> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("  look      wireseam inspect "))
        .collect();
    assert_eq!(commands.len(), 11);
    for capture in commands {
        let inspected = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["inspect", capture, "--verify", "--format", "summary"])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            inspected.status.success(),
            "{capture}: {}",
            stderr(&inspected)
        );
    }
}

#[test]
fn without_a_name_a_pipe_gets_the_first_lesson_and_the_names_of_all() {
    let shown = stdout(&demo("demo-first", "C.UTF-8", &["--save", "."]));
    let one = stdout(&demo("demo-first", "C.UTF-8", &["sends", "--save", "."]));
    let by_key = stdout(&demo("demo-first", "C.UTF-8", &["1", "--save", "."]));
    assert_eq!(by_key, one);
    let rest = shown.strip_prefix(&one).unwrap();
    for name in ["sends", "luck", "close", "socketio"] {
        assert!(rest.contains(&format!("  {name} ")), "{rest}");
    }
    assert!(rest.contains("wireseam demo NAME"), "{rest}");
}

#[test]
fn what_cannot_be_shown_says_so() {
    let unknown = demo("demo-unknown", "C.UTF-8", &["udp"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("socketio"),
        "{}",
        stderr(&unknown)
    );
    let nowhere = demo(
        "demo-nowhere",
        "C.UTF-8",
        &["sends", "--save", "/dev/null/x"],
    );
    assert_eq!(nowhere.status.code(), Some(4));
    assert!(
        stderr(&nowhere).contains("/dev/null/x"),
        "{}",
        stderr(&nowhere)
    );
    assert_eq!(stderr(&nowhere).lines().count(), 1, "{}", stderr(&nowhere));
}

#[test]
fn keys_choose_lessons_in_a_terminal_which_is_left_as_it_was() {
    for (keys, shows, code) in [
        ("2q", "2  It worked is not it is right", 0),
        ("\x1b[Cq", "1  Sends are not receives", 0),
        ("\x04", "any key: begin", 0),
        ("", "any key: begin", 130),
    ] {
        let inside = folder_of("demo-keys");
        let terminal = Terminal::open();
        let before = terminal.settings();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["demo", "--save", ".", "--color", "never"])
            .env("LC_ALL", "C.UTF-8")
            .current_dir(&inside)
            .stdin(terminal.end())
            .stdout(terminal.end())
            .stderr(terminal.end())
            .spawn()
            .unwrap();
        let mut shown = String::new();
        terminal.read_until(&mut shown, "q: quit");
        assert_ne!(terminal.settings(), before, "keys need no Enter");
        if keys.is_empty() {
            let pid = child.id().to_string();
            let sent = Command::new("kill").args(["-INT", &pid]).status();
            assert!(sent.unwrap().success());
        }
        for key in keys.split_inclusive(|c: char| c.is_ascii_alphanumeric()) {
            let quits = shown.matches("q: quit").count();
            terminal.write(key);
            if key != "q" && key != "\x04" {
                terminal.read_until(&mut shown, "q: quit");
                assert!(shown.matches("q: quit").count() > quits, "{shown}");
            }
        }
        assert_eq!(child.wait().unwrap().code(), Some(code), "{shown}");
        assert_eq!(terminal.settings(), before);
        assert!(shown.contains(shows), "{shown}");
    }
}

/// A terminal with a program at its other end.
struct Terminal {
    ours: fs::File,
    theirs: fs::File,
}

impl Terminal {
    fn open() -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let ours = openpt(flags).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = fs::File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        Self {
            ours: ours.into(),
            theirs,
        }
    }

    fn end(&self) -> Stdio {
        self.theirs.try_clone().unwrap().into()
    }

    fn settings(&self) -> String {
        format!("{:?}", tcgetattr(&self.theirs).unwrap())
    }

    fn write(&self, keys: &str) {
        (&self.ours).write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until a text has come, for ten seconds at most.
    fn read_until(&self, shown: &mut String, text: &str) {
        let from = shown.len();
        let until = Instant::now() + Duration::from_secs(10);
        let mut buffer = [0; 4096];
        while !shown.get(from..).unwrap().contains(text) {
            assert!(Instant::now() < until, "no {text:?} came: {shown}");
            let second = Timespec {
                tv_sec: 1,
                tv_nsec: 0,
            };
            let mut waited = [PollFd::new(&self.ours, PollFlags::IN)];
            if poll(&mut waited, Some(&second)).unwrap() == 0 {
                continue;
            }
            let length = (&self.ours).read(&mut buffer).unwrap();
            shown.push_str(&String::from_utf8_lossy(buffer.get(..length).unwrap()));
        }
    }
}
