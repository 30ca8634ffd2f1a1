//! HTTP/1 (RFC 9110, 9112) as far as it leads to a WebSocket: heads, exactly skipped bodies, and the upgrade.

mod body;
mod exchange;
mod fields;
mod first_line;
mod head;
mod request;
mod step;
mod upgrade;

pub(crate) use body::Body;
pub(crate) use exchange::Http;
pub(crate) use first_line::{begins_like_request, begins_like_response};
pub(crate) use head::{Head, empty_lines, end_of_head};
pub(crate) use step::{Outcome, Surroundings, Upgraded};
