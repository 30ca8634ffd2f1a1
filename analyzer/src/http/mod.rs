//! HTTP/1 (RFC 9110, 9112) as far as it leads to a WebSocket: heads, exactly skipped bodies, and the upgrade.

mod body;
mod exchange;
mod head;
mod request;
mod step;
mod upgrade;

pub(crate) use body::Body;
pub(crate) use exchange::Http;
pub(crate) use head::Head;
pub(crate) use head::{begins_like_request, begins_like_response, empty_lines, end_of_head};
pub(crate) use step::{Outcome, Surroundings, Upgraded};
