//! Packet sources.

mod source;

pub use source::{CaptureError, Dropped, Source, Statistics};
