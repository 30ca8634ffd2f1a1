//! What `FileSource` promises: every variant of both formats read, every fault told, nothing lost before it.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]

mod build;
mod damage;
mod formats;
mod notes;
mod packed;
mod sequence;
mod streams;
