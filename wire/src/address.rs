//! Who sent a segment, and to whom: an address and a port.

use std::fmt;
pub use std::net::IpAddr as Address;

/// One end of a TCP connection (RFC 9293 4: a socket).
///
/// It prints as `10.0.0.1:80` or `[2001:db8::2]:443`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The IP address.
    pub address: Address,
    /// The TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Address::V4(address) => write!(f, "{address}:{}", self.port),
            Address::V6(address) => write!(f, "[{address}]:{}", self.port),
        }
    }
}
