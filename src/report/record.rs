//! What the analyzer says, as records of the report: one function a record, nothing decided here.

use base64::{Engine, engine::general_purpose::STANDARD};
use simdutf8::compat::from_utf8;
use wireseam_analyzer as analyzer;
use wireseam_analyzer::{
    EndedBy, Event, EventKind, Layer, MessageKind, Moment, PayloadPolicy, SeenFrom, WebSocketId,
};
use wireseam_wire::{PacketIndex, Timestamp};

use super::{
    cipher,
    schema::{
        Acknowledged, Alignment, Beginning, Bytes, Close, CloseFrame, Code, Control, Directed,
        Directions, Ended, Ending, Finding, Flags, Frame, FramesFrom, Gap, Handshake, Interim,
        Layer as LayerLine, Line, Message, Opened, Payload, Proxy, Request, Seconds, Segment,
        Slice, Timing, Tls, Torn, Totals, Within, Word,
    },
};

/// What an event alone does not tell: what times are relative to, and what was asked of the analyzer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// When the capture's first packet was captured.
    pub start: Option<Timestamp>,
    /// How much of each message was to be kept.
    pub payload: PayloadPolicy,
}

impl Context {
    /// A moment's time, as the report counts it.
    #[must_use]
    pub fn seconds(&self, moment: Moment) -> Option<Seconds> {
        Some(Seconds {
            nanoseconds: moment.at?.nanoseconds_since(self.start?),
        })
    }

    /// The event as a line of its own; `None` for what is only counted.
    #[must_use]
    pub fn line(&self, event: Event) -> Option<Line> {
        let (connection, moment) = (event.connection.0, event.moment);
        Some(match event.kind {
            EventKind::Opened(it) => Line::Opened(within(connection, self.opened(it, moment))),
            EventKind::Layer(it) => Line::Layer(within(
                connection,
                LayerLine {
                    layer: layer(it).to_owned(),
                },
            )),
            EventKind::Proxied(it) => Line::Proxy(within(connection, proxy(it))),
            EventKind::Tls(it) => Line::Tls(within(connection, tls(*it))),
            EventKind::Segment(it) => Line::Segment(within(connection, self.segment(it, moment))),
            EventKind::Gap(it) => Line::Gap(within(
                connection,
                Directed {
                    direction: Word(it.direction),
                    record: gap(it),
                },
            )),
            EventKind::Interim(it) => Line::Interim(within(connection, interim(it))),
            EventKind::Exchange(it) => Line::Request(within(connection, request(*it))),
            EventKind::WebSocket(it) => {
                Line::Handshake(inside(connection, it.websocket, handshake(*it)))
            }
            EventKind::Frame(it) => Line::Frame(inside(connection, it.websocket, frame(*it))),
            EventKind::Message(it) => {
                Line::Message(inside(connection, it.websocket, self.message(*it)))
            }
            EventKind::Control(it) => Line::Control(inside(connection, it.websocket, control(it))),
            EventKind::Acknowledged(it) => {
                let record = Acknowledged {
                    message: it.message.0,
                    packet: moment.packet.0,
                    time: self.seconds(moment),
                };
                Line::Acknowledged(inside(connection, it.websocket, record))
            }
            EventKind::Closed(it) => Line::Close(inside(connection, it.websocket, close(*it))),
            EventKind::Finding(it) => Line::Finding(within(connection, finding(*it))),
            EventKind::Ended(it) => Line::Ended(within(connection, self.ended(&it))),
            EventKind::Counted(_) => return None,
        })
    }

    pub(super) fn opened(&self, opened: analyzer::Opened, moment: Moment) -> Opened {
        Opened {
            client: opened.client.to_string(),
            server: opened.server.to_string(),
            first_packet: moment.packet.0,
            start: self.seconds(moment),
            opened: Word(match opened.seen_from {
                SeenFrom::Handshake => Beginning::Handshake,
                SeenFrom::MidStream => Beginning::MidStream,
            }),
        }
    }

    pub(super) fn ended(&self, ended: &analyzer::Ended) -> Ended {
        let (how, who) = match ended.how {
            EndedBy::Fin(role) => (Ending::Fin, Some(Word(role))),
            EndedBy::Rst(role) => (Ending::Rst, Some(Word(role))),
            EndedBy::Open => (Ending::Open, None),
        };
        let [client, server] = ended.totals;
        Ended {
            last_packet: ended.last.packet.0,
            time: self.seconds(ended.last),
            ended: Word(how),
            ended_by: who,
            directions: Directions {
                client_to_server: totals(client),
                server_to_client: totals(server),
            },
        }
    }

    pub(super) fn segment(&self, segment: analyzer::SegmentSeen, moment: Moment) -> Segment {
        Segment {
            packet: moment.packet.0,
            direction: Word(segment.direction),
            time: self.seconds(moment),
            span: segment.span.into(),
            captured: segment.captured,
            flags: Flags(segment.flags),
            kind: Word(segment.kind),
            super_segment: segment.super_segment,
            carries: None,
        }
    }

    pub(super) fn message(&self, message: analyzer::Message) -> Message {
        let timing = message.timing;
        Message {
            id: message.id.0,
            direction: Word(message.direction),
            opcode: (message.kind != MessageKind::Unknown).then_some(Word(message.kind)),
            length: message.length,
            wire_length: message.wire_length,
            compressed: message.compressed,
            complete: message.complete,
            sha256: message.payload.sha256.map(|sum| hex(&sum)),
            payload: match self.payload {
                PayloadPolicy::None | PayloadPolicy::Sha256 => None,
                PayloadPolicy::Preview | PayloadPolicy::Full => Some(payload(
                    message.kind,
                    message.length,
                    &message.payload.bytes,
                )),
            },
            frames: message.frames.iter().map(|frame| frame.0).collect(),
            frames_left_out: left_out(message.frames_left_out),
            span: message.span.into(),
            slices: slices(&message.slices),
            slices_left_out: left_out(message.slices_left_out),
            alignment: alignment(message.alignment),
            timing: Timing {
                first: self.seconds(timing.first),
                last: self.seconds(timing.last),
                completed: self.seconds(timing.completed),
                first_packet: timing.first.packet.0,
                last_packet: timing.last.packet.0,
                completed_by: timing.completed.packet.0,
                acked: None,
                stalls: Vec::new(),
            },
            decoded: None,
        }
    }
}

/// A layer's name in the report.
pub(super) fn layer(layer: Layer) -> &'static str {
    match layer {
        Layer::Tls => "tls",
        Layer::Http => "http",
        Layer::Http2 => "http2",
        Layer::WebSocket => "websocket",
        Layer::Opaque => "opaque",
    }
}

pub(super) fn proxy(proxied: analyzer::Proxied) -> Proxy {
    Proxy {
        version: proxied.version,
        local: proxied.local,
        source: proxied.source.map(|end| end.to_string()),
        destination: proxied.destination.map(|end| end.to_string()),
        header: proxied.header.into(),
    }
}

pub(super) fn interim(response: analyzer::Interim) -> Interim {
    Interim {
        status: response.status,
        head: response.head.into(),
    }
}

pub(super) fn tls(hello: analyzer::TlsHello) -> Tls {
    Tls {
        version: hello.version.map(cipher::version),
        cipher_suite: hello.cipher_suite.map(cipher::suite),
        sni: hello.server_name,
        alpn: hello.application_protocol,
        decrypted: false,
    }
}

pub(super) fn gap(gap: analyzer::Gap) -> Gap {
    Gap {
        span: gap.span.into(),
        cause: Word(gap.cause),
    }
}

pub(super) fn request(exchange: analyzer::Exchange) -> Request {
    Request {
        method: exchange.method,
        target: exchange.target,
        status: exchange.status,
        version: exchange.version,
        upgrade: exchange.upgrade,
        head: exchange.request_head.map(Bytes::from),
        response_head: exchange.response_head.map(Bytes::from),
        packets: packets(&exchange.request_packets),
        response_packets: packets(&exchange.response_packets),
    }
}

pub(super) fn handshake(handshake: analyzer::Handshake) -> Handshake {
    let [client_to_server, server_to_client] = handshake.frames_from;
    Handshake {
        result: Word(handshake.result),
        status: handshake.status,
        method: handshake.method,
        target: handshake.target,
        host: handshake.host,
        origin: handshake.origin,
        offered_subprotocols: handshake.offered_subprotocols,
        subprotocol: handshake.subprotocol,
        offered_extensions: handshake.offered_extensions,
        extensions: handshake.extensions,
        accept_valid: handshake.accept_valid,
        request_packets: packets(&handshake.request_packets),
        response_packets: packets(&handshake.response_packets),
        frames_from: FramesFrom {
            client_to_server,
            server_to_client,
        },
        confidence: handshake.confidence,
        findings: Vec::new(),
    }
}

pub(super) fn frame(frame: analyzer::Frame) -> Frame {
    let [rsv1, rsv2, rsv3] = frame.rsv;
    Frame {
        id: frame.id.0,
        direction: Word(frame.direction),
        opcode: Code(frame.opcode),
        fin: frame.fin,
        rsv1,
        rsv2,
        rsv3,
        masked: frame.masked,
        masking_key: frame.masking_key.map(|key| hex(&key)),
        header: frame.header.into(),
        payload: frame.payload.into(),
        length: frame.length,
        complete: frame.complete,
        message: frame.message.map(|message| message.0),
        slices: slices(&frame.slices),
        slices_left_out: left_out(frame.slices_left_out),
        alignment: alignment(frame.alignment),
    }
}

pub(super) fn control(control: analyzer::Control) -> Control {
    Control {
        frame: control.frame.0,
        direction: Word(control.direction),
        opcode: Code(control.opcode),
        length: control.length,
        answers: control.answers.map(|frame| frame.0),
        round_trip: control
            .round_trip
            .map(|nanoseconds| Seconds { nanoseconds }),
    }
}

pub(super) fn close(close: analyzer::Close) -> Close {
    Close {
        client: close.client.map(close_frame),
        server: close.server.map(close_frame),
        initiator: close.initiator.map(Word),
        clean: close.clean,
        verdict: close.verdict,
    }
}

pub(super) fn finding(finding: analyzer::Finding) -> Finding {
    Finding {
        id: finding.rule.id.to_owned(),
        level: Word(finding.rule.level),
        reference: finding.rule.reference.to_owned(),
        direction: finding.direction.map(Word),
        packet: finding.packet.0,
        span: finding.span.map(Bytes::from),
        websocket: finding.websocket.map(|websocket| websocket.0),
        frame: finding.frame.map(|frame| frame.0),
        message: finding.message.map(|message| message.0),
        text: finding.text,
    }
}

fn close_frame(frame: analyzer::CloseFrame) -> CloseFrame {
    CloseFrame {
        code: frame.code,
        reason: frame.reason,
        packet: frame.moment.packet.0,
    }
}

fn totals(totals: analyzer::Totals) -> Totals {
    Totals {
        bytes: totals.bytes,
        segments: totals.segments,
        retransmissions: totals.retransmissions,
        out_of_order: totals.out_of_order,
        duplicates: totals.duplicates,
        gaps: Vec::new(),
    }
}

fn alignment(alignment: analyzer::Alignment) -> Alignment {
    let torn = |cut: &analyzer::Torn| Torn {
        packet: cut.packet.0,
        part: Word(cut.part),
        at: cut.at.0,
        frame: cut.frame.0,
        after: cut.after,
    };
    Alignment {
        kind: Word(alignment.kind),
        segments: alignment.segments,
        shares_with: alignment.shares_with.iter().map(|frame| frame.0).collect(),
        shared_frames: alignment.shared_frames,
        with_handshake: alignment.with_handshake,
        torn: alignment.torn.iter().map(torn).collect(),
        retransmission: alignment.retransmission,
        gap: alignment.gap,
        super_segment: alignment.super_segment,
    }
}

fn left_out(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

fn slices(slices: &[analyzer::Slice]) -> Vec<Slice> {
    let record = |it: &analyzer::Slice| Slice {
        packet: it.packet.0,
        span: it.span.into(),
        retransmitted: it.retransmitted,
    };
    slices.iter().map(record).collect()
}

fn packets(packets: &[PacketIndex]) -> Vec<u64> {
    packets.iter().map(|packet| packet.0).collect()
}

/// Text as text where it is UTF-8 up to where it was cut, everything else in base64.
fn payload(kind: MessageKind, length: Option<u64>, bytes: &[u8]) -> Payload {
    let (text, truncated) = text(kind, length, bytes);
    Payload {
        text: text.map(str::to_owned),
        base64: text.is_none().then(|| STANDARD.encode(bytes)),
        truncated,
    }
}

/// What was kept of a message's data where that is text, and whether the message has more.
pub(super) fn text(kind: MessageKind, length: Option<u64>, bytes: &[u8]) -> (Option<&str>, bool) {
    let truncated = length != Some(bytes.len() as u64);
    if kind != MessageKind::Text {
        return (None, truncated);
    }
    let text = match from_utf8(bytes) {
        // it was cut inside its last character
        Err(fault) if truncated && fault.error_len().is_none() => {
            let whole = bytes.get(..fault.valid_up_to()).unwrap_or_default();
            from_utf8(whole).ok()
        }
        text => text.ok(),
    };
    (text, truncated)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn within<T>(connection: u64, record: T) -> Within<T> {
    Within {
        connection,
        websocket: None,
        record,
    }
}

fn inside<T>(connection: u64, websocket: WebSocketId, record: T) -> Within<T> {
    Within {
        connection,
        websocket: Some(websocket.0),
        record,
    }
}
