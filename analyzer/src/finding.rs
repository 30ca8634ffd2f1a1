//! What should not be in the traffic: the rules, one table, and the finding that cites one.

mod limit;

use wireseam_wire::PacketIndex;

pub(crate) use limit::{
    LIMIT_CONNECTIONS, LIMIT_EARLY, LIMIT_HEAD, LIMIT_HELD, LIMIT_PINGS, LIMIT_PLACES, LIMIT_PROXY,
    LIMIT_REQUESTS, LIMIT_SEARCH, LIMIT_UNACKNOWLEDGED,
};

use crate::{Direction, FrameId, MessageId, Span, WebSocketId};

/// How binding the broken rule is (RFC 2119).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The RFC says MUST, or MUST NOT.
    Must,
    /// The RFC says SHOULD, or SHOULD NOT.
    Should,
    /// No rule is broken; worth knowing.
    Note,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Note => "note",
        })
    }
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Dotted words by area: `ws.mask.missing`.
    pub id: &'static str,
    /// Where it is written: `RFC 6455 5.1`.
    pub reference: &'static str,
    /// How binding it is.
    pub level: Level,
    /// A few words.
    pub title: &'static str,
    /// What it means for whoever meets it.
    pub explanation: &'static str,
}

/// A rule that was broken, where and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Which way the bytes went.
    pub direction: Option<Direction>,
    /// The packet in which it was seen.
    pub packet: PacketIndex,
    /// The stream bytes in question.
    pub span: Option<Span>,
    /// The WebSocket.
    pub websocket: Option<WebSocketId>,
    /// The frame.
    pub frame: Option<FrameId>,
    /// The message.
    pub message: Option<MessageId>,
    /// What was seen, in one sentence.
    pub text: String,
}

/// A number of bytes in words.
pub(crate) fn bytes(count: u64) -> String {
    if count == 1 {
        "1 byte".to_owned()
    } else {
        format!("{count} bytes")
    }
}

/// Every rule, by area.
pub static RULES: &[&Rule] = &[
    &HTTP_UPGRADE_ACCEPT,
    &HTTP_UPGRADE_KEY,
    &HTTP_UPGRADE_VERSION,
    &HTTP_UPGRADE_METHOD,
    &HTTP_UPGRADE_CONNECTION,
    &HTTP_UPGRADE_RESPONSE,
    &HTTP_UPGRADE_SUBPROTOCOL,
    &HTTP_UPGRADE_EXTENSION,
    &HTTP_UPGRADE_EARLY,
    &HTTP_UPGRADE_REFUSED_PIPELINED,
    &HTTP_RESPONSE_ORDER,
    &WS_HTTP,
    &WS_MASK_MISSING,
    &WS_MASK_UNEXPECTED,
    &WS_RSV,
    &WS_OPCODE_RESERVED,
    &WS_CONTROL_FRAGMENTED,
    &WS_CONTROL_LENGTH,
    &WS_LENGTH_FORM,
    &WS_LENGTH_MSB,
    &WS_CONTINUATION_ORPHAN,
    &WS_MESSAGE_INTERRUPTED,
    &WS_MESSAGE_UNFINISHED,
    &WS_FRAME_UNFINISHED,
    &WS_UTF8,
    &WS_CLOSE_CODE,
    &WS_CLOSE_LENGTH,
    &WS_CLOSE_REASON,
    &WS_CLOSE_DATA,
    &WS_RESYNC,
    &WS_LOST,
    &DEFLATE_RSV1,
    &DEFLATE_DATA,
    &DEFLATE_WINDOW,
    &DEFLATE_TAIL,
    &DEFLATE_CONTEXT_BROKEN,
    &DEFLATE_LIMIT,
    &DEFLATE_PARAMETER,
    &TCP_CLOSED_ABNORMALLY,
    &TCP_OVERLAP_CONFLICT,
    &TCP_RST_OUTSIDE,
    &LIMIT_CONNECTIONS,
    &LIMIT_HELD,
    &LIMIT_PROXY,
    &LIMIT_HEAD,
    &LIMIT_REQUESTS,
    &LIMIT_EARLY,
    &LIMIT_SEARCH,
    &LIMIT_PLACES,
    &LIMIT_PINGS,
    &LIMIT_UNACKNOWLEDGED,
];

pub(crate) static HTTP_UPGRADE_ACCEPT: Rule = Rule {
    id: "http.upgrade.accept",
    reference: "RFC 6455 4.2.2",
    level: Level::Must,
    title: "accept key does not answer the request's key",
    explanation: "The server proves with Sec-WebSocket-Accept that it read this request. A client must fail the connection when it is missing or wrong; a cache or a proxy that answers in the server's place is a usual cause.",
};
pub(crate) static HTTP_UPGRADE_KEY: Rule = Rule {
    id: "http.upgrade.key",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "request's key is missing or not 16 bytes",
    explanation: "Sec-WebSocket-Key is a fresh random value of 16 bytes in base64.",
};
pub(crate) static HTTP_UPGRADE_VERSION: Rule = Rule {
    id: "http.upgrade.version",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "request's version is not 13",
    explanation: "A server that does not speak the version answers 426 and names those that it speaks.",
};
pub(crate) static HTTP_UPGRADE_METHOD: Rule = Rule {
    id: "http.upgrade.method",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "upgrade request is not a GET",
    explanation: "The opening handshake is a GET request of HTTP/1.1 or higher.",
};
pub(crate) static HTTP_UPGRADE_CONNECTION: Rule = Rule {
    id: "http.upgrade.connection",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "upgrade request lacks Connection: Upgrade",
    explanation: "Upgrade is a hop-by-hop field: without Connection: Upgrade a proxy drops it and the server never sees it.",
};
pub(crate) static HTTP_UPGRADE_RESPONSE: Rule = Rule {
    id: "http.upgrade.response",
    reference: "RFC 6455 4.2.2",
    level: Level::Must,
    title: "101 lacks Upgrade or Connection",
    explanation: "A client must fail the connection when the 101 does not say Upgrade: websocket and Connection: Upgrade.",
};
pub(crate) static HTTP_UPGRADE_SUBPROTOCOL: Rule = Rule {
    id: "http.upgrade.subprotocol",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "server chose a subprotocol that was not offered",
    explanation: "The client must fail the connection. Often a proxy or a server that answers with a fixed Sec-WebSocket-Protocol.",
};
pub(crate) static HTTP_UPGRADE_EXTENSION: Rule = Rule {
    id: "http.upgrade.extension",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "server uses an extension that was not offered",
    explanation: "The client must fail the connection.",
};
pub(crate) static HTTP_UPGRADE_EARLY: Rule = Rule {
    id: "http.upgrade.early",
    reference: "RFC 6455 4.1",
    level: Level::Must,
    title: "client sent frames before the server's answer",
    explanation: "A client has to wait for the 101. Servers differ in what they do with bytes that come with the request: some lose them.",
};
pub(crate) static HTTP_UPGRADE_REFUSED_PIPELINED: Rule = Rule {
    id: "http.upgrade.refused.pipelined",
    reference: "RFC 9112 9.3.2",
    level: Level::Note,
    title: "bytes followed a refused upgrade request before its answer",
    explanation: "What the client took for frames the server reads as the next request. Proxies that disagree about it can be made to smuggle requests.",
};
pub(crate) static HTTP_RESPONSE_ORDER: Rule = Rule {
    id: "http.response.order",
    reference: "RFC 9112 9.3.2",
    level: Level::Must,
    title: "101 written before the answer to an earlier request",
    explanation: "Answers come in the order of the requests. What the server still owes will stand inside the WebSocket's bytes.",
};
pub(crate) static WS_HTTP: Rule = Rule {
    id: "ws.http",
    reference: "RFC 6455 5.2",
    level: Level::Must,
    title: "HTTP inside the WebSocket stream",
    explanation: "A response stands where a frame should. The receiver reads it as frames and fails the connection.",
};
pub(crate) static WS_MASK_MISSING: Rule = Rule {
    id: "ws.mask.missing",
    reference: "RFC 6455 5.1",
    level: Level::Must,
    title: "client's frame is not masked",
    explanation: "A server must close the connection on it, with 1002.",
};
pub(crate) static WS_MASK_UNEXPECTED: Rule = Rule {
    id: "ws.mask.unexpected",
    reference: "RFC 6455 5.1",
    level: Level::Must,
    title: "server's frame is masked",
    explanation: "A client must close the connection on it.",
};
pub(crate) static WS_RSV: Rule = Rule {
    id: "ws.rsv",
    reference: "RFC 6455 5.2",
    level: Level::Must,
    title: "reserved bit set without an extension that defines it",
    explanation: "The receiver must fail the connection. With RSV1 set the sender takes permessage-deflate for agreed and the other side does not.",
};
pub(crate) static WS_OPCODE_RESERVED: Rule = Rule {
    id: "ws.opcode.reserved",
    reference: "RFC 6455 5.2",
    level: Level::Must,
    title: "reserved opcode",
    explanation: "The receiver must fail the connection. Often a sign that the decoder lost its place: look at the frame before.",
};
pub(crate) static WS_CONTROL_FRAGMENTED: Rule = Rule {
    id: "ws.control.fragmented",
    reference: "RFC 6455 5.5",
    level: Level::Must,
    title: "fragmented control frame",
    explanation: "Control frames are never fragmented.",
};
pub(crate) static WS_CONTROL_LENGTH: Rule = Rule {
    id: "ws.control.length",
    reference: "RFC 6455 5.5",
    level: Level::Must,
    title: "control frame longer than 125 bytes",
    explanation: "A control frame's payload is 125 bytes at the most.",
};
pub(crate) static WS_LENGTH_FORM: Rule = Rule {
    id: "ws.length.form",
    reference: "RFC 6455 5.2",
    level: Level::Must,
    title: "length not in its shortest form",
    explanation: "The minimal number of bytes must be used to encode the length.",
};
pub(crate) static WS_LENGTH_MSB: Rule = Rule {
    id: "ws.length.msb",
    reference: "RFC 6455 5.2",
    level: Level::Must,
    title: "64-bit length with its highest bit set",
    explanation: "The most significant bit of a 64-bit length is 0. Decoders that read it as signed take it for negative.",
};
pub(crate) static WS_CONTINUATION_ORPHAN: Rule = Rule {
    id: "ws.continuation.orphan",
    reference: "RFC 6455 5.4",
    level: Level::Must,
    title: "continuation frame without a message to continue",
    explanation: "The receiver must fail the connection.",
};
pub(crate) static WS_MESSAGE_INTERRUPTED: Rule = Rule {
    id: "ws.message.interrupted",
    reference: "RFC 6455 5.4",
    level: Level::Must,
    title: "new message inside an unfinished one",
    explanation: "Fragments of one message are not interleaved with those of another. A sender that writes from two threads does it.",
};
pub(crate) static WS_MESSAGE_UNFINISHED: Rule = Rule {
    id: "ws.message.unfinished",
    reference: "RFC 6455 5.4",
    level: Level::Note,
    title: "message without its last frame",
    explanation: "The stream or the capture ended before the frame with FIN.",
};
pub(crate) static WS_FRAME_UNFINISHED: Rule = Rule {
    id: "ws.frame.unfinished",
    reference: "RFC 6455 5.2",
    level: Level::Note,
    title: "frame cut off by the end of the stream",
    explanation: "The stream or the capture ended inside the frame.",
};
pub(crate) static WS_UTF8: Rule = Rule {
    id: "ws.utf8",
    reference: "RFC 6455 8.1",
    level: Level::Must,
    title: "text that is not UTF-8",
    explanation: "The receiver must fail the connection, with 1007. Validity is judged on the whole message: a code point may be cut by a frame or a segment.",
};
pub(crate) static WS_CLOSE_CODE: Rule = Rule {
    id: "ws.close.code",
    reference: "RFC 6455 7.4",
    level: Level::Must,
    title: "status code that may not be sent",
    explanation: "1004, 1005, 1006 and 1015 are for reporting only, 0 to 999 are not used, and unassigned ones below 3000 are reserved.",
};
pub(crate) static WS_CLOSE_LENGTH: Rule = Rule {
    id: "ws.close.length",
    reference: "RFC 6455 5.5.1",
    level: Level::Must,
    title: "Close frame of one byte",
    explanation: "A body, where there is one, begins with a status code of two bytes.",
};
pub(crate) static WS_CLOSE_REASON: Rule = Rule {
    id: "ws.close.reason",
    reference: "RFC 6455 5.5.1",
    level: Level::Must,
    title: "close reason that is not UTF-8",
    explanation: "The reason is UTF-8 text.",
};
pub(crate) static WS_CLOSE_DATA: Rule = Rule {
    id: "ws.close.data",
    reference: "RFC 6455 5.5.1",
    level: Level::Must,
    title: "frame after a Close frame",
    explanation: "After its Close frame an endpoint sends no more frames; the receiver throws them away.",
};
pub(crate) static WS_RESYNC: Rule = Rule {
    id: "ws.resync",
    reference: "RFC 6455 5.2",
    level: Level::Note,
    title: "frames found again after lost bytes",
    explanation: "The capture lacks a frame header, so the next frame was found by scoring what could be frames; what lies between is not decoded.",
};
pub(crate) static WS_LOST: Rule = Rule {
    id: "ws.lost",
    reference: "RFC 6455 5.2",
    level: Level::Note,
    title: "place in the frames lost",
    explanation: "The capture lacks bytes of a frame header. Until frames are found again nothing of this direction is decoded.",
};
pub(crate) static DEFLATE_RSV1: Rule = Rule {
    id: "deflate.rsv1",
    reference: "RFC 7692 6.1",
    level: Level::Must,
    title: "RSV1 on a frame that is not the first of a message",
    explanation: "RSV1 marks a message as compressed and stands on its first frame only, and never on a control frame.",
};
pub(crate) static DEFLATE_DATA: Rule = Rule {
    id: "deflate.data",
    reference: "RFC 7692 7.2.2",
    level: Level::Must,
    title: "compressed data that does not inflate",
    explanation: "The receiver must fail the connection.",
};
pub(crate) static DEFLATE_WINDOW: Rule = Rule {
    id: "deflate.window",
    reference: "RFC 7692 7.1.2",
    level: Level::Must,
    title: "reference back beyond the agreed window",
    explanation: "With client_max_window_bits or server_max_window_bits the sender promises to refer back no further than 2 to the power of its value. A receiver that holds no more than that cannot inflate the message, or inflates it wrong; one with a larger window does not notice.",
};
pub(crate) static DEFLATE_TAIL: Rule = Rule {
    id: "deflate.tail",
    reference: "RFC 7692 7.2.1",
    level: Level::Must,
    title: "message ends with the bytes 00 00 ff ff",
    explanation: "The sender takes these four bytes off and the receiver puts them back. With both there, a receiver that keeps its context stands inside a block that nobody sent, and the next message does not inflate. Here they are taken as sent.",
};
pub(crate) static DEFLATE_CONTEXT_BROKEN: Rule = Rule {
    id: "deflate.context.broken",
    reference: "RFC 7692 7.2.2",
    level: Level::Note,
    title: "message refers to data that the capture lacks",
    explanation: "With context takeover a message is compressed against the ones before it. Without those it cannot be inflated, here; the receiver could, where only the capture lacks them. Told once, with the cause, for the first message that could not be inflated, and once for the first behind which all could.",
};
pub(crate) static DEFLATE_LIMIT: Rule = Rule {
    id: "deflate.limit",
    reference: "RFC 7692 10",
    level: Level::Note,
    title: "message inflates to more than the limit",
    explanation: "A small message can inflate to a thousand times its size. What lies beyond the limit is not decoded here; a receiver without a limit runs out of memory. Above 64 MiB a message may not become more than 256 times its size.",
};
pub(crate) static DEFLATE_PARAMETER: Rule = Rule {
    id: "deflate.parameter",
    reference: "RFC 7692 7.1",
    level: Level::Must,
    title: "wrong permessage-deflate parameter",
    explanation: "The client must fail the connection when a parameter is unknown, repeated or has an invalid value.",
};
pub(crate) static TCP_CLOSED_ABNORMALLY: Rule = Rule {
    id: "tcp.closed.abnormally",
    reference: "RFC 6455 7.1.5",
    level: Level::Note,
    title: "WebSocket ended without a closing handshake",
    explanation: "Both ends report 1006. The verdict says who ended the connection and how.",
};
pub(crate) static TCP_OVERLAP_CONFLICT: Rule = Rule {
    id: "tcp.overlap.conflict",
    reference: "RFC 9293 3.10.7.4",
    level: Level::Must,
    title: "two copies of the same bytes differ",
    explanation: "The first copy captured is used. A broken middlebox, or someone who wants inspector and receiver to see different things. A copy is compared with bytes that wait behind a hole and with those read last, a mebibyte of all connections together (none for a summary without --fail-on, which is to be fast); where they are not kept, nothing is said of a copy.",
};
pub(crate) static TCP_RST_OUTSIDE: Rule = Rule {
    id: "tcp.rst.outside",
    reference: "RFC 5961 3.2",
    level: Level::Note,
    title: "RST outside the window",
    explanation: "The receiver drops it silently, and the connection goes on. Somebody who does not see the connection tries to end it by guessing, or the packet is a late one of an earlier connection with the same ports.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_ids_are_unique_dotted_words() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(
                RULES[..at].iter().all(|other| other.id != rule.id),
                "{}",
                rule.id
            );
            assert!(
                rule.id.contains('.')
                    && rule
                        .id
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.'),
                "{}",
                rule.id
            );
            assert!(rule.reference.starts_with("RFC "), "{}", rule.id);
        }
    }
}
