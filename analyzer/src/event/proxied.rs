//! What a proxy says in front of the bytes that it passes on (PROXY protocol, haproxy's `doc/proxy-protocol.txt`).

use wireseam_wire::Endpoint;

use crate::Span;

/// A header of the PROXY protocol, with which a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proxied {
    /// 1, which is text (2.1), or 2, which is binary (2.2).
    pub version: u8,
    /// Where the header lies in the client's stream.
    pub header: Span,
    /// Whether the proxy speaks for itself (LOCAL), as when it asks whether the server is well.
    pub local: bool,
    /// Who connected to the proxy; `None` where the header does not say, or not as an IP address.
    pub source: Option<Endpoint>,
    /// To whom.
    pub destination: Option<Endpoint>,
}
