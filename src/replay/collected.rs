//! What the analyzer says of a fixture's capture in one piece, by connection, and the bytes that its packets carry.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use wireseam_analyzer::{
    Close, Direction, Event, EventKind, Exchange, Finding, Frame, Gap, Handshake, Message,
    SegmentKind, SegmentSeen, WebSocketId,
};
use wireseam_capture::{CaptureError, Source};
use wireseam_wire::{Decoder, PacketIndex};

use crate::report::{Context, Render, schema::Capture};

/// No direction of a connection is replayed that is longer: fixtures are small, and each cut replays all of it.
pub(super) const MOST_STREAM_BYTES: usize = 64 << 20;

/// Everything about the connections of a capture that replaying needs.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) connections: BTreeMap<u64, Connection>,
    segments: BTreeMap<u64, (u64, SegmentSeen)>,
}

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) gaps: Vec<Gap>,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) handshakes: Vec<Handshake>,
    pub(super) frames: Vec<Frame>,
    pub(super) messages: Vec<Message>,
    pub(super) findings: Vec<Finding>,
    pub(super) closed: BTreeMap<WebSocketId, Close>,
    /// What each end sent, the client's first.
    pub(super) sent: [Sent; 2],
}

/// What one end sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Its bytes; those that the capture lacks are 0.
    pub(super) bytes: Vec<u8>,
    there: Vec<bool>,
    /// Where runs of new bytes begin and end.
    pub(super) edges: BTreeSet<usize>,
    /// Whether it was more than is kept.
    pub(super) too_long: bool,
}

impl Render for Collected {
    fn event(&mut self, _: &Context, event: Event) -> io::Result<()> {
        let id = event.connection.0;
        let connection = self.connections.entry(id).or_default();
        match event.kind {
            EventKind::Segment(segment) => {
                self.segments.insert(event.moment.packet.0, (id, segment));
            }
            EventKind::Gap(gap) => connection.gaps.push(gap),
            EventKind::Exchange(exchange) => connection.exchanges.push(*exchange),
            EventKind::WebSocket(handshake) => connection.handshakes.push(*handshake),
            EventKind::Frame(frame) => connection.frames.push(*frame),
            EventKind::Message(message) => connection.messages.push(*message),
            EventKind::Finding(finding) => connection.findings.push(*finding),
            EventKind::Closed(close) => {
                connection.closed.insert(close.websocket, *close);
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, _: &Capture) -> io::Result<()> {
        Ok(())
    }
}

impl Collected {
    /// Takes the bytes of each segment out of the same capture, read once more.
    pub(super) fn take_bytes(&mut self, source: &mut dyn Source) -> Result<(), CaptureError> {
        let mut decoder = Decoder::default();
        while let Some(packet) = source.next_packet()? {
            let Ok(segment) = decoder.decode(&packet) else {
                continue;
            };
            let PacketIndex(number) = segment.packet;
            let Some((id, seen)) = self.segments.get(&number) else {
                continue;
            };
            if matches!(seen.kind, SegmentKind::Rst | SegmentKind::OutOfWindow) {
                continue;
            }
            if let Some(connection) = self.connections.get_mut(id) {
                connection.sent[seen.direction as usize].place(seen, segment.payload);
            }
        }
        Ok(())
    }
}

impl Connection {
    /// What was sent in a direction.
    pub(super) fn sent(&self, direction: Direction) -> &Sent {
        &self.sent[direction as usize]
    }
}

impl Sent {
    /// Writes a segment's bytes where they belong; of each byte the first copy counts, as it does for the analyzer.
    fn place(&mut self, seen: &SegmentSeen, payload: &[u8]) {
        // what acknowledges a FIN stands behind the last byte, and carries none
        if payload.is_empty() {
            return;
        }
        let (Ok(start), Ok(end)) = (
            usize::try_from(seen.span.start.0),
            usize::try_from(seen.span.end.0),
        ) else {
            self.too_long = true;
            return;
        };
        if end > MOST_STREAM_BYTES {
            self.too_long = true;
            return;
        }
        // bytes before the stream's first one are no part of its span
        let before = payload.len().saturating_sub(end - start);
        let payload = payload.get(before..).unwrap_or_default();
        let end = start + payload.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
            self.there.resize(end, false);
        }
        let mut was_there = true;
        for (at, byte) in (start..end).zip(payload) {
            let is_there = std::mem::replace(&mut self.there[at], true);
            if !is_there {
                self.bytes[at] = *byte;
            }
            if is_there != was_there {
                self.edges.insert(at);
            }
            was_there = is_there;
        }
        if !was_there {
            self.edges.insert(end);
        }
    }

    /// How many bytes there are before the first one that is missing.
    pub(super) fn whole(&self) -> usize {
        self.there
            .iter()
            .position(|there| !there)
            .unwrap_or(self.there.len())
    }
}
