//! What tungstenite makes of a stream of frames.

use std::io::{self, Cursor, Read, Write};

use tungstenite::{
    Error, Message as Said,
    protocol::{Role, WebSocket},
};
use wireseam::analyzer::{Direction, Event, EventKind, MessageKind};

use super::said::messages;

/// Holds the messages of one direction against tungstenite's, as far as that goes: an endpoint stops at the first violation.
pub(crate) fn hold_against_tungstenite(events: &[Event], direction: Direction, frames: &[u8]) {
    let ours: Vec<_> = messages(events)
        .filter(|message| message.direction == direction && message.complete)
        .map(|message| (message.kind, message.payload.bytes.as_slice()))
        .collect();
    let (theirs, is_whole) = read(direction, frames);
    let theirs: Vec<_> = theirs
        .iter()
        .map(|(kind, bytes)| (*kind, bytes.as_slice()))
        .collect();
    let first = ours.get(..theirs.len()).unwrap_or(&ours);
    assert_eq!(first, theirs, "messages of {direction}");
    // as a frame, a response inside of the WebSocket waits for bytes that never come
    let has_http = events
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Finding(it) if it.rule.id == "ws.http"));
    if is_whole && !has_http {
        assert_eq!(ours.len(), theirs.len(), "messages of {direction}");
    }
}

/// The messages read, and whether all bytes were read with nothing wrong in them.
fn read(direction: Direction, frames: &[u8]) -> (Vec<(MessageKind, Vec<u8>)>, bool) {
    let role = match direction {
        Direction::ClientToServer => Role::Server,
        Direction::ServerToClient => Role::Client,
    };
    let memory = Memory(Cursor::new(frames.to_vec()));
    let mut socket = WebSocket::from_raw_socket(memory, role, None);
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(Said::Text(text)) => messages.push((MessageKind::Text, text.as_bytes().to_vec())),
            Ok(Said::Binary(data)) => messages.push((MessageKind::Binary, data.to_vec())),
            // what comes behind a Close frame is not read any more
            Ok(Said::Close(_)) => return (messages, false),
            Ok(_) => {}
            Err(Error::Io(fault)) if fault.kind() == io::ErrorKind::WouldBlock => {
                return (messages, true);
            }
            Err(_) => return (messages, false),
        }
    }
}

/// A socket of memory: what is written is forgotten.
struct Memory(Cursor<Vec<u8>>);

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
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
