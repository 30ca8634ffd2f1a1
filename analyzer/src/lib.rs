//! TCP segments to WebSocket messages, and the map between the two: which message lies in which segments.
//!
//! The crate is pure and sans-io: [`Analyzer::handle_segment`] takes segments, [`Analyzer::poll_event`] gives events.
//! Broken traffic is data here, a [`Finding`], and never an error: an endpoint stops at the first violation, an
//! inspector goes on.

mod alignment;
mod analyzer;
mod connection;
mod event;
mod finding;
mod http;
mod http_list;
mod intake;
mod limits;
mod outbox;
mod recognise;
mod span;
mod span_map;
mod tcp;
mod tls;
mod websocket;

pub use analyzer::{Analyzer, Config};
pub use event::*;
pub use finding::{Finding, Level, RULES, Rule};
pub use limits::{Limits, PayloadPolicy};
pub use span::{Alignment, AlignmentKind, Offset, Part, Slice, Span, Torn};
