//! One direction of a WebSocket as it is replayed: its bytes, what lies where in them, and what must come of them.

use std::{collections::BTreeSet, ops::Range};

use wireseam_analyzer::{Opcode, Role};

use super::{
    decoder::{Begins, Start},
    expected::{Fault, Item, Wanted},
    segmentation::Shape,
};

/// What one end of a WebSocket sent, from the first byte of its TCP stream on. Offsets are those of the boundary map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// What the fixture is called: its path, as it was typed.
    pub fixture: String,
    /// The connection's number in the capture.
    pub connection: u64,
    /// The WebSocket's number in its connection.
    pub websocket: u32,
    /// Who decodes these bytes: the server, where the client sent them.
    pub role: Role,
    /// Everything that was sent.
    pub bytes: Vec<u8>,
    /// The sender's head of the opening handshake.
    pub head: Range<usize>,
    /// The other end's.
    pub other_head: Vec<u8>,
    /// The request target of the handshake.
    pub target: String,
    /// The extensions agreed on, parameters included.
    pub extensions: Vec<String>,
    /// Those that the client offered.
    pub offered_extensions: Vec<String>,
    /// Its frames, in order, as far as they can be told apart.
    pub frames: Vec<FramePlace>,
    /// Where segments ended when it was captured.
    pub original: BTreeSet<usize>,
    /// What must come of it, in the order of its bytes.
    pub items: Vec<Item>,
}

/// A frame in a [`Stream`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramePlace {
    /// Its header.
    pub header: Range<usize>,
    /// Its payload, as far as it is there.
    pub payload: Range<usize>,
    /// Whether all of it is there.
    pub complete: bool,
    /// The opcode.
    pub opcode: Opcode,
    /// Whether it is the last of its message.
    pub fin: bool,
    /// RSV1, RSV2, RSV3.
    pub rsv: [bool; 3],
    /// The masking key.
    pub key: Option<[u8; 4]>,
}

impl Stream {
    /// Where Close frames begin.
    pub(super) fn closes(&self) -> impl Iterator<Item = usize> + '_ {
        let closes = self
            .frames
            .iter()
            .filter(|frame| frame.opcode == Opcode::Close);
        closes.map(|frame| frame.header.start)
    }

    /// The first byte of the first frame.
    #[must_use]
    pub fn frames_from(&self) -> usize {
        self.head.end
    }

    /// The first byte that a decoder takes.
    #[must_use]
    pub fn begin(&self, begins: Begins) -> usize {
        match begins {
            Begins::AtHandshake => self.head.start,
            Begins::AtFrames => self.head.end,
        }
    }

    /// What a decoder is told before the bytes come.
    #[must_use]
    pub fn start(&self, begins: Begins) -> Start<'_> {
        let own = self.bytes.get(self.head.clone()).unwrap_or_default();
        let (request, response) = match self.role {
            Role::Server => (own, self.other_head.as_slice()),
            Role::Client => (self.other_head.as_slice(), own),
        };
        Start {
            role: self.role,
            begins,
            request,
            response,
            extensions: &self.extensions,
        }
    }

    /// The same frames behind another head, which begins the stream.
    pub(super) fn behind(&self, head: &str) -> Self {
        let from = self.head.end;
        let moved = |place: usize| match place {
            usize::MAX => place,
            place => place.saturating_sub(from) + head.len(),
        };
        let items = self.items.iter().filter_map(|item| match item {
            Item::Fault(fault) if fault.in_handshake || fault.rule == "http.upgrade.early" => None,
            Item::Fault(fault) => Some(Item::Fault(Fault {
                from: moved(fault.from),
                until: moved(fault.until),
                ..fault.clone()
            })),
            Item::Event(wanted) => Some(Item::Event(Wanted {
                complete: moved(wanted.complete),
                ..wanted.clone()
            })),
        });
        let frames = self.frames.iter().map(|frame| FramePlace {
            header: moved(frame.header.start)..moved(frame.header.end),
            payload: moved(frame.payload.start)..moved(frame.payload.end),
            ..frame.clone()
        });
        let behind = self.bytes.get(from..).unwrap_or_default();
        Self {
            bytes: [head.as_bytes(), behind].concat(),
            head: 0..head.len(),
            frames: frames.collect(),
            original: self
                .original
                .iter()
                .filter(|place| **place >= from)
                .map(|place| moved(*place))
                .collect(),
            items: items.collect(),
            ..self.clone()
        }
    }

    /// Where its fields are, for a decoder that begins there.
    #[must_use]
    pub fn shape(&self, begins: Begins) -> Shape {
        let headers: BTreeSet<usize> = self
            .frames
            .iter()
            .flat_map(|frame| frame.header.start..=frame.header.end)
            .collect();
        let mut fields = headers.clone();
        fields.extend(self.line_ends());
        fields.extend(
            self.frames
                .iter()
                .flat_map(|frame| self.inside_code_points(frame)),
        );
        Shape {
            begin: self.begin(begins),
            end: self.bytes.len(),
            original: self.original.clone(),
            fields,
            headers,
            turns: self.turns(begins),
        }
    }

    /// A frame's payload, unmasked.
    #[must_use]
    pub fn payload(&self, frame: &FramePlace) -> Vec<u8> {
        let masked = self.bytes.get(frame.payload.clone()).unwrap_or_default();
        let key = frame.key.unwrap_or_default();
        let keys = key.iter().cycle();
        masked
            .iter()
            .zip(keys)
            .map(|(byte, key)| byte ^ key)
            .collect()
    }

    /// Whether its first frames were sent before the other end had answered.
    pub(super) fn is_early(&self) -> bool {
        self.items.iter().any(|item| match item {
            Item::Fault(fault) => fault.rule == "http.upgrade.early",
            Item::Event(_) => false,
        })
    }

    /// A client has to wait for the answer to its request (RFC 6455 4.1).
    fn turns(&self, begins: Begins) -> BTreeSet<usize> {
        let waits = self.role == Role::Server && begins == Begins::AtHandshake && !self.is_early();
        waits.then_some(self.head.end).into_iter().collect()
    }

    /// Before, inside and behind each CRLF of the head.
    fn line_ends(&self) -> impl Iterator<Item = usize> {
        let head = self.bytes.get(self.head.clone()).unwrap_or_default();
        let ends = head
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| *pair == b"\r\n");
        ends.flat_map(|(at, _)| {
            let at = self.head.start + at;
            [at, at + 1, at + 2]
        })
    }

    /// Before each byte of a payload that goes on with a code point (RFC 3629 3), where it is text as it stands.
    fn inside_code_points(&self, frame: &FramePlace) -> Vec<usize> {
        let is_plain =
            !frame.rsv[0] && !frame.opcode.is_control() && frame.opcode != Opcode::Binary;
        if !is_plain {
            return Vec::new();
        }
        let payload = self.payload(frame);
        let places = payload.iter().zip(frame.payload.clone());
        places
            .filter(|(byte, _)| **byte & 0xC0 == 0x80)
            .map(|(_, at)| at)
            .collect()
    }
}
