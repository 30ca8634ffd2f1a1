//! The words of claims in the spelling of the report, so that the two can be compared and read side by side.

use std::fmt::Display;

use wireseam_analyzer::Direction;
use wireseam_fixtures::{
    AlignmentKind, ControlOpcode, Ending, GapCause, HandshakeResult, Initiator, MessageOpcode,
    Role, SegmentKind,
};

/// The way in which `role` sends.
pub(super) fn direction(role: Role) -> Direction {
    match role {
        Role::Client => Direction::ClientToServer,
        Role::Server => Direction::ServerToClient,
    }
}

/// A value that may be unknown.
pub(super) fn word(value: Option<impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

/// Text in quotation marks, so that nothing can be seen.
pub(super) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// `a, b, c` in brackets.
pub(super) fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

/// `once`, `3 times`.
pub(super) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

pub(super) fn ending(ending: Ending) -> &'static str {
    match ending {
        Ending::Fin => "fin",
        Ending::Rst => "rst",
        Ending::Open => "open",
    }
}

pub(super) fn result(result: HandshakeResult) -> &'static str {
    match result {
        HandshakeResult::Accepted => "accepted",
        HandshakeResult::Refused => "refused",
        HandshakeResult::Unanswered => "unanswered",
        HandshakeResult::NotCaptured => "not_captured",
    }
}

pub(super) fn initiator(initiator: Initiator) -> &'static str {
    match initiator {
        Initiator::Client => "client",
        Initiator::Server => "server",
        Initiator::Both => "both",
        Initiator::Nobody => "nobody",
    }
}

pub(super) fn opcode(opcode: MessageOpcode) -> &'static str {
    match opcode {
        MessageOpcode::Text => "text",
        MessageOpcode::Binary => "binary",
    }
}

pub(super) fn control(opcode: ControlOpcode) -> &'static str {
    match opcode {
        ControlOpcode::Close => "close",
        ControlOpcode::Ping => "ping",
        ControlOpcode::Pong => "pong",
    }
}

pub(super) fn alignment(kind: AlignmentKind) -> &'static str {
    match kind {
        AlignmentKind::Aligned => "aligned",
        AlignmentKind::Split => "split",
        AlignmentKind::Coalesced => "coalesced",
        AlignmentKind::SplitAndCoalesced => "split_and_coalesced",
    }
}

pub(super) fn cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Capture => "capture",
        GapCause::Network => "network",
        GapCause::Snaplen => "snaplen",
        GapCause::Unknown => "unknown",
    }
}

pub(super) fn segment(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Data => "data",
        SegmentKind::OutOfOrder => "out_of_order",
        SegmentKind::Retransmission => "retransmission",
        SegmentKind::PartialRetransmission => "partial_retransmission",
        SegmentKind::Duplicate => "duplicate",
        SegmentKind::KeepAlive => "keep_alive",
        SegmentKind::ZeroWindowProbe => "zero_window_probe",
        SegmentKind::Syn => "syn",
        SegmentKind::Fin => "fin",
        SegmentKind::Rst => "rst",
        SegmentKind::Ack => "ack",
        SegmentKind::OutOfWindow => "out_of_window",
    }
}
