//! `wireseam record`: what ends it, what it leaves, what it refuses.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
};

use super::bench::{Recording, apart, path, send, wireseam, with_loopback};

#[test]
fn a_signal_ends_a_recording_in_order_with_every_packet_accounted_for() {
    let test =
        "live::recording::a_signal_ends_a_recording_in_order_with_every_packet_accounted_for";
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
    let test = "live::recording::what_is_recorded_can_be_inspected";
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
    let test = "live::recording::what_is_recorded_can_be_inspected_while_it_is";
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
        assert!(err.contains("until nobody read on"), "{err}");
    });
}

#[test]
fn a_recording_that_is_killed_leaves_what_had_passed() {
    let test = "live::recording::a_recording_that_is_killed_leaves_what_had_passed";
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
    let test = "live::recording::limits_end_a_recording";
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
    let test = "live::recording::without_rights_it_says_what_to_run_and_exits_with_4";
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
    let test = "live::recording::what_cannot_be_recorded_exits_with_what_it_is";
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
    let test = "live::recording::interfaces_are_listed_with_their_state";
    apart(test, &["-Urn"], || {
        let listed = wireseam(&["interfaces"]);
        let said = String::from_utf8_lossy(&listed.stdout);
        assert!(
            said.starts_with("lo  down  loopback\n\nthey may be captured on"),
            "{said}"
        );
        // which of the two it is says the machine
        assert!(
            said.contains(", and all at once: any") || said.contains("libpcap"),
            "{said}"
        );
        let up = Command::new("ip")
            .args(["link", "set", "dev", "lo", "up"])
            .status();
        assert!(up.unwrap().success());
        let listed = wireseam(&["interfaces"]);
        let expected = "lo  up  loopback  127.0.0.1 ::1\n\nthey may be captured on";
        let said = String::from_utf8_lossy(&listed.stdout);
        assert!(said.starts_with(expected), "{said}");
    });
}
