//! A request that waits for its response, and the two together (RFC 9110 3.4).

use wireseam_wire::PacketIndex;

use super::upgrade::Asked;
use crate::outbox::Place;
use crate::{Direction, Exchange, Span};

/// A request without its final response.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: String,
    pub(super) asked: Option<Asked>,
    /// Whether it asks for anything to be spoken but HTTP/1.
    pub(super) turns: bool,
    pub(super) packets: Vec<PacketIndex>,
    pub(super) head: Span,
}

/// A final response's head.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) version: String,
    pub(super) status: u16,
    pub(super) packets: Vec<PacketIndex>,
    pub(super) head: Span,
}

impl Request {
    /// Where its head lies.
    pub(super) fn place(&self) -> Place {
        Place {
            packet: self.packets.last().copied(),
            direction: Some(Direction::ClientToServer),
            span: Some(self.head),
            ..Place::default()
        }
    }
}

/// The packets of a request's head; none where the request was not captured.
pub(super) fn packets_of(request: Option<&Request>) -> Vec<PacketIndex> {
    request
        .map(|request| request.packets.clone())
        .unwrap_or_default()
}

impl Answer {
    /// Where its head lies.
    pub(super) fn place(&self) -> Place {
        Place {
            packet: self.packets.last().copied(),
            direction: Some(Direction::ServerToClient),
            span: Some(self.head),
            ..Place::default()
        }
    }
}

/// A request with what answered it, as the report has it.
pub(super) fn exchange(request: Option<Request>, answer: Option<Answer>) -> Exchange {
    let version = request.as_ref().map(|request| request.version.clone());
    let version = version
        .or(answer.as_ref().map(|answer| answer.version.clone()))
        .unwrap_or_default();
    let upgrade = request
        .as_ref()
        .is_some_and(|request| request.asked.is_some());
    let request_head = request.as_ref().map(|request| request.head);
    let (method, target, request_packets) = match request {
        Some(request) => (Some(request.method), Some(request.target), request.packets),
        None => (None, None, Vec::new()),
    };
    let status = answer.as_ref().map(|answer| answer.status);
    let response_head = answer.as_ref().map(|answer| answer.head);
    let response_packets = answer.map(|answer| answer.packets).unwrap_or_default();
    Exchange {
        method,
        target,
        status,
        version,
        upgrade,
        request_head,
        response_head,
        request_packets,
        response_packets,
    }
}
