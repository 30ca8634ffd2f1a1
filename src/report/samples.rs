//! A hand-made conversation for the renderers' tests: what an analyzer would say of it, written down without one.
//!
//! ```text
//!   #1 #2 #3  SYN, SYN ACK, ACK         #12  pong, close 1000 "bye"
//!   #4 #6     GET /chat, 101            #14  close 1000
//!   #8        F1 text "hello"           #15  RST
//!   #9 #10    F2 binary, 300 bytes, torn inside its masking key; F3 ping
//!   #11       #9 again
//! ```

use std::net::Ipv4Addr;

use wireseam_analyzer::{
    Acknowledged, Alignment, AlignmentKind, Close, CloseFrame, ConnectionId, Control, Counted,
    Detail, Direction, Ended, EndedBy, Event, EventKind, Exchange, Finding, Frame, FrameId,
    Handshake, HandshakeResult, Initiator, Layer, Level, Message, MessageId, MessageKind, Moment,
    Offset, Opcode, Opened, Part, Payload, Role, Rule, SeenFrom, SegmentKind, SegmentSeen, Slice,
    Span, Timing, Torn, Totals, WebSocketId,
};
use wireseam_wire::{Endpoint, Flags, PacketIndex, Timestamp};

use super::{
    Context, Render,
    schema::{Capture, Seconds},
};

/// The sample, rendered.
pub(super) fn render(render: &mut dyn Render) {
    let context = Context {
        start: Some(moment(1).at.unwrap()),
        ..Context::default()
    };
    for mut event in events() {
        if let (Detail::Counts, EventKind::Message(message)) = (render.detail(), &event.kind) {
            event.kind = EventKind::Counted(Counted {
                websocket: message.websocket,
                direction: message.direction,
                alignment: message.alignment.kind,
                length: message.length,
                complete: message.complete,
            });
        }
        render.event(&context, event).unwrap();
    }
    render.finish(&capture()).unwrap();
}

pub(super) fn capture() -> Capture {
    Capture {
        name: "sample\x1b[31m.pcap".to_owned(),
        packets: 16,
        bytes: 1000,
        connections: 1,
        start: Some("2026-01-01T00:00:00Z".to_owned()),
        duration: Some(Seconds {
            nanoseconds: 15_000_000,
        }),
        link_types: vec!["Ethernet".to_owned()],
        skipped: [("ARP".to_owned(), 1)].into(),
        ..Capture::default()
    }
}

fn events() -> Vec<Event> {
    let mut events = opening();
    events.extend(client_frames());
    events.extend(closing());
    events
}

fn opened() -> Opened {
    let end = |last, port| Endpoint {
        address: Ipv4Addr::new(10, 0, 0, last).into(),
        port,
    };
    Opened {
        client: end(1, 40000),
        server: end(2, 9001),
        seen_from: SeenFrom::Handshake,
    }
}

fn opening() -> Vec<Event> {
    vec![
        at(1, EventKind::Opened(opened())),
        segment(1, UP, span(0, 0), Flags::SYN, SegmentKind::Syn),
        segment(
            2,
            DOWN,
            span(0, 0),
            Flags::SYN.with(Flags::ACK),
            SegmentKind::Syn,
        ),
        segment(3, UP, span(0, 0), Flags::ACK, SegmentKind::Ack),
        segment(4, UP, span(0, 196), PUSH, SegmentKind::Data),
        at(4, EventKind::Layer(Layer::Http)),
        segment(6, DOWN, span(0, 129), PUSH, SegmentKind::Data),
        at(
            6,
            EventKind::Exchange(Box::new(Exchange {
                method: Some("GET".to_owned()),
                target: Some("/chat\u{202e}".to_owned()),
                status: Some(101),
                version: "HTTP/1.1".to_owned(),
                upgrade: true,
                request_head: Some(span(0, 196)),
                response_head: Some(span(0, 129)),
                request_packets: vec![PacketIndex(4)],
                response_packets: vec![PacketIndex(6)],
            })),
        ),
        at(6, EventKind::Layer(Layer::WebSocket)),
        at(
            6,
            EventKind::WebSocket(Box::new(Handshake {
                websocket: WebSocketId(1),
                result: HandshakeResult::Accepted,
                status: Some(101),
                method: Some("GET".to_owned()),
                target: Some("/chat\u{202e}".to_owned()),
                host: Some("example.com".to_owned()),
                origin: None,
                offered_subprotocols: vec!["chat".to_owned(), "talk".to_owned()],
                subprotocol: Some("chat".to_owned()),
                offered_extensions: Vec::new(),
                extensions: Vec::new(),
                accept_valid: Some(true),
                request_packets: vec![PacketIndex(4)],
                response_packets: vec![PacketIndex(6)],
                frames_from: [Some(196), Some(129)],
                confidence: None,
            })),
        ),
    ]
}

fn client_frames() -> Vec<Event> {
    let torn = Torn {
        frame: FrameId(2),
        packet: PacketIndex(10),
        part: Part::Mask,
        at: Offset(213),
        after: 2,
    };
    let second = [(9, 207, 213), (10, 213, 515)];
    let split = Alignment {
        kind: AlignmentKind::SplitAndCoalesced,
        segments: 2,
        shares_with: vec![FrameId(3)],
        shared_frames: 1,
        torn: vec![torn],
        ..aligned()
    };
    let shared = |id| Alignment {
        kind: AlignmentKind::Coalesced,
        shares_with: vec![FrameId(id)],
        shared_frames: 1,
        ..aligned()
    };
    vec![
        segment(8, UP, span(196, 207), PUSH, SegmentKind::Data),
        frame(
            8,
            1,
            UP,
            Opcode::Text,
            [196, 202, 207],
            &[(8, 196, 207)],
            aligned(),
        ),
        message(
            8,
            1,
            UP,
            (MessageKind::Text, b"hell\x1b\""),
            5,
            &[(8, 196, 207)],
            aligned(),
            [8, 8],
        ),
        at(
            8,
            EventKind::Acknowledged(Acknowledged {
                websocket: WebSocketId(1),
                message: MessageId(1),
            }),
        ),
        segment(9, UP, span(207, 213), PUSH, SegmentKind::Data),
        segment(10, UP, span(213, 523), PUSH, SegmentKind::Data),
        frame(
            10,
            2,
            UP,
            Opcode::Binary,
            [207, 215, 515],
            &second,
            split.clone(),
        ),
        message(
            10,
            2,
            UP,
            (MessageKind::Binary, &[0xca, 0xfe, 0x00]),
            300,
            &second,
            split,
            [9, 10],
        ),
        frame(
            10,
            3,
            UP,
            Opcode::Ping,
            [515, 521, 523],
            &[(10, 515, 523)],
            shared(2),
        ),
        control(10, 3, UP, Opcode::Ping, 2, None),
        segment(11, UP, span(207, 213), PUSH, SegmentKind::Retransmission),
    ]
}

fn closing() -> Vec<Event> {
    let close = |packet| {
        Some(CloseFrame {
            code: Some(1000),
            reason: "bye".to_owned(),
            moment: moment(packet),
        })
    };
    vec![
        segment(12, DOWN, span(129, 140), PUSH, SegmentKind::Data),
        frame(
            12,
            4,
            DOWN,
            Opcode::Pong,
            [129, 131, 133],
            &[(12, 129, 133)],
            aligned(),
        ),
        control(12, 4, DOWN, Opcode::Pong, 2, Some(3)),
        frame(
            12,
            5,
            DOWN,
            Opcode::Close,
            [133, 135, 140],
            &[(12, 133, 140)],
            aligned(),
        ),
        control(12, 5, DOWN, Opcode::Close, 5, None),
        at(
            12,
            EventKind::Finding(Box::new(Finding {
                rule: &RULE,
                direction: Some(DOWN),
                packet: PacketIndex(12),
                span: Some(span(133, 140)),
                websocket: Some(WebSocketId(1)),
                frame: Some(FrameId(5)),
                message: None,
                text: "an example, with <script> and \u{9b}31m".to_owned(),
            })),
        ),
        segment(14, UP, span(523, 534), PUSH, SegmentKind::Data),
        frame(
            14,
            6,
            UP,
            Opcode::Close,
            [523, 529, 534],
            &[(14, 523, 534)],
            aligned(),
        ),
        control(14, 6, UP, Opcode::Close, 5, None),
        at(
            14,
            EventKind::Closed(Box::new(Close {
                websocket: WebSocketId(1),
                client: close(14),
                server: close(12),
                initiator: Some(Initiator::Server),
                clean: true,
                verdict: "the server began the closing handshake with 1000 after 2 messages"
                    .to_owned(),
            })),
        ),
        segment(15, UP, span(534, 534), Flags::RST, SegmentKind::Rst),
        at(
            16,
            EventKind::Ended(Box::new(Ended {
                opened: opened(),
                layer: Some(Layer::WebSocket),
                messages: 2,
                findings: 1,
                how: EndedBy::Rst(Role::Client),
                last: moment(16),
                totals: [
                    Totals {
                        bytes: 534,
                        segments: 6,
                        retransmissions: 1,
                        ..Totals::default()
                    },
                    Totals {
                        bytes: 140,
                        segments: 2,
                        ..Totals::default()
                    },
                ],
            })),
        ),
    ]
}

fn frame(
    packet: u64,
    id: u64,
    direction: Direction,
    opcode: Opcode,
    [start, payload, end]: [u64; 3],
    slices: &[(u64, u64, u64)],
    alignment: Alignment,
) -> Event {
    at(
        packet,
        EventKind::Frame(Box::new(Frame {
            websocket: WebSocketId(1),
            id: FrameId(id),
            direction,
            opcode,
            fin: true,
            rsv: [false; 3],
            masking_key: (direction == UP).then_some([0x11, 0x22, 0x33, 0x44]),
            masked: direction == UP,
            header: span(start, payload),
            payload: span(payload, end),
            length: Some(end - payload),
            message: (!opcode.is_control()).then_some(MessageId(id)),
            complete: true,
            slices: slices.iter().map(slice).collect(),
            slices_left_out: 0,
            alignment,
        })),
    )
}

#[expect(clippy::too_many_arguments, reason = "one line of the sample each")]
pub(super) fn message(
    packet: u64,
    id: u64,
    direction: Direction,
    (kind, bytes): (MessageKind, &[u8]),
    length: u64,
    slices: &[(u64, u64, u64)],
    alignment: Alignment,
    [first, completed]: [u64; 2],
) -> Event {
    at(
        packet,
        EventKind::Message(Box::new(Message {
            websocket: WebSocketId(1),
            id: MessageId(id),
            direction,
            kind,
            length: Some(length),
            wire_length: length,
            compressed: false,
            complete: true,
            payload: Payload {
                sha256: None,
                bytes: bytes.to_vec(),
            },
            frames: vec![FrameId(id)],
            frames_left_out: 0,
            slices_left_out: 0,
            span: span(slices[0].1, slices[slices.len() - 1].2),
            slices: slices.iter().map(slice).collect(),
            alignment,
            timing: Timing {
                first: moment(first),
                last: moment(completed),
                completed: moment(completed),
            },
        })),
    )
}

fn control(
    packet: u64,
    frame: u64,
    direction: Direction,
    opcode: Opcode,
    length: u64,
    answers: Option<u64>,
) -> Event {
    at(
        packet,
        EventKind::Control(Control {
            websocket: WebSocketId(1),
            frame: FrameId(frame),
            direction,
            opcode,
            length,
            answers: answers.map(FrameId),
            round_trip: answers.map(|_| 2_000_000),
        }),
    )
}

fn segment(
    packet: u64,
    direction: Direction,
    span: Span,
    flags: Flags,
    kind: SegmentKind,
) -> Event {
    let captured = u32::try_from(span.length()).unwrap();
    at(
        packet,
        EventKind::Segment(SegmentSeen {
            direction,
            span,
            flags,
            kind,
            super_segment: false,
            captured,
        }),
    )
}

pub(super) fn aligned() -> Alignment {
    Alignment {
        kind: AlignmentKind::Aligned,
        segments: 1,
        shares_with: Vec::new(),
        shared_frames: 0,
        with_handshake: false,
        torn: Vec::new(),
        retransmission: false,
        gap: false,
        super_segment: false,
    }
}

fn slice(&(packet, start, end): &(u64, u64, u64)) -> Slice {
    Slice {
        packet: PacketIndex(packet),
        span: span(start, end),
        retransmitted: false,
    }
}

fn span(start: u64, end: u64) -> Span {
    Span::new(Offset(start), Offset(end))
}

fn at(packet: u64, kind: EventKind) -> Event {
    Event {
        connection: ConnectionId(1),
        moment: moment(packet),
        kind,
    }
}

/// Packet n was captured n - 1 milliseconds and 1 nanosecond after the first.
fn moment(packet: u64) -> Moment {
    let passed = i64::try_from(packet - 1).unwrap() * 1_000_000 + i64::from(packet > 1);
    Moment {
        packet: PacketIndex(packet),
        at: Some(Timestamp(1_767_225_600_000_000_000 + passed)),
    }
}

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;
const PUSH: Flags = Flags(0x18);
static RULE: Rule = Rule {
    id: "ws.example",
    reference: "RFC 6455 5.5",
    level: Level::Should,
    title: "an example",
    explanation: "It exists for this test.",
};
