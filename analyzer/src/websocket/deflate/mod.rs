//! permessage-deflate (RFC 7692 7.2): messages inflated in a stream, what their references reach, what a loss does to them.

mod bits;
mod code;
mod decoder;
mod decoders;
mod health;
mod inflater;
#[cfg(test)]
mod naive;
mod output;
mod symbol;
#[cfg(test)]
mod tests;
mod window;

pub(super) use decoders::Decoders;
pub(super) use health::{Cause, Health};
pub(super) use inflater::{Fault, Inflated, Inflater};
