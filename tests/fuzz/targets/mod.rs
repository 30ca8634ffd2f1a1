//! What is fuzzed: a function a target, over any bytes. It panics where something is not as it must be.
//!
//! `cargo test` replays the seeds and every regression through these functions (`tests/fuzz.rs`), `cargo fuzz` looks for
//! more (`fuzz/`); both call the same ones.

mod conversation;
mod deflate;
mod file;
mod frames;
mod http_head;
mod input;
mod model;
mod oracle;
mod packets;
mod reassembly;
mod said;
mod seeds;

pub(crate) use deflate::deflate;
pub(crate) use file::file;
pub(crate) use frames::frames;
pub(crate) use http_head::http_head;
pub(crate) use packets::packets;
pub(crate) use reassembly::reassembly;
pub(crate) use seeds::seeds;

/// A function over any bytes.
pub(crate) type Target = fn(&[u8]);

/// All of them, by name.
pub(crate) const TARGETS: [(&str, Target); 6] = [
    ("packets", packets),
    ("reassembly", reassembly),
    ("http_head", http_head),
    ("frames", frames),
    ("deflate", deflate),
    ("file", file),
];
