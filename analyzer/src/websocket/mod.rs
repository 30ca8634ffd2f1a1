//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692): frames, messages, control frames, closing.

mod assembly;
mod at_once;
mod busy;
mod carry;
mod close;
mod conformance;
mod context;
mod deflate;
mod ended;
mod extension;
mod frame;
mod half;
mod http_inside;
mod mask;
mod message;
mod open_frame;
mod search;
mod socket;
mod talk;
mod unacknowledged;
mod utf8;
mod whole;

pub(crate) use at_once::AtOnce;
pub(crate) use context::{Context, Spares};
pub(crate) use search::{Fed, Found, Search, given_up};
pub(crate) use socket::{AsleepSocket, Socket, Talking};
pub(crate) use whole::{Whole, WholeControl};
