//! Anything at all, at any place: no panic, and still an end.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use wireseam_analyzer::{Direction, EventKind};

use crate::bench::{Piece, Streams, run};

fn pieces(lengths: [usize; 2], places: &[(bool, Index, Index)]) -> Vec<Piece> {
    places
        .iter()
        .map(|(from_client, a, b)| {
            let direction = if *from_client {
                Direction::ClientToServer
            } else {
                Direction::ServerToClient
            };
            let length = lengths[direction as usize];
            let (a, b) = (a.index(length + 1), b.index(length + 1));
            Piece {
                direction,
                start: a.min(b),
                end: a.max(b),
            }
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_in_any_pieces_end_with_an_end(
        client in vec(any::<u8>(), 0..400),
        server in vec(any::<u8>(), 0..400),
        after_handshake: bool,
        places in vec((any::<bool>(), any::<Index>(), any::<Index>()), 0..30),
    ) {
        let streams = if after_handshake { Streams::after_handshake(&client, &server) } else { Streams { client, server } };
        let outcome = run(&streams, &pieces([streams.client.len(), streams.server.len()], &places));
        let ends = outcome.events.iter().filter(|event| matches!(event.kind, EventKind::Ended(_))).count();
        prop_assert_eq!(ends, 1);
        for message in outcome.messages() {
            prop_assert!(message.slices.iter().all(|slice| !slice.span.is_empty()));
            prop_assert!(message.slices.is_sorted_by_key(|slice| slice.span.start));
        }
    }
}
