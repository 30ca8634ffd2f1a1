//! From what the analyzer said of one direction to the stream that is replayed: bytes, frames, and what must come of them.

use std::collections::BTreeMap;

use wireseam_analyzer::{
    Direction, Exchange, Finding, Frame, FrameId, Handshake, Message, MessageKind, Offset, Opcode,
    Role, Span,
};

use super::{
    claimed::sender,
    collected::Connection,
    decoder::{CloseEvent, Content, MessageType},
    expected::{Binding, Fault, Item, Pattern, Wanted, demands},
    stream::{FramePlace, Stream},
};

/// A stream, and its events by kind, in order, before a claim is held against them.
pub(super) struct Derived {
    stream: Stream,
    /// Its messages: `None` where one was found of which no event comes.
    pub(super) messages: Vec<Option<Wanted>>,
    /// Its control frames.
    pub(super) control: Vec<Wanted>,
    faults: Vec<Fault>,
}

/// What is replayed of one direction of a WebSocket.
pub(super) fn derive(
    fixture: &str,
    id: u64,
    connection: &Connection,
    handshake: &Handshake,
    direction: Direction,
) -> Derived {
    let is_ours = |websocket, way| websocket == handshake.websocket && way == direction;
    let frames = connection.frames.iter();
    let mut frames: Vec<&Frame> = frames
        .filter(|frame| is_ours(frame.websocket, frame.direction))
        .collect();
    frames.sort_by_key(|frame| frame.header.start);
    let sent = connection.sent(direction);
    let heads = Direction::BOTH.map(|way| head(connection, handshake, way));
    let other = direction.reversed();
    let other_head = &heads[other as usize];
    let stream = Stream {
        fixture: fixture.to_owned(),
        connection: id,
        websocket: handshake.websocket.0,
        role: match direction {
            Direction::ClientToServer => Role::Server,
            Direction::ServerToClient => Role::Client,
        },
        bytes: sent.bytes.clone(),
        head: heads[direction as usize].clone(),
        other_head: connection
            .sent(other)
            .bytes
            .get(other_head.clone())
            .unwrap_or_default()
            .to_vec(),
        target: handshake.target.clone().unwrap_or_else(|| "/".to_owned()),
        extensions: handshake.extensions.clone(),
        offered_extensions: handshake.offered_extensions.clone(),
        frames: frames
            .iter()
            .map(|frame| place(frame, sent.bytes.len()))
            .collect(),
        original: sent.edges.clone(),
        items: Vec::new(),
    };
    let places: BTreeMap<FrameId, &FramePlace> = frames
        .iter()
        .map(|frame| frame.id)
        .zip(&stream.frames)
        .collect();
    let messages = connection.messages.iter();
    let mut messages: Vec<&Message> = messages
        .filter(|message| is_ours(message.websocket, message.direction))
        .collect();
    messages.sort_by_key(|message| message.id);
    let messages = messages
        .into_iter()
        .map(|message| wanted_message(&stream, &places, message))
        .collect();
    let control = stream.frames.iter().filter(|frame| frame.complete);
    let control = control
        .filter_map(|frame| wanted_control(&stream, frame))
        .collect();
    let findings = connection.findings.iter();
    let findings = findings.filter(|finding| {
        finding
            .websocket
            .is_none_or(|websocket| websocket == handshake.websocket)
            && finding.direction.is_none_or(|way| way == direction)
    });
    let faults = findings.filter_map(|finding| fault(&stream, &places, finding));
    let faults = faults
        .chain(
            stream
                .frames
                .iter()
                .filter_map(|frame| later_code(&stream, frame)),
        )
        .collect();
    Derived {
        stream,
        messages,
        control,
        faults,
    }
}

impl Derived {
    /// Who sends these bytes, and the offset behind the last of them.
    pub(super) fn sender_and_end(&self) -> (wireseam_fixtures::Role, usize) {
        (sender(self.stream.role), self.stream.bytes.len())
    }

    /// The stream with everything that must come of it, in order.
    pub(super) fn into_stream(self) -> Stream {
        let events = self.messages.into_iter().flatten().chain(self.control);
        let faults = self.faults.into_iter().map(Item::Fault);
        let mut items: Vec<Item> = events.map(Item::Event).chain(faults).collect();
        // at one place what is complete comes before what begins
        items.sort_by_key(|item| (item.place(), matches!(item, Item::Fault(_))));
        Stream {
            items,
            ..self.stream
        }
    }
}

/// Where an end's head of the handshake lies; empty, in front of the frames, where that is not known.
fn head(connection: &Connection, handshake: &Handshake, way: Direction) -> std::ops::Range<usize> {
    let end = handshake.frames_from[way as usize].unwrap_or_default();
    let of = |exchange: &Exchange| match way {
        Direction::ClientToServer => exchange.request_head,
        Direction::ServerToClient => exchange.response_head,
    };
    let heads = connection.exchanges.iter().filter_map(of);
    let start = heads
        .filter(|head| head.end.0 == end)
        .map(|head| head.start.0)
        .next_back();
    position(Offset(start.unwrap_or(end)))..position(Offset(end))
}

fn place(frame: &Frame, length: usize) -> FramePlace {
    let within = |span: Span| position(span.start).min(length)..position(span.end).min(length);
    FramePlace {
        header: within(frame.header),
        payload: within(frame.payload),
        complete: frame.complete,
        opcode: frame.opcode,
        fin: frame.fin,
        rsv: frame.rsv,
        key: frame.masking_key,
    }
}

fn wanted_message(
    stream: &Stream,
    places: &BTreeMap<FrameId, &FramePlace>,
    message: &Message,
) -> Option<Wanted> {
    let length = message.length.filter(|_| message.complete)?;
    let kind = match message.kind {
        MessageKind::Text => Some(MessageType::Text),
        MessageKind::Binary => Some(MessageType::Binary),
        MessageKind::Unknown => None,
    };
    let is_plain = !message.compressed && message.frames_left_out == 0;
    let content = if is_plain {
        let frames = message.frames.iter().filter_map(|frame| places.get(frame));
        let payloads: Vec<Vec<u8>> = frames.map(|frame| stream.payload(frame)).collect();
        Some(Content::of(&payloads.concat()))
    } else {
        message.payload.sha256.map(|sha256| Content {
            sha256,
            length: Some(length),
            begin: Vec::new(),
        })
    };
    Some(Wanted {
        what: Pattern::Message {
            kind,
            length: Some(length),
            content,
        },
        complete: position(message.span.end),
    })
}

fn wanted_control(stream: &Stream, frame: &FramePlace) -> Option<Wanted> {
    let payload = stream.payload(frame);
    let what = match frame.opcode {
        Opcode::Ping => Pattern::Ping(Content::of(&payload)),
        Opcode::Pong => Pattern::Pong(Content::of(&payload)),
        Opcode::Close => Pattern::Close(close(&payload)),
        _ => return None,
    };
    Some(Wanted {
        what,
        complete: frame.payload.end,
    })
}

/// What a Close frame's payload says (RFC 6455 5.5.1); faults in it are findings.
pub(super) fn close(payload: &[u8]) -> CloseEvent {
    let (code, reason) = match payload {
        [high, low, reason @ ..] => (Some(u16::from_be_bytes([*high, *low])), reason),
        _ => (None, &[][..]),
    };
    CloseEvent {
        code,
        reason: String::from_utf8_lossy(reason).into_owned(),
    }
}

fn fault(
    stream: &Stream,
    places: &BTreeMap<FrameId, &FramePlace>,
    finding: &Finding,
) -> Option<Fault> {
    let (binding, codes) = demands(finding.rule.id, finding.rule.level)?;
    let in_handshake = finding.rule.id != "http.upgrade.early"
        && (finding.rule.id.starts_with("http.") || finding.rule.id == "deflate.parameter");
    let span = finding
        .span
        .map(|span| position(span.start)..position(span.end));
    let frame = finding.frame.and_then(|frame| places.get(&frame).copied());
    let frame = frame.or_else(|| {
        let at = span.as_ref()?.start;
        let mut frames = stream.frames.iter();
        frames.find(|frame| {
            (frame.header.start..frame.payload.end.max(frame.header.end)).contains(&at)
        })
    });
    let (from, until) = match (in_handshake, frame, span) {
        (true, _, _) => (stream.head.start, stream.head.end),
        (false, Some(frame), _) if finding.rule.id == "ws.length.msb" => {
            (frame.header.start, frame.header.end)
        }
        // who waits for the whole frame waits for what never comes
        (false, Some(frame), _) if !frame.complete => (frame.header.start, usize::MAX),
        (false, Some(frame), _) => (frame.header.start, frame.payload.end.max(frame.header.end)),
        (false, None, Some(span)) if finding.rule.id == "ws.http" => (span.start, usize::MAX),
        (false, None, Some(span)) => (span.start, span.end),
        (false, None, None) => return None,
    };
    Some(Fault {
        rule: finding.rule.id,
        from,
        until,
        binding,
        codes,
        in_handshake,
    })
}

/// The codes 1012 to 1014 came into the registry after RFC 6455 had reserved them (7.4.2): a decoder may know them or not.
fn later_code(stream: &Stream, frame: &FramePlace) -> Option<Fault> {
    let is_close = frame.opcode == Opcode::Close && frame.complete;
    let code = is_close.then(|| close(&stream.payload(frame)).code)??;
    (1012..=1014).contains(&code).then_some(Fault {
        rule: "ws.close.code",
        from: frame.header.start,
        until: frame.payload.end,
        binding: Binding::May,
        codes: &[1002],
        in_handshake: false,
    })
}

fn position(offset: Offset) -> usize {
    usize::try_from(offset.0).unwrap_or(usize::MAX)
}
