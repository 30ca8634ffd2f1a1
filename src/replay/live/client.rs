//! A live client that echoes: the harness is the server that it connects to, once for each replay.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tungstenite::handshake::derive_accept_key;
use wireseam_analyzer::Role;

use super::{
    about, extensions_line,
    link::{Link, broken, no_head},
    server::fields,
    wire::{OnWire, Wire},
};
use crate::replay::{
    decoder::{About, AdapterError, Begins, Start},
    run::Run,
    segmentation::Cuts,
    stream::Stream,
    trial::Target,
};

/// A client that is expected at this address.
#[derive(Debug)]
pub struct LiveClient {
    listener: TcpListener,
    timeout: Duration,
    stop: Arc<AtomicBool>,
    wire: Option<Wire>,
}

impl LiveClient {
    /// Listens at `HOST:PORT`.
    ///
    /// # Errors
    ///
    /// [`AdapterError::Broken`] where the address is taken, or is none of this machine.
    pub fn listen(
        address: &str,
        timeout: Duration,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, AdapterError> {
        let failed = format!("failed to listen at {address}");
        let listener = TcpListener::bind(address).map_err(|cause| broken(&failed, &cause))?;
        listener
            .set_nonblocking(true)
            .map_err(|cause| broken(&failed, &cause))?;
        Ok(Self {
            listener,
            timeout,
            stop,
            wire: None,
        })
    }

    /// Captures all its connections from now on, to tell which cuts were made on the wire. Where it listens at every address,
    /// only those from this machine are captured.
    ///
    /// # Errors
    ///
    /// [`LiveError`](wireseam_capture::LiveError), where one may not capture above all.
    #[cfg(target_os = "linux")]
    pub fn capture(&mut self) -> Result<(), wireseam_capture::LiveError> {
        // where nobody listens any more nothing is captured, and that is said
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        let own = self.listener.local_addr().unwrap_or(any);
        self.wire = Some(Wire::open(own, any)?);
        Ok(())
    }

    /// Where it listens: the port, where any would do.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.listener
            .local_addr()
            .ok()
            .map(|address| address.port())
    }

    fn accept(&self) -> Result<TcpStream, AdapterError> {
        let deadline = Instant::now() + self.timeout;
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => return Ok(socket),
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
                Err(cause) => return Err(broken("failed to accept a connection", &cause)),
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(AdapterError::Interrupted);
            }
            if Instant::now() >= deadline {
                let seconds = self.timeout.as_secs_f64();
                return Err(AdapterError::Broken(format!(
                    "no client connected within {seconds} s (--timeout); it has to connect again for each replay"
                )));
            }
            thread::park_timeout(LOOK);
        }
    }
}

impl Target for LiveClient {
    fn implementation(&self) -> About {
        let name = match self.listener.local_addr() {
            Ok(address) => format!("client of {address}"),
            Err(_) => "client".to_owned(),
        };
        about(name, None, Some(Begins::AtHandshake))
    }

    fn is_live(&self) -> bool {
        true
    }

    fn captured(&mut self) -> Option<OnWire> {
        self.wire.as_mut().map(Wire::settle)
    }

    /// The answer to a key that is not known yet: its length is always the same.
    fn prepare(&self, stream: &Stream) -> Stream {
        let extensions = extensions_line(&stream.extensions);
        stream.behind(&format!(
            "{HEAD}{}\r\n{extensions}\r\n",
            "x".repeat(ACCEPT_LENGTH)
        ))
    }

    fn replay(
        &mut self,
        stream: &Stream,
        begins: Begins,
        cuts: &Cuts,
    ) -> Result<Run, AdapterError> {
        let socket = self.accept()?;
        let mut link = Link::new(socket, self.wire.as_mut(), self.timeout, &self.stop)?;
        let (request, rest) = link.read_head().map_err(|cause| match cause {
            AdapterError::Silent(waited) => no_head(waited),
            cause => cause,
        })?;
        let text = String::from_utf8_lossy(&request);
        let key = fields(&text, "sec-websocket-key").next();
        let key = key.ok_or_else(|| {
            let first = text.lines().next().unwrap_or_default();
            AdapterError::Broken(format!(
                "the client asked {first:?} without Sec-WebSocket-Key"
            ))
        })?;
        let offers = fields(&text, "sec-websocket-extensions")
            .collect::<Vec<_>>()
            .join(", ");
        if !stream.extensions.is_empty()
            && !offers.to_ascii_lowercase().contains("permessage-deflate")
        {
            return Err(AdapterError::Unsupported(
                "the client does not offer permessage-deflate".to_owned(),
            ));
        }
        let mut stream = stream.clone();
        let accept = derive_accept_key(key.as_bytes());
        for (to, from) in stream.bytes.iter_mut().skip(HEAD.len()).zip(accept.bytes()) {
            *to = from;
        }
        let response = stream
            .bytes
            .get(stream.head.clone())
            .unwrap_or_default()
            .to_vec();
        let start = Start {
            role: Role::Server,
            begins: Begins::AtHandshake,
            request: &request,
            response: &response,
            extensions: &[],
        };
        link.open(&start, &request, &rest)?;
        let chunks: Vec<_> = cuts
            .chunks(stream.begin(begins), stream.bytes.len())
            .collect();
        let mut run = Run::default();
        link.send(&stream, &chunks, 0, &mut run)?;
        Ok(run)
    }
}

/// The answer up to the value that answers the key.
const HEAD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";

/// The length of a SHA-1 in base64.
const ACCEPT_LENGTH: usize = 28;

/// How often is looked whether a client has come.
const LOOK: Duration = Duration::from_millis(1);
