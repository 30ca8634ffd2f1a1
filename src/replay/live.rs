//! Live peers: a server that echoes, a client that echoes. The harness is the other end, with a real opening handshake.
//!
//! ```text
//!   fixture's frames behind a head of the harness' own --chunk by chunk, TCP_NODELAY--> peer's receive queue --recv()--> peer
//!                                                          |  the next chunk waits until this queue is empty             |
//!   Run <-- what comes back: echo = message, Pong = ping, Close = close, or the connection failed <----------------------+
//! ```
//!
//! That a peer has decoded a message shows only in what it sends back, so it has to **echo**: each message as it came. What
//! completes an event is followed by nothing before its echo is there, hence a late event is one that never comes. In which
//! byte's chunk a connection was failed cannot be told from outside, only with which code.

mod client;
#[cfg(target_os = "linux")]
mod diag;
mod edges;
mod link;
mod offer;
mod pace;
mod server;
mod wire;

pub use self::{
    client::LiveClient,
    server::LiveServer,
    wire::{OnWire, Wire},
};

use super::decoder::{About, Begins, Kind};

/// A peer in one role, of which its echo tells.
fn about(name: String, server: Option<Begins>, client: Option<Begins>) -> About {
    About {
        name,
        version: String::new(),
        server,
        client,
        extensions: vec!["permessage-deflate".to_owned()],
        reports: vec![Kind::Message, Kind::Ping, Kind::Close, Kind::Error],
    }
}

/// The line of a head that names these extensions; none where there are none.
fn extensions_line(extensions: &[String]) -> String {
    match extensions {
        [] => String::new(),
        extensions => format!("Sec-WebSocket-Extensions: {}\r\n", extensions.join(", ")),
    }
}
