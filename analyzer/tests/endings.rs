//! When a connection is let go.

use wireseam_analyzer::Direction;
use wireseam_analyzer::{Analyzer, Config, EventKind, Limits};
use wireseam_wire::{Flags, Segment, Seq, Timestamp};

use crate::bench::{Scene, blank, full, text};

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

/// A RST that lies outside the receiver's window is ignored (RFC 9293 3.10.7.4): here frames go on for minutes behind one.
#[test]
fn a_connection_that_goes_on_behind_a_reset_is_one_connection() {
    let mut scene = Scene::websocket(full());
    let reset = Segment {
        seq: Seq(0x4000_0000),
        flags: Flags::RST,
        ..blank(Direction::ServerToClient, 0)
    };
    scene.handle(Direction::ServerToClient, reset);
    for _ in 0..10 {
        scene.wait(40_000).down(&text("still there"));
    }
    assert_eq!(ended(&mut scene.analyzer), 0);
    scene.wait(61_000);
    let quiet_since = scene.outcome.events.len();
    let outcome = scene.finish();
    assert!(outcome.events.iter().all(|event| event.connection.0 == 1));
    assert_eq!(outcome.said(Direction::ServerToClient).len(), 10);
    assert!(
        outcome.events[quiet_since..]
            .iter()
            .any(|event| matches!(event.kind, EventKind::Ended(_)))
    );
}

#[test]
fn a_connection_that_went_on_behind_a_reset_is_let_go_when_nothing_more_comes() {
    let mut scene = Scene::websocket(full());
    scene.bare(Direction::ServerToClient, Flags::RST);
    scene.wait(40_000).down(&text("late")).wait(40_000);
    scene.analyzer.handle_timeout(Timestamp(80_000_000_000));
    assert_eq!(ended(&mut scene.analyzer), 0);
    scene.analyzer.handle_timeout(Timestamp(101_000_000_000));
    assert_eq!(ended(&mut scene.analyzer), 1);
}

#[test]
fn connections_still_open_at_the_end_are_ended_oldest_first() {
    let mut analyzer = Analyzer::new(Config::default());
    for (index, port) in (1..).zip([40_005, 40_001, 40_004, 40_002, 40_003, 40_000]) {
        let mut segment = Segment {
            flags: Flags::SYN,
            ..blank(Direction::ClientToServer, index)
        };
        segment.source.port = port;
        analyzer.handle_segment(&segment);
    }
    analyzer.finish();
    let ends: Vec<u64> = std::iter::from_fn(|| analyzer.poll_event())
        .filter(|event| matches!(event.kind, EventKind::Ended(_)))
        .map(|event| event.connection.0)
        .collect();
    assert_eq!(ends, [1, 2, 3, 4, 5, 6]);
}
