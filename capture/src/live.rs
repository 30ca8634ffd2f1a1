//! A network interface as a source: packets as they pass, through libpcap or an `AF_PACKET` socket.
//!
//! ```text
//!   kernel ring --fill--> Batch --next_packet--> Packet
//!    (Libpcap | AfPacket)   copies, so that the ring has room again
//! ```
//!
//! Both backends give the same packets: nanoseconds by the kernel's clock, VLAN tags put back that the kernel took off,
//! loopback without its second copies.

mod af_packet;
mod batch;
mod error;
mod filter;
mod interface_drops;
mod interfaces;
mod libpcap;
mod options;
mod rights;
mod source;

pub use error::LiveError;
pub use interfaces::{LocalInterface, interfaces};
pub use libpcap::has_libpcap;
pub use options::{Backend, LiveOptions, Pace};
pub use rights::{GoOnAs, drop_rights, may_capture};
pub use source::LiveSource;
