//! TCP segments to WebSocket messages, and the map between the two.

mod analyzer;
mod event;
mod finding;
mod limits;
mod span;

pub use analyzer::{Analyzer, Config};
pub use event::*;
pub use finding::{Finding, Level, Rule};
pub use limits::{Limits, PayloadPolicy};
pub use span::{Alignment, AlignmentKind, Offset, Part, Slice, Span, Torn};
