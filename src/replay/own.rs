//! The adapter for this project's own analyzer: the reference.
//!
//! It inspects and an endpoint ends, so its first finding that an endpoint must end with is taken for the error.

use wireseam_analyzer::{
    Analyzer, Config, Direction, EventKind, Finding, Frame, MessageKind, Offset, Opcode,
    PayloadPolicy, Role,
};
use wireseam_wire::{Endpoint, Flags, PacketIndex, Segment, Seq};

use super::{
    decoder::{
        About, AdapterError, Begins, Chunk, Content, Decoder, Event, Kind, MessageType, Start,
    },
    derive::close,
    expected::{Binding, demands},
};

/// The analyzer as a server and as a client.
#[derive(Default)]
pub struct Own {
    inspection: Option<Inspection>,
}

/// A connection under way.
struct Inspection {
    analyzer: Analyzer,
    role: Role,
    /// What the other end says once the handshake's first head is there.
    response: Vec<u8>,
    request_left: usize,
    sent: [u32; 2],
    packets: u64,
    /// The bytes that are decoded, from their first one on: of control frames the analyzer keeps no payload.
    bytes: Vec<u8>,
    ended: bool,
}

impl Decoder for Own {
    fn about(&self) -> About {
        About {
            name: "wireseam".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            server: Some(Begins::AtHandshake),
            client: Some(Begins::AtHandshake),
            extensions: vec!["permessage-deflate".to_owned()],
            reports: Kind::ALL.to_vec(),
        }
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), AdapterError> {
        let config = Config {
            payload: PayloadPolicy::Full,
            ..Config::default()
        };
        let mut inspection = Inspection {
            analyzer: Analyzer::new(config),
            role: start.role,
            response: start.response.to_vec(),
            request_left: start.request.len(),
            sent: [0; 2],
            packets: 0,
            bytes: Vec::new(),
            ended: false,
        };
        inspection.segment(Direction::ClientToServer, Flags::SYN, &[]);
        let answer = Flags::SYN.with(Flags::ACK);
        inspection.segment(Direction::ServerToClient, answer, &[]);
        if start.role == Role::Client {
            inspection.segment(Direction::ClientToServer, Flags::ACK, start.request);
        }
        self.inspection = Some(inspection);
        Ok(())
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError> {
        let none = || AdapterError::Broken("no stream was started".to_owned());
        let inspection = self.inspection.as_mut().ok_or_else(none)?;
        Ok(inspection.feed(&chunk.bytes()))
    }
}

impl Inspection {
    fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.bytes.extend_from_slice(bytes);
        let mut events = Vec::new();
        match self.role {
            Role::Client => self.segment(Direction::ServerToClient, Flags::ACK, bytes),
            Role::Server => {
                // the answer has to stand between the request and the first frame
                let head = self.request_left.min(bytes.len());
                let (head, frames) = bytes.split_at(head);
                if !head.is_empty() {
                    self.request_left -= head.len();
                    self.segment(Direction::ClientToServer, Flags::ACK, head);
                    if self.request_left == 0 {
                        let response = std::mem::take(&mut self.response);
                        self.segment(Direction::ServerToClient, Flags::ACK, &response);
                    }
                }
                if !frames.is_empty() {
                    self.segment(Direction::ClientToServer, Flags::ACK, frames);
                }
            }
        }
        self.drain(&mut events);
        events
    }

    fn segment(&mut self, direction: Direction, flags: Flags, bytes: &[u8]) {
        let end = |last, port| Endpoint {
            address: [10, 0, 0, last].into(),
            port,
        };
        let (client, server) = (end(1, 40_000), end(2, 80));
        let (source, destination) = match direction {
            Direction::ClientToServer => (client, server),
            Direction::ServerToClient => (server, client),
        };
        self.packets += 1;
        let packet = PacketIndex(self.packets);
        let seq = Seq(self.sent[direction as usize]);
        let segment = Segment::new(packet, source, destination, seq, flags, bytes);
        let sent = &mut self.sent[direction as usize];
        *sent = sent.wrapping_add(segment.seq_len());
        self.analyzer.handle_segment(&segment);
    }

    /// What the analyzer has to say, in the order of the bytes: within a segment it gives frames before what they complete.
    fn drain(&mut self, events: &mut Vec<Event>) {
        let direction = match self.role {
            Role::Server => Direction::ClientToServer,
            Role::Client => Direction::ServerToClient,
        };
        let mut told = Vec::new();
        while let Some(event) = self.analyzer.poll_event() {
            let (place, is_fault, event) = match event.kind {
                EventKind::Message(message) if message.direction == direction => {
                    let kind = match message.kind {
                        MessageKind::Binary => MessageType::Binary,
                        MessageKind::Text | MessageKind::Unknown => MessageType::Text,
                    };
                    if !message.complete || message.length.is_none() {
                        continue;
                    }
                    let content = Content::of(&message.payload.bytes);
                    (message.span.end.0, false, Event::Message(kind, content))
                }
                EventKind::Frame(frame) if frame.direction == direction && frame.complete => {
                    match self.control(&frame) {
                        Some(event) => (frame.payload.end.0, false, event),
                        None => continue,
                    }
                }
                EventKind::Finding(finding) if is_fatal(&finding, direction) => {
                    let at = finding.span.map_or(0, |span| span.start.0);
                    let codes = demands(finding.rule.id, finding.rule.level)
                        .map_or(&[][..], |(_, codes)| codes);
                    (
                        at,
                        true,
                        Event::error(codes.first().copied(), finding.rule.id),
                    )
                }
                _ => continue,
            };
            told.push((place, is_fault, event));
        }
        told.sort_by_key(|(place, is_fault, _)| (*place, *is_fault));
        for (_, is_fault, event) in told {
            if self.ended {
                return;
            }
            self.ended = is_fault || matches!(event, Event::Close(_));
            events.push(event);
        }
    }

    fn control(&self, frame: &Frame) -> Option<Event> {
        let at = |Offset(at)| usize::try_from(at).ok();
        let payload = self
            .bytes
            .get(at(frame.payload.start)?..at(frame.payload.end)?)?;
        let key = frame.masking_key.unwrap_or_default();
        let payload = payload.iter().zip(key.iter().cycle());
        let payload: Vec<u8> = payload.map(|(byte, key)| byte ^ key).collect();
        match frame.opcode {
            Opcode::Ping => Some(Event::Ping(Content::of(&payload))),
            Opcode::Pong => Some(Event::Pong(Content::of(&payload))),
            Opcode::Close => Some(Event::Close(close(&payload))),
            _ => None,
        }
    }
}

/// Whether an endpoint would end with it.
fn is_fatal(finding: &Finding, direction: Direction) -> bool {
    finding.direction == Some(direction)
        && demands(finding.rule.id, finding.rule.level)
            .is_some_and(|(binding, _)| binding != Binding::May)
}
