//! When a connection is let go.

use wireseam_analyzer::{Analyzer, Config, Direction, EndedBy, EventKind, Limits, Role};
use wireseam_wire::{Flags, Segment, Seq, Timestamp};

use crate::bench::{blank, full, text};
use crate::scene::Scene;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;
const RESET: EndedBy = EndedBy::Rst(Role::Server);

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

/// How a connection ends in whose server's stream a RST stands at `start`, and what is found.
fn reset_at(scene: &mut Scene, start: i64) -> (EndedBy, Vec<&'static str>) {
    let low_bits = u32::try_from(start.rem_euclid(1 << 32)).unwrap();
    let reset = Segment {
        seq: scene.origin(DOWN).plus(low_bits),
        flags: Flags::RST,
        ..blank(DOWN, 0)
    };
    scene.handle(DOWN, reset);
    let outcome = scene.finish();
    let how = outcome.events.iter().find_map(|event| match &event.kind {
        EventKind::Ended(ended) => Some(ended.how),
        _ => None,
    });
    (how.unwrap(), outcome.rules())
}

/// A connection whose SYNs, of client and server, have these shifts, with 10 bytes from the server.
fn with_shifts(shifts: [Option<u8>; 2]) -> Scene {
    let mut scene = Scene::mid_stream(full());
    for (direction, flags) in [(UP, Flags::SYN), (DOWN, Flags::SYN.with(Flags::ACK))] {
        let mut syn = Segment {
            flags,
            seq: Seq(scene.origin(direction).0.wrapping_sub(1)),
            window: 900,
            ..blank(direction, 0)
        };
        syn.options.window_scale = shifts[direction as usize];
        scene.handle(direction, syn);
    }
    scene.down(b"SSH-2.0-x\n");
    scene.acknowledge(DOWN, 10);
    scene
}

/// RFC 9293 3.10.7.4: the client announces windows of 1,000, which RFC 7323 2.2 shifts where both SYNs say so, and never 900 on the SYN.
#[test]
fn a_reset_counts_within_the_largest_window_announced_and_not_beyond() {
    for (shifts, window) in [
        ([None, None], 1_000),
        ([Some(7), None], 1_000),
        ([None, Some(7)], 1_000),
        ([Some(0), Some(7)], 1_000),
        ([Some(7), Some(0)], 128_000),
        ([Some(200), Some(0)], 1_000 << 14),
    ] {
        for start in [10, 9, 11, 10 + window, 10 - window] {
            let (how, rules) = reset_at(&mut with_shifts(shifts), start);
            assert_eq!((how, rules.len()), (RESET, 0), "{start} of {window}");
        }
        for start in [11 + window, 9 - window, 1 << 30, -(1 << 30)] {
            let found = reset_at(&mut with_shifts(shifts), start);
            assert_eq!(
                found,
                (EndedBy::Open, vec!["tcp.rst.outside"]),
                "{start} of {window}"
            );
        }
    }
}

#[test]
fn a_reset_behind_bytes_that_the_capture_lacks_counts() {
    let mut scene = with_shifts([None, None]);
    assert_eq!(reset_at(&mut scene, 900).0, RESET, "lost before it");
    let mut scene = with_shifts([None, None]);
    scene.acknowledge(DOWN, 50_000);
    assert_eq!(reset_at(&mut scene, 50_000).0, RESET, "acknowledged");
    let mut scene = Scene::mid_stream(full());
    scene.down(b"any");
    assert_eq!(reset_at(&mut scene, 1 << 26).0, RESET, "no SYN, no window");
}

/// RFC 9293 3.10.7.1: a RST that answers a segment without ACK has the number 0.
#[test]
fn a_reset_that_refuses_a_syn_counts_whatever_its_number() {
    for seq in [0, 7, u32::MAX] {
        let mut scene = Scene::mid_stream(full());
        let syn = Segment {
            flags: Flags::SYN,
            seq: Seq(scene.origin(UP).0.wrapping_sub(1)),
            ..blank(UP, 0)
        };
        scene.handle(UP, syn).acknowledge(UP, 0);
        let start = i64::from(seq) - i64::from(scene.origin(DOWN).0);
        assert_eq!(reset_at(&mut scene, start), (RESET, vec![]), "{seq}");
    }
}

/// What such a RST acknowledges, and its window, are not heeded either.
#[test]
fn a_reset_outside_the_window_acknowledges_nothing() {
    let mut scene = with_shifts([None, None]);
    scene.up(b"SSH-2.0-y\n").acknowledge(UP, 40_000);
    let known = scene.finish().gaps();
    assert_eq!(known.len(), 1, "the client's bytes up to 40,000");
    let mut scene = with_shifts([None, None]);
    scene.up(b"SSH-2.0-y\n");
    let reset = Segment {
        seq: scene.origin(DOWN).plus(1 << 30),
        ack: scene.origin(UP).plus(40_000),
        flags: Flags::RST.with(Flags::ACK),
        ..blank(DOWN, 99)
    };
    scene.analyzer.handle_segment(&reset);
    assert_eq!(scene.finish().gaps(), []);
}
