//! Replays to live peers whose connections are captured: cuts that were made on the wire, and cuts that were not.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::net::sockopt::set_tcp_cork;
use serde_json::Value;
use wireseam::replay::{LiveClient, OnWire, Verdict, Wire};

use super::{
    bench::{wireseam, with_loopback},
    rights::{CAP_DAC_OVERRIDE, has_only},
};
use crate::replay::live::{Server, client, client_trial, send};

const FIXTURE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/fixtures/alignment/torn-mask.toml"
);

/// What is typed to replay into this server.
fn typed(server: SocketAddr) -> [String; 6] {
    [
        "replay",
        FIXTURE,
        "--segmentation",
        "fields,mss:3",
        "--to",
        &format!("server:{server}"),
    ]
    .map(str::to_owned)
}

#[test]
fn cuts_at_a_server_are_found_on_the_wire_and_apart_at_the_peer() {
    let test = "live::replaying::cuts_at_a_server_are_found_on_the_wire_and_apart_at_the_peer";
    with_loopback(test, || {
        let server = Server::echo(send);
        let typed = typed(server.address);
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        let output = wireseam(&typed);
        let text = String::from_utf8(output.stdout).unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), err.as_str()),
            (Some(0), ""),
            "{text}"
        );
        let total = text.lines().last().unwrap();
        let (_, cuts) = total.split_once("; cuts: ").unwrap();
        let asked: usize = cuts.split(' ').next().unwrap().parse().unwrap();
        assert!(asked > 100, "{total}");
        assert_eq!(
            cuts,
            format!(
                "{asked} asked, {asked} on the wire (captured on lo), {asked} read apart by the peer"
            )
        );
        let lines = wireseam(&[&typed[..], &["--format", "ndjson"]].concat()).stdout;
        let lines = String::from_utf8(lines).unwrap();
        let trial = lines.lines().find(|line| line.contains("\"trial\""));
        let trial: Value = serde_json::from_str(trial.unwrap()).unwrap();
        assert_eq!(
            trial["live_cuts"],
            serde_json::json!({
                "asked": asked, "achieved": asked, "unknown": 0,
                "on_wire": {
                    "interface": "lo", "achieved": asked, "coalesced": 0, "rejoined": 0, "not_captured": 0, "dropped": 0,
                    "ended": null,
                },
            })
        );
    });
}

#[test]
fn cuts_at_a_client_are_found_on_the_wire() {
    let test = "live::replaying::cuts_at_a_client_are_found_on_the_wire";
    with_loopback(test, || {
        let mut target =
            LiveClient::listen("127.0.0.1:0", Duration::from_secs(10), Arc::default()).unwrap();
        target.capture().unwrap();
        let thread = client(target.port().unwrap(), send);
        let trial = client_trial(&mut target, &["mss:20", "fields"]);
        assert_eq!((trial.verdict, &trial.broken), (Verdict::Ok, &None));
        let (achieved, unknown) = trial.achieved.unwrap();
        let expected = OnWire {
            interface: "lo".to_owned(),
            asked: achieved + unknown,
            apart: achieved + unknown,
            ..OnWire::default()
        };
        assert_eq!(trial.on_wire, Some(expected));
        drop(target);
        thread.join().unwrap();
    });
}

/// Ten pieces of ten bytes over one connection: what a capture says of the cuts between them.
fn sent(listener: &TcpListener, is_corked: bool) -> OnWire {
    let address = listener.local_addr().unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut wire = Wire::open(any, address).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    let mut peer = listener.accept().unwrap().0;
    let own = socket.local_addr().unwrap();
    wire.begin(own, address);
    socket.set_nodelay(true).unwrap();
    set_tcp_cork(&socket, is_corked).unwrap();
    for _ in 0..10 {
        socket.write_all(b"ten bytes.").unwrap();
        if !is_corked {
            peer.read_exact(&mut [0; 10]).unwrap();
        }
    }
    set_tcp_cork(&socket, false).unwrap();
    drop(socket);
    // it ends with the connection
    let _ = peer.read_to_end(&mut Vec::new());
    drop(peer);
    wire.end(own, address, (1..10).map(|cut| cut * 10).collect(), 100);
    wire.settle()
}

#[test]
fn cuts_that_the_kernel_joins_are_not_on_the_wire() {
    let test = "live::replaying::cuts_that_the_kernel_joins_are_not_on_the_wire";
    with_loopback(test, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let expected = OnWire {
            interface: "lo".to_owned(),
            asked: 9,
            ..OnWire::default()
        };
        let apart = OnWire {
            apart: 9,
            ..expected.clone()
        };
        assert_eq!(sent(&listener, false), apart);
        let coalesced = OnWire {
            coalesced: 9,
            ..expected
        };
        assert_eq!(sent(&listener, true), coalesced);
    });
}

#[test]
fn a_connection_that_does_not_pass_here_is_not_captured_and_waited_for_once() {
    let test =
        "live::replaying::a_connection_that_does_not_pass_here_is_not_captured_and_waited_for_once";
    with_loopback(test, || {
        let [own, peer] = ["127.0.0.1:9", "127.0.0.1:10"].map(|text| text.parse().unwrap());
        let mut wire = Wire::open(own, peer).unwrap();
        wire.begin(own, peer);
        wire.end(own, peer, vec![1, 2], 3);
        let seen = wire.settle();
        assert_eq!((seen.asked, seen.not_captured()), (2, 2));
        let says = "nothing of these connections passes on lo";
        assert_eq!(seen.ended.as_deref(), Some(says));
    });
}

#[test]
fn who_may_not_capture_is_told_so_once_and_what_would_allow_it() {
    let test = "live::replaying::who_may_not_capture_is_told_so_once_and_what_would_allow_it";
    with_loopback(test, || {
        let server = Server::echo(send);
        // root without the capability
        let mut command = Command::new("setpriv");
        command.args(["--inh-caps=-net_raw", "--bounding-set=-net_raw"]);
        command.arg(env!("CARGO_BIN_EXE_wireseam"));
        let output = command.args(typed(server.address)).output();
        let Ok(output) = output.map_err(|_| {
            // past the test harness, which keeps what is printed
            let _ = writeln!(std::io::stderr(), "SKIPPED {test}: needs setpriv");
        }) else {
            return;
        };
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), err.lines().count()),
            (Some(0), 1),
            "{err}"
        );
        assert!(
            err.starts_with("wireseam: cuts are told from the peer's queue")
                && err.contains("run sudo setcap cap_net_raw,cap_net_admin=eip"),
            "{err}"
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let total = text.lines().last().unwrap();
        assert!(
            total.ends_with(" read apart by the peer") && !total.contains("on the wire"),
            "{total}"
        );
    });
}

#[test]
fn nothing_is_replayed_with_the_rights_that_capturing_took() {
    let test = "live::replaying::nothing_is_replayed_with_the_rights_that_capturing_took";
    with_loopback(test, || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(typed(listener.local_addr().unwrap()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // the first connection asks whether there is a server; the next one is of a replay, and waits for an answer
        let _first = listener.accept().unwrap();
        let (mut replaying, _) = listener.accept().unwrap();
        replaying.read_exact(&mut [0; 3]).unwrap();
        has_only(&child, CAP_DAC_OVERRIDE);
        drop((replaying, listener));
        assert_eq!(child.wait().unwrap().code(), Some(4));
    });
}
