//! Cuts, order and duplication change nothing; slices tile; every byte is accounted for.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use wireseam_analyzer::{AlignmentKind, Direction, Frame, Message, Part, Slice, Span};

use crate::bench::{Outcome, Piece, REQUEST, RESPONSE, Streams, frame_bytes, run};

/// Frames of every kind, most of them right: text with code points of up to four bytes, fragments, control frames, faults.
fn frames(masked: bool) -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        6 => Just(0x81_u8), 4 => Just(0x82), 2 => Just(0x01), 2 => Just(0x00), 3 => Just(0x80), 2 => Just(0x89), 2 => Just(0x8A),
        1 => Just(0x88), 1 => Just(0xC1), 1 => Just(0x83), 1 => Just(0x09),
    ];
    let payload = prop_oneof![
        5 => "[a-zäß€🦀]{0,40}".prop_map(String::into_bytes),
        2 => vec(any::<u8>(), 0..200),
        1 => vec(any::<u8>(), 120..130),
    ];
    let key = if masked {
        any::<[u8; 4]>().prop_map(Some).boxed()
    } else {
        Just(None).boxed()
    };
    let frame =
        (first, key, payload).prop_map(|(first, key, payload)| frame_bytes(first, key, &payload));
    vec(frame, 0..12).prop_map(|frames| frames.concat())
}

fn streams() -> impl Strategy<Value = Streams> {
    (frames(true), frames(false))
        .prop_map(|(client, server)| Streams::after_handshake(&client, &server))
}

fn cuts(streams: &Streams, client: &[Index], server: &[Index]) -> Vec<Piece> {
    let places = |cuts: &[Index], length: usize| {
        cuts.iter()
            .map(|cut| cut.index(length + 1))
            .collect::<Vec<_>>()
    };
    streams.cut(
        &places(client, streams.client.len()),
        &places(server, streams.server.len()),
    )
}

/// Pieces of one direction shuffled among themselves, some sent twice, some with other edges.
fn disordered(
    pieces: &[Piece],
    order: &[Index],
    again: &[Index],
    other_edges: &[(Index, usize, usize)],
) -> Vec<Piece> {
    let mut pieces = pieces.to_vec();
    for (at, swap) in order.iter().enumerate() {
        let (a, b) = (
            2 + at % pieces.len().saturating_sub(2).max(1),
            2 + swap.index(pieces.len().saturating_sub(2).max(1)),
        );
        if a < pieces.len() && b < pieces.len() && pieces[a].direction == pieces[b].direction {
            pieces.swap(a, b);
        }
    }
    for again in again {
        let piece = pieces[again.index(pieces.len())].clone();
        pieces.push(piece);
    }
    for (at, before, after) in other_edges {
        let at = at.index(pieces.len());
        let piece = &pieces[at];
        let limit = pieces
            .iter()
            .filter(|other| other.direction == piece.direction)
            .map(|other| other.end)
            .max()
            .unwrap();
        let wider = Piece {
            direction: piece.direction,
            start: piece.start.saturating_sub(*before),
            end: (piece.end + after).min(limit),
        };
        // Behind the heads, so that the answer still comes after the request.
        pieces.insert(at.max(2), wider);
    }
    pieces
}

/// The packet that carried each byte of a direction first.
fn carriers(streams: &Streams, pieces: &[Piece], direction: Direction) -> Vec<u64> {
    let mut carriers = vec![0; streams.of(direction).len()];
    for (packet, piece) in (3..)
        .zip(pieces)
        .filter(|(_, piece)| piece.direction == direction)
    {
        for carrier in &mut carriers[piece.start..piece.end] {
            if *carrier == 0 {
                *carrier = packet;
            }
        }
    }
    carriers
}

/// Each maximal run of bytes from one packet.
fn naive_slices(carriers: &[u64], span: Span) -> Vec<(u64, u64, u64)> {
    let mut runs: Vec<(u64, u64, u64)> = Vec::new();
    for at in span.start.0..span.end.0 {
        let packet = carriers[at as usize];
        match runs.last_mut() {
            Some((last, _, end)) if *last == packet => *end = at + 1,
            _ => runs.push((packet, at, at + 1)),
        }
    }
    runs
}

fn written(slices: &[Slice]) -> Vec<(u64, u64, u64)> {
    slices
        .iter()
        .map(|slice| (slice.packet.0, slice.span.start.0, slice.span.end.0))
        .collect()
}

/// Works a message's map out byte by byte and compares.
fn check_message(message: &Message, frames: &[&Frame], streams: &Streams, pieces: &[Piece]) {
    let carriers = carriers(streams, pieces, message.direction);
    let own: Vec<Span> = message
        .frames
        .iter()
        .map(|id| frames.iter().find(|frame| frame.id == *id).unwrap())
        .map(|frame| Span::new(frame.header.start, frame.payload.end))
        .map(|span| {
            span.intersection(Span::new(
                span.start,
                wireseam_analyzer::Offset(carriers.len() as u64),
            ))
        })
        .collect();
    let slices: Vec<_> = own
        .iter()
        .flat_map(|span| naive_slices(&carriers, *span))
        .collect();
    assert_eq!(written(&message.slices), slices, "slices of {message:?}");
    let packets: BTreeSet<u64> = slices.iter().map(|(packet, ..)| *packet).collect();
    let own_bytes: u64 = own.iter().map(|span| span.length()).sum();
    let all_bytes = carriers
        .iter()
        .filter(|packet| packets.contains(packet))
        .count() as u64;
    let kind = match (packets.len() > 1, all_bytes > own_bytes) {
        (false, false) => AlignmentKind::Aligned,
        (true, false) => AlignmentKind::Split,
        (false, true) => AlignmentKind::Coalesced,
        (true, true) => AlignmentKind::SplitAndCoalesced,
    };
    assert_eq!(message.alignment.kind, kind, "{message:?}");
    let torn: Vec<u64> = own
        .iter()
        .flat_map(|span| {
            naive_slices(&carriers, *span)
                .into_iter()
                .skip(1)
                .map(|(_, start, _)| start)
        })
        .collect();
    assert_eq!(
        message
            .alignment
            .torn
            .iter()
            .map(|torn| torn.at.0)
            .collect::<Vec<_>>(),
        torn
    );
    let sharing: BTreeSet<u64> = frames
        .iter()
        .filter(|frame| frame.direction == message.direction && !message.frames.contains(&frame.id))
        .filter(|frame| {
            (frame.header.start.0..frame.payload.end.0.min(carriers.len() as u64))
                .any(|at| packets.contains(&carriers[at as usize]))
        })
        .map(|frame| frame.id.0)
        .collect();
    assert_eq!(
        message
            .alignment
            .shares_with
            .iter()
            .map(|id| id.0)
            .collect::<BTreeSet<_>>(),
        sharing,
        "{message:?}"
    );
    assert_eq!(message.alignment.shared_frames, sharing.len() as u64);
    let end = own.last().unwrap().end.0 as usize;
    assert_eq!(
        message.timing.completed.packet.0,
        *carriers[..end].iter().max().unwrap()
    );
    let repeated = |(_, start, end): &(u64, u64, u64)| {
        let copies = |at: u64| {
            (3..)
                .zip(pieces)
                .filter(|(_, piece)| {
                    piece.direction == message.direction
                        && (piece.start as u64..piece.end as u64).contains(&at)
                })
                .count()
        };
        (*start..*end).any(|at| copies(at) > 1)
    };
    for (slice, naive) in message.slices.iter().zip(&slices) {
        assert!(
            !slice.retransmitted || repeated(naive),
            "{slice:?} was carried once only"
        );
    }
}

fn check_map(outcome: &Outcome, streams: &Streams, pieces: &[Piece]) {
    let frames = outcome.frames();
    for message in outcome.messages() {
        check_message(message, &frames, streams, pieces);
    }
    for frame in &frames {
        let carriers = carriers(streams, pieces, frame.direction);
        let end = frame
            .payload
            .end
            .min(wireseam_analyzer::Offset(carriers.len() as u64));
        assert_eq!(
            written(&frame.slices),
            naive_slices(&carriers, Span::new(frame.header.start, end)),
            "{frame:?}"
        );
    }
}

/// Every byte behind the head lies in exactly one frame: these streams are nothing but frames.
fn check_conservation(outcome: &Outcome, streams: &Streams) {
    for (direction, head) in [
        (Direction::ClientToServer, REQUEST.len()),
        (Direction::ServerToClient, RESPONSE.len()),
    ] {
        let mut at = head as u64;
        let mut frames: Vec<&Frame> = outcome
            .frames()
            .into_iter()
            .filter(|frame| frame.direction == direction)
            .collect();
        frames.sort_by_key(|frame| frame.header.start);
        for frame in frames {
            assert_eq!(
                frame.header.start.0, at,
                "a hole or an overlap before {frame:?}"
            );
            assert_eq!(frame.header.end, frame.payload.start);
            at = frame.payload.end.0;
        }
        assert!(
            at >= streams.of(direction).len() as u64,
            "bytes from {at} on are in no frame"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_cut_gives_the_same_messages_and_the_map_worked_out_byte_by_byte(
        streams in streams(),
        client in vec(any::<Index>(), 0..20),
        server in vec(any::<Index>(), 0..20),
    ) {
        let whole = run(&streams, &streams.cut(&[], &[]));
        let pieces = cuts(&streams, &client, &server);
        let outcome = run(&streams, &pieces);
        prop_assert_eq!(outcome.meaning(), whole.meaning());
        check_map(&outcome, &streams, &pieces);
        check_conservation(&outcome, &streams);
    }

    #[test]
    fn any_order_and_duplication_gives_the_same_messages_and_the_map_worked_out_byte_by_byte(
        streams in streams(),
        client in vec(any::<Index>(), 0..20),
        server in vec(any::<Index>(), 0..20),
        order in vec(any::<Index>(), 0..20),
        again in vec(any::<Index>(), 0..4),
        other_edges in vec((any::<Index>(), 0..20_usize, 0..20_usize), 0..4),
    ) {
        let whole = run(&streams, &streams.cut(&[], &[]));
        let pieces = disordered(&cuts(&streams, &client, &server), &order, &again, &other_edges);
        let outcome = run(&streams, &pieces);
        prop_assert_eq!(outcome.meaning(), whole.meaning());
        check_map(&outcome, &streams, &pieces);
        check_conservation(&outcome, &streams);
    }
}

/// A client's and a server's stream with every part a frame can have, cut at every single offset, heads included.
#[test]
fn every_single_cut_gives_the_same_messages() {
    let key = Some([0x11, 0x22, 0x33, 0x44]);
    let client = [
        frame_bytes(0x81, key, "€uro".as_bytes()),
        frame_bytes(0x01, key, &"Crab 🦀".as_bytes()[..5]),
        frame_bytes(0x89, key, b"p"),
        frame_bytes(0x80, key, &"🦀".as_bytes()[..4]),
        frame_bytes(0x82, key, &[7; 130]),
        frame_bytes(0x88, key, &[0x03, 0xE8, b'x']),
    ]
    .concat();
    let server = [
        frame_bytes(0x82, None, &[1; 126]),
        frame_bytes(0x8A, None, b"p"),
        frame_bytes(0x88, None, &[0x03, 0xE8]),
    ]
    .concat();
    let streams = Streams::after_handshake(&client, &server);
    let whole = run(&streams, &streams.cut(&[], &[]));
    assert_eq!(whole.messages().len(), 4);
    assert!(whole.findings().is_empty(), "{:?}", whole.findings());
    for cut in 1..streams.client.len() {
        let pieces: Vec<Piece> = [(0, cut), (cut, streams.client.len())]
            .into_iter()
            .map(|(start, end)| Piece {
                direction: Direction::ClientToServer,
                start,
                end,
            })
            .chain([Piece {
                direction: Direction::ServerToClient,
                start: 0,
                end: streams.server.len(),
            }])
            .collect();
        let early: Vec<_> = run(&streams, &pieces)
            .meaning()
            .into_iter()
            .filter(|line| !line.starts_with("http.upgrade.early"))
            .collect();
        assert_eq!(early, whole.meaning(), "client cut at {cut}");
    }
    for cut in 1..streams.server.len() {
        let pieces: Vec<Piece> = [
            (Direction::ClientToServer, 0, REQUEST.len()),
            (Direction::ServerToClient, 0, cut),
            (Direction::ServerToClient, cut, streams.server.len()),
        ]
        .into_iter()
        .chain([(
            Direction::ClientToServer,
            REQUEST.len(),
            streams.client.len(),
        )])
        .map(|(direction, start, end)| Piece {
            direction,
            start,
            end,
        })
        .collect();
        assert_eq!(
            run(&streams, &pieces).meaning(),
            whole.meaning(),
            "server cut at {cut}"
        );
    }
}

/// The words for a cut, worked out by hand for one frame: 82 FE 00 80 | 11 22 33 44 | 128 bytes.
#[test]
fn a_cut_is_named_by_the_part_of_the_byte_after_it() {
    let streams = Streams::after_handshake(
        &frame_bytes(0x82, Some([0x11, 0x22, 0x33, 0x44]), &[7; 128]),
        &[],
    );
    let part_at = |cut: usize| {
        let outcome = run(&streams, &streams.cut(&[REQUEST.len() + cut], &[]));
        let torn = outcome.messages()[0].alignment.torn.clone();
        assert_eq!(torn.len(), 1);
        (torn[0].part, torn[0].after)
    };
    assert_eq!(part_at(1), (Part::Header, 1));
    assert_eq!(part_at(2), (Part::ExtendedLength, 0));
    assert_eq!(part_at(3), (Part::ExtendedLength, 1));
    assert_eq!(part_at(4), (Part::Mask, 0));
    assert_eq!(part_at(7), (Part::Mask, 3));
    assert_eq!(part_at(8), (Part::Payload, 0));
    assert_eq!(part_at(9), (Part::Payload, 1));
}

/// F0 9F A6 80 is U+1F980: only the cuts before its second, third and fourth byte are inside the code point.
#[test]
fn a_cut_inside_a_code_point_is_named() {
    let streams = Streams::after_handshake(
        &frame_bytes(0x81, Some([0x11, 0x22, 0x33, 0x44]), "a🦀b".as_bytes()),
        &[],
    );
    let part_at = |cut: usize| {
        run(&streams, &streams.cut(&[REQUEST.len() + 6 + cut], &[])).messages()[0]
            .alignment
            .torn[0]
            .part
    };
    assert_eq!(
        [1, 2, 3, 4, 5].map(part_at),
        [
            Part::Payload,
            Part::CodePoint,
            Part::CodePoint,
            Part::CodePoint,
            Part::Payload
        ]
    );
}

/// As a frame these bytes are a Close of 84 bytes with RSV1 and without FIN; as HTTP they would go on with `TP/1.`.
#[test]
fn a_frame_that_begins_like_a_response_and_is_none_keeps_the_framing() {
    for begun in [&b""[..], b"T", b"TP", b"TP/1", b"TP/1,"] {
        let payload = [begun, &[b'x'; 0x54][begun.len()..]].concat();
        let server = [
            frame_bytes(0x48, None, &payload),
            frame_bytes(0x81, None, b"hi"),
        ]
        .concat();
        let streams = Streams::after_handshake(&[], &server);
        for cut in 0..10 {
            let outcome = run(&streams, &streams.cut(&[], &[RESPONSE.len() + cut]));
            assert_eq!(
                outcome.said(Direction::ServerToClient),
                [b"hi"],
                "{begun:?} cut at {cut}"
            );
            check_conservation(&outcome, &streams);
        }
    }
}
