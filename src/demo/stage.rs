//! Where lessons are played: real connections over a loopback interface of this process's own, captured live.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use rustix::{io::ioctl_fionread, net::sockopt::set_tcp_cork};
use tungstenite::{WebSocket, handshake::HandshakeError};
use wireseam_capture::{LiveOptions, LiveSource, Pace, RecordOptions, record};

use super::{
    log::{End, Ends, Log},
    namespace::{Loopback, Offload},
};

/// A loopback interface, and a server that listens on it.
#[derive(Debug)]
pub(super) struct Stage {
    loopback: Loopback,
    listener: TcpListener,
}

/// A lesson that is being played on a stage.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    stage: &'a Stage,
    ends: Vec<[Arc<Mutex<End>>; 2]>,
}

/// One end of a connection, which logs what it does.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    log: Arc<Mutex<End>>,
    /// How many bytes the next calls of send() are given; as many as there are when this is empty.
    cuts: Vec<usize>,
    /// How many bytes recv() is asked for at most.
    at_most: usize,
    /// The other end, where each send() is to have arrived before the next.
    arrives_at: Option<TcpStream>,
}

/// A WebSocket over such an end.
pub(super) type Talk = WebSocket<Socket>;

impl Stage {
    /// Enters namespaces of its own, and sees whether it can capture there.
    pub(super) fn enter() -> anyhow::Result<Self> {
        let loopback = Loopback::enter()?;
        let listener = TcpListener::bind(SERVER).context("no server can listen")?;
        LiveSource::open(&capture()).context("nothing can be captured")?;
        Ok(Self { loopback, listener })
    }

    /// Plays a lesson while it is captured into a file.
    pub(super) fn play(
        &self,
        into: &Path,
        script: fn(&mut Scene<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Log> {
        self.loopback.offload(Offload::On)?;
        let options = capture();
        let recorded = RecordOptions {
            stop: Arc::clone(&options.stop),
            ..RecordOptions::new(into)
        };
        let mut source = LiveSource::open(&options)?;
        let mut scene = Scene {
            stage: self,
            ends: Vec::new(),
        };
        thread::scope(|scope| {
            let recorder = scope.spawn(|| record(&mut source, &recorded, &mut |_, _| {}));
            let played = script(&mut scene);
            options.stop.store(true, Ordering::Relaxed);
            let recording = recorder.join();
            recording
                .map_err(|_| anyhow::anyhow!("the recording broke off"))?
                .map_err(|failure| failure.cause)?;
            played
        })?;
        Ok(scene.log())
    }
}

impl Scene<'_> {
    /// Opens a connection: the client's end and the server's.
    ///
    /// Nothing waits for more to send: what is to be held back is corked.
    pub(super) fn connect(&mut self) -> anyhow::Result<(Socket, Socket)> {
        let client = TcpStream::connect(SERVER)?;
        let (server, _) = self.stage.listener.accept()?;
        let logs = [Arc::default(), Arc::default()];
        let [client_log, server_log] = &logs;
        let ends = (
            Socket::new(client, client_log)?,
            Socket::new(server, server_log)?,
        );
        self.ends.push(logs);
        Ok(ends)
    }

    /// Opens a connection, and a WebSocket over it by the opening handshake of tungstenite.
    pub(super) fn upgrade(&mut self) -> anyhow::Result<(Talk, Talk)> {
        let (client, server) = self.connect()?;
        thread::scope(|scope| {
            let server = scope.spawn(|| tungstenite::accept(server).map_err(handshake));
            let (client, _) = tungstenite::client(URI, client).map_err(handshake)?;
            let server = server.join();
            Ok((
                client,
                server.map_err(|_| anyhow::anyhow!("the server broke off"))??,
            ))
        })
    }

    /// Has connections that are opened from now on send with or without segmentation offload.
    pub(super) fn offload(&self, offload: Offload) -> io::Result<()> {
        self.stage.loopback.offload(offload)
    }

    fn log(&self) -> Log {
        let connections = self.ends.iter().map(|[client, server]| Ends {
            client: locked(client).clone(),
            server: locked(server).clone(),
        });
        Log {
            connections: connections.collect(),
        }
    }
}

impl Socket {
    fn new(stream: TcpStream, log: &Arc<Mutex<End>>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            log: Arc::clone(log),
            cuts: Vec::new(),
            at_most: usize::MAX,
            arrives_at: None,
        })
    }

    /// Holds segments back until they are full, or lets go what was held back.
    pub(super) fn cork(&self, held: bool) -> io::Result<()> {
        Ok(set_tcp_cork(&self.stream, held)?)
    }

    /// Gives the next calls of send() so many bytes each, whatever they are asked to send.
    pub(super) fn cut(&mut self, cuts: &[usize]) {
        self.cuts = cuts.to_vec();
    }

    /// Asks recv() for no more than that from now on.
    pub(super) fn receive_at_most(&mut self, at_most: usize) {
        self.at_most = at_most;
    }

    /// From now on, goes on after each send() only when it has arrived, so that no two share a segment.
    pub(super) fn wait_for_arrival_at(&mut self, other: &Self) -> io::Result<()> {
        self.arrives_at = Some(other.stream.try_clone()?);
        Ok(())
    }

    /// Waits until so many bytes can be received.
    pub(super) fn wait_for(&self, bytes: u64) -> io::Result<()> {
        arrived(&self.stream, bytes)
    }

    /// Receives once.
    pub(super) fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; LARGEST_RECEIVE];
        let length = self.read(&mut buffer)?;
        buffer.truncate(length);
        Ok(buffer)
    }

    /// Notes what this end makes of what it received.
    pub(super) fn says(&self, what: impl Into<String>) {
        locked(&self.log).says.push(what.into());
    }

    /// Sends FIN.
    pub(super) fn finish(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Waits for the other end's FIN.
    pub(super) fn wait_for_end(&mut self) -> io::Result<()> {
        match self.receive()?.len() {
            0 => Ok(()),
            more => Err(io::Error::other(format!(
                "{more} bytes came instead of the end"
            ))),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.at_most);
        let length = self
            .stream
            .read(buffer.get_mut(..most).unwrap_or_default())?;
        if length > 0 {
            locked(&self.log).receives.push(length as u64);
        }
        Ok(length)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let cut = self
            .cuts
            .first()
            .map_or(bytes.len(), |cut| bytes.len().min(*cut));
        let before = match &self.arrives_at {
            Some(other) => ioctl_fionread(other)?,
            None => 0,
        };
        let length = self.stream.write(bytes.get(..cut).unwrap_or_default())?;
        if !self.cuts.is_empty() {
            self.cuts.remove(0);
        }
        locked(&self.log).sends.push(length as u64);
        if let Some(other) = &self.arrives_at {
            arrived(other, before + length as u64)?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends a connection in order, the client first.
pub(super) fn end(client: &mut Socket, server: &mut Socket) -> io::Result<()> {
    client.finish()?;
    server.wait_for_end()?;
    server.finish()?;
    client.wait_for_end()
}

/// Waits until so many bytes lie ready in a socket.
fn arrived(socket: &TcpStream, bytes: u64) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    while ioctl_fionread(socket)? < bytes {
        if Instant::now() > until {
            return Err(io::Error::other(format!("{bytes} bytes did not arrive")));
        }
        thread::yield_now();
    }
    Ok(())
}

fn handshake<R: tungstenite::handshake::HandshakeRole>(cause: HandshakeError<R>) -> anyhow::Error {
    match cause {
        HandshakeError::Failure(cause) => cause.into(),
        HandshakeError::Interrupted(_) => anyhow::anyhow!("the handshake took too long"),
    }
}

fn capture() -> LiveOptions {
    LiveOptions {
        pace: Pace::LowLatency,
        ring: RING,
        ..LiveOptions::new("lo")
    }
}

/// What a thread that broke off left behind is a log all the same.
fn locked(log: &Mutex<End>) -> MutexGuard<'_, End> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The usual port of examples; in a namespace of one's own it is free.
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What the client asks for.
const URI: &str = "ws://localhost:8080/prices";

/// Nothing on loopback takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than any lesson sends at once.
const LARGEST_RECEIVE: usize = 64 << 10;

/// Lessons are small.
const RING: u32 = 4 << 20;
