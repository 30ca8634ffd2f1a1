//! The invariants of the analyzer, held against naive models and against tungstenite.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(unreachable_pub, reason = "the modules of a test binary are its own")]

/// Hand-made segments of one connection, and what the analyzer makes of them.
mod bench;
/// Each cap, lowered and reached.
mod caps;
/// Who asks for counts gets what the map would come to.
mod counts;
/// Compressed messages: what was agreed, what is broken, what is too large.
mod deflate;
/// Messages equal tungstenite's, whichever way the bytes were cut.
mod differential;
/// When a connection is let go.
mod endings;
/// What a hole in one direction does to the layers above, in both.
mod gaps;
/// Where HTTP ends and a WebSocket begins.
mod handshake;
/// How long a hole is waited for.
mod holes;
/// Cuts, order and duplication change nothing; slices tile; every byte is accounted for.
mod invariants;
/// What a capture with losses can say is true.
mod losses;
/// WebSockets met in the middle.
mod pickup;
/// A proxy's header in front of everything.
mod proxy;
/// Anything at all, at any place: no panic, and still an end.
mod robustness;
/// One connection told segment by segment, with losses and time.
mod scene;
/// Frames found without a handshake, and none found where there are none.
mod search;
/// What a segment was, and which of its bytes are stream.
mod tcp;
/// Each cap on what waits, lowered and reached.
mod waiting;
/// What frames and messages must not be, and what control frames do.
mod websocket;
