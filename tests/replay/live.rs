//! Live peers on loopback: servers and clients that echo, and some that do not do it well.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tungstenite::{Message, WebSocket};
use wireseam::{
    analyzer::Role,
    replay::{
        AdapterError, FailureKind, Fixture, LiveClient, LiveServer, Target, Trial, Verdict,
        try_fixture,
    },
};

use super::{
    TALK,
    command::{replay, stderr, stdout},
    only_trial, ways,
};
use crate::case::Case;

/// A server on a thread of its own, until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    /// How often recv() gave bytes.
    reads: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) fn new(serve: impl Fn(Counted) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let reads = Arc::new(AtomicUsize::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&reads));
        let thread = thread::spawn(move || {
            for socket in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let reads = Arc::clone(&counted);
                serve(Counted {
                    socket: socket.unwrap(),
                    reads,
                });
            }
        });
        Self {
            address,
            stop,
            reads,
            thread: Some(thread),
        }
    }

    pub(crate) fn echo(echo: impl Fn(&mut WebSocket<Counted>, Message) + Send + 'static) -> Self {
        Self::new(move |socket| {
            if let Some(mut socket) = open(socket) {
                talk(&mut socket, &echo);
            }
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn target(&self) -> LiveServer {
        LiveServer::new(&self.address.to_string(), TIMEOUT, Arc::default()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

/// Takes a request in pieces of any size, which tungstenite does not, and answers it.
fn handshake(socket: &mut Counted) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    socket.write_all(answer(&head).as_bytes()).ok()
}

/// The answer that accepts a request.
pub(super) fn answer(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request).into_owned();
    let mut lines = text.lines();
    let key = lines.find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let accept = tungstenite::handshake::derive_accept_key(key.unwrap_or_default().as_bytes());
    let fields = "Upgrade: websocket\r\nConnection: Upgrade";
    format!("HTTP/1.1 101 x\r\n{fields}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
}

fn open(mut socket: Counted) -> Option<WebSocket<Counted>> {
    handshake(&mut socket)?;
    let role = tungstenite::protocol::Role::Server;
    Some(WebSocket::from_raw_socket(socket, role, None))
}

/// A socket whose reads are counted.
pub(crate) struct Counted {
    socket: TcpStream,
    reads: Arc<AtomicUsize>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.socket.read(buffer)?;
        self.reads
            .fetch_add(usize::from(read > 0), Ordering::Relaxed);
        Ok(read)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }
}

/// Reads until the connection ends; tungstenite answers Pings and Close frames, and leaves it to its user to fail it.
fn talk<S: Read + Write>(socket: &mut WebSocket<S>, echo: &impl Fn(&mut WebSocket<S>, Message)) {
    loop {
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => echo(socket, message),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

pub(crate) fn send<S: Read + Write>(socket: &mut WebSocket<S>, message: Message) {
    let _ = socket.send(message);
}

const TIMEOUT: Duration = Duration::from_secs(10);

/// Long enough for loopback, where something is expected not to come.
const SOON: Duration = Duration::from_millis(300);

#[test]
fn a_server_that_echoes_is_right_over_many_fixtures() {
    let server = Server::echo(send);
    let mut target = server.target();
    let mut tried = 0;
    for case in Case::all() {
        if !["alignment", "close", "frames", "messages"].contains(&case.area.as_str()) {
            continue;
        }
        let fixture = Fixture::of_script(&case.script).unwrap();
        if fixture
            .streams
            .iter()
            .any(|stream| stream.bytes.len() > 1_000)
        {
            continue;
        }
        let names = ["original"];
        for trial in try_fixture(&mut target, &fixture, &[Role::Server], &ways(&names)).unwrap() {
            assert!(!trial.is_bad(), "{trial:#?}");
            assert_ne!(trial.verdict, Verdict::Unimplemented);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "elsewhere a peer's queue cannot be seen"
)]
fn each_cut_reaches_a_server_as_a_recv_of_its_own() {
    let server = Server::echo(send);
    let trial = only_trial(&mut server.target(), TALK, &["mss:9"]);
    assert_eq!(
        (trial.verdict, &trial.failed, &trial.broken),
        (Verdict::Ok, &None, &None)
    );
    // in one piece first, of which the request is a chunk of its own; the first frame follows the answer
    let cuts = trial.chunks - 2 - 2;
    assert_eq!(trial.achieved, Some((cuts, 0)), "{trial:?}");
    assert!(
        server.reads.load(Ordering::Relaxed) >= trial.chunks,
        "{trial:?}"
    );
}

#[test]
fn a_server_that_loses_or_changes_messages_is_found() {
    let silent = Server::echo(|socket, message| {
        if !message.is_empty() {
            send(socket, message);
        }
    });
    let mut target = LiveServer::new(&silent.address.to_string(), SOON, Arc::default()).unwrap();
    let failure = only_trial(&mut target, TALK, &["original"])
        .failed
        .unwrap()
        .failure;
    assert_eq!(
        (failure.kind, failure.expected.as_str()),
        (FailureKind::Different, "binary message, 0 bytes \"\"")
    );

    let loud = Server::echo(|socket, message| {
        let text = message.to_string().to_uppercase();
        send(socket, Message::text(text));
    });
    let failure = only_trial(&mut loud.target(), TALK, &["original"])
        .failed
        .unwrap()
        .failure;
    assert_eq!(
        (failure.kind, failure.found.as_str()),
        (FailureKind::Different, "text message, 8 bytes \"FRAGMENT\"")
    );

    let twice = Server::echo(|socket, message| {
        send(socket, message.clone());
        send(socket, message);
    });
    assert_eq!(
        only_trial(&mut twice.target(), TALK, &["original"]).verdict,
        Verdict::Failed
    );
}

#[test]
fn a_server_that_needs_a_header_in_one_recv_is_found_by_its_cuts() {
    // of a first frame that comes without its second byte it forgets the first
    let server = Server::new(|mut socket| {
        if handshake(&mut socket).is_none() {
            return;
        }
        let mut first = [0; 4096];
        let Ok(read @ 2..) = socket.read(&mut first) else {
            let _ = socket.write_all(&[0x88, 2, 0x03, 0xEA]);
            let _ = socket.read(&mut first);
            return;
        };
        let part = first[..read].to_vec();
        let mut socket =
            WebSocket::from_partially_read(socket, part, tungstenite::protocol::Role::Server, None);
        talk(&mut socket, &send);
    });
    let trial = only_trial(&mut server.target(), TALK, &["original", "fields"]);
    let failed = trial.failed.unwrap();
    assert_eq!(failed.failure.kind, FailureKind::Refused, "{failed:?}");
    let head = failed.stream.head.end;
    assert!(failed.cuts.places.contains(&head) && failed.cuts.places.contains(&(head + 1)));
    assert!(failed.failure.found.starts_with("error 1002"), "{failed:?}");
}

/// The end of a stream that stops inside a frame is not taken for an answer, and an answer that is slow to come is.
#[test]
fn a_frame_that_does_not_end_may_be_refused_for_its_length_at_any_time() {
    for (code, verdict) in [
        (Some(1009_u16), Verdict::Informational),
        // what the peer thinks of a connection that ends inside a frame
        (Some(1002), Verdict::Ok),
        (None, Verdict::Ok),
    ] {
        let server = Server::new(move |mut socket| {
            if handshake(&mut socket).is_none() {
                return;
            }
            // echoes the message of 6 bytes: 12 with its header and key
            let mut message = [0; 12];
            if socket.read_exact(&mut message).is_err() {
                return;
            }
            let _ = socket.write_all(b"\x81\x06before");
            let _ = socket.read_to_end(&mut Vec::new());
            if let Some(code) = code {
                let [high, low] = code.to_be_bytes();
                let _ = socket.write_all(&[0x88, 2, high, low]);
            }
        });
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/fixtures/frames/length-2-to-the-32.toml"
        );
        let fixture = Fixture::open(Path::new(path)).unwrap();
        let trials = try_fixture(
            &mut server.target(),
            &fixture,
            &[Role::Server],
            &ways(&["original", "seed:1"]),
        );
        let trial = trials.unwrap().remove(0);
        assert_eq!((trial.verdict, &trial.failed), (verdict, &None), "{code:?}");
    }
}

/// Takes everything and says nothing.
fn hang(mut socket: Counted) {
    while matches!(socket.read(&mut [0; 4096]), Ok(1..)) {}
}

#[test]
fn a_server_that_hangs_on_bytes_has_failed_with_the_cuts_that_it_hangs_on() {
    // on a frame whose header comes in two
    let on_frame = Server::new(|mut socket| {
        if handshake(&mut socket).is_none() {
            return;
        }
        let mut first = [0; 4096];
        let read = socket.read(&mut first).unwrap_or_default();
        if read < 2 {
            return hang(socket);
        }
        let part = first[..read].to_vec();
        let role = tungstenite::protocol::Role::Server;
        let mut socket = WebSocket::from_partially_read(socket, part, role, None);
        talk(&mut socket, &send);
    });
    let mut target = LiveServer::new(&on_frame.address.to_string(), SOON, Arc::default()).unwrap();
    let trial = only_trial(&mut target, TALK, &["original", "fields"]);
    let failed = trial.failed.unwrap();
    let head = failed.stream.head.end;
    assert!(failed.cuts.places.contains(&(head + 1)), "{failed:?}");
    // the first event is the Ping, behind a fragment of 10 bytes; it has 7
    let failure = failed.failure;
    assert_eq!((failure.kind, failure.at), (FailureKind::Silent, head + 17));
    assert_eq!(failure.expected, "ping, 1 byte \"p\"");
    let bytes = head + 17;
    let says = format!("did not answer within 0.3 s (--timeout) after {bytes} bytes");
    assert_eq!(failure.found, says);

    // on a request that comes in two
    let on_head = Server::new(|mut socket| {
        let mut first = [0; 4096];
        let read = socket.read(&mut first).unwrap_or_default();
        if !first[..read].ends_with(b"\r\n\r\n") {
            return hang(socket);
        }
        if socket.write_all(answer(&first[..read]).as_bytes()).is_ok() {
            let role = tungstenite::protocol::Role::Server;
            talk(&mut WebSocket::from_raw_socket(socket, role, None), &send);
        }
    });
    let mut target = LiveServer::new(&on_head.address.to_string(), SOON, Arc::default()).unwrap();
    let trial = only_trial(&mut target, TALK, &["original", "mss:50"]);
    let failed = trial.failed.unwrap();
    assert_eq!(failed.failure.kind, FailureKind::Silent);
    let bytes = failed.stream.head.end;
    let says = format!("did not answer within 0.3 s (--timeout) after {bytes} bytes");
    assert_eq!(failed.failure.found, says);
}

#[test]
fn a_server_may_refuse_an_offer_that_is_none() {
    let server = Server::new(|mut socket| {
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let offering = |offer: &str| {
        let from = r#"{ upgrade = {} }"#;
        let to = format!("{{ request = {{ extensions = '{offer}' }} }}, {{ response = {{}} }}");
        let mut target = server.target();
        only_trial(
            &mut target,
            &TALK.replace(from, &to),
            &["original", "fields"],
        )
    };
    let trial = offering(r#"x-example; note="a, b; c""#);
    assert_eq!(
        (trial.verdict, &trial.broken),
        (Verdict::Informational, &None)
    );
    let says = r#"answered "HTTP/1.1 400 Bad Request" to an offer with "a, b; c", which is no token (RFC 6455 9.1)"#;
    assert_eq!(trial.notes, [says]);
    // one that is an offer it has to understand
    let broken = offering(r#"x-example; note="a\bc""#).broken.unwrap();
    assert!(broken.contains("the server answered"), "{broken}");
}

#[test]
fn a_server_that_does_not_work_has_no_result() {
    for (server, says) in [
        (Server::new(drop), "closed the connection"),
        (
            Server::new(|mut socket| {
                let _ = socket.read(&mut [0; 4096]);
                let _ = socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            }),
            "the server answered \"HTTP/1.1 404 Not Found\", not 101",
        ),
        (
            Server::new(|mut socket| {
                let _ = socket.read(&mut [0; 4096]);
                let _ = socket.write_all(b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: x\r\n\r\n");
            }),
            "does not answer the key",
        ),
        (Server::new(hang), "no head of a handshake within 0.3 s"),
    ] {
        let mut target =
            LiveServer::new(&server.address.to_string(), SOON, Arc::default()).unwrap();
        let trial = only_trial(&mut target, TALK, &["original"]);
        let broken = trial.broken.unwrap();
        assert!(broken.contains(says), "{broken}");
    }
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let output = replay(&["fixtures/close", "--to", &format!("server:{free}")]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains(&format!("failed to connect to {free}")),
        "{}",
        stderr(&output)
    );
}

/// A client that connects again and again, until nobody listens.
pub(crate) fn client(
    port: u16,
    echo: impl Fn(&mut WebSocket<TcpStream>, Message) + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        while let Ok(socket) = TcpStream::connect(("127.0.0.1", port)) {
            if let Ok((mut socket, _)) = tungstenite::client("ws://localhost/chat", socket) {
                talk(&mut socket, &echo);
            }
        }
    })
}

/// What the server says.
pub(crate) fn client_trial(target: &mut dyn Target, names: &[&str]) -> Trial {
    let script = TALK
        .replace("from = \"client\"", "from = \"server\"")
        .replace(", mask = \"01 02 03 04\"", "");
    let script = wireseam::fixtures::Script::parse(&script, "case.toml").unwrap();
    let fixture = Fixture::of_script(&script).unwrap();
    try_fixture(target, &fixture, &[Role::Client], &ways(names))
        .unwrap()
        .remove(0)
}

#[test]
fn a_client_that_echoes_is_right_also_where_frames_come_with_the_101() {
    let mut target = LiveClient::listen("127.0.0.1:0", TIMEOUT, Arc::default()).unwrap();
    let thread = client(target.port().unwrap(), send);
    let trial = client_trial(&mut target, &["coalesce-all", "mss:20", "fields"]);
    let segmentations = trial.segmentations;
    assert_eq!(
        (trial.verdict, trial.failed, trial.broken),
        (Verdict::Ok, None, None)
    );
    assert!(segmentations > 3);
    drop(target);
    thread.join().unwrap();
}

#[test]
fn a_client_that_forgets_a_message_is_found_and_one_that_never_comes_is_said() {
    let mut target = LiveClient::listen("127.0.0.1:0", SOON, Arc::default()).unwrap();
    let thread = client(target.port().unwrap(), |socket, message| {
        if message.len() != 8 {
            send(socket, message);
        }
    });
    let failure = client_trial(&mut target, &["original"])
        .failed
        .unwrap()
        .failure;
    assert_eq!(failure.expected, "text message, 8 bytes \"fragment\"");
    drop(target);
    thread.join().unwrap();

    let mut alone = LiveClient::listen("127.0.0.1:0", SOON, Arc::default()).unwrap();
    let broken = client_trial(&mut alone, &["original"]).broken.unwrap();
    assert!(
        broken.starts_with("no client connected within 0.3 s"),
        "{broken}"
    );
    let taken = format!("client:listen:127.0.0.1:{}", alone.port().unwrap());
    let output = replay(&["fixtures/close", "--to", &taken]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("failed to listen at 127.0.0.1:"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn somebody_who_waits_is_stopped() {
    let stop = Arc::new(AtomicBool::new(true));
    let mut target = LiveClient::listen("127.0.0.1:0", TIMEOUT, stop).unwrap();
    let fixture = Fixture::of_script(&Case::all()[0].script).unwrap();
    let ended = try_fixture(&mut target, &fixture, &[Role::Client], &ways(&["original"]));
    assert_eq!(ended, Err(AdapterError::Interrupted));
}

#[test]
fn the_command_replays_into_a_server_and_says_which_cuts_arrived() {
    let server = Server::echo(send);
    let to = format!("server:ws://{}/echo", server.address);
    let output = replay(&[
        "fixtures/alignment/torn-mask.toml",
        "--to",
        &to,
        "--role",
        "server",
    ]);
    // who may not capture is told so
    assert!(stderr(&output).lines().count() <= 1, "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let text = stdout(&output);
    assert!(text.contains("torn-mask.toml  OK"), "{text}");
    assert!(text.contains(" read apart by the peer"), "{text}");
}
