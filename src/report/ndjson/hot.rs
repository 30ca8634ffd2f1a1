//! The lines of which there are millions, written straight from what the analyzer says: segments, frames, messages,
//! acknowledgements. [`Context::line`] and its serializer say the same, and the tests hold one to the other.

use wireseam_analyzer::{
    Alignment, Event, EventKind, Frame, Message, MessageKind, Moment, Opcode, Part, PayloadPolicy,
    SegmentKind, SegmentSeen, Slice, Timing, Torn, WebSocketId,
};

use super::buffer::Buffer;
use crate::report::record::{self, Context};

/// Writes the event's line, where it is one of those; whether it is.
pub(super) fn write(out: &mut Buffer, context: &Context, event: &Event) -> bool {
    let (connection, moment) = (event.connection.0, event.moment);
    match &event.kind {
        EventKind::Segment(it) => {
            out.json(r#"{"type":"segment","connection":"#)
                .number(connection);
            segment(out, context, it, moment);
        }
        EventKind::Frame(it) => {
            out.json(r#"{"type":"frame","connection":"#);
            inside(out, connection, it.websocket);
            frame(out, it);
        }
        EventKind::Message(it) => {
            out.json(r#"{"type":"message","connection":"#);
            inside(out, connection, it.websocket);
            message(out, context, it);
        }
        EventKind::Acknowledged(it) => {
            out.json(r#"{"type":"acknowledged","connection":"#);
            inside(out, connection, it.websocket);
            out.json(r#","message":"#).number(it.message.0);
            out.json(r#","packet":"#).number(moment.packet.0);
            out.json(r#","time":"#).seconds(context.seconds(moment));
        }
        _ => return false,
    }
    out.json("}\n");
    true
}

fn inside(out: &mut Buffer, connection: u64, websocket: WebSocketId) {
    out.number(connection);
    out.json(r#","websocket":"#).number(websocket.0);
}

fn segment(out: &mut Buffer, context: &Context, segment: &SegmentSeen, moment: Moment) {
    out.json(r#","packet":"#).number(moment.packet.0);
    direction(out, segment.direction);
    out.json(r#","time":"#).seconds(context.seconds(moment));
    out.json(r#","span":"#).span(segment.span);
    out.json(r#","captured":"#).number(segment.captured);
    out.json(r#","flags":""#);
    for letter in segment.flags.letters() {
        out.json(letter.encode_utf8(&mut [0; 4]));
    }
    out.json(match segment.kind {
        SegmentKind::Data => r#"","kind":"data""#,
        SegmentKind::OutOfOrder => r#"","kind":"out_of_order""#,
        SegmentKind::Retransmission => r#"","kind":"retransmission""#,
        SegmentKind::PartialRetransmission => r#"","kind":"partial_retransmission""#,
        SegmentKind::Duplicate => r#"","kind":"duplicate""#,
        SegmentKind::KeepAlive => r#"","kind":"keep_alive""#,
        SegmentKind::ZeroWindowProbe => r#"","kind":"zero_window_probe""#,
        SegmentKind::Syn => r#"","kind":"syn""#,
        SegmentKind::Fin => r#"","kind":"fin""#,
        SegmentKind::Rst => r#"","kind":"rst""#,
        SegmentKind::Ack => r#"","kind":"ack""#,
        SegmentKind::OutOfWindow => r#"","kind":"out_of_window""#,
    });
    out.json(r#","super_segment":"#).flag(segment.super_segment);
    out.json(r#","carries":null"#);
}

fn frame(out: &mut Buffer, frame: &Frame) {
    out.json(r#","id":"#).number(frame.id.0);
    direction(out, frame.direction);
    out.json(r#","opcode":"#);
    opcode(out, frame.opcode);
    let [rsv1, rsv2, rsv3] = frame.rsv;
    if frame.fin && frame.rsv == [false; 3] {
        out.json(r#","fin":true,"rsv1":false,"rsv2":false,"rsv3":false"#);
    } else {
        out.json(r#","fin":"#).flag(frame.fin);
        out.json(r#","rsv1":"#).flag(rsv1);
        out.json(r#","rsv2":"#).flag(rsv2);
        out.json(r#","rsv3":"#).flag(rsv3);
    }
    out.json(r#","masked":"#).flag(frame.masked);
    out.json(r#","masking_key":"#);
    match frame.masking_key {
        Some(key) => out.hex(&key),
        None => out.json("null"),
    };
    out.json(r#","header":"#).span(frame.header);
    out.json(r#","payload":"#).span(frame.payload);
    out.json(r#","length":"#).number_or_null(frame.length);
    out.json(r#","complete":"#).flag(frame.complete);
    out.json(r#","message":"#)
        .number_or_null(frame.message.map(|message| message.0));
    slices(out, &frame.slices, frame.slices_left_out);
    alignment(out, &frame.alignment);
}

fn message(out: &mut Buffer, context: &Context, message: &Message) {
    out.json(r#","id":"#).number(message.id.0);
    direction(out, message.direction);
    out.json(match message.kind {
        MessageKind::Text => r#","opcode":"text""#,
        MessageKind::Binary => r#","opcode":"binary""#,
        MessageKind::Unknown => r#","opcode":null"#,
    });
    out.json(r#","length":"#);
    let written = out.noted(|out| out.number_or_null(message.length));
    out.json(r#","wire_length":"#);
    if message.length == Some(message.wire_length) {
        out.again(&written);
    } else {
        out.number(message.wire_length);
    }
    if message.complete && !message.compressed && message.payload.sha256.is_none() {
        out.json(r#","compressed":false,"complete":true,"sha256":null,"payload":"#);
    } else {
        out.json(r#","compressed":"#).flag(message.compressed);
        out.json(r#","complete":"#).flag(message.complete);
        out.json(r#","sha256":"#);
        match message.payload.sha256 {
            Some(sum) => out.hex(&sum),
            None => out.json("null"),
        };
        out.json(r#","payload":"#);
    }
    match context.payload {
        PayloadPolicy::None | PayloadPolicy::Sha256 => {
            out.json("null");
        }
        PayloadPolicy::Preview | PayloadPolicy::Full => payload(out, message),
    }
    out.json(r#","frames":"#);
    out.list(&message.frames, |out, frame| {
        out.number(frame.0);
    });
    if message.frames_left_out > 0 {
        out.json(r#","frames_left_out":"#)
            .number(message.frames_left_out);
    }
    out.json(r#","span":"#);
    let span = out.noted(|out| out.span(message.span));
    match message.slices[..] {
        [ref only] if only.span == message.span && message.slices_left_out == 0 => {
            out.json(r#","slices":[{"packet":"#).number(only.packet.0);
            out.json(r#","span":"#).again(&span);
            out.json(r#","retransmitted":"#).flag(only.retransmitted);
            out.json("}]");
        }
        _ => slices(out, &message.slices, message.slices_left_out),
    }
    alignment(out, &message.alignment);
    timing(out, context, &message.timing);
    out.json(r#","decoded":null"#);
}

/// Of most messages all that is said of time is said of one packet: that is formatted once.
fn timing(out: &mut Buffer, context: &Context, timing: &Timing) {
    let Timing {
        first,
        last,
        completed,
    } = *timing;
    let time = |moment| context.seconds(moment);
    out.json(r#","timing":{"first":"#);
    let written = out.noted(|out| out.seconds(time(first)));
    out.json(r#","last":"#);
    if last == first && completed == first {
        out.again(&written);
        out.json(r#","completed":"#).again(&written);
        out.json(r#","first_packet":"#);
        let written = out.noted(|out| out.number(first.packet.0));
        out.json(r#","last_packet":"#).again(&written);
        out.json(r#","completed_by":"#).again(&written);
    } else {
        out.seconds(time(last));
        out.json(r#","completed":"#).seconds(time(completed));
        out.json(r#","first_packet":"#).number(first.packet.0);
        out.json(r#","last_packet":"#).number(last.packet.0);
        out.json(r#","completed_by":"#).number(completed.packet.0);
    }
    out.json(r#","acked":null,"stalls":[]}"#);
}

fn payload(out: &mut Buffer, message: &Message) {
    let bytes = &message.payload.bytes;
    let (text, truncated) = record::text(message.kind, message.length, bytes);
    match text {
        Some(text) => out.json(r#"{"text":"#).text(text),
        None => out.json(r#"{"base64":"#).base64(bytes),
    };
    out.json(r#","truncated":"#).flag(truncated).json("}");
}

fn slices(out: &mut Buffer, slices: &[Slice], left_out: u64) {
    out.json(r#","slices":"#);
    out.list(slices, |out, slice| {
        out.json(r#"{"packet":"#).number(slice.packet.0);
        out.json(r#","span":"#).span(slice.span);
        out.json(r#","retransmitted":"#).flag(slice.retransmitted);
        out.json("}");
    });
    if left_out > 0 {
        out.json(r#","slices_left_out":"#).number(left_out);
    }
}

fn alignment(out: &mut Buffer, alignment: &Alignment) {
    use wireseam_analyzer::AlignmentKind::{Aligned, Coalesced, Split, SplitAndCoalesced};

    let rest = [
        alignment.with_handshake,
        alignment.retransmission,
        alignment.gap,
        alignment.super_segment,
    ];
    let is_plain = rest == [false; 4] && alignment.torn.is_empty();
    let shares = alignment.shared_frames > 0 || !alignment.shares_with.is_empty();
    if is_plain && !shares && alignment.kind == Aligned && alignment.segments == 1 {
        // most messages lie in a segment of their own
        out.json(r#","alignment":{"kind":"aligned","segments":1,"shares_with":[],"shared_frames":0,"with_handshake":false,"torn":[],"retransmission":false,"gap":false,"super_segment":false}"#);
        return;
    }
    out.json(match alignment.kind {
        Aligned => r#","alignment":{"kind":"aligned","segments":"#,
        Split => r#","alignment":{"kind":"split","segments":"#,
        Coalesced => r#","alignment":{"kind":"coalesced","segments":"#,
        SplitAndCoalesced => r#","alignment":{"kind":"split_and_coalesced","segments":"#,
    });
    out.number(alignment.segments);
    out.json(r#","shares_with":"#);
    out.list(&alignment.shares_with, |out, frame| {
        out.number(frame.0);
    });
    out.json(r#","shared_frames":"#)
        .number(alignment.shared_frames);
    if is_plain {
        out.json(r#","with_handshake":false,"torn":[],"retransmission":false,"gap":false,"super_segment":false}"#);
        return;
    }
    out.json(r#","with_handshake":"#)
        .flag(alignment.with_handshake);
    out.json(r#","torn":"#).list(&alignment.torn, torn);
    out.json(r#","retransmission":"#)
        .flag(alignment.retransmission);
    out.json(r#","gap":"#).flag(alignment.gap);
    out.json(r#","super_segment":"#)
        .flag(alignment.super_segment)
        .json("}");
}

fn torn(out: &mut Buffer, cut: &Torn) {
    out.json(r#"{"packet":"#).number(cut.packet.0);
    out.json(match cut.part {
        Part::Header => r#","in":"header","at":"#,
        Part::ExtendedLength => r#","in":"extended_length","at":"#,
        Part::Mask => r#","in":"mask","at":"#,
        Part::Payload => r#","in":"payload","at":"#,
        Part::CodePoint => r#","in":"code_point","at":"#,
    });
    out.number(cut.at.0);
    out.json(r#","frame":"#).number(cut.frame.0);
    out.json(r#","after":"#).number(cut.after).json("}");
}

fn direction(out: &mut Buffer, direction: wireseam_analyzer::Direction) {
    use wireseam_analyzer::Direction::{ClientToServer, ServerToClient};

    out.json(match direction {
        ClientToServer => r#","direction":"client_to_server""#,
        ServerToClient => r#","direction":"server_to_client""#,
    });
}

fn opcode(out: &mut Buffer, opcode: Opcode) {
    out.json(match opcode {
        Opcode::Continuation => r#""continuation""#,
        Opcode::Text => r#""text""#,
        Opcode::Binary => r#""binary""#,
        Opcode::Close => r#""close""#,
        Opcode::Ping => r#""ping""#,
        Opcode::Pong => r#""pong""#,
        Opcode::Reserved(bits) => {
            out.number(bits);
            return;
        }
    });
}
