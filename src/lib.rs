//! Shows where WebSocket messages lie in TCP segments, byte for byte.
//!
//! A [`Source`](capture::Source) gives packets; [`read`] turns them into a [`Report`](report::schema::Report): every TCP
//! connection, its segments, its WebSockets, and for each message the packets that carry it. Where a capture is too large to
//! hold its report in memory, [`inspect`] hands what it finds to a [`Render`](report::Render) as it goes.
//!
//! ```
//! use wireseam::{Options, capture::{MemorySource, OwnedPacket}, wire::LinkType};
//!
//! // an IPv4 header and a TCP SYN from 10.0.0.1:40000 to 10.0.0.2:80
//! let syn = [
//!     0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
//!     0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0,
//! ];
//! let mut source = MemorySource::new([OwnedPacket::new(LinkType::RawIp, syn.to_vec())]);
//! let report = wireseam::read(&mut source, &Options::default())?;
//! assert_eq!(report.capture.packets, 1);
//! for connection in &report.connections {
//!     println!("{} > {}", connection.client, connection.server);
//!     for message in connection.websockets.iter().flat_map(|websocket| &websocket.messages) {
//!         for slice in &message.slices {
//!             println!("message {} has bytes {} in packet {}", message.id, slice.span, slice.packet);
//!         }
//!     }
//! }
//! # Ok::<(), wireseam::Error>(())
//! ```
//!
//! A capture file is a source as well, and a renderer writes the same as the command does:
//!
//! ```no_run
//! use wireseam::{Options, capture::FileSource, report::{Palette, Text}};
//!
//! let mut source = FileSource::open("chat.pcap")?;
//! let options = Options { name: "chat.pcap".to_owned(), ..Options::default() };
//! wireseam::inspect(&mut source, &options, &mut Text::new(std::io::stdout(), Palette::plain()))?;
//! # Ok::<(), wireseam::Error>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may unwrap"))]

mod case;
pub mod check;
pub mod claim;
mod command_line;
pub mod replay;
pub mod report;
mod run;
mod shard;
mod threads;
pub mod verify;

pub use run::{Error, Options, Outcome, inspect, read};
pub use wireseam_analyzer as analyzer;
pub use wireseam_capture as capture;
pub use wireseam_fixtures as fixtures;
pub use wireseam_wire as wire;
