//! A TCP connection to a live peer: chunks out, one by one, and what the peer says of them in.

mod parting;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    pace::{Queue, queue},
    wire::Wire,
};
use crate::replay::{
    decoder::{AdapterError, Chunk, CloseEvent, Decoder, Event, Kind, Start},
    expected::{Binding, Item, Pattern},
    own::Own,
    run::{Found, Run},
    stream::Stream,
};

/// How long a peer may leave bytes in its queue before the next ones are sent all the same.
const MOST_PATIENCE: Duration = Duration::from_secs(1);

/// How long is waited where nothing has to come, and something may: for an error within a frame that never ends.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);

/// One look at the socket, where nothing is known of the peer's queue: longer than a peer nearby takes to recv().
const GLANCE: Duration = Duration::from_millis(2);

/// Where it is known, how long is waited between two looks.
const SHORT_GLANCE: Duration = Duration::from_micros(100);

/// So many looks in a row find nothing in the peer's queue.
const ENOUGH_QUIET_LOOKS: usize = 2;

/// How often the queue is looked at before that.
const EAGER_LOOKS: usize = 8;

/// So many cuts of a connection are looked for in a capture; the others count as not captured.
const MOST_CUTS: usize = 1 << 20;

/// So many chunks are sent before the capture is looked at: its ring holds some more.
const LOOK_EVERY: usize = 64;

/// No head of a handshake is longer.
const MOST_HEAD_BYTES: usize = 64 << 10;

/// A connection.
pub(super) struct Link<'a> {
    pub(super) socket: TcpStream,
    captured: Option<Captured<'a>>,
    /// Decodes what the peer sends.
    peer: Own,
    timeout: Duration,
    stop: Arc<AtomicBool>,
    /// What the peer sent and was not taken yet.
    got: Vec<Event>,
    is_gone: bool,
    /// Whether the peer has closed the WebSocket: then it may end the connection.
    has_closed: bool,
}

/// A connection that is captured: how many bytes were sent, and where they were to be cut.
struct Captured<'a> {
    wire: &'a mut Wire,
    ends: (SocketAddr, SocketAddr),
    sent: u32,
    cuts: Vec<u32>,
}

impl<'a> Link<'a> {
    pub(super) fn new(
        socket: TcpStream,
        wire: Option<&'a mut Wire>,
        timeout: Duration,
        stop: &Arc<AtomicBool>,
    ) -> Result<Self, AdapterError> {
        let ready = socket
            .set_nodelay(true)
            .and_then(|()| socket.set_nonblocking(false))
            .and_then(|()| socket.set_write_timeout(Some(timeout)));
        ready.map_err(|cause| broken("failed to set up the connection", &cause))?;
        // a replay makes many connections, and none of them shall wait for its port to be free
        #[cfg(unix)]
        let _ = rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
        let ends = socket.local_addr().ok().zip(socket.peer_addr().ok());
        let captured = wire.zip(ends).map(|(wire, ends)| {
            wire.begin(ends.0, ends.1);
            Captured {
                wire,
                ends,
                sent: 0,
                cuts: Vec::new(),
            }
        });
        Ok(Self {
            socket,
            captured,
            peer: Own::default(),
            timeout,
            stop: Arc::clone(stop),
            got: Vec::new(),
            is_gone: false,
            has_closed: false,
        })
    }

    /// Reads the peer's head of the handshake; frames that came with it are decoded later.
    pub(super) fn read_head(&mut self) -> Result<(Vec<u8>, Vec<u8>), AdapterError> {
        let deadline = Instant::now() + self.timeout;
        let mut bytes = Vec::new();
        loop {
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let rest = bytes.split_off(end + 4);
                return Ok((bytes, rest));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let fault = match self.read(left) {
                Ok(read) if read.is_empty() && !self.is_gone => {
                    return Err(AdapterError::Silent(self.timeout));
                }
                Ok(read) if read.is_empty() => {
                    "the peer closed the connection before its head of the handshake had ended"
                        .to_owned()
                }
                Ok(read) => {
                    bytes.extend(read);
                    if bytes.len() <= MOST_HEAD_BYTES {
                        continue;
                    }
                    format!(
                        "the peer's head of the handshake is longer than {} KiB",
                        MOST_HEAD_BYTES >> 10
                    )
                }
                Err(fault) => return Err(fault),
            };
            return Err(AdapterError::Broken(fault));
        }
    }

    /// From now on what comes are frames; `rest` came already.
    pub(super) fn open(
        &mut self,
        start: &Start<'_>,
        head: &[u8],
        rest: &[u8],
    ) -> Result<(), AdapterError> {
        self.peer.start(start)?;
        self.take(head)?;
        self.take(rest)
    }

    /// Sends a stream's bytes from `begin` on in these chunks, each when the one before has had its effect.
    pub(super) fn send(
        &mut self,
        stream: &Stream,
        chunks: &[Range<usize>],
        number: usize,
        run: &mut Run,
    ) -> Result<(), AdapterError> {
        for (at, range) in chunks.iter().enumerate() {
            let bytes = stream.bytes.get(range.clone()).unwrap_or_default();
            // of a peer that is gone what it said before is still to be read
            let _ = self.write(bytes);
            run.chunks = number + at + 1;
            run.bytes += bytes.len();
            let ended = self.wait_for(stream, range, run)?;
            if ended {
                return Ok(());
            }
            if at + 1 < chunks.len() {
                self.pace(run)?;
            }
        }
        let end = stream.bytes.len()..stream.bytes.len();
        self.farewell(stream, &end, run)
    }

    /// Sends the chunks of a head of the handshake; whether the peer takes them all shows in its answer.
    pub(super) fn send_head(
        &mut self,
        stream: &Stream,
        chunks: &[Range<usize>],
        run: &mut Run,
    ) -> Result<(), AdapterError> {
        for range in chunks {
            let bytes = stream.bytes.get(range.clone()).unwrap_or_default();
            let _ = self.write(bytes);
            run.chunks += 1;
            run.bytes += bytes.len();
            if range.end < stream.head.end {
                self.pace(run)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)?;
        if let Some(captured) = &mut self.captured {
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            captured.sent = captured.sent.saturating_add(length);
        }
        Ok(())
    }

    /// Waits for what this chunk completes; whether nothing more has to be sent.
    fn wait_for(
        &mut self,
        stream: &Stream,
        chunk: &Range<usize>,
        run: &mut Run,
    ) -> Result<bool, AdapterError> {
        let inside = |place: usize| chunk.start < place && place <= chunk.end;
        let events = stream.items.iter().filter_map(|item| match item {
            Item::Event(wanted) if inside(wanted.complete) && is_observable(&wanted.what) => {
                Some(&wanted.what)
            }
            _ => None,
        });
        let events: Vec<&Pattern> = events.collect();
        let must_fail = stream.items.iter().find_map(|item| match item {
            Item::Fault(fault) if fault.binding == Binding::Must && !fault.in_handshake => {
                let is_over = inside(fault.until);
                let is_endless =
                    fault.until > stream.bytes.len() && chunk.end == stream.bytes.len();
                (is_over || is_endless).then_some(if is_over {
                    self.timeout
                } else {
                    SHORT_PATIENCE
                })
            }
            _ => None,
        });
        let closed = self.sent_close(stream, chunk.end);
        let patience = must_fail.unwrap_or(self.timeout);
        let deadline = Instant::now() + patience;
        let mut found = Vec::new();
        loop {
            let before = found.len();
            found.extend(self.told(&closed));
            let failed = found.iter().any(|event| matches!(event, Event::Error(_)));
            let answered = found.len() >= events.len() || answers_the_last_ping(&events, &found);
            let is_enough = failed || (answered && must_fail.is_none());
            let left = deadline.saturating_duration_since(Instant::now());
            if is_enough || left.is_zero() || (self.is_gone && found.len() == before) {
                let ended = failed || !answered || self.is_gone || closed.is_some();
                let is_owed = !answered && !failed && !self.is_gone && closed.is_none();
                run.found
                    .extend(in_order(&events, found).into_iter().map(|event| {
                        // when a peer failed the connection cannot be seen, only that it did
                        let begin = match event {
                            Event::Error(_) => stream.frames_from().min(chunk.start),
                            _ => chunk.start,
                        };
                        Found {
                            event,
                            number: run.chunks,
                            chunk: begin..chunk.end,
                        }
                    }));
                // who has lost an event goes on answering, who hangs does not
                if is_owed && self.asks_for_an_end(stream, chunk.end) && !self.stirs()? {
                    run.fall_silent(self.timeout, chunk);
                }
                return Ok(ended);
            }
            let bytes = self.read(left)?;
            self.take(&bytes)?;
        }
    }

    /// Waits until the peer has taken what was sent.
    fn pace(&mut self, run: &mut Run) -> Result<(), AdapterError> {
        if let Some(captured) = &mut self.captured {
            captured.cut();
        }
        let (Ok(own), Ok(peer)) = (self.socket.local_addr(), self.socket.peer_addr()) else {
            return Ok(());
        };
        let deadline = Instant::now() + MOST_PATIENCE;
        let mut quiet = 0;
        for look in 0.. {
            let queue = queue(own, peer);
            // acknowledgements are delayed by 40 ms, and bytes are on their way for less than two looks
            quiet = match queue {
                Queue::Unacknowledged => quiet + 1,
                _ => 0,
            };
            match queue {
                Queue::Empty => {
                    run.achieved += 1;
                    return Ok(());
                }
                Queue::Unacknowledged if quiet >= ENOUGH_QUIET_LOOKS => {
                    run.achieved += 1;
                    return Ok(());
                }
                Queue::Waiting | Queue::Unacknowledged
                    if Instant::now() < deadline && !self.is_gone =>
                {
                    if look < EAGER_LOOKS && quiet == 0 {
                        std::thread::yield_now();
                    } else {
                        self.glance(SHORT_GLANCE)?;
                    }
                }
                Queue::Waiting | Queue::Unacknowledged | Queue::Unknown => {
                    run.unknown += 1;
                    return self.glance(GLANCE);
                }
            }
        }
        Ok(())
    }

    /// Takes what comes within a moment; shorter ones than a read of a socket can wait for.
    #[cfg(unix)]
    fn glance(&mut self, moment: Duration) -> Result<(), AdapterError> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let Ok(wait) = Timespec::try_from(moment) else {
            return Ok(());
        };
        let mut waited = [PollFd::new(&self.socket, PollFlags::IN)];
        if matches!(poll(&mut waited, Some(&wait)), Ok(1..)) {
            let bytes = self.read(moment)?;
            self.take(&bytes)?;
        }
        Ok(())
    }

    /// Takes what comes within a moment.
    #[cfg(not(unix))]
    fn glance(&mut self, moment: Duration) -> Result<(), AdapterError> {
        let bytes = self.read(moment)?;
        self.take(&bytes)
    }

    /// The Close frame among what was sent up to here.
    fn sent_close(&self, stream: &Stream, end: usize) -> Option<CloseEvent> {
        stream.items.iter().find_map(|item| match item {
            Item::Event(wanted) if wanted.complete <= end => match &wanted.what {
                Pattern::Close(close) => Some(close.clone()),
                _ => None,
            },
            _ => None,
        })
    }

    /// What the peer has said of the bytes since it was asked last.
    fn told(&mut self, closed: &Option<CloseEvent>) -> Vec<Event> {
        let mut told = Vec::new();
        for event in std::mem::take(&mut self.got) {
            match (event, closed) {
                (Event::Pong(content), _) => told.push(Event::Ping(content)),
                (Event::Message(kind, content), _) => told.push(Event::Message(kind, content)),
                // the code is echoed, typically (RFC 6455 5.5.1)
                (Event::Close(close), Some(sent))
                    if close.code == sent.code || !is_refusal(close.code) =>
                {
                    told.push(Event::Close(sent.clone()))
                }
                (Event::Close(close), _) => told.push(Event::error(close.code, close.reason)),
                (Event::Error(error), _) => {
                    let text = format!("what the peer sends is wrong: {}", error.text);
                    told.push(Event::error(None, text));
                }
                (Event::Ping(_), _) => {}
            }
        }
        let mut kinds = told.iter().map(Event::kind);
        self.has_closed |= kinds.any(|kind| matches!(kind, Kind::Close | Kind::Error));
        if self.is_gone && !self.has_closed {
            self.has_closed = true;
            told.push(Event::error(None, "the peer closed the TCP connection"));
        }
        told
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), AdapterError> {
        if !bytes.is_empty() {
            let events = self.peer.feed(&Chunk::new(bytes))?;
            self.got.extend(events);
        }
        Ok(())
    }

    /// What comes within this time; nothing where nothing comes, or the peer is gone.
    fn read(&mut self, wait: Duration) -> Result<Vec<u8>, AdapterError> {
        let deadline = Instant::now() + wait;
        let mut buffer = [0; 16 << 10];
        while !self.is_gone {
            if self.stop.load(Ordering::Relaxed) {
                return Err(AdapterError::Interrupted);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let look = left.clamp(Duration::from_millis(1), Duration::from_millis(50));
            let _ = self.socket.set_read_timeout(Some(look));
            match self.socket.read(&mut buffer) {
                Ok(0) => self.is_gone = true,
                Ok(read) => return Ok(buffer.get(..read).unwrap_or_default().to_vec()),
                Err(cause) if is_timeout(&cause) => {
                    if left <= look {
                        break;
                    }
                }
                Err(_) => self.is_gone = true,
            }
        }
        Ok(Vec::new())
    }
}

impl Captured<'_> {
    /// What is sent from here on is to come in another segment than what was sent.
    fn cut(&mut self) {
        // a place that was never reached stands for those that are not kept
        let is_kept = self.cuts.len() < MOST_CUTS;
        self.cuts.push(if is_kept { self.sent } else { u32::MAX });
        if self.cuts.len().is_multiple_of(LOOK_EVERY) {
            self.wire.look();
        }
    }
}

impl Drop for Captured<'_> {
    fn drop(&mut self) {
        let (own, peer) = self.ends;
        let cuts = std::mem::take(&mut self.cuts);
        self.wire.end(own, peer, cuts, self.sent);
    }
}

/// Whether a peer that decodes this shows it.
fn is_observable(what: &Pattern) -> bool {
    what.kind() != Kind::Pong
}

/// An endpoint may answer the latest of several Pings only (RFC 6455 5.5.3).
fn answers_the_last_ping(events: &[&Pattern], found: &[Event]) -> bool {
    in_order(events, found.to_vec()).len() >= events.len()
}

/// What was found, in the order of what had to come: a peer may answer Pings before it echoes what came before them.
fn in_order(events: &[&Pattern], found: Vec<Event>) -> Vec<Event> {
    let mut rest = found;
    let mut ordered = Vec::new();
    for wanted in events {
        if let Some(at) = rest.iter().position(|event| event.kind() == wanted.kind()) {
            if let (Pattern::Ping(content), false) = (wanted, wanted.matches(&rest[at])) {
                // answered with a later one
                let later = events.iter().any(|other| other.matches(&rest[at]));
                if later {
                    ordered.push(Event::Ping(content.clone()));
                    continue;
                }
            }
            ordered.push(rest.remove(at));
        } else {
            break;
        }
    }
    ordered.extend(rest);
    ordered
}

/// Whether a status code says that something was wrong (RFC 6455 7.4.1).
fn is_refusal(code: Option<u16>) -> bool {
    matches!(code, Some(1002 | 1003 | 1007 | 1008 | 1009 | 1010 | 1011))
}

fn is_timeout(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

pub(super) fn broken(what: &str, cause: &io::Error) -> AdapterError {
    AdapterError::Broken(format!("{what}: {cause}"))
}

/// That the peer has never spoken.
pub(super) fn no_head(waited: Duration) -> AdapterError {
    let seconds = waited.as_secs_f64();
    AdapterError::Broken(format!(
        "the peer sent no head of a handshake within {seconds} s (--timeout)"
    ))
}
