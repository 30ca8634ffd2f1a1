//! A small decoder of frames that can be broken in one way at a time.

use wireseam::{
    analyzer::Role,
    replay::{
        About, AdapterError, Begins, Chunk, Content, Decoder, Event, Kind, MessageType, Start,
    },
};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    MaskBeginsAnew,
    KeepsReference,
    WholeHeader,
    DeliversLate,
    LosesWhatIsBehindAMessage,
    TellsPingsTwice,
    GoesOnBehindTheClose,
    ClosesTooSoon,
    Floods,
    IgnoresReservedBits,
    RefusesByChunk,
}

/// The decoder.
pub(crate) struct Broken {
    fault: Fault,
    /// How many bytes it was fed, since it was made.
    pub(crate) fed: usize,
    header: Vec<u8>,
    payload: Vec<u8>,
    /// The chunks with the payload's bytes, of a decoder that does not copy them.
    kept: Vec<(Chunk, std::ops::Range<usize>)>,
    message: Vec<u8>,
    opcode: u8,
    pending: Vec<Event>,
    ended: bool,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            fault,
            fed: 0,
            header: Vec::new(),
            payload: Vec::new(),
            kept: Vec::new(),
            message: Vec::new(),
            opcode: 0,
            pending: Vec::new(),
            ended: false,
        }
    }

    pub(crate) fn unmasked(bytes: &[u8], key: [u8; 4]) -> Vec<u8> {
        bytes
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect()
    }

    /// How long the header is, as far as that is known.
    fn header_length(&self) -> usize {
        match self.header.get(1) {
            None => 2,
            Some(second) => {
                let length = match second & 0x7F {
                    126 => 2,
                    127 => 8,
                    _ => 0,
                };
                2 + length + usize::from(second >> 7) * 4
            }
        }
    }

    fn payload_length(&self) -> usize {
        match self.header[1] & 0x7F {
            126 => usize::from(u16::from_be_bytes([self.header[2], self.header[3]])),
            127 => u64::from_be_bytes(self.header[2..10].try_into().unwrap())
                .try_into()
                .unwrap(),
            short => usize::from(short),
        }
    }

    fn key(&self) -> [u8; 4] {
        self.header[self.header.len() - 4..].try_into().unwrap()
    }

    fn has_header(&self) -> bool {
        self.header.len() >= 2 && self.header.len() == self.header_length()
    }

    /// The frame is complete.
    fn frame(&mut self, events: &mut Vec<Event>) {
        let masked: Vec<u8> = match self.fault {
            Fault::KeepsReference => {
                let kept = self.kept.iter();
                kept.flat_map(|(chunk, range)| chunk.bytes()[range.clone()].to_vec())
                    .collect()
            }
            _ => self.payload.clone(),
        };
        let payload = match self.fault {
            Fault::MaskBeginsAnew => masked,
            _ => Self::unmasked(&masked, self.key()),
        };
        let first = self.header[0];
        (self.header, self.payload, self.kept) = Default::default();
        match first & 0x0F {
            9 => {
                events.push(Event::Ping(Content::of(&payload)));
                if self.fault == Fault::TellsPingsTwice {
                    events.push(Event::Ping(Content::of(&payload)));
                }
            }
            8 => {
                events.push(match payload.as_slice() {
                    [] => Event::close(None, ""),
                    [_] => Event::error(Some(1002), "half a code"),
                    [high, low, reason @ ..] => {
                        let code = u16::from_be_bytes([*high, *low]);
                        Event::close(Some(code), &String::from_utf8_lossy(reason))
                    }
                });
                self.ended = true;
                if self.fault == Fault::GoesOnBehindTheClose {
                    events.push(Event::text("late"));
                }
            }
            opcode => {
                if opcode != 0 {
                    self.opcode = opcode;
                }
                self.message.extend(payload);
                if first & 0x80 != 0 {
                    let message = std::mem::take(&mut self.message);
                    events.push(match self.opcode {
                        1 => Event::Message(MessageType::Text, Content::of(&message)),
                        _ => Event::binary(&message),
                    });
                }
            }
        }
    }

    fn refuse(&mut self, mut events: Vec<Event>, why: &str) -> Vec<Event> {
        self.ended = true;
        events.push(Event::error(Some(1002), why));
        events
    }

    fn decode(&mut self, chunk: &Chunk) -> Vec<Event> {
        let bytes = chunk.bytes().to_vec();
        let mut events = Vec::new();
        let mut at = 0;
        if self.fault == Fault::WholeHeader && !self.has_header() && !self.header.is_empty() {
            self.header.clear();
        }
        while at < bytes.len() && !self.ended {
            if !self.has_header() {
                self.header.push(bytes[at]);
                at += 1;
                let reserved = self.header[0] & 0x70 != 0;
                let by_chunk = self.fault == Fault::RefusesByChunk;
                let is_inside = self.header.len() == 2 && at < bytes.len();
                if reserved && by_chunk && is_inside {
                    return self.refuse(events, "reserved bit");
                }
                if !self.has_header() {
                    continue;
                }
                if self.header[1] & 0x80 == 0 {
                    return self.refuse(events, "not masked");
                }
                if reserved && self.fault != Fault::IgnoresReservedBits && !by_chunk {
                    return self.refuse(events, "reserved bit");
                }
            }
            let wanted = self.payload_length() - self.payload.len();
            let taken = wanted.min(bytes.len() - at);
            let piece = &bytes[at..at + taken];
            match self.fault {
                Fault::MaskBeginsAnew => {
                    self.payload.extend(Self::unmasked(piece, self.key()));
                }
                _ => self.payload.extend(piece),
            }
            self.kept.push((chunk.clone(), at..at + taken));
            at += taken;
            if taken == wanted {
                if self.header[0] & 0x70 != 0 && self.fault == Fault::RefusesByChunk {
                    return self.refuse(events, "reserved bit");
                }
                self.frame(&mut events);
                if self.fault == Fault::LosesWhatIsBehindAMessage && self.message.is_empty() {
                    break;
                }
            }
        }
        events
    }
}

impl Decoder for Broken {
    fn about(&self) -> About {
        About {
            name: "broken".to_owned(),
            version: "1.0".to_owned(),
            server: Some(Begins::AtFrames),
            client: None,
            extensions: Vec::new(),
            reports: Kind::ALL.to_vec(),
        }
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), AdapterError> {
        assert_eq!(start.role, Role::Server);
        assert!(start.request.starts_with(b"GET /chat ") && start.request.ends_with(b"\r\n\r\n"));
        assert!(start.response.starts_with(b"HTTP/1.1 101 "));
        *self = Self {
            fed: self.fed,
            ..Self::new(self.fault)
        };
        Ok(())
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError> {
        self.fed += chunk.bytes().len();
        let mut events = self.decode(chunk);
        match self.fault {
            Fault::DeliversLate => std::mem::swap(&mut events, &mut self.pending),
            Fault::ClosesTooSoon => events.insert(0, Event::error(Some(1002), "no")),
            Fault::Floods => events = vec![Event::text("x"); 5_000],
            _ => {}
        }
        Ok(events)
    }

    fn end(&mut self) -> Result<Vec<Event>, AdapterError> {
        Ok(std::mem::take(&mut self.pending))
    }
}
