//! How long a hole is waited for.

use wireseam_analyzer::{
    Analyzer, Config, Direction, EventKind, Gap, GapCause, Limits, Offset, Span,
};
use wireseam_wire::{Flags, Segment, Seq, Timestamp};

use crate::bench::blank;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

/// A segment of one byte, or none, at `offset` of its stream, that acknowledges `acknowledged` bytes of the other.
fn handle(
    analyzer: &mut Analyzer,
    index: u64,
    direction: Direction,
    offset: u32,
    payload: &[u8],
    acknowledged: u32,
) {
    let milliseconds = i64::try_from(index).expect("few");
    analyzer.handle_segment(&Segment {
        at: Some(Timestamp(milliseconds * 10_000_000)),
        seq: Seq(1 + offset),
        ack: Seq(1 + acknowledged),
        flags: Flags::ACK,
        payload,
        payload_len: u32::try_from(payload.len()).expect("short"),
        ..blank(direction, index)
    });
}

fn gaps(analyzer: &mut Analyzer) -> Vec<Gap> {
    let events = std::iter::from_fn(|| analyzer.poll_event());
    let gaps = events.filter_map(|event| match event.kind {
        EventKind::Gap(gap) => Some(gap),
        _ => None,
    });
    gaps.collect()
}

/// Byte 1 of the server's stream is missing; each later byte is acknowledged, so that the acknowledgement moves on all the time.
#[test]
fn a_hole_that_was_acknowledged_is_given_up_though_acknowledgements_go_on() {
    let limits = Limits {
        hole_patience: 50_000_000,
        ..Limits::default()
    };
    let mut analyzer = Analyzer::new(Config {
        limits,
        ..Config::default()
    });
    handle(&mut analyzer, 1, DOWN, 0, b"a", 0);
    for step in 2..8 {
        let offset = u32::try_from(step).expect("few");
        handle(&mut analyzer, step * 2, DOWN, offset, b"b", 0);
        handle(&mut analyzer, step * 2 + 1, UP, 0, b"", offset + 1);
    }
    let missing = Gap {
        direction: DOWN,
        span: Span::new(Offset(1), Offset(2)),
        cause: GapCause::Capture,
    };
    assert_eq!(gaps(&mut analyzer), [missing], "before the capture ends");
}

#[test]
fn a_hole_that_nobody_acknowledged_is_kept_open() {
    let mut analyzer = Analyzer::new(Config::default());
    handle(&mut analyzer, 1, DOWN, 0, b"a", 0);
    for step in 2..8 {
        let offset = u32::try_from(step).expect("few");
        handle(&mut analyzer, step * 2, DOWN, offset, b"b", 0);
        handle(&mut analyzer, step * 2 + 1, UP, 0, b"", 1);
    }
    assert_eq!(gaps(&mut analyzer), []);
    analyzer.finish();
    let causes: Vec<GapCause> = gaps(&mut analyzer).iter().map(|gap| gap.cause).collect();
    assert_eq!(causes, [GapCause::Network], "the receiver asked for it");
}
