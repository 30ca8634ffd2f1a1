//! From the bytes of one captured packet to the TCP segment in it (RFC 9293 3.1).
//!
//! Everything here is a pure function over borrowed bytes: no file, no clock, no state. [`Packet`] is what a capture
//! source hands over; [`decode`] takes the link layer, IP and TCP headers off and answers with a [`Segment`] that
//! borrows the packet's payload, or with the reason why there is none ([`Skipped`]).
//!
//! One file takes off one kind of header, from the outside in:
//!
//! ```text
//! link      ethernet  | cooked  | loopback | nothing      -> the bytes from the IP header on
//! internet  ipv4 | ipv6, bounded by the IP length         -> a Datagram: addresses, TCP bytes, their length on the wire
//! transport tcp, options                                  -> a Segment
//! ```
//!
//! IP fragments and tunnels are named and skipped, never guessed at.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may unwrap"))]

mod address;
mod cooked;
mod decode;
mod ethernet;
mod ip;
mod ipv4;
mod ipv6;
mod link;
mod loopback;
mod options;
mod packet;
mod segment;
mod skipped;
mod tcp;

pub use address::{Address, Endpoint};
pub use decode::decode;
pub use link::LinkType;
pub use options::{SackBlock, TcpOptions};
pub use packet::{Packet, PacketIndex, Timestamp};
pub use segment::{Flags, Segment, Seq};
pub use skipped::Skipped;
