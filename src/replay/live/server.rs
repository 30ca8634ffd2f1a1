//! A live server that echoes: the harness is its client.

use std::{
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tungstenite::handshake::derive_accept_key;
use wireseam_analyzer::Role;

use super::{
    about, extensions_line,
    link::{Link, broken, no_head},
    offer::value_that_is_no_token,
    wire::{OnWire, Wire},
};
use crate::replay::{
    decoder::{About, AdapterError, Begins, Start},
    run::Run,
    segmentation::Cuts,
    stream::Stream,
    trial::Target,
};

/// A server, at this address.
#[derive(Debug)]
pub struct LiveServer {
    address: SocketAddr,
    host: String,
    target: String,
    timeout: Duration,
    stop: Arc<AtomicBool>,
    /// This end of the connection that was made to see whether there is a server.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "where nothing is captured nobody asks for it")
    )]
    own: SocketAddr,
    wire: Option<Wire>,
}

impl LiveServer {
    /// The server at `HOST:PORT`, `HOST:PORT/target` or `ws://HOST:PORT/target`.
    ///
    /// # Errors
    ///
    /// [`AdapterError::Broken`] where there is no such address, or nobody listens there.
    pub fn new(
        address: &str,
        timeout: Duration,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, AdapterError> {
        let address = address.strip_prefix("ws://").unwrap_or(address);
        let (host, target) = match address.split_once('/') {
            Some((host, target)) => (host, format!("/{target}")),
            None => (address, "/".to_owned()),
        };
        let failed = format!("failed to find {host}");
        let mut found = host
            .to_socket_addrs()
            .map_err(|cause| broken(&failed, &cause))?;
        let none = || AdapterError::Broken(failed.clone());
        let mut server = Self {
            address: found.next().ok_or_else(none)?,
            host: host.to_owned(),
            target,
            timeout,
            stop,
            own: SocketAddr::from(([0, 0, 0, 0], 0)),
            wire: None,
        };
        let socket = server.connect()?;
        server.own = socket
            .local_addr()
            .map_err(|cause| broken("failed to set up the connection", &cause))?;
        Ok(server)
    }

    /// Captures all its connections from now on, to tell which cuts were made on the wire.
    ///
    /// # Errors
    ///
    /// [`LiveError`](wireseam_capture::LiveError), where one may not capture above all.
    #[cfg(target_os = "linux")]
    pub fn capture(&mut self) -> Result<(), wireseam_capture::LiveError> {
        self.wire = Some(Wire::open(self.own, self.address)?);
        Ok(())
    }

    fn connect(&self) -> Result<TcpStream, AdapterError> {
        TcpStream::connect_timeout(&self.address, self.timeout)
            .map_err(|cause| broken(&format!("failed to connect to {}", self.host), &cause))
    }
}

impl Target for LiveServer {
    fn implementation(&self) -> About {
        let name = format!("server {}", self.host);
        about(name, Some(Begins::AtHandshake), None)
    }

    fn is_live(&self) -> bool {
        true
    }

    fn captured(&mut self) -> Option<OnWire> {
        self.wire.as_mut().map(Wire::settle)
    }

    fn prepare(&self, stream: &Stream) -> Stream {
        let extensions = extensions_line(&stream.offered_extensions);
        stream.behind(&format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n\
             Sec-WebSocket-Version: 13\r\n{extensions}\r\n",
            self.target, self.host
        ))
    }

    fn replay(
        &mut self,
        stream: &Stream,
        begins: Begins,
        cuts: &Cuts,
    ) -> Result<Run, AdapterError> {
        let socket = self.connect()?;
        let mut link = Link::new(socket, self.wire.as_mut(), self.timeout, &self.stop)?;
        let mut run = Run::default();
        // a client waits for the answer to its request (RFC 6455 4.1), also where the cuts do not say so
        let head: Vec<_> = cuts.chunks(stream.begin(begins), stream.head.end).collect();
        let frames: Vec<_> = cuts.chunks(stream.head.end, stream.bytes.len()).collect();
        link.send_head(stream, &head, &mut run)?;
        let answer = link.read_head().and_then(|(response, rest)| {
            accept(stream, &response)?;
            Ok((response, rest))
        });
        let (response, rest) = match answer {
            Ok(answer) => answer,
            // a request that is taken in one piece has to be taken in several
            Err(AdapterError::Broken(why)) if head.len() > 1 => {
                run.refuse(&stream.head, why);
                return Ok(run);
            }
            Err(AdapterError::Silent(waited)) if head.len() > 1 => {
                run.fall_silent(waited, &stream.head);
                return Ok(run);
            }
            Err(AdapterError::Silent(waited)) => return Err(no_head(waited)),
            Err(cause) => return Err(cause),
        };
        let start = Start {
            role: Role::Client,
            begins: Begins::AtHandshake,
            request: stream.bytes.get(stream.head.clone()).unwrap_or_default(),
            response: &response,
            extensions: &[],
        };
        link.open(&start, &response, &rest)?;
        link.send(stream, &frames, head.len(), &mut run)?;
        Ok(run)
    }
}

/// Whether the answer accepts the request as the fixture's server did.
fn accept(stream: &Stream, response: &[u8]) -> Result<(), AdapterError> {
    let text = String::from_utf8_lossy(response);
    let first = text.lines().next().unwrap_or_default();
    if first.split(' ').nth(1) != Some("101") {
        let mut offers = stream.offered_extensions.iter();
        if let Some(wrong) = offers.find_map(|offer| value_that_is_no_token(offer)) {
            return Err(AdapterError::Declined(format!(
                "answered {first:?} to an offer with {wrong:?}, which is no token (RFC 6455 9.1)"
            )));
        }
        return Err(AdapterError::Broken(format!(
            "the server answered {first:?}, not 101"
        )));
    }
    if !fields(&text, "sec-websocket-accept")
        .any(|accept| accept == derive_accept_key(KEY.as_bytes()))
    {
        return Err(AdapterError::Broken(
            "the server's Sec-WebSocket-Accept does not answer the key".to_owned(),
        ));
    }
    let agreed: Vec<&str> = fields(&text, "sec-websocket-extensions").collect();
    let (wanted, agreed) = (
        of_client(&stream.extensions.join(", ")),
        of_client(&agreed.join(", ")),
    );
    if wanted != agreed {
        return Err(AdapterError::Unsupported(format!(
            "the fixture has its client compress as {wanted:?} says, the server agrees on {agreed:?}"
        )));
    }
    Ok(())
}

/// The values of a header field.
pub(super) fn fields<'a>(head: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(move |(found, _)| found.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Of the extensions agreed on, what says how a client compresses: names and the parameters about it, in order.
fn of_client(extensions: &str) -> Vec<String> {
    let words = extensions
        .split([',', ';'])
        .map(|word| word.trim().replace('"', "").to_ascii_lowercase());
    let mut words: Vec<String> = words
        .filter(|word| !word.is_empty() && !word.starts_with("server_"))
        .collect();
    words.sort();
    words
}

/// RFC 6455 1.3's key: it keeps no secret, it only has to be answered.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
