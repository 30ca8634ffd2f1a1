//! Real packets on real interfaces, in a network namespace that each test makes for itself.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may unwrap")]

/// Namespaces, interfaces in them, packets onto these.
mod bench;
/// What cannot be captured on, and what is said then.
mod errors;
/// Capturing on loopback, and on all interfaces.
mod loopback;
/// Recording what passes, with a disk that fills up.
mod recording;
/// Capturing at one end of a wire what is sent at the other.
mod wire;
