//! The lessons themselves: for each, what its programs do and what is told of it.

pub(super) mod closing;
pub(super) mod decoding;
pub(super) mod http;
pub(super) mod segments;
pub(super) mod socketio;
pub(super) mod streams;
pub(super) mod websocket;

/// What a server of prices sends: three messages, if only somebody knew where they end.
const PRICES: [&str; 3] = ["up 5", "down 3", "up 10"];

/// Where these end.
const PRICES_LENGTHS: [u64; 3] = [4, 6, 5];
