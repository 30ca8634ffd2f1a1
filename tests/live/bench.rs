//! A network namespace for a test, and commands that capture in it.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::UdpSocket,
    path::PathBuf,
    process::{Child, ChildStderr, Command, Output, Stdio},
};

/// Runs a test in a namespace made with these options, which is this program once more with one test.
pub(super) fn apart(test: &str, unshare: &[&str], body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let works = |command: &mut Command| command.output().is_ok_and(|made| made.status.success());
    let has_ip = works(Command::new("ip").arg("link"));
    if !has_ip || !works(Command::new("unshare").args(unshare).arg("true")) {
        // past the test harness, which keeps what is printed
        let mut stderr = std::io::stderr();
        let _ = writeln!(
            stderr,
            "SKIPPED {test}: needs ip and unshare {}",
            unshare.join(" ")
        );
        return;
    }
    let output = Command::new("unshare")
        .args(unshare)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let faults = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{faults}"
    );
}

pub(super) fn with_loopback(test: &str, body: impl FnOnce()) {
    apart(test, &["-Urn"], || {
        up();
        body();
    });
}

/// Switches loopback on.
pub(super) fn up() {
    let up = Command::new("ip")
        .args(["link", "set", "dev", "lo", "up"])
        .status();
    assert!(up.unwrap().success());
}

pub(super) fn wireseam(typed: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wireseam"))
        .args(typed)
        .output()
        .unwrap()
}

/// A recording on loopback that has begun.
pub(super) struct Recording {
    pub(super) child: Child,
    pub(super) stderr: BufReader<ChildStderr>,
}

impl Recording {
    pub(super) fn begin(typed: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["record", "-i", "lo"])
            .args(typed)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(line.starts_with("wireseam: recording on lo"), "{line}");
        Self { child, stderr }
    }

    pub(super) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// How it exited, and what it said.
    pub(super) fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        let stdout = self.child.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}

/// Sends so many datagrams of 32 bytes to this machine, and sees that they arrived.
pub(super) fn send(count: u8) {
    let socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let (from, to) = (socket(), socket());
    for number in 0..count {
        from.send_to(&[number; 32], to.local_addr().unwrap())
            .unwrap();
        assert_eq!(to.recv(&mut [0; 64]).unwrap(), 32);
    }
}

pub(super) fn path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _not_there = fs::remove_file(&path);
    path
}

/// Set in the program that is run inside a namespace.
const INSIDE: &str = "WIRESEAM_INSIDE_NAMESPACE";
