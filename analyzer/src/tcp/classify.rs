//! What a captured segment was: new data, sent again, reordered, captured twice.
//!
//! It is told from the bytes a segment covers and from the evidence on the packet (RFC 7323 TSval, IPv4 identification,
//! the receiver's acknowledgements), never from time: a retransmission was sent after bytes behind it, a reordered
//! segment before them, a duplicate is the same packet again.

use std::collections::VecDeque;

use wireseam_wire::{Flags, Segment, Seq};

use crate::SegmentKind;

/// How many of the latest segments a duplicate is looked for among.
const REMEMBERED: usize = 16;

/// How many duplicate acknowledgements show that the receiver misses something (RFC 5681 3.2).
const DUPLICATE_ACKS: u32 = 3;

/// What tells one sending of a segment from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint {
    seq: Seq,
    ack: Seq,
    length: u32,
    flags: Flags,
    window: u16,
    ip_id: Option<u16>,
    timestamps: Option<(u32, u32)>,
}

impl Fingerprint {
    fn of(segment: &Segment<'_>) -> Self {
        Self {
            seq: segment.seq,
            ack: segment.ack,
            length: segment.payload_len,
            flags: segment.flags,
            window: segment.window,
            ip_id: segment.ip_id.filter(|id| *id != 0),
            timestamps: segment.options.timestamps,
        }
    }

    /// Whether an equal one is the same packet: an IP identification tells; a timestamp does where there is more than an acknowledgement.
    fn is_telling(&self) -> bool {
        self.ip_id.is_some() || (self.timestamps.is_some() && self.length > 0)
    }
}

/// When a segment was sent, relative to others of its sender.
#[derive(Clone, Copy, Debug)]
struct SendOrder {
    timestamp: Option<u32>,
    ip_id: Option<u16>,
}

impl SendOrder {
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
    pub(super) duplicate_acks: u32,
}

/// What is remembered of one direction's segments.
#[derive(Debug, Default)]
pub(super) struct Classifier {
    latest: VecDeque<Fingerprint>,
    /// The sending of the farthest bytes seen.
    farthest: Option<SendOrder>,
}

impl Classifier {
    /// What a segment was. Call once for each, in the order of capture.
    pub(super) fn classify(&mut self, segment: &Segment<'_>, coverage: Coverage) -> SegmentKind {
        let duplicate = self.remember(Fingerprint::of(segment));
        let order = SendOrder {
            timestamp: segment.options.timestamps.map(|(value, _)| value),
            ip_id: segment.ip_id.filter(|id| *id != 0),
        };
        let sent_later = self.farthest.and_then(|farthest| order.is_after(farthest));
        if coverage.extends {
            self.farthest = Some(order);
        }
        if segment.flags.contains(Flags::RST) {
            SegmentKind::Rst
        } else if duplicate {
            SegmentKind::Duplicate
        } else if coverage.length == 0 {
            without_payload(segment)
        } else {
            with_payload(segment, coverage, sent_later)
        }
    }

    fn remember(&mut self, fingerprint: Fingerprint) -> bool {
        if fingerprint.is_telling() && self.latest.contains(&fingerprint) {
            return true;
        }
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back(fingerprint);
        false
    }
}

fn without_payload(segment: &Segment<'_>) -> SegmentKind {
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
