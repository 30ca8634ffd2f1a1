//! What is only counted: sums, which come out the same in whatever order they are added up.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use wireseam_analyzer::{
    ConnectionId, Counted, Ended, Event, EventKind, GapCause, HandshakeResult, Level, Opcode,
};

use super::record;

/// How many connections are listed; the others are only counted. A screen or two.
pub(super) const LISTED: usize = 64;

/// What puts a connection before others in a list: findings, messages, bytes; of equals the earlier one.
pub(super) type Rank = (u64, u64, u64, Reverse<ConnectionId>);

pub(super) fn rank(connection: ConnectionId, ended: &Ended) -> Rank {
    (
        ended.findings,
        ended.messages,
        bytes(ended),
        Reverse(connection),
    )
}

/// How many both of its streams have.
pub(super) fn bytes(ended: &Ended) -> u64 {
    ended.totals.iter().map(|totals| totals.bytes).sum()
}

/// How many, and how many bytes in all.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Volume {
    pub(super) count: u64,
    pub(super) bytes: u64,
}

impl Volume {
    fn add(&mut self, bytes: u64) {
        self.plus(Self { count: 1, bytes });
    }

    fn plus(&mut self, other: Self) {
        self.count += other.count;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// What [`Summary`](super::Summary) says in numbers; see [`Render::tally`](super::Render::tally).
///
/// What it holds does not grow with the capture.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(super) connections: u64,
    pub(super) protocols: BTreeMap<&'static str, u64>,
    pub(super) websockets: BTreeMap<&'static str, u64>,
    /// By direction.
    pub(super) messages: [Volume; 2],
    /// Aligned, split, coalesced, both.
    pub(super) alignments: [u64; 4],
    pub(super) incomplete: u64,
    pub(super) control: BTreeMap<Opcode, u64>,
    pub(super) findings: BTreeMap<(Level, &'static str, &'static str), u64>,
    pub(super) gaps: BTreeMap<&'static str, Volume>,
    /// The connections handed on by [`Tally::take`] that a list of all of them would hold.
    listed: BTreeSet<Rank>,
}

impl Tally {
    /// Counts an event, but for the end of a connection that may have to be listed. Whether there is no more to it.
    #[inline]
    pub(crate) fn take(&mut self, event: &Event) -> bool {
        match &event.kind {
            EventKind::Counted(message) => self.message(message),
            EventKind::Ended(ended) if self.may_be_listed(event.connection, ended) => return false,
            _ => self.count(event),
        }
        true
    }

    /// Whether fewer than are listed come before a connection.
    fn may_be_listed(&mut self, connection: ConnectionId, ended: &Ended) -> bool {
        let rank = rank(connection, ended);
        if self.listed.len() == LISTED {
            if self.listed.first().is_some_and(|last| rank < *last) {
                return false;
            }
            self.listed.pop_first();
        }
        self.listed.insert(rank)
    }

    /// Counts an event.
    pub(super) fn count(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Counted(message) => self.message(message),
            EventKind::Message(message) => self.message(&Counted {
                websocket: message.websocket,
                direction: message.direction,
                alignment: message.alignment.kind,
                length: message.length,
                complete: message.complete,
            }),
            EventKind::WebSocket(handshake) => {
                *self.websockets.entry(words(handshake.result)).or_default() += 1;
            }
            EventKind::Control(control) => *self.control.entry(control.opcode).or_default() += 1,
            EventKind::Gap(gap) => {
                let gaps = self.gaps.entry(cause(gap.cause)).or_default();
                gaps.add(gap.span.length());
            }
            EventKind::Finding(finding) => {
                let rule = finding.rule;
                let key = (rule.level, rule.id, rule.reference);
                *self.findings.entry(key).or_default() += 1;
            }
            EventKind::Ended(ended) => {
                self.connections += 1;
                *self.protocols.entry(protocol(ended)).or_default() += 1;
            }
            EventKind::Opened(_)
            | EventKind::Layer(_)
            | EventKind::Segment(_)
            | EventKind::Proxied(_)
            | EventKind::Tls(_)
            | EventKind::Interim(_)
            | EventKind::Exchange(_)
            | EventKind::Frame(_)
            | EventKind::Acknowledged(_)
            | EventKind::Closed(_) => {}
        }
    }

    #[inline]
    fn message(&mut self, message: &Counted) {
        self.messages[message.direction as usize].add(message.length.unwrap_or(0));
        self.alignments[message.alignment as usize] += 1;
        self.incomplete += u64::from(!message.complete);
    }

    /// The most binding level among the findings counted.
    pub(crate) fn worst(&self) -> Option<Level> {
        self.findings.keys().map(|(level, ..)| *level).min()
    }

    /// Adds what was counted elsewhere.
    pub(crate) fn add(&mut self, other: Self) {
        self.connections += other.connections;
        add(&mut self.protocols, other.protocols);
        add(&mut self.websockets, other.websockets);
        for (volume, more) in self.messages.iter_mut().zip(other.messages) {
            volume.plus(more);
        }
        for (count, more) in self.alignments.iter_mut().zip(other.alignments) {
            *count += more;
        }
        self.incomplete += other.incomplete;
        add(&mut self.control, other.control);
        add(&mut self.findings, other.findings);
        for (cause, more) in other.gaps {
            self.gaps.entry(cause).or_default().plus(more);
        }
    }
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, others: BTreeMap<K, u64>) {
    for (what, more) in others {
        *counts.entry(what).or_default() += more;
    }
}

/// The innermost protocol.
pub(super) fn protocol(ended: &Ended) -> &'static str {
    ended.layer.map_or("tcp", record::layer)
}

fn words(result: HandshakeResult) -> &'static str {
    match result {
        HandshakeResult::Accepted => "accepted",
        HandshakeResult::Refused => "refused",
        HandshakeResult::Unanswered => "unanswered",
        HandshakeResult::NotCaptured => "handshake not captured",
    }
}

fn cause(cause: GapCause) -> &'static str {
    match cause {
        GapCause::Capture => "capture",
        GapCause::Network => "network",
        GapCause::SnapLength => "snaplen",
        GapCause::Unknown => "unknown",
    }
}
