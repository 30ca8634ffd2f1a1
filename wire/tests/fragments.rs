//! What a `Decoder` promises about IP packets in fragments: order, overlaps, losses, tunnels and limits.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]
#![allow(dead_code, reason = "each test binary builds what it needs")]

mod build;

use std::time::Duration;

use build::{
    fragment::{Fragment, piece, pieces},
    tcp,
    tunnel::{PAYLOAD, samples},
};
use proptest::prelude::*;
use wireseam_wire::{
    Config, Decoder, FragmentStatistics, Limits, LinkType, Packet, PacketIndex, Segment, Skipped,
    Timestamp, decode,
};

fn packet(index: usize, data: &[u8]) -> Packet<'_> {
    let index = u64::try_from(index).unwrap();
    Packet {
        index: PacketIndex(index),
        at: Some(Timestamp(i64::try_from(index).unwrap() * 1_000_000)),
        interface: 0,
        link: LinkType::Ethernet,
        original_len: u32::try_from(data.len()).unwrap(),
        data,
    }
}

/// A header of twenty bytes and 44 bytes of payload, so eight units of eight.
fn segment() -> Vec<u8> {
    let payload: Vec<u8> = (0..44).collect();
    tcp::Builder::default().payload(&payload).build()
}

fn payload_of(tcp: &[u8]) -> &[u8] {
    &tcp[20..]
}

/// What a decoder makes of each packet: the payload, or why there is none.
fn run(decoder: &mut Decoder, frames: &[Vec<u8>]) -> Vec<Result<Vec<u8>, Skipped>> {
    let packets = frames.iter().enumerate();
    packets
        .map(|(index, frame)| {
            let packet = packet(index, frame);
            let segment = decoder.decode(&packet);
            segment.map(|segment| segment.payload.to_vec())
        })
        .collect()
}

fn frames(fragments: &[Fragment]) -> Vec<Vec<u8>> {
    fragments.iter().map(Fragment::frame).collect()
}

#[test]
fn a_segment_put_together_is_not_among_those_that_packets_hold() {
    let tcp = segment();
    let fragments = frames(&pieces(false, 6, &tcp, &[24, 48]));
    let whole = frames(&pieces(false, 6, &tcp, &[]));
    let frames = [&whole[..], &fragments, &whole].concat();
    let packets: Vec<_> = (0..).zip(&frames).collect();
    let packets: Vec<_> = packets.iter().map(|(at, data)| packet(*at, data)).collect();
    let mut decoder = Decoder::default();
    let mut segments = Vec::new();
    let mut added: Vec<_> = packets
        .iter()
        .map(|packet| decoder.decode_onto(packet, &mut segments))
        .collect();
    assert_eq!(added.pop(), Some(Ok(true)));
    assert_eq!(added.pop(), Some(Ok(false)));
    assert_eq!(segments.len(), 2);
    for of_packet in &segments {
        assert_eq!(of_packet.payload, payload_of(&tcp));
    }
    let last = &packets[packets.len() - 2];
    let put_together = decoder.put_together(last).unwrap();
    assert_eq!(put_together.packet, last.index);
    assert_eq!(put_together.payload, payload_of(&tcp));
}

#[test]
fn packet_that_completes_it_brings_the_segment() {
    let tcp = segment();
    for v6 in [false, true] {
        let pieces = frames(&pieces(v6, 6, &tcp, &[24, 48]));
        for order in [
            [0, 1, 2],
            [0, 2, 1],
            [1, 0, 2],
            [1, 2, 0],
            [2, 0, 1],
            [2, 1, 0],
        ] {
            let mut decoder = Decoder::default();
            for (index, &piece) in order[..2].iter().enumerate() {
                let skipped = decoder.decode(&packet(index, &pieces[piece])).unwrap_err();
                assert_eq!(skipped, Skipped::Fragment);
            }
            let last = packet(9, &pieces[order[2]]);
            let segment: Segment<'_> = decoder.decode(&last).unwrap();
            assert_eq!(segment.packet, PacketIndex(9));
            assert_eq!(segment.at, last.at);
            assert_eq!(segment.payload, payload_of(&tcp));
            assert_eq!(segment.payload_len, 44);
            assert_eq!(segment.ip_id, (!v6).then_some(77));
            assert_eq!((segment.source.port, segment.destination.port), (1, 2));
            let expected = FragmentStatistics {
                fragments: 3,
                reassembled: 1,
                ..FragmentStatistics::default()
            };
            assert_eq!(decoder.statistics().fragments, expected);
        }
    }
}

#[test]
fn decoding_without_a_decoder_names_fragments() {
    let tcp = segment();
    for v6 in [false, true] {
        for frame in frames(&pieces(v6, 6, &tcp, &[24])) {
            assert_eq!(decode(&packet(1, &frame)).unwrap_err(), Skipped::Fragment);
        }
    }
}

#[test]
fn packets_with_other_addresses_protocols_or_numbers_are_kept_apart() {
    let tcp = segment();
    let first = piece(false, 6, &tcp, 0..24);
    let last = piece(false, 6, &tcp, 24..tcp.len());
    let mut other_number = last.clone();
    other_number.identification = 78;
    let mut other_protocol = last.clone();
    other_protocol.protocol = 17;
    let mut other_address = last.frame();
    other_address[14 + 15] = 9;
    let strangers = [other_number.frame(), other_protocol.frame(), other_address];
    let mut decoder = Decoder::default();
    assert_eq!(
        decoder.decode(&packet(1, &first.frame())).unwrap_err(),
        Skipped::Fragment
    );
    for stranger in &strangers {
        assert_eq!(
            decoder.decode(&packet(2, stranger)).unwrap_err(),
            Skipped::Fragment
        );
    }
    assert_eq!(
        decoder.decode(&packet(3, &last.frame())).unwrap().payload,
        payload_of(&tcp)
    );
    assert_eq!(decoder.statistics().fragments.pending, 3);
}

#[test]
fn first_copy_of_a_byte_counts_and_a_differing_one_is_noted() {
    let tcp = segment();
    let mut forged = tcp.clone();
    forged[40..48].fill(0xee);
    let mut decoder = Decoder::default();
    let outcome = run(
        &mut decoder,
        &frames(&[
            piece(false, 6, &tcp, 32..48),
            piece(false, 6, &forged, 24..56),
            piece(false, 6, &tcp, 56..64),
            piece(false, 6, &tcp, 0..32),
        ]),
    );
    assert_eq!(outcome[3], Ok(payload_of(&tcp).to_vec()));
    assert_eq!(decoder.statistics().fragments.differing, 1);
}

#[test]
fn fragments_that_cannot_belong_to_the_packet_are_left_out() {
    let tcp = segment();
    let whole = pieces(false, 6, &tcp, &[24, 48]);
    let mut behind_the_end = piece(false, 6, &[0; 80], 64..72);
    behind_the_end.more = true;
    let mut ends_too_soon = whole[1].clone();
    ends_too_soon.more = false;
    let mut no_units = whole[0].clone();
    no_units.payload.pop();
    let mut beyond_the_largest = whole[1].clone();
    beyond_the_largest.offset = 0x1fff;
    let mut decoder = Decoder::default();
    let outcome = run(
        &mut decoder,
        &frames(&[
            no_units,
            beyond_the_largest,
            whole[2].clone(),
            behind_the_end,
            ends_too_soon,
            whole[1].clone(),
            whole[0].clone(),
        ]),
    );
    assert_eq!(outcome[6], Ok(payload_of(&tcp).to_vec()));
    assert_eq!(decoder.statistics().fragments.refused, 4);
    assert_eq!(decoder.statistics().fragments.pending, 0);
}

#[test]
fn snapshot_length_cuts_the_payload_and_not_its_length() {
    let tcp = segment();
    for v6 in [false, true] {
        let pieces = frames(&pieces(v6, 6, &tcp, &[32, 48]));
        let headers = pieces[0].len() - 32;
        let mut decoder = Decoder::default();
        for (frame, captured) in pieces.iter().zip([30, 16, 8]) {
            let cut = Packet {
                data: &frame[..headers + captured],
                ..packet(1, frame)
            };
            if let Ok(segment) = decoder.decode(&cut) {
                assert_eq!(segment.payload, &payload_of(&tcp)[..10]);
                assert_eq!(segment.payload_len, 44);
            }
        }
        assert_eq!(decoder.statistics().fragments.reassembled, 1);
    }
}

#[test]
fn packet_is_waited_for_thirty_seconds_and_then_counted() {
    let tcp = segment();
    let pieces = frames(&pieces(false, 6, &tcp, &[24]));
    let at = |frame, seconds: i64| Packet {
        at: Some(Timestamp(seconds * 1_000_000_000)),
        ..packet(1, frame)
    };
    let mut decoder = Decoder::default();
    decoder.decode(&at(&pieces[0], 100)).unwrap_err();
    assert!(decoder.decode(&at(&pieces[1], 130)).is_ok());
    decoder.decode(&at(&pieces[0], 200)).unwrap_err();
    decoder.decode(&at(&pieces[1], 231)).unwrap_err();
    let statistics = decoder.statistics().fragments;
    assert_eq!((statistics.expired, statistics.pending), (1, 1));
    assert!(
        decoder.decode(&at(&pieces[0], 150)).is_ok(),
        "time runs backwards"
    );
}

#[test]
fn oldest_packet_goes_where_a_limit_is_reached() {
    let tcp = segment();
    let limits = Limits {
        fragmented_packets: 3,
        ..Limits::default()
    };
    let mut decoder = Decoder::new(Config {
        limits,
        ..Config::default()
    });
    let with_number = |identification, mut fragment: Fragment| {
        fragment.identification = identification;
        fragment.frame()
    };
    for number in 1..=4 {
        let first = with_number(number, piece(false, 6, &tcp, 0..24));
        decoder.decode(&packet(1, &first)).unwrap_err();
    }
    let statistics = decoder.statistics().fragments;
    assert_eq!((statistics.evicted, statistics.pending), (1, 3));
    let last = |number| with_number(number, piece(false, 6, &tcp, 24..tcp.len()));
    for number in 2..=4 {
        assert!(
            decoder.decode(&packet(2, &last(number))).is_ok(),
            "{number}"
        );
    }
    assert_eq!(
        decoder.decode(&packet(2, &last(1))).unwrap_err(),
        Skipped::Fragment
    );
}

#[test]
fn tunnels_in_fragments_and_fragments_in_tunnels_are_put_together() {
    for sample in samples().iter().filter(|sample| sample.name == "VXLAN") {
        let outer = &sample.frame[34..];
        let mut decoder = Decoder::default();
        let outcome = run(&mut decoder, &frames(&pieces(false, 17, outer, &[40, 64])));
        assert_eq!(outcome[2], Ok(PAYLOAD.to_vec()));

        let tcp = segment();
        let vxlan_header = &sample.frame[34..50];
        let inner = frames(&pieces(true, 6, &tcp, &[24, 48]));
        let inner: Vec<_> = inner
            .iter()
            .map(|inner| [vxlan_header, inner].concat())
            .collect();
        let whole = inner.iter().map(|udp| Fragment {
            identification: 1,
            ..piece(false, 17, udp, 0..udp.len())
        });
        let outcome = run(&mut decoder, &frames(&whole.collect::<Vec<_>>()));
        assert_eq!(outcome[2], Ok(payload_of(&tcp).to_vec()));

        let both = inner.iter().zip(1..).flat_map(|(udp, identification)| {
            let pieces = pieces(false, 17, udp, &[32]);
            pieces.into_iter().map(move |piece| Fragment {
                identification,
                ..piece
            })
        });
        let outcome = run(&mut decoder, &frames(&both.collect::<Vec<_>>()));
        assert_eq!(outcome[5], Ok(payload_of(&tcp).to_vec()));
        assert_eq!(decoder.statistics().fragments.pending, 0);
    }
}

#[test]
fn what_is_put_together_and_no_tcp_is_named() {
    let datagram = [&[0, 53, 0, 53, 0, 48, 0, 0][..], &[7; 40]].concat();
    for v6 in [false, true] {
        let outcome = run(
            &mut Decoder::default(),
            &frames(&pieces(v6, 17, &datagram, &[24])),
        );
        assert_eq!(outcome, [Err(Skipped::Fragment), Err(Skipped::NotTcp(17))]);
        let icmp = run(
            &mut Decoder::default(),
            &frames(&pieces(v6, 58, &datagram, &[24])),
        );
        assert_eq!(icmp, [Err(Skipped::NotTcp(58)), Err(Skipped::NotTcp(58))]);
    }
}

#[test]
fn extension_headers_in_fragments_are_stepped_over() {
    let tcp = segment();
    let options = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &tcp].concat();
    let outcome = run(
        &mut Decoder::default(),
        &frames(&pieces(true, 60, &options, &[8, 40])),
    );
    assert_eq!(outcome[2], Ok(payload_of(&tcp).to_vec()));
    let authentication = [&[6, 4, 0, 0][..], &[0x11; 20], &tcp].concat();
    let outcome = run(
        &mut Decoder::default(),
        &frames(&pieces(false, 51, &authentication, &[8, 40])),
    );
    assert_eq!(outcome[2], Ok(payload_of(&tcp).to_vec()));
}

/// A packet's content, where it is cut, and an order with repetitions in which every piece comes.
fn any_pieces() -> impl Strategy<Value = (bool, Vec<u8>, Vec<usize>, Vec<prop::sample::Index>)> {
    (
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 9..400),
        prop::collection::btree_set(1_usize..50, 1..8),
        prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    )
        .prop_map(|(v6, payload, ends, order)| {
            let tcp = tcp::Builder::default().payload(&payload).build();
            let ends = ends.into_iter().map(|end| end * 8);
            let ends = ends.filter(|end| *end < tcp.len()).collect();
            (v6, tcp, ends, order)
        })
}

/// Fragments that nobody sends.
fn any_fragment() -> impl Strategy<Value = Fragment> {
    (
        any::<bool>(),
        prop::sample::select(vec![6, 17, 4, 41, 47, 51, 60, 43, 0]),
        0_u16..4,
        prop_oneof![0_u16..12, 0_u16..0x2000],
        any::<bool>(),
        prop::collection::vec(any::<u8>(), 0..100),
    )
        .prop_map(
            |(v6, protocol, identification, offset, more, mut payload)| {
                if more {
                    payload.truncate(payload.len() / 8 * 8);
                }
                Fragment {
                    v6,
                    protocol,
                    identification,
                    offset,
                    more,
                    payload,
                }
            },
        )
}

proptest! {
    #[test]
    fn any_order_and_repetition_gives_the_segment_once_all_is_there((v6, tcp, ends, order) in any_pieces()) {
        let pieces = frames(&pieces(v6, 6, &tcp, &ends));
        prop_assume!(pieces.len() > 1);
        let mut missing: Vec<usize> = (0..pieces.len()).collect();
        let order: Vec<_> = order.iter().map(|at| at.index(pieces.len())).chain(0..pieces.len()).collect();
        let mut decoder = Decoder::default();
        for (index, piece) in order.into_iter().enumerate() {
            missing.retain(|still| *still != piece);
            let packet = packet(index, &pieces[piece]);
            match decoder.decode(&packet) {
                Ok(segment) => {
                    prop_assert!(missing.is_empty());
                    prop_assert_eq!(segment.payload, payload_of(&tcp));
                    prop_assert_eq!(segment.packet, packet.index);
                    break;
                }
                Err(skipped) => {
                    prop_assert_eq!(skipped, Skipped::Fragment);
                    prop_assert!(!missing.is_empty());
                }
            }
        }
        prop_assert!(missing.is_empty());
        prop_assert_eq!(decoder.statistics().fragments.pending, 0);
    }

    #[test]
    fn any_fragments_decode_without_panic_and_within_limits(
        fragments in prop::collection::vec((any_fragment(), any::<prop::sample::Index>(), any::<u32>()), 0..60),
        packets in 0_usize..4,
        memory in 0_usize..200_000,
    ) {
        let limits = Limits { fragmented_packets: packets, fragment_memory: memory, fragment_age: Duration::from_millis(20) };
        let mut decoder = Decoder::new(Config { limits, ..Config::default() });
        let mut fragments_seen = 0;
        for (index, (fragment, len, original_len)) in fragments.iter().enumerate() {
            let frame = fragment.frame();
            let data = &frame[..len.index(frame.len() + 1)];
            let whole = packet(index, &frame);
            if let Ok(segment) = decoder.decode(&Packet { data, original_len: *original_len, ..whole }) {
                prop_assert!(segment.payload.len() <= usize::try_from(segment.payload_len).unwrap());
            }
            let statistics = decoder.statistics().fragments;
            prop_assert!(statistics.pending <= u64::try_from(packets).unwrap());
            prop_assert!(statistics.fragments >= fragments_seen);
            fragments_seen = statistics.fragments;
        }
    }
}
