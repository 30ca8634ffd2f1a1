//! `wireseam inspect -i`: what is told, when, and how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::bench::{path, wireseam, with_loopback};

/// An inspection of loopback that has begun.
struct Inspection {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: BufReader<ChildStderr>,
}

impl Inspection {
    fn begin(typed: &[&str]) -> Self {
        // what is waited for and does not come fails the test, and does not hang it
        let patience = match typed.contains(&"--duration") {
            true => &[][..],
            false => &["--duration", "60s"],
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["inspect", "-i", "lo"])
            .args(typed)
            .args(patience)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert!(
            line.starts_with("wireseam: listening on lo through"),
            "{line}"
        );
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// The next line of the report that says this.
    fn line(&mut self, says: &str) -> String {
        let mut lines = self.stdout.by_ref().map(Result::unwrap);
        lines.find(|line| line.contains(says)).unwrap()
    }

    /// Ends it as Ctrl-C does: how it exited, and what else it said.
    fn interrupt(mut self) -> (Option<i32>, Vec<String>, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status();
        assert!(sent.unwrap().success());
        let rest = self.stdout.map(Result::unwrap).collect();
        let mut err = String::new();
        self.stderr.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), rest, err)
    }
}

/// Two ends of a connection that has become a WebSocket.
fn websocket() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut server = listener.accept().unwrap().0;
    for end in [&client, &server] {
        end.set_nodelay(true).unwrap();
    }
    let request = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    client.write_all(request).unwrap();
    server.read_exact(&mut vec![0; request.len()]).unwrap();
    let response =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    server.write_all(response).unwrap();
    client.read_exact(&mut vec![0; response.len()]).unwrap();
    (client, server)
}

/// Sends a text message from the server, and sees that it arrived.
fn say(server: &mut TcpStream, client: &mut TcpStream, text: &str) {
    let mut frame = vec![0x81, u8::try_from(text.len()).unwrap()];
    frame.extend(text.as_bytes());
    server.write_all(&frame).unwrap();
    client.read_exact(&mut vec![0; frame.len()]).unwrap();
}

#[test]
fn each_thing_is_told_while_the_connection_goes_on() {
    let test = "live::inspecting::each_thing_is_told_while_the_connection_goes_on";
    with_loopback(test, || {
        let mut inspection = Inspection::begin(&["--filter", "tcp"]);
        let (mut client, mut server) = websocket();
        let port = client.local_addr().unwrap().port().to_string();
        assert!(inspection.line("opened").contains(&port));
        assert!(
            inspection
                .line("GET /chat")
                .ends_with("101  permessage-deflate off")
        );
        let mut quickest = Duration::MAX;
        for number in 0..20 {
            let began = Instant::now();
            say(&mut server, &mut client, &format!("number {number}"));
            let line = inspection.line(&format!("number {number}"));
            quickest = quickest.min(began.elapsed());
            assert!(line.contains(&format!("<  m{} text", number + 1)), "{line}");
            assert!(line.contains("aligned"), "{line}");
        }
        // 5 ms are the kernel's; on a busy machine some are late, and not all
        assert!(quickest < Duration::from_millis(50), "{quickest:?}");
        let (code, rest, err) = inspection.interrupt();
        assert_eq!(code, Some(0), "{err}");
        assert!(
            rest.iter().any(|line| line.contains("capture lo")),
            "{rest:?}"
        );
        assert!(
            rest.iter()
                .any(|line| line.contains("when it was interrupted")),
            "{rest:?}"
        );
        assert!(err.contains("dropped: 0 by the kernel"), "{err}");
    });
}

#[test]
fn an_end_is_told_though_nothing_comes_after_it() {
    let test = "live::inspecting::an_end_is_told_though_nothing_comes_after_it";
    with_loopback(test, || {
        let mut inspection = Inspection::begin(&["-f", "ndjson", "--filter", "tcp"]);
        let (client, server) = websocket();
        drop(client);
        drop(server);
        let close: Value = serde_json::from_str(&inspection.line("\"type\":\"close\"")).unwrap();
        assert_eq!(close["clean"], false);
        let ended: Value = serde_json::from_str(&inspection.line("\"type\":\"ended\"")).unwrap();
        assert_eq!(ended["ended"], "fin");
        let (code, rest, _) = inspection.interrupt();
        assert_eq!(code, Some(0));
        let capture: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
        assert_eq!(capture["type"], "capture");
        assert_eq!(capture["stopped"], "interrupted");
        assert_eq!(capture["dropped"]["kernel"], 0);
        assert_eq!(capture["interfaces"][0]["name"], "lo");
    });
}

#[test]
fn what_is_inspected_is_recorded_under_the_same_numbers() {
    let test = "live::inspecting::what_is_inspected_is_recorded_under_the_same_numbers";
    with_loopback(test, || {
        let file = path("both.pcapng");
        let name = file.to_str().unwrap();
        let typed = [
            "-f",
            "ndjson",
            "-t",
            "message,capture",
            "--filter",
            "tcp",
            "--write",
            name,
        ];
        let mut inspection = Inspection::begin(&typed);
        let (mut client, mut server) = websocket();
        let mut told = Vec::new();
        for text in ["one", "two", "three"] {
            say(&mut server, &mut client, text);
            told.push(inspection.line(text));
        }
        let (code, rest, err) = inspection.interrupt();
        assert_eq!(code, Some(0));
        let capture: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
        let packets = &capture["packets"];
        assert!(
            err.starts_with(&format!("recorded {packets} packets in {name}")),
            "{err}"
        );
        let report = wireseam(&["inspect", name, "-f", "ndjson", "-t", "message,capture"]);
        let recorded = String::from_utf8(report.stdout).unwrap();
        let mut recorded: Vec<_> = recorded.lines().collect();
        let whole: Value = serde_json::from_str(recorded.pop().unwrap()).unwrap();
        assert_eq!(&whole["packets"], packets);
        assert_eq!(whole["interfaces"][0]["filter"], "tcp");
        assert_eq!(recorded, told);
    });
}

#[test]
fn a_recording_of_what_is_inspected_rotates() {
    let test = "live::inspecting::a_recording_of_what_is_inspected_rotates";
    with_loopback(test, || {
        let folder = path("rotated");
        let _not_there = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let file = folder.join("ring.pcapng");
        let written = [
            "--write",
            file.to_str().unwrap(),
            "--rotate-size",
            "2K",
            "--keep",
            "2",
        ];
        let inspection = Inspection::begin(&[&["-f", "summary"][..], &written].concat());
        let (mut client, mut server) = websocket();
        for number in 0..50 {
            say(&mut server, &mut client, &format!("number {number}"));
        }
        let (code, rest, err) = inspection.interrupt();
        assert_eq!(code, Some(0), "{err}");
        assert!(
            rest.iter().any(|line| line.starts_with("messages     50")),
            "{rest:?}"
        );
        assert!(err.contains("in 2 files ("), "{err}");
        let files: Vec<_> = fs::read_dir(&folder).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 2);
        for file in files {
            assert!(file.metadata().unwrap().len() <= 2048 + STATISTICS);
            let read = wireseam(&["inspect", file.path().to_str().unwrap(), "-f", "summary"]);
            assert_eq!(read.status.code(), Some(0));
        }
    });
}

#[test]
fn packets_that_a_slow_reader_costs_are_counted_and_told() {
    let test = "live::inspecting::packets_that_a_slow_reader_costs_are_counted_and_told";
    with_loopback(test, || {
        let mut inspection = Inspection::begin(&["-f", "ndjson", "--ring", "1M"]);
        let (mut client, mut server) = websocket();
        // more lines than a pipe holds
        for number in 0..500 {
            say(&mut server, &mut client, &format!("number {number}"));
        }
        // and more packets than the ring does
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        for _ in 0..200 {
            let _nobody_listens = socket.send_to(&[7; 32_000], to);
        }
        // somebody reads on at last
        inspection.line("number 499");
        let (code, rest, err) = inspection.interrupt();
        assert_eq!(code, Some(0));
        let capture: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
        let dropped = capture["dropped"]["kernel"].as_u64().unwrap();
        assert!(dropped > 0, "{capture:#}");
        assert!(
            err.contains(&format!("dropped: {dropped} by the kernel")),
            "{err}"
        );
    });
}

#[test]
fn limits_end_an_inspection() {
    let test = "live::inspecting::limits_end_an_inspection";
    with_loopback(test, || {
        let mut inspection = Inspection::begin(&["-f", "summary", "--packets", "3"]);
        let (_client, _server) = websocket();
        assert!(inspection.line("capture").contains("lo  3 packets"));
        assert!(inspection.line("stopped").contains("as many packets"));
        assert_eq!(inspection.child.wait().unwrap().code(), Some(0));
        let mut inspection = Inspection::begin(&["-f", "summary", "--duration", "10ms"]);
        assert!(inspection.line("stopped").contains("as long as"));
        assert_eq!(inspection.child.wait().unwrap().code(), Some(0));
    });
}

#[test]
fn a_finding_is_told_and_makes_the_exit_code_where_that_was_asked_for() {
    let test =
        "live::inspecting::a_finding_is_told_and_makes_the_exit_code_where_that_was_asked_for";
    with_loopback(test, || {
        let mut inspection = Inspection::begin(&["--fail-on", "must"]);
        let (mut client, mut server) = websocket();
        // a client's frame without a masking key
        client.write_all(b"\x81\x01a").unwrap();
        server.read_exact(&mut [0; 3]).unwrap();
        assert!(inspection.line("finding").contains("ws.mask.missing"));
        assert_eq!(inspection.interrupt().0, Some(1));
    });
}

#[test]
fn nobody_reading_on_ends_it_quietly() {
    let test = "live::inspecting::nobody_reading_on_ends_it_quietly";
    with_loopback(test, || {
        let file = path("unread.pcapng");
        let name = file.to_str().unwrap();
        let Inspection {
            mut child,
            stdout,
            mut stderr,
        } = Inspection::begin(&["-w", name]);
        drop(stdout);
        let (mut client, mut server) = websocket();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            say(&mut server, &mut client, "anybody?");
            assert!(began.elapsed() < Duration::from_secs(10), "it goes on");
        }
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut err = String::new();
        stderr.read_to_string(&mut err).unwrap();
        assert!(
            err.starts_with("recorded ") && !err.contains("failed"),
            "{err}"
        );
        let read = wireseam(&["inspect", name, "-f", "summary"]);
        assert_eq!(read.status.code(), Some(0));
    });
}

#[test]
fn an_interface_that_goes_away_ends_it_with_the_report_so_far() {
    let test = "live::inspecting::an_interface_that_goes_away_ends_it_with_the_report_so_far";
    with_loopback(test, || {
        let ip = |typed: &str| {
            let made = Command::new("ip").args(typed.split(' ')).status();
            assert!(made.unwrap().success(), "{typed}");
        };
        ip("link add left type veth peer name right");
        ip("link set dev right up");
        let file = path("vanished.pcapng");
        let mut inspect = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["inspect", "-i", "right", "-f", "summary", "-w"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(inspect.stderr.take().unwrap());
        let mut err = String::new();
        stderr.read_line(&mut err).unwrap();
        ip("link set dev left up");
        // the kernel says hello on a wire that has just come up
        let began = Instant::now();
        while fs::metadata(&file).map_or(0, |file| file.len()) < 400 {
            assert!(began.elapsed() < Duration::from_secs(20), "nothing passes");
        }
        ip("link del left");
        stderr.read_to_string(&mut err).unwrap();
        let mut out = String::new();
        let mut stdout = inspect.stdout.take().unwrap();
        stdout.read_to_string(&mut out).unwrap();
        assert_eq!(inspect.wait().unwrap().code(), Some(4), "{err}");
        assert!(
            err.lines().last().unwrap().contains("right any longer"),
            "{err}"
        );
        assert!(out.contains("capture      right  "), "{out}");
        let read = wireseam(&["inspect", file.to_str().unwrap(), "-f", "summary"]);
        assert_eq!(read.status.code(), Some(0));
    });
}

#[test]
fn what_cannot_be_inspected_exits_with_what_it_is() {
    let test = "live::inspecting::what_cannot_be_inspected_exits_with_what_it_is";
    with_loopback(test, || {
        for (typed, code, says) in [
            (&["-i", "eth7"][..], 4, "there are lo"),
            (&["-i", "lo", "--filter", "tcp prot 1"], 2, "'tcp prot 1'"),
            (&["-i", "lo", "-w", "/dev/full"], 4, "/dev/full"),
            (
                &["-i", "lo", "-w", "/not/there.pcapng"],
                4,
                "/not/there.pcapng",
            ),
            (&["-i", "lo", "-w", "-"], 2, "--output"),
            (&["-i", "lo", "--rotate-size", "1M"], 2, "--write"),
            (&["-i", "lo", "-t", "message"], 2, "--format ndjson"),
        ] {
            let refused = wireseam(&[&["inspect", "-q"], typed].concat());
            let said = String::from_utf8_lossy(&refused.stderr);
            assert_eq!(refused.status.code(), Some(code), "{said}");
            assert!(said.contains(says) && said.lines().count() == 1, "{said}");
        }
    });
}

#[test]
fn what_only_an_interface_has_needs_one() {
    for typed in [
        &["inspect", "--filter", "tcp", "a.pcap"][..],
        &["inspect", "-w", "b.pcap", "a.pcap"],
        &["inspect", "-i", "lo", "a.pcap"],
        &["inspect"],
    ] {
        assert_eq!(wireseam(typed).status.code(), Some(2), "{typed:?}");
    }
}

/// How long the block of counters at a file's end is, at most.
const STATISTICS: u64 = 128;
