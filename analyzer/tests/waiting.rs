//! The caps of `limits.rs` on what waits: for the end of a head, for an answer, behind a hole, for an acknowledgement or a Pong.

use wireseam_analyzer::{Direction, EventKind, GapCause, HandshakeResult, Limits};

use crate::bench::{REQUEST, RESPONSE, frame_bytes, masked, text, with_limits};
use crate::scene::Scene;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

/// A head is waited for up to the limit; one that is longer is not HTTP, and nothing of it is kept.
#[test]
fn http_head_is_waited_for_up_to_so_many_bytes() {
    for (length, exchanges) in [(900, 1), (1_100, 0)] {
        let mut scene = Scene::opened(with_limits(|limits| limits.http_head = 1_000));
        scene.up(b"GET / HTTP/1.1\r\nX: ");
        scene.up(&vec![b'x'; length]);
        let held = scene.held();
        scene.up(b"\r\n\r\n");
        let outcome = scene.finish();
        assert_eq!(outcome.exchanges().len(), exchanges, "{length}");
        assert_eq!(outcome.rules().contains(&"limit.head"), exchanges == 0);
        assert_eq!(
            held < 4_000,
            exchanges == 0,
            "{held} letters held with {length}"
        );
    }
}

/// However it comes: a head in one piece is as long as in several.
#[test]
fn http_head_in_one_piece_is_taken_up_to_so_many_bytes() {
    let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1_000));
    for (limit, exchanges) in [(head.len(), 1), (head.len() - 1, 0)] {
        let mut scene = Scene::opened(with_limits(|limits| limits.http_head = limit));
        let outcome = scene.up(head.as_bytes()).finish();
        assert_eq!(outcome.exchanges().len(), exchanges);
        assert_eq!(outcome.rules().contains(&"limit.head"), exchanges == 0);
    }
}

/// Where the connection's beginning is missing what is no head may be frames: it is searched, and not taken for a head again.
#[test]
fn http_head_without_an_end_in_the_middle_of_a_stream_is_searched_for_frames() {
    let mut scene = Scene::mid_stream(with_limits(|limits| limits.http_head = 1_000));
    scene.up(b"GET / HTTP/1.1\r\nX: ").up(&[b'x'; 1_100]);
    for _ in 0..9 {
        scene.up(&masked(b"a text of the client in a hurry"));
    }
    let outcome = scene.finish();
    let texts = [&b"a text of the client in a hurry"[..]; 9];
    assert!(outcome.said(UP).ends_with(&texts));
    assert!(outcome.rules().contains(&"limit.head"));
}

/// The answer does not come; the bytes that wait for it are read without it once they are too many.
#[test]
fn early_bytes_wait_for_an_answer_up_to_so_many() {
    let mut scene = Scene::opened(with_limits(|limits| limits.early_bytes = 100));
    scene.up(REQUEST);
    for _ in 0..3 {
        scene.up(&masked(b"a text of the client in a hurry"));
    }
    let results: Vec<_> = scene
        .outcome
        .websockets()
        .iter()
        .map(|websocket| websocket.result)
        .collect();
    assert_eq!(results, [HandshakeResult::NotCaptured]);
    assert_eq!(scene.outcome.said(UP).len(), 3);
    assert_eq!(scene.outcome.rules(), ["limit.early"]);
}

/// A 101 that was captured before its request, and frames behind it.
#[test]
fn early_bytes_of_a_server_wait_for_the_request_up_to_so_many() {
    for (limit, accept_valid, rules) in
        [(1_000, Some(true), &[][..]), (200, None, &["limit.early"])]
    {
        let mut scene = Scene::opened(with_limits(|limits| limits.early_bytes = limit));
        scene.down(RESPONSE);
        for _ in 0..3 {
            scene.down(&text("a text of the server in a hurry"));
        }
        let outcome = scene.up(REQUEST).finish();
        let told: Vec<_> = outcome
            .rules()
            .into_iter()
            .filter(|id| id.starts_with("limit."))
            .collect();
        assert_eq!(told, rules);
        assert_eq!(outcome.websockets()[0].accept_valid, accept_valid);
        assert_eq!(outcome.said(DOWN).len(), 3);
    }
}

#[test]
fn early_bytes_below_the_limit_wait() {
    let mut scene = Scene::opened(with_limits(|limits| limits.early_bytes = 200));
    scene.up(REQUEST);
    for _ in 0..3 {
        scene.up(&masked(b"a text of the client in a hurry"));
    }
    assert!(scene.outcome.websockets().is_empty());
    let outcome = scene.down(RESPONSE).finish();
    assert_eq!(outcome.websockets()[0].result, HandshakeResult::Accepted);
    assert_eq!(outcome.said(UP).len(), 3);
    assert!(!outcome.rules().contains(&"limit.early"));
}

#[test]
fn pending_requests_wait_up_to_so_many() {
    let mut scene = Scene::opened(with_limits(|limits| limits.pending_requests = 2));
    let rules: Vec<_> = ["/1", "/2", "/3", "/4"]
        .map(|target| {
            scene.up(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
            scene.outcome.rules()
        })
        .into();
    let forgotten = [
        (Some("GET"), Some("/1"), None),
        (Some("GET"), Some("/2"), None),
    ];
    assert_eq!(scene.outcome.exchanges(), forgotten);
    let once = vec!["limit.requests"];
    assert_eq!(rules, [vec![], vec![], once.clone(), once]);
}

/// Nothing was acknowledged, so that nothing but the cap gives the hole up.
fn hole_before_segments(change: impl FnOnce(&mut Limits), segments: usize) -> usize {
    let mut scene = Scene::websocket(with_limits(change));
    let frame = frame_bytes(0x82, None, &[7; 100]);
    scene.down(&frame[..10]).lose(DOWN, 10);
    for piece in frame[20..].chunks(10).take(segments) {
        scene.down(piece);
    }
    let gaps = scene.outcome.gaps();
    assert!(gaps.iter().all(|(.., cause)| *cause == GapCause::Unknown));
    let told = scene.outcome.findings();
    assert_eq!(told.len(), gaps.len());
    for (finding, gap) in told.into_iter().zip(&gaps) {
        assert_eq!(finding.rule.id, "limit.held");
        let span = finding.span.unwrap();
        assert_eq!((span.start.0, span.end.0), (gap.1, gap.2));
    }
    gaps.len()
}

#[test]
fn held_bytes_wait_behind_a_hole_up_to_so_many() {
    assert_eq!(hole_before_segments(|limits| limits.held_bytes = 40, 4), 0);
    assert_eq!(hole_before_segments(|limits| limits.held_bytes = 40, 5), 1);
}

#[test]
fn held_segments_wait_behind_a_hole_up_to_so_many() {
    assert_eq!(
        hole_before_segments(|limits| limits.held_segments = 4, 4),
        0
    );
    assert_eq!(
        hole_before_segments(|limits| limits.held_segments = 4, 5),
        1
    );
}

/// Segments that the snapshot length left nothing of are counted as well.
#[test]
fn held_segments_without_bytes_count() {
    let mut scene = Scene::opened(with_limits(|limits| limits.held_segments = 4));
    scene.lose(DOWN, 100);
    for _ in 0..5 {
        let at = scene.at(DOWN);
        scene.cut_at(DOWN, at, b"", 100);
    }
    assert_eq!(scene.outcome.gaps()[0], (DOWN, 0, 100, GapCause::Unknown));
}

fn acknowledged_hole(
    limits: impl FnOnce(&mut Limits),
    segments: usize,
    milliseconds: i64,
) -> usize {
    let mut scene = Scene::websocket(with_limits(limits));
    let frame = frame_bytes(0x82, None, &[7; 100]);
    let start = scene.at(DOWN);
    scene.down(&frame[..10]).lose(DOWN, 10).down(&frame[20..30]);
    scene.acknowledge(DOWN, start + 30).wait(milliseconds);
    for piece in frame[30..].chunks(10).take(segments) {
        scene.down(piece);
    }
    assert!(!scene.outcome.rules().contains(&"limit.held"));
    scene.outcome.gaps().len()
}

#[test]
fn hole_patience_waits_so_long_behind_an_acknowledged_hole() {
    let second = |limits: &mut Limits| limits.hole_patience = 1_000_000_000;
    assert_eq!(acknowledged_hole(second, 1, 990), 0);
    assert_eq!(acknowledged_hole(second, 1, 1_001), 1);
}

/// Nothing more comes: then the clock alone tells, and the message behind the hole is told of as well.
#[test]
fn hole_patience_ends_with_time_where_nothing_more_comes() {
    let mut scene = Scene::websocket(with_limits(|limits| limits.hole_patience = 1_000_000_000));
    let lost = text("lost");
    let start = scene.at(DOWN);
    scene.lose(DOWN, lost.len()).down(&text("there"));
    let end = scene.at(DOWN);
    scene.acknowledge(DOWN, end);
    let mut told_after = |nanoseconds| {
        let outcome = &scene.hear_nothing_for(nanoseconds).outcome;
        let said = outcome.said(DOWN).into_iter().map(<[u8]>::to_vec);
        (outcome.gaps(), said.collect::<Vec<_>>())
    };
    assert_eq!(told_after(1_000_000_000), (vec![], vec![]));
    let behind = start + lost.len();
    let gap = (DOWN, start as u64, behind as u64, GapCause::Capture);
    let there = b"there".to_vec();
    assert_eq!(told_after(1), (vec![gap], vec![there.clone()]));
    assert_eq!(told_after(9_000_000_000), (vec![gap], vec![there]), "once");
}

#[test]
fn hole_patience_segments_waits_for_so_many_behind_an_acknowledged_hole() {
    let three = |limits: &mut Limits| limits.hole_patience_segments = 3;
    assert_eq!(acknowledged_hole(three, 2, 0), 0);
    assert_eq!(acknowledged_hole(three, 3, 0), 1);
}

#[test]
fn unacknowledged_messages_wait_up_to_so_many() {
    for (limit, acknowledged) in [(2, vec![1, 2]), (1, vec![2])] {
        let mut scene = Scene::websocket(with_limits(|limits| limits.unacknowledged = limit));
        scene
            .down(&text("one"))
            .down(&text("two"))
            .acknowledge(DOWN, RESPONSE.len() + 10);
        let messages: Vec<u64> = scene
            .outcome
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::Acknowledged(acknowledged) => Some(acknowledged.message.0),
                _ => None,
            })
            .collect();
        assert_eq!(messages, acknowledged);
        let forgotten: Vec<_> = scene
            .outcome
            .findings()
            .iter()
            .map(|finding| (finding.rule.id, finding.message.map(|message| message.0)))
            .collect();
        let told = (limit == 1).then_some(("limit.unacknowledged", Some(1)));
        assert_eq!(forgotten, Vec::from_iter(told));
    }
}

#[test]
fn unanswered_pings_wait_up_to_so_many() {
    for (limit, answers) in [(2, Some(1)), (1, None)] {
        let mut scene = Scene::websocket(with_limits(|limits| limits.unanswered_pings = limit));
        scene
            .down(&frame_bytes(0x89, None, b"1"))
            .down(&frame_bytes(0x89, None, b"2"));
        scene.up(&frame_bytes(0x8A, Some([1, 2, 3, 4]), b"1"));
        let answered = scene
            .outcome
            .events
            .iter()
            .find_map(|event| match &event.kind {
                EventKind::Control(control) if control.direction == UP => Some(control.answers),
                _ => None,
            });
        assert_eq!(answered, Some(answers.map(wireseam_analyzer::FrameId)));
        let forgotten: Vec<_> = scene
            .outcome
            .findings()
            .iter()
            .map(|finding| (finding.rule.id, finding.frame.map(|frame| frame.0)))
            .collect();
        let told = answers.is_none().then_some(("limit.pings", Some(3)));
        assert_eq!(forgotten, Vec::from_iter(told));
    }
}
