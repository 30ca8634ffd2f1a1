//! When a connection is let go.

use wireseam_analyzer::Direction;
use wireseam_analyzer::{Analyzer, Config, EventKind, Limits};
use wireseam_wire::{Flags, Segment, Seq, Timestamp};

use crate::bench::blank;

/// SYN, SYN-ACK and RST of a connection whose client port is `port`.
fn reset_connection(analyzer: &mut Analyzer, port: u16, first: u64) {
    let flags = [
        (Direction::ClientToServer, Flags::SYN),
        (Direction::ServerToClient, Flags::SYN.with(Flags::ACK)),
        (Direction::ClientToServer, Flags::RST),
    ];
    for (index, (direction, flags)) in (first..).zip(flags) {
        let mut segment = Segment {
            flags,
            seq: Seq(7),
            ..blank(direction, index)
        };
        let client = if direction == Direction::ClientToServer {
            &mut segment.source
        } else {
            &mut segment.destination
        };
        client.port = port;
        analyzer.handle_segment(&segment);
    }
}

fn ended(analyzer: &mut Analyzer) -> usize {
    std::iter::from_fn(|| analyzer.poll_event())
        .filter(|event| matches!(event.kind, EventKind::Ended(_)))
        .count()
}

#[test]
fn an_ended_connection_is_reported_once_its_time_is_over() {
    let mut analyzer = Analyzer::new(Config::default());
    reset_connection(&mut analyzer, 40_000, 1);
    assert_eq!(
        ended(&mut analyzer),
        0,
        "a late segment may still belong to it"
    );
    analyzer.handle_timeout(Timestamp(59_000_000_000));
    assert_eq!(ended(&mut analyzer), 0);
    analyzer.handle_timeout(Timestamp(61_000_000_000));
    assert_eq!(ended(&mut analyzer), 1);
    analyzer.finish();
    assert_eq!(ended(&mut analyzer), 0, "it is reported once");
}

#[test]
fn no_more_ended_connections_are_kept_than_the_limit() {
    let limits = Limits {
        lingering: 2,
        ..Limits::default()
    };
    let mut analyzer = Analyzer::new(Config {
        limits,
        ..Config::default()
    });
    for (connection, port) in (0..5).zip(40_000..) {
        reset_connection(&mut analyzer, port, connection * 3 + 1);
    }
    assert_eq!(ended(&mut analyzer), 3);
    analyzer.finish();
    assert_eq!(ended(&mut analyzer), 2);
}
