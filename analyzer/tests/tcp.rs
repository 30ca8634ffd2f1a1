//! What a segment was, and which of its bytes are stream.

use wireseam_analyzer::{
    AlignmentKind, Config, Direction, EventKind, Layer, SegmentKind, TlsHello,
};
use wireseam_wire::{Flags, Segment, Seq};

use crate::bench::{REQUEST, RESPONSE, blank, frame_bytes, full, masked, text, with_limits};
use crate::scene::Scene;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

/// What the segments with payload or FIN of a direction were, in order.
fn kinds(scene: &Scene, direction: Direction) -> Vec<SegmentKind> {
    let segments = scene
        .outcome
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Segment(seen) if seen.direction == direction => Some(seen.kind),
            _ => None,
        });
    segments.collect()
}

/// A segment of the server with an IP identification, at `at` of its stream.
fn identified(scene: &mut Scene, at: usize, payload: &[u8], id: u16) {
    let origin = scene.origin(DOWN);
    let segment = Segment {
        seq: origin.plus(u32::try_from(at).unwrap()),
        payload,
        payload_len: u32::try_from(payload.len()).unwrap(),
        ip_id: Some(id),
        ..blank(DOWN, 0)
    };
    scene.handle(DOWN, segment);
}

/// Three text messages of which the second comes last, with the identification that it was given when it was sent.
fn second_comes_last(id: u16) -> (SegmentKind, bool) {
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN);
    let [one, two, three] = ["one", "two", "three"].map(text);
    identified(&mut scene, start, &one, 1);
    identified(&mut scene, start + one.len() + two.len(), &three, 3);
    identified(&mut scene, start + one.len(), &two, id);
    let outcome = scene.finish();
    assert_eq!(outcome.said(DOWN), [&b"one"[..], b"two", b"three"]);
    let retransmitted = outcome.messages()[1].slices[0].retransmitted;
    (*kinds(&scene, DOWN).last().unwrap(), retransmitted)
}

#[test]
fn a_segment_that_fills_a_hole_was_reordered_or_sent_again_as_its_identification_tells() {
    assert_eq!(second_comes_last(2), (SegmentKind::OutOfOrder, false));
    assert_eq!(second_comes_last(4), (SegmentKind::Retransmission, true));
}

/// The spans of the copies that were said to differ.
fn conflicts(scene: &Scene) -> Vec<(u64, u64)> {
    let findings = scene.outcome.findings();
    let conflicts = findings
        .iter()
        .filter(|finding| finding.rule.id == "tcp.overlap.conflict")
        .filter_map(|finding| finding.span);
    conflicts.map(|span| (span.start.0, span.end.0)).collect()
}

/// Three messages of 7 bytes from 1000 on, read; then a copy of some of their bytes, sent from an offset on.
fn copied(
    from: usize,
    change: impl Fn(&mut Vec<u8>),
    bytes: std::ops::Range<usize>,
) -> Vec<(u64, u64)> {
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN);
    let messages = ["first", "other", "third"].map(text);
    for message in &messages {
        scene.down(message);
    }
    let mut copy = messages.concat()[bytes].to_vec();
    change(&mut copy);
    scene.send_at(DOWN, start + from, &copy);
    scene.finish();
    assert_eq!(
        scene.outcome.said(DOWN),
        [&b"first"[..], b"other", b"third"]
    );
    let start = start as u64;
    let told = conflicts(&scene).into_iter();
    told.map(|(from, to)| (from - start, to - start)).collect()
}

#[test]
fn a_copy_of_bytes_already_read_is_compared_with_each_packet_that_brought_them() {
    assert_eq!(copied(0, |_| (), 0..21), []);
    assert_eq!(copied(3, |_| (), 3..17), []);
    assert_eq!(copied(0, |copy| copy[3] ^= 1, 0..7), [(0, 7)]);
    assert_eq!(copied(5, |copy| copy[3] ^= 1, 5..16), [(7, 14)]);
    assert_eq!(
        copied(0, |copy| copy.fill(0), 0..21),
        [(0, 7), (7, 14), (14, 21)]
    );
    // behind what was read stands what nobody had seen
    assert_eq!(copied(14, |copy| copy.push(0x89), 14..21), []);
}

#[test]
fn another_connection_and_the_other_direction_have_other_bytes() {
    let mut scene = Scene::websocket(full());
    scene.down(&text("hello")).up(&masked(b"hello"));
    scene.send_at(UP, scene.at(UP) - 11, &masked(b"hello"));
    scene.finish();
    assert_eq!(conflicts(&scene), []);
}

#[test]
fn the_byte_of_a_keep_alive_is_no_copy() {
    let mut scene = Scene::websocket(full());
    scene.down(&text("hello"));
    scene.send_at(DOWN, scene.at(DOWN) - 1, &[0]);
    scene.finish();
    assert_eq!(kinds(&scene, DOWN).last(), Some(&SegmentKind::KeepAlive));
    assert_eq!(conflicts(&scene), []);
}

#[test]
fn the_same_packet_twice_is_a_duplicate_and_the_same_bytes_twice_a_retransmission() {
    for (second_id, kind) in [
        (7, SegmentKind::Duplicate),
        (8, SegmentKind::Retransmission),
    ] {
        let mut scene = Scene::websocket(full());
        let start = scene.at(DOWN);
        identified(&mut scene, start, &text("one"), 7);
        identified(&mut scene, start, &text("one"), second_id);
        assert_eq!(*kinds(&scene, DOWN).last().unwrap(), kind);
        assert_eq!(scene.finish().messages().len(), 1);
    }
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN);
    scene.down(&text("one")).send_at(DOWN, start, &text("one"));
    assert_eq!(
        *kinds(&scene, DOWN).last().unwrap(),
        SegmentKind::Retransmission,
        "nothing tells it is the same packet"
    );
}

#[test]
fn one_old_byte_at_the_end_is_a_keep_alive_and_more_are_a_retransmission() {
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN);
    scene
        .down(&text("one"))
        .send_at(DOWN, start + 4, b"e")
        .send_at(DOWN, start + 3, b"ne")
        .send_at(DOWN, start + 3, b"n");
    use SegmentKind::{KeepAlive, Retransmission};
    assert_eq!(
        kinds(&scene, DOWN)[3..],
        [KeepAlive, Retransmission, Retransmission]
    );
}

/// The receiver's window is closed: one new byte is a probe, and it is stream like any other.
#[test]
fn one_byte_into_a_closed_window_is_a_probe() {
    let mut scene = Scene::websocket(full());
    let closed = Segment {
        window: 0,
        flags: Flags::ACK,
        ack: scene.origin(DOWN),
        ..blank(UP, 0)
    };
    let frame = text("one");
    scene.handle(
        UP,
        Segment {
            seq: scene.origin(UP).plus(u32::try_from(REQUEST.len()).unwrap()),
            ..closed
        },
    );
    scene.down(&frame[..1]).down(&frame[1..]);
    assert_eq!(
        kinds(&scene, DOWN)[2..],
        [SegmentKind::ZeroWindowProbe, SegmentKind::Data]
    );
    assert_eq!(scene.finish().said(DOWN), [b"one"]);
}

#[test]
fn bytes_of_a_reset_are_not_stream() {
    let mut scene = Scene::websocket(full());
    let payload = text("no message");
    let segment = Segment {
        seq: scene
            .origin(DOWN)
            .plus(u32::try_from(scene.at(DOWN)).unwrap()),
        flags: Flags::RST,
        payload: &payload,
        payload_len: u32::try_from(payload.len()).unwrap(),
        ..blank(DOWN, 0)
    };
    scene.handle(DOWN, segment);
    let outcome = scene.finish();
    assert!(outcome.frames().is_empty() && outcome.gaps().is_empty());
}

#[test]
fn a_fin_may_carry_the_last_bytes_and_takes_no_byte_itself() {
    let mut scene = Scene::websocket(full());
    let payload = text("the last");
    let at = scene.at(DOWN);
    let seq = scene.origin(DOWN).plus(u32::try_from(at).unwrap());
    let payload_len = u32::try_from(payload.len()).unwrap();
    let flags = Flags::FIN.with(Flags::PSH);
    scene.handle(
        DOWN,
        Segment {
            seq,
            flags,
            payload: &payload,
            payload_len,
            ..blank(DOWN, 0)
        },
    );
    scene.acknowledge(DOWN, at + payload.len() + 1);
    let outcome = scene.finish();
    assert_eq!(outcome.said(DOWN), [b"the last"]);
    assert!(outcome.gaps().is_empty(), "{:?}", outcome.gaps());
}

/// The FIN is not in the capture, its acknowledgement is: one more than the last byte.
#[test]
fn the_acknowledgement_of_a_fin_that_is_not_there_is_no_gap() {
    let mut scene = Scene::websocket(full());
    scene.down(&text("the last"));
    scene.acknowledge(DOWN, scene.at(DOWN) + 1);
    assert!(scene.finish().gaps().is_empty());
}

#[test]
fn bytes_missing_before_a_fin_are_a_gap() {
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN) as u64;
    scene.lose(DOWN, 10).bare(DOWN, Flags::FIN);
    let gaps = scene.finish().gaps();
    assert_eq!(
        gaps.iter()
            .map(|(_, start, end, _)| (*start, *end))
            .collect::<Vec<_>>(),
        [(start, start + 10)]
    );
}

/// The first byte stands where the SYN does: it is before the stream, what follows is in it.
#[test]
fn bytes_before_offset_0_are_cut_off() {
    let mut scene = Scene::opened(full());
    let payload = [b"?", REQUEST].concat();
    let segment = Segment {
        seq: Seq(scene.origin(UP).0.wrapping_sub(1)),
        payload: &payload,
        payload_len: u32::try_from(payload.len()).unwrap(),
        ..blank(UP, 0)
    };
    scene.handle(UP, segment);
    scene
        .lose(UP, REQUEST.len())
        .down(RESPONSE)
        .up(&masked(b"up"));
    let outcome = scene.finish();
    assert_eq!(
        outcome.exchanges(),
        [(Some("GET"), Some("/chat"), Some(101))]
    );
    assert_eq!(outcome.said(UP), [b"up"]);
}

/// RFC 7413: the SYN carries the request.
#[test]
fn bytes_of_a_syn_are_stream() {
    let mut scene = Scene::mid_stream(full());
    let origin = scene.origin(UP);
    let syn = Segment {
        seq: Seq(origin.0.wrapping_sub(1)),
        flags: Flags::SYN,
        payload: REQUEST,
        payload_len: u32::try_from(REQUEST.len()).unwrap(),
        ..blank(UP, 0)
    };
    scene
        .handle(UP, syn)
        .lose(UP, REQUEST.len())
        .down(RESPONSE)
        .up(&masked(b"up"));
    assert_eq!(scene.finish().said(UP), [b"up"]);
}

/// One binary message of 5 GiB, of whose segments the capture holds the headers only: offsets do not wrap at 2^32.
#[test]
fn offsets_go_on_behind_4_gib() {
    let mut scene = Scene::websocket(full());
    let start = scene.at(DOWN) as u64;
    let length = 5_u64 << 30;
    scene.down(&[&[0x82, 0x7F][..], &length.to_be_bytes()].concat());
    for _ in 0..(length >> 26) {
        let at = scene.at(DOWN);
        scene.cut_at(DOWN, at, b"", 1 << 26);
    }
    scene.down(&text("behind it"));
    let outcome = scene.finish();
    let [large, behind] = outcome.messages()[..] else {
        panic!("two messages, not {:?}", outcome.messages().len());
    };
    assert_eq!((large.complete, large.wire_length), (false, length));
    assert_eq!(behind.span.start.0, start + 10 + length);
    assert_eq!(behind.payload.bytes, b"behind it");
}

/// What was held and is delivered does not count any longer.
#[test]
fn filled_holes_leave_room_for_others() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.held_bytes = 40));
    let frame = frame_bytes(0x82, None, &[7; 200]);
    let start = scene.at(DOWN);
    for hole in 0..6 {
        let at = hole * 30;
        scene.send_at(DOWN, start + at + 10, &frame[at + 10..at + 30]);
        scene.send_at(DOWN, start + at, &frame[at..at + 10]);
    }
    assert!(scene.outcome.gaps().is_empty());
    scene.send_at(DOWN, start + 180, &frame[180..]);
    assert!(scene.finish().messages()[0].complete);
}

/// Packet 4 carries the first half of the request, which packet 3 did not, and ten bytes of a frame; packet 3 the second half.
/// When the frame's last bytes come, that packet 4 held more than it must still be known.
#[test]
fn a_packet_in_two_pieces_is_shared_though_its_bytes_waited_for_the_answer() {
    let mut scene = Scene::opened(full());
    let frame = masked(b"a message in three packets");
    scene
        .send_at(UP, 50, &REQUEST[50..])
        .send_at(UP, 0, &[REQUEST, &frame[..10]].concat());
    scene.up(&frame[10..12]).down(RESPONSE).up(&frame[12..]);
    let outcome = scene.finish();
    let message = outcome.messages()[0];
    let packets: Vec<u64> = message.slices.iter().map(|slice| slice.packet.0).collect();
    assert_eq!(packets, [4, 5, 7]);
    assert_eq!(message.alignment.kind, AlignmentKind::SplitAndCoalesced);
    assert!(
        !message.alignment.with_handshake,
        "the request ends in packet 3"
    );
}

#[test]
fn a_syn_with_another_number_opens_another_connection() {
    let mut scene = Scene::websocket(full());
    scene.down(&text("of the first"));
    let syn = Segment {
        seq: Seq(77),
        flags: Flags::SYN,
        ..blank(UP, 0)
    };
    scene.handle(UP, syn);
    let outcome = scene.finish();
    let ends: Vec<u64> = outcome
        .events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Ended(_)))
        .map(|event| event.connection.0)
        .collect();
    assert_eq!(ends, [1, 2]);
}

/// RFC 9113 3.4: a server's first frame is SETTINGS on stream 0; on another stream it is not HTTP/2.
#[test]
fn settings_on_another_stream_are_not_http2() {
    for (stream, layer) in [(0, Layer::Http2), (1, Layer::Opaque)] {
        let mut scene = Scene::opened(Config::default());
        scene.down(&[0, 0, 0, 4, 0, 0, 0, 0, stream]);
        assert_eq!(scene.finish().layers(), [layer]);
    }
}

/// RFC 8446 5.1: a handshake message may lie in several records, and each may be cut anywhere.
#[test]
fn a_hello_in_two_records_is_read_wherever_it_is_cut() {
    let name = b"a.example";
    let short = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let entry = [&[0][..], &short(name.len()), name].concat();
    let server_name = [
        &[0, 0][..],
        &short(entry.len() + 2),
        &short(entry.len()),
        &entry,
    ]
    .concat();
    let body = [
        &[3, 3][..],
        &[9; 32],
        &[0, 0, 2, 0x13, 0x01, 1, 0],
        &short(server_name.len()),
        &server_name,
    ]
    .concat();
    let message = [&[1, 0][..], &short(body.len()), &body].concat();
    let (begin, end) = message.split_at(20);
    let record = |part: &[u8]| [&[22, 3, 1][..], &short(part.len()), part].concat();
    let bytes = [record(begin), record(end)].concat();
    for cut in 1..bytes.len() {
        let mut scene = Scene::opened(Config::default());
        scene.up(&bytes[..cut]).up(&bytes[cut..]);
        let told: Vec<&TlsHello> = scene
            .outcome
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Tls(told) => Some(&**told),
                _ => None,
            })
            .collect();
        assert_eq!(told.len(), 1, "cut at {cut}");
        assert_eq!(told[0].server_name.as_deref(), Some("a.example"));
    }
}
