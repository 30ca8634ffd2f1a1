//! A request that waits for its response, and the two together (RFC 9110 3.4).

use wireseam_wire::PacketIndex;

use super::fields::latin1;
use super::upgrade::Asked;
use crate::outbox::{Outbox, Place};
use crate::span_map::{Piece, SpanMap};
use crate::{Detail, Direction, EventKind, Exchange, Interim, Offset, Span};

/// Where a head lies.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    pub(super) span: Span,
    /// The packets that carry it; none where the map was not asked for.
    pub(super) packets: Vec<PacketIndex>,
    /// The packet with its last byte.
    pub(super) end: Option<PacketIndex>,
}

impl Carried {
    pub(super) fn new(span: Span, map: &SpanMap, detail: Detail) -> Self {
        let packet = |piece: &Piece| Some(piece.carrier?.moment.packet);
        let packets = match detail {
            Detail::Map => map.pieces_over(span).filter_map(packet).collect(),
            Detail::Messages | Detail::Counts => Vec::new(),
        };
        let last = Offset(span.end.0.saturating_sub(1));
        Self {
            span,
            packets,
            end: map.piece_at(last).and_then(packet),
        }
    }

    /// The same for a finding.
    pub(super) fn place(&self, direction: Direction) -> Place {
        Place {
            packet: self.end,
            direction: Some(direction),
            span: Some(self.span),
            ..Place::default()
        }
    }
}

/// A request without its final response.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// As it was written; `None` where the map was not asked for.
    pub(super) line: Option<Box<RequestLine>>,
    pub(super) asked: Option<Box<Asked>>,
    /// Whether it asks for anything to be spoken but HTTP/1.
    pub(super) turns: bool,
    pub(super) head: Carried,
    /// Where its body ends, or its head if it has none.
    pub(super) end: Offset,
}

/// A method, as far as it tells how to read the response (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Its response has no body.
    Head,
    /// Its response may begin a tunnel.
    Connect,
    /// Any other.
    Other,
}

impl Method {
    pub(super) fn of(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// A request line (RFC 9112 3).
#[derive(Debug)]
pub(super) struct RequestLine {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: String,
}

/// A response's head.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) version: &'a [u8],
    pub(super) status: u16,
    pub(super) head: Carried,
}

/// The packets of a request's head; none where the request was not captured.
pub(super) fn packets_of(request: Option<&Request>) -> Vec<PacketIndex> {
    request
        .map(|request| request.head.packets.clone())
        .unwrap_or_default()
}

/// Reports a request with what answered it, where the map was asked for.
pub(super) fn report(request: Option<Request>, answer: Option<Answer<'_>>, out: &mut Outbox<'_>) {
    if out.detail() == Detail::Map {
        out.push(EventKind::Exchange(Box::new(exchange(request, answer))));
    }
}

/// Reports a response before the final one, where the map was asked for.
pub(super) fn report_interim(answer: &Answer<'_>, out: &mut Outbox<'_>) {
    if out.detail() == Detail::Map {
        out.push(EventKind::Interim(Interim {
            status: answer.status,
            head: answer.head.span,
        }));
    }
}

fn exchange(request: Option<Request>, answer: Option<Answer<'_>>) -> Exchange {
    let upgrade = request
        .as_ref()
        .is_some_and(|request| request.asked.is_some());
    let (line, request_head) = request.map(|request| (request.line, request.head)).unzip();
    let (method, target, version) = match line.flatten().map(|line| *line) {
        Some(line) => (Some(line.method), Some(line.target), Some(line.version)),
        None => (None, None, None),
    };
    let answered_version = answer.as_ref().map(|answer| latin1(answer.version));
    let (status, response_head) = answer.map(|answer| (answer.status, answer.head)).unzip();
    let span = |head: &Option<Carried>| head.as_ref().map(|head| head.span);
    let packets = |head: Option<Carried>| head.map(|head| head.packets).unwrap_or_default();
    Exchange {
        method,
        target,
        status,
        version: version.or(answered_version).unwrap_or_default(),
        upgrade,
        request_head: span(&request_head),
        response_head: span(&response_head),
        request_packets: packets(request_head),
        response_packets: packets(response_head),
    }
}
