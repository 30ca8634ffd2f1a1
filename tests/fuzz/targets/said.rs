//! What must not hang on segments, of all that was said.

use wireseam::analyzer::{Event, EventKind, Exchange, Handshake, Message};

/// A line for each thing, sorted: the two directions may be told in another order.
pub(crate) fn said(events: &[Event]) -> Vec<String> {
    let mut lines: Vec<String> = events.iter().filter_map(line).collect();
    lines.sort_unstable();
    lines
}

/// The messages told, in order.
pub(crate) fn messages(events: &[Event]) -> impl Iterator<Item = &Message> {
    events.iter().filter_map(|event| match &event.kind {
        EventKind::Message(message) => Some(&**message),
        _ => None,
    })
}

fn line(event: &Event) -> Option<String> {
    Some(match &event.kind {
        EventKind::Layer(layer) => format!("layer {layer:?}"),
        EventKind::Exchange(it) => {
            let packets = (Vec::new(), Vec::new());
            let bare = Exchange {
                request_packets: packets.0,
                response_packets: packets.1,
                ..(**it).clone()
            };
            format!("{bare:?}")
        }
        EventKind::WebSocket(it) => {
            let packets = (Vec::new(), Vec::new());
            let bare = Handshake {
                request_packets: packets.0,
                response_packets: packets.1,
                ..(**it).clone()
            };
            format!("{bare:?}")
        }
        EventKind::Frame(it) => format!(
            "frame {} {} {} {:?} {:?} {} {} {:?} {}",
            it.direction,
            it.opcode,
            it.fin,
            it.rsv,
            it.masking_key,
            it.header,
            it.payload,
            it.length,
            it.complete
        ),
        EventKind::Message(it) => message(it),
        EventKind::Control(it) => format!(
            "control {} {} {} {}",
            it.direction,
            it.opcode,
            it.length,
            it.answers.is_some()
        ),
        EventKind::Closed(it) => {
            let close = |side: &Option<wireseam::analyzer::CloseFrame>| {
                side.as_ref()
                    .map(|frame| (frame.code, frame.reason.clone()))
            };
            let sides = (close(&it.client), close(&it.server));
            // who began is told by packets: whether one was captured before the other
            format!("close {sides:?} {}", it.clean)
        }
        EventKind::Finding(it) if it.rule.id == BY_PACKETS => return None,
        EventKind::Finding(it) => {
            format!(
                "{} {:?} {:?} {}",
                it.rule.id, it.direction, it.span, it.text
            )
        }
        EventKind::Ended(it) => format!(
            "ended {:?} {} {:?}",
            it.layer,
            it.messages,
            it.totals.map(|totals| totals.bytes)
        ),
        EventKind::Proxied(it) => format!("{it:?}"),
        EventKind::Interim(it) => format!("{it:?}"),
        EventKind::Opened(_)
        | EventKind::Tls(_)
        | EventKind::Segment(_)
        | EventKind::Gap(_)
        | EventKind::Counted(_)
        | EventKind::Acknowledged(_) => return None,
    })
}

/// A message without its packets and numbers.
pub(crate) fn message(it: &Message) -> String {
    format!(
        "message {} {} {:?} {} {} {} {} {:?}",
        it.direction,
        it.kind,
        it.length,
        it.wire_length,
        it.compressed,
        it.complete,
        it.span,
        it.payload
    )
}

/// What stands behind an upgrade request that is refused: where the answer was captured first, that hangs on what came in
/// the packet with which the request ends.
const BY_PACKETS: &str = "http.upgrade.refused.pipelined";
