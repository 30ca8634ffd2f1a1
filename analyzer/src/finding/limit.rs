//! The rules that tell of a cap of `limits.rs` that was reached: nothing is wrong with the traffic, but less is said of it.

use super::{Level, Rule};

pub(crate) static LIMIT_CONNECTIONS: Rule = Rule {
    id: "limit.connections",
    reference: "RFC 4987 2",
    level: Level::Note,
    title: "connection given up to make room",
    explanation: "More connections were open at once than are followed, or more that never got beyond their SYN, as in a flood. The oldest were reported as they stood; what comes later of one opens another connection.",
};
pub(crate) static LIMIT_HELD: Rule = Rule {
    id: "limit.held",
    reference: "RFC 9293 3.10.7.4",
    level: Level::Note,
    title: "hole given up because too much is held behind it",
    explanation: "Bytes behind a hole are held until the missing ones come. Where more would be held than the limit the hole is given up: what it lacks is reported as a gap, and bytes that come for it later are not read.",
};
pub(crate) static LIMIT_PROXY: Rule = Rule {
    id: "limit.proxy",
    reference: "RFC 6455 10.4",
    level: Level::Note,
    title: "header of a proxy longer than the limit",
    explanation: "The first bytes are the start of a header of the PROXY protocol that says it is longer than is waited for. It is not passed over, so that what stands behind it is not recognised.",
};
pub(crate) static LIMIT_HEAD: Rule = Rule {
    id: "limit.head",
    reference: "RFC 9110 5.4",
    level: Level::Note,
    title: "HTTP head longer than the limit",
    explanation: "A head is waited for up to the limit. Bytes that have no end of a head so far are not taken for one: this direction is no longer read as HTTP, and a WebSocket that begins behind them is not found; in the middle of a stream it is searched for.",
};
pub(crate) static LIMIT_REQUESTS: Rule = Rule {
    id: "limit.requests",
    reference: "RFC 9112 9.3.2",
    level: Level::Note,
    title: "more requests without an answer than are remembered",
    explanation: "The oldest request was forgotten and is reported without an answer. The answers that come later are given to the requests behind it.",
};
pub(crate) static LIMIT_EARLY: Rule = Rule {
    id: "limit.early",
    reference: "RFC 6455 10.4",
    level: Level::Note,
    title: "more bytes wait for the other direction than are kept",
    explanation: "Bytes behind an upgrade request wait for its answer, and an answer for its request. There were more than the limit, so that they were read without it: what the client sent is searched for frames, and an answer stands for itself.",
};
pub(crate) static LIMIT_SEARCH: Rule = Rule {
    id: "limit.search",
    reference: "RFC 6455 10.4",
    level: Level::Note,
    title: "search for frames given up",
    explanation: "No frame was found in as many bytes as are searched. Of this direction nothing more is decoded.",
};
pub(crate) static LIMIT_PLACES: Rule = Rule {
    id: "limit.places",
    reference: "RFC 6455 10.4",
    level: Level::Note,
    title: "message lies in more places than are kept",
    explanation: "A message can be sent in any number of frames and segments. Of one with very many only the last places are kept: its first slices and frames are left out and counted. It is decoded like any other; its length, its hash and the number of its segments are those of all of it.",
};
pub(crate) static LIMIT_PINGS: Rule = Rule {
    id: "limit.pings",
    reference: "RFC 6455 5.5.3",
    level: Level::Note,
    title: "Pong may answer a Ping that was forgotten",
    explanation: "More Pings were without a Pong than are remembered, and this Pong answers none of those that are. It answers an older one, or came unasked.",
};
pub(crate) static LIMIT_UNACKNOWLEDGED: Rule = Rule {
    id: "limit.unacknowledged",
    reference: "RFC 9293 3.4",
    level: Level::Note,
    title: "message acknowledged that was forgotten",
    explanation: "More messages waited for their acknowledgement than are remembered. When the oldest ones were acknowledged is not said, from this one on. Told once in each direction of a WebSocket, and by the map only, as nothing else says when messages were acknowledged.",
};
