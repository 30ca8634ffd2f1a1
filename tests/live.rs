//! The commands that capture on interfaces, in network namespaces of their own.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

/// Runs a test in a namespace made with these options, which is this program once more with one test.
fn apart(test: &str, unshare: &[&str], body: impl FnOnce()) {
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

fn with_loopback(test: &str, body: impl FnOnce()) {
    apart(test, &["-Urn"], || {
        let up = Command::new("ip")
            .args(["link", "set", "dev", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        body();
    });
}

fn wireseam(typed: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wireseam"))
        .args(typed)
        .output()
        .unwrap()
}

/// A recording on loopback that has begun.
struct Recording {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
}

impl Recording {
    fn begin(typed: &[&str]) -> Self {
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

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// How it exited, and what it said.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        let stdout = self.child.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}

/// Sends so many datagrams of 32 bytes to this machine, and sees that they arrived.
fn send(count: u8) {
    let socket = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let (from, to) = (socket(), socket());
    for number in 0..count {
        from.send_to(&[number; 32], to.local_addr().unwrap())
            .unwrap();
        assert_eq!(to.recv(&mut [0; 64]).unwrap(), 32);
    }
}

fn path(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _not_there = fs::remove_file(&path);
    path
}

#[test]
fn a_signal_ends_a_recording_in_order_with_every_packet_accounted_for() {
    let test = "live::a_signal_ends_a_recording_in_order_with_every_packet_accounted_for";
    with_loopback(test, || {
        for (signal, backend) in [("-INT", "af-packet"), ("-TERM", "af-packet")] {
            let file = path("signal.pcapng");
            let name = file.to_str().unwrap();
            let recording =
                Recording::begin(&["-o", name, "--filter", "udp", "--backend", backend]);
            send(40);
            recording.signal(signal);
            let (code, out, err) = recording.end();
            assert_eq!((code, &*err), (Some(0), ""), "{signal}");
            let size = fs::metadata(&file).unwrap().len();
            assert_eq!(
                out,
                format!(
                    "recorded 40 packets in {name}, {size} bytes, until interrupted
          40  passed the filter
          40  recorded
           0  dropped by the kernel, for want of room in its ring
           0  dropped by the interface in front of the filter
"
                )
            );
        }
    });
}

#[test]
fn what_is_recorded_can_be_inspected() {
    let test = "live::what_is_recorded_can_be_inspected";
    with_loopback(test, || {
        let file = path("inspected.pcapng");
        let name = file.to_str().unwrap();
        let recording = Recording::begin(&["-o", name]);
        // an upgrade and a message, over a real connection
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut server = listener.accept().unwrap().0;
        let request =
            b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        client.write_all(request).unwrap();
        server.read_exact(&mut vec![0; request.len()]).unwrap();
        let response =
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x05hello";
        server.write_all(response).unwrap();
        client.read_exact(&mut vec![0; response.len()]).unwrap();
        recording.signal("-INT");
        let (code, ..) = recording.end();
        assert_eq!(code, Some(0));
        let report = wireseam(&["inspect", name, "--verify"]);
        let text = String::from_utf8_lossy(&report.stdout);
        assert!(text.contains("GET /chat  101"), "{text}");
        assert!(text.contains("hello"), "{text}");
        assert_eq!(report.status.code(), Some(0));
    });
}

#[test]
fn what_is_recorded_can_be_inspected_while_it_is() {
    let test = "live::what_is_recorded_can_be_inspected_while_it_is";
    with_loopback(test, || {
        let mut recording = Recording::begin(&["-o", "-", "--filter", "tcp"]);
        let mut inspect = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["inspect", "--format", "ndjson", "-"])
            .stdin(recording.child.stdout.take().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut lines = BufReader::new(inspect.stdout.take().unwrap()).lines();
        let port = client.local_addr().unwrap().port().to_string();
        assert!(
            lines.any(|line| line.unwrap().contains(&port)),
            "while both go on"
        );
        // nobody reads on: it ends, and quietly
        inspect.kill().unwrap();
        inspect.wait().unwrap();
        drop(client);
        let mut err = String::new();
        recording.stderr.read_to_string(&mut err).unwrap();
        assert_eq!(recording.child.wait().unwrap().code(), Some(0), "{err}");
        assert!(err.contains("until it failed"), "{err}");
    });
}

#[test]
fn a_recording_that_is_killed_leaves_what_had_passed() {
    let test = "live::a_recording_that_is_killed_leaves_what_had_passed";
    with_loopback(test, || {
        let file = path("killed.pcapng");
        let name = file.to_str().unwrap();
        let recording = Recording::begin(&["-o", name, "--filter", "udp"]);
        send(25);
        // a block of packets, long before a second has passed
        let full = 25 * (32 + 76) + 25 * 2;
        let began = std::time::Instant::now();
        while fs::metadata(&file).map_or(0, |file| file.len()) < full {
            assert!(
                began.elapsed().as_secs() < 10,
                "not written within ten seconds"
            );
            std::thread::yield_now();
        }
        recording.signal("-KILL");
        assert_eq!(recording.end().0, None);
        let report = wireseam(&["inspect", name, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!(report["capture"]["packets"], 25, "{report:#}");
        assert_eq!(report["capture"]["truncated"], serde_json::Value::Null);
    });
}

#[test]
fn limits_end_a_recording() {
    let test = "live::limits_end_a_recording";
    with_loopback(test, || {
        let file = path("limits.pcapng");
        let name = file.to_str().unwrap();
        let recording = Recording::begin(&["-o", name, "--packets", "3"]);
        send(8);
        let (code, out, _) = recording.end();
        assert_eq!(code, Some(0));
        assert!(out.starts_with("recorded 3 packets"), "{out}");
        let count = |what: &str| {
            let mut lines = out.lines().filter_map(|line| line.trim().split_once("  "));
            let found = lines.find(|(_, its)| *its == what);
            found.map_or(0, |(count, _)| count.parse::<u64>().unwrap())
        };
        let behind = count("came behind the last one asked for");
        assert_eq!(count("passed the filter"), 3 + behind, "{out}");
        let recording = Recording::begin(&["-o", name, "--duration", "10ms"]);
        let (code, out, _) = recording.end();
        assert_eq!(code, Some(0));
        assert!(out.contains("for as long as asked for"), "{out}");
    });
}

#[test]
fn without_rights_it_says_what_to_run_and_exits_with_4() {
    let test = "live::without_rights_it_says_what_to_run_and_exits_with_4";
    apart(test, &["-Ur"], || {
        let file = path("rights.pcapng");
        let refused = wireseam(&["record", "-i", "lo", "-o", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(4));
        assert_eq!(said.lines().count(), 1, "{said}");
        let way_out = format!(
            "setcap cap_net_raw,cap_net_admin=eip {}",
            env!("CARGO_BIN_EXE_wireseam")
        );
        assert!(said.contains(&way_out), "{said}");
        assert!(!file.exists(), "nothing is written for nothing");
    });
}

#[test]
fn what_cannot_be_recorded_exits_with_what_it_is() {
    let test = "live::what_cannot_be_recorded_exits_with_what_it_is";
    with_loopback(test, || {
        let file = path("refused.pcapng");
        let name = file.to_str().unwrap();
        for (typed, code, says) in [
            (&["-i", "eth7", "-o", name][..], 4, "there are lo"),
            (
                &["-i", "lo", "-o", name, "--filter", "tcp prot 1"],
                2,
                "'tcp prot 1'",
            ),
            (&["-i", "lo", "-o", name, "--keep", "2"], 2, "--rotate-size"),
            (
                &["-i", "lo", "-o", name, "--ring", "3"],
                2,
                "1 MiB to 1 GiB",
            ),
            (
                &["-i", "lo", "-o", "/not/there.pcapng"],
                4,
                "/not/there.pcapng",
            ),
            (&["-i", "lo", "-o", "/dev/full"], 4, "/dev/full"),
        ] {
            let refused = wireseam(&[&["record", "-q"], typed].concat());
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(code), "{said}");
            assert!(said.contains(says) && said.lines().count() == 1, "{said}");
        }
    });
}

#[test]
fn interfaces_are_listed_with_their_state() {
    let test = "live::interfaces_are_listed_with_their_state";
    apart(test, &["-Urn"], || {
        let listed = wireseam(&["interfaces"]);
        let expected = "lo  down  loopback\n\nthey may be captured on\n";
        assert_eq!(String::from_utf8_lossy(&listed.stdout), expected);
        let up = Command::new("ip")
            .args(["link", "set", "dev", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        let listed = wireseam(&["interfaces"]);
        let expected = "lo  up  loopback  127.0.0.1 ::1\n\nthey may be captured on\n";
        assert_eq!(String::from_utf8_lossy(&listed.stdout), expected);
    });
}

/// Set in the program that is run inside a namespace.
const INSIDE: &str = "WIRESEAM_INSIDE_NAMESPACE";
