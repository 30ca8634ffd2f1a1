//! What was found, as records, and the ways to write them down. Renderers never parse; they say what they are given.

mod capture;
mod carries;
mod cipher;
mod collect;
mod copies;
mod escape;
mod json;
mod ndjson;
mod record;
mod remarks;
mod render;
#[cfg(test)]
mod samples;
pub mod schema;
mod summary;
mod tally;
mod text;
mod value;

pub(crate) use capture::{describe, describe_decoding};
pub use collect::Collector;
pub use escape::Escaped;
pub use json::Json;
pub use ndjson::{LineType, Ndjson, UnknownLineType};
pub use record::Context;
pub use render::Render;
pub use summary::Summary;
pub use tally::Tally;
pub use text::{Events, Palette, Text};
