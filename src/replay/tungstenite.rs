//! The adapter for the library tungstenite: built in, and an example of what an adapter is.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
};

use tungstenite::{
    Error, HandshakeError, Message, WebSocket,
    handshake::{MidHandshake, server::NoCallback, server::ServerHandshake},
    protocol,
};
use wireseam_analyzer::Role;

use super::decoder::{About, AdapterError, Begins, Chunk, Decoder, Event, Kind, Start};

/// tungstenite as a server and as a client.
///
/// As a server it can also take the request. It allows a request few and large pieces only, so that in pieces of one byte it
/// gives up before the first frame; hence that is not the default. As a client it always begins with the first frame: the
/// key of its own request would be another than the fixture's.
#[derive(Debug, Default)]
pub struct Tungstenite {
    takes_request: bool,
    state: State,
}

impl Tungstenite {
    /// As a server it takes the request too.
    #[must_use]
    pub fn with_handshake() -> Self {
        Self {
            takes_request: true,
            state: State::Ended,
        }
    }
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ended,
    Handshake(Box<MidHandshake<ServerHandshake<Memory, NoCallback>>>),
    Open(Box<WebSocket<Memory>>),
}

/// A socket whose peer is the harness.
#[derive(Debug, Default)]
struct Memory {
    input: VecDeque<u8>,
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder for Tungstenite {
    fn about(&self) -> About {
        About {
            name: "tungstenite".to_owned(),
            version: VERSION.to_owned(),
            server: Some(match self.takes_request {
                true => Begins::AtHandshake,
                false => Begins::AtFrames,
            }),
            client: Some(Begins::AtFrames),
            extensions: Vec::new(),
            reports: Kind::ALL.to_vec(),
        }
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), AdapterError> {
        let memory = Memory::default();
        let open = |role| State::Open(Box::new(WebSocket::from_raw_socket(memory, role, None)));
        self.state = match (start.role, start.begins) {
            (Role::Server, Begins::AtHandshake) => {
                let memory = Memory::default();
                State::Handshake(Box::new(ServerHandshake::start(memory, NoCallback, None)))
            }
            (Role::Server, Begins::AtFrames) => open(protocol::Role::Server),
            (Role::Client, _) => open(protocol::Role::Client),
        };
        Ok(())
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError> {
        let mut events = Vec::new();
        self.state = match std::mem::take(&mut self.state) {
            State::Handshake(mut handshake) => {
                handshake.get_mut().get_mut().input.extend(&*chunk.bytes());
                match handshake.handshake() {
                    Ok(socket) => read(Box::new(socket), &mut events),
                    Err(HandshakeError::Interrupted(handshake)) => {
                        State::Handshake(Box::new(handshake))
                    }
                    Err(HandshakeError::Failure(error)) => {
                        events.push(Event::error(code(&error), error.to_string()));
                        State::Ended
                    }
                }
            }
            State::Open(mut socket) => {
                socket.get_mut().input.extend(&*chunk.bytes());
                read(socket, &mut events)
            }
            State::Ended => State::Ended,
        };
        Ok(events)
    }
}

/// Everything that can be read now.
fn read(mut socket: Box<WebSocket<Memory>>, events: &mut Vec<Event>) -> State {
    loop {
        events.push(match socket.read() {
            Ok(Message::Text(text)) => Event::text(text.as_str()),
            Ok(Message::Binary(bytes)) => Event::binary(&bytes),
            Ok(Message::Ping(payload)) => Event::Ping(super::Content::of(&payload)),
            Ok(Message::Pong(payload)) => Event::Pong(super::Content::of(&payload)),
            Ok(Message::Close(frame)) => match frame {
                Some(frame) => Event::close(Some(frame.code.into()), frame.reason.as_str()),
                None => Event::close(None, ""),
            },
            Ok(Message::Frame(_)) => continue,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return State::Open(socket);
            }
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return State::Ended,
            Err(error) => {
                events.push(Event::error(code(&error), error.to_string()));
                return State::Ended;
            }
        });
    }
}

/// The status code that fits what tungstenite says (RFC 6455 7.4.1); it leaves that to its user.
fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Protocol(_) => Some(1002),
        Error::Utf8(_) => Some(1007),
        Error::Capacity(_) => Some(1009),
        Error::AttackAttempt => Some(1008),
        _ => None,
    }
}

/// The version that Cargo.toml asks for; the library does not tell its own.
const VERSION: &str = "0.30";
