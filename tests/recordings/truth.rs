//! What the programs of a recording logged: the JSON file beside it, described in `fixtures/recordings/README.md`.

use std::{fs, path::Path};

use serde::Deserialize;
use wireseam::analyzer::Direction;

/// All that was logged while a capture was made.
#[derive(Debug, Deserialize)]
pub(super) struct Truth {
    pub(super) capture: String,
    pub(super) tls: Option<String>,
    pub(super) connections: Vec<Connection>,
    #[serde(default)]
    pub(super) wire_faults: Vec<Fault>,
}

impl Truth {
    pub(super) fn read(path: &Path) -> Self {
        serde_json::from_slice(&fs::read(path).unwrap())
            .unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
    }
}

/// A TCP connection, or a stream of an HTTP/2 connection, that a program logged.
#[derive(Debug, Deserialize)]
pub(super) struct Connection {
    pub(super) client: String,
    pub(super) server: String,
    pub(super) kind: Kind,
    pub(super) h2_stream: Option<u32>,
    pub(super) upgrade: Option<Upgrade>,
    #[serde(default)]
    pub(super) http_requests: Vec<Request>,
    pub(super) subprotocol: Option<String>,
    client_to_server: Option<Way>,
    server_to_client: Option<Way>,
    pub(super) close: Option<Closes>,
    pub(super) client_side: Option<Side>,
    pub(super) server_side: Option<Side>,
}

impl Connection {
    pub(super) fn way(&self, direction: Direction) -> Option<&Way> {
        match direction {
            Direction::ClientToServer => self.client_to_server.as_ref(),
            Direction::ServerToClient => self.server_to_client.as_ref(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Websocket,
    Http,
    Tcp,
    Raw,
}

#[derive(Debug, Deserialize)]
pub(super) struct Upgrade {
    pub(super) status: Option<u16>,
    pub(super) target: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) status: u16,
}

/// The messages of one direction.
#[derive(Debug, Deserialize)]
pub(super) struct Way {
    pub(super) messages: Option<Vec<Message>>,
    pub(super) received_by_application: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) opcode: String,
    pub(super) length: u64,
    pub(super) sha256: String,
    #[serde(default)]
    pub(super) before_capture: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Closes {
    pub(super) client: Option<CloseOf>,
    pub(super) server: Option<CloseOf>,
}

/// What the library told the program at one end.
#[derive(Debug, Deserialize)]
pub(super) struct CloseOf {
    pub(super) reported: Option<Reported>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reported {
    pub(super) code: u16,
    pub(super) reason: String,
}

/// The calls of one end of a plain TCP connection.
#[derive(Debug, Deserialize)]
pub(super) struct Side {
    pub(super) sends: Vec<u64>,
}

/// What the wire did to a segment.
#[derive(Debug, Deserialize)]
pub(super) struct Fault {
    pub(super) fault: FaultKind,
    #[serde(rename = "sport")]
    pub(super) source_port: u16,
    #[serde(rename = "dport")]
    pub(super) destination_port: u16,
    pub(super) seq: u32,
    pub(super) len: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FaultKind {
    Drop,
    Dup,
    Reorder,
}
