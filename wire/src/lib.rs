//! From the bytes of one captured packet to the TCP segment in it (RFC 9293 3.1).
//!
//! Everything here is a function over borrowed bytes: no file, no clock. [`Packet`] is what a capture source hands over;
//! [`decode`] takes the link layer, IP and TCP headers off, through tunnels, and answers with a [`Segment`] that borrows
//! the packet's payload, or with the reason why there is none ([`Skipped`]). A [`Decoder`] remembers IP fragments, within
//! [`Limits`], until their packet is whole, and looks at checksums.
//!
//! One file takes off one kind of header, from the outside in; `layer` says which follows which:
//!
//! ```text
//! link      ethernet, ether_type (VLAN), macsec | cooked | loopback | ppp, pppoe | mpls
//! internet  ipv4 | ipv6, bounded by the IP length         -> a Datagram: what is carried, its length on the wire
//! tunnel    gre, erspan | udp: vxlan, geneve, gtp | IP    -> back to link or internet, up to eight times
//! transport tcp, options                                  -> a Segment
//! ```
//!
//! `plain` is a short cut to the same answer for the most common shape of all; [`plain_ends`] tells less, for sharing packets
//! among threads.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may unwrap"))]

mod address;
mod captured;
mod checksum;
mod cooked;
mod decode;
mod decoder;
mod erspan;
mod ether_type;
mod ethernet;
mod fragments;
mod geneve;
mod gre;
mod gtp;
mod ip;
mod ipv4;
mod ipv6;
mod layer;
mod limits;
mod link;
mod loopback;
mod macsec;
mod mpls;
mod options;
mod packet;
mod plain;
mod ppp;
mod pppoe;
mod segment;
mod skipped;
mod statistics;
mod tcp;
mod tunnel;
mod udp;
mod vxlan;

pub use address::{Address, Endpoint};
pub use checksum::Checksum;
pub use decode::decode;
pub use decoder::{Checksums, Config, Decoder};
pub use limits::Limits;
pub use link::LinkType;
pub use options::{SackBlock, SackBlocks, TcpOptions};
pub use packet::{Packet, PacketIndex, Timestamp};
pub use plain::plain_ends;
pub use segment::{Flags, Segment, Seq};
pub use skipped::Skipped;
pub use statistics::{ChecksumStatistics, FragmentStatistics, Statistics};
