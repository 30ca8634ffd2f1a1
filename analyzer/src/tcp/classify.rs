//! What a captured segment was: new data, sent again, reordered, captured twice.
//!
//! It is told from the bytes a segment covers and from the evidence on the packet (RFC 7323 TSval, IPv4 identification,
//! the receiver's acknowledgements), never from time: a retransmission was sent after bytes behind it, a reordered
//! segment before them, a duplicate is the same packet again.

use wireseam_wire::{Flags, Segment};

use super::standing::Standing;
use crate::SegmentKind;

/// How many duplicate acknowledgements show that the receiver misses something (RFC 5681 3.2).
const DUPLICATE_ACKS: u8 = 3;

/// When a segment was sent, relative to others of its sender.
#[derive(Clone, Copy, Debug)]
struct SendOrder {
    timestamp: Option<u32>,
    ip_id: Option<u16>,
}

impl SendOrder {
    fn of(segment: &Segment<'_>) -> Self {
        Self {
            timestamp: segment.options.timestamps.map(|(value, _)| value),
            ip_id: segment.ip_id.filter(|id| *id != 0),
        }
    }

    /// Whether this was sent after `other`; `None` where nothing tells.
    fn is_after(self, other: Self) -> Option<bool> {
        let by_timestamp = self
            .timestamp
            .zip(other.timestamp)
            .map(|(mine, theirs)| i64::from(mine.wrapping_sub(theirs).cast_signed()));
        let by_ip_id = self
            .ip_id
            .zip(other.ip_id)
            .map(|(mine, theirs)| i64::from(mine.wrapping_sub(theirs).cast_signed()));
        let distance = by_timestamp
            .filter(|distance| *distance != 0)
            .or(by_ip_id)?;
        (distance != 0).then_some(distance > 0)
    }
}

/// How a segment's payload lies against what was seen before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coverage {
    /// Its payload's length on the wire.
    pub(super) length: u64,
    /// How much of it was not seen before.
    pub(super) new: u64,
    /// Whether it reaches beyond everything seen.
    pub(super) extends: bool,
    /// Whether its last byte is the last one seen.
    pub(super) ends_at_end: bool,
    /// Whether its first byte is the one after the last seen.
    pub(super) starts_at_end: bool,
    /// Whether the receiver's window is closed.
    pub(super) window_closed: bool,
    /// How many acknowledgements in a row asked for the same byte.
    pub(super) duplicate_acks: u8,
    /// Whether the same packet was seen lately.
    pub(super) seen_lately: bool,
}

/// What is remembered of one direction's segments.
#[derive(Debug, Default)]
pub(super) struct Classifier {
    /// The sending of the farthest bytes seen.
    farthest: Option<SendOrder>,
}

impl Classifier {
    /// What a segment was. Call once for each, in the order of capture.
    pub(super) fn classify(&mut self, segment: &Segment<'_>, coverage: Coverage) -> SegmentKind {
        let order = SendOrder::of(segment);
        let sent_later = self.farthest.and_then(|farthest| order.is_after(farthest));
        if coverage.extends {
            self.farthest = Some(order);
        }
        if segment.flags.contains(Flags::RST) {
            SegmentKind::Rst
        } else if coverage.seen_lately && coverage.new == 0 {
            SegmentKind::Duplicate
        } else if coverage.length == 0 {
            without_payload(segment)
        } else {
            with_payload(segment, coverage, sent_later)
        }
    }

    /// The sending of the farthest bytes, in a standing.
    pub(super) fn stand(&self, standing: &mut Standing) {
        if let Some(farthest) = self.farthest {
            standing.has_timestamp = farthest.timestamp.is_some();
            standing.timestamp = farthest.timestamp.unwrap_or(0);
            standing.ip_id = farthest.ip_id.unwrap_or(0);
        }
    }

    /// Takes it from there.
    pub(super) fn catch_up(&mut self, standing: &Standing) {
        self.farthest = Some(SendOrder {
            timestamp: standing.has_timestamp.then_some(standing.timestamp),
            ip_id: Some(standing.ip_id).filter(|id| *id != 0),
        });
    }

    /// The same for the next bytes in order, which nothing was held for: it is data.
    pub(super) fn extend(&mut self, segment: &Segment<'_>) {
        self.farthest = Some(SendOrder::of(segment));
    }
}

/// What a segment is that brings no bytes, and was not captured twice.
pub(super) fn without_payload(segment: &Segment<'_>) -> SegmentKind {
    if segment.flags.contains(Flags::SYN) {
        SegmentKind::Syn
    } else if segment.flags.contains(Flags::FIN) {
        SegmentKind::Fin
    } else {
        SegmentKind::Ack
    }
}

fn with_payload(
    segment: &Segment<'_>,
    coverage: Coverage,
    sent_later: Option<bool>,
) -> SegmentKind {
    if segment.flags.contains(Flags::SYN) {
        return SegmentKind::Syn;
    }
    if coverage.new == 0 {
        return without_new_bytes(coverage, sent_later);
    }
    if coverage.length == 1 && coverage.starts_at_end && coverage.window_closed {
        return SegmentKind::ZeroWindowProbe;
    }
    if coverage.new < coverage.length {
        return SegmentKind::PartialRetransmission;
    }
    if coverage.extends {
        return SegmentKind::Data;
    }
    let asked_for = coverage.duplicate_acks >= DUPLICATE_ACKS;
    if sent_later.unwrap_or(asked_for) {
        SegmentKind::Retransmission
    } else {
        SegmentKind::OutOfOrder
    }
}

/// Old bytes only: a first sending that was overtaken by its own retransmission is reordered, not sent again.
fn without_new_bytes(coverage: Coverage, sent_later: Option<bool>) -> SegmentKind {
    if coverage.length == 1 && coverage.ends_at_end {
        SegmentKind::KeepAlive
    } else if sent_later == Some(false) {
        SegmentKind::OutOfOrder
    } else {
        SegmentKind::Retransmission
    }
}
