//! The targets that `cargo test` replays, for libFuzzer; nothing of what they do is here.

mod entry;
#[path = "../../tests/fuzz/targets/mod.rs"]
mod targets;

pub use entry::{fuzz, seeds};
