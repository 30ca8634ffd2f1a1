//! TCP segments to WebSocket messages, and the map between the two: which message lies in which segments.
//!
//! The crate is pure and sans-io: [`Analyzer::handle_segment`] takes segments, [`Analyzer::poll_event`] gives events.
//! Broken traffic is data here, a [`Finding`], and never an error: an endpoint stops at the first violation, an
//! inspector goes on.
//!
//! A handshake, and then a text message (RFC 6455 5.7's example) whose second segment begins inside the masking key:
//!
//! ```
//! use wireseam_analyzer::{Analyzer, AlignmentKind, Config, EventKind, Part};
//! use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};
//!
//! let client = Endpoint { address: [10, 0, 0, 1].into(), port: 40_000 };
//! let server = Endpoint { address: [10, 0, 0, 2].into(), port: 80 };
//! let request = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
//! let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
//! let frame = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
//!
//! let behind_request = Seq(1).plus(request.len() as u32);
//! let up = |packet, seq, flags, payload| Segment::new(PacketIndex(packet), client, server, seq, flags, payload);
//! let down = |packet, seq, flags, payload| Segment::new(PacketIndex(packet), server, client, seq, flags, payload);
//! let segments = [
//!     up(1, Seq(0), Flags::SYN, b"".as_slice()),
//!     down(2, Seq(0), Flags::SYN.with(Flags::ACK), b"".as_slice()),
//!     up(3, Seq(1), Flags::PSH, request.as_slice()),
//!     down(4, Seq(1), Flags::PSH, response.as_slice()),
//!     up(5, behind_request, Flags::PSH, &frame[..4]),
//!     up(6, behind_request.plus(4), Flags::PSH, &frame[4..]),
//! ];
//!
//! let mut analyzer = Analyzer::new(Config::default());
//! let mut messages = Vec::new();
//! for segment in &segments {
//!     analyzer.handle_segment(segment);
//!     while let Some(event) = analyzer.poll_event() {
//!         if let EventKind::Message(message) = event.kind {
//!             messages.push(message);
//!         }
//!     }
//! }
//! analyzer.finish();
//!
//! let hello = &messages[0];
//! assert_eq!(hello.payload.bytes, b"Hello");
//! assert_eq!(hello.alignment.kind, AlignmentKind::Split);
//! let packets: Vec<u64> = hello.slices.iter().map(|slice| slice.packet.0).collect();
//! assert_eq!(packets, [5, 6]);
//! let cut = hello.alignment.torn[0];
//! assert_eq!((cut.part, cut.after), (Part::Mask, 2), "packet 5 ends after mask byte 2");
//! ```

mod alignment;
mod analyzer;
mod blocks;
mod connection;
mod event;
mod finding;
mod flow_table;
mod frame_set;
mod http;
mod http_list;
mod intake;
mod left_out;
mod limits;
mod outbox;
mod proxy;
mod recognise;
mod span;
mod span_map;
mod spare;
mod tcp;
mod tls;
mod websocket;
#[cfg(test)]
mod work;

pub use analyzer::{Analyzer, Expected};
pub use event::*;
pub use finding::{Finding, Level, RULES, Rule};
pub use limits::{Config, Detail, Limits, PayloadPolicy};
pub use span::{Alignment, AlignmentKind, Offset, Part, Slice, Span, Torn};
