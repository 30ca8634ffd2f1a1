//! A WebSocket decoder as small as one can be. It exists to be tested; `tests/fixtures.rs` does it.

mod decoder;

pub use self::decoder::{Decoder, Message};
