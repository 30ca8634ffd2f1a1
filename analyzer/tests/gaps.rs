//! What a hole in one direction does to the layers above, in both.

use wireseam_analyzer::{Config, Direction, GapCause};

use crate::bench::{REQUEST, RESPONSE, Scene, full, masked, text};

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

#[test]
fn a_lost_answer_is_no_refusal() {
    let mut scene = Scene::opened(full());
    scene.up(REQUEST).lose(DOWN, RESPONSE.len());
    scene
        .acknowledge(DOWN, RESPONSE.len())
        .up(&masked(b"hello"));
    scene
        .down(&text("one two three four five six seven"))
        .wait(100);
    scene.acknowledge(DOWN, scene.at(DOWN));
    scene.down(&text("one two three four five six seven"));
    let outcome = scene.finish();
    assert_eq!(
        outcome.gaps(),
        [(DOWN, 0, RESPONSE.len() as u64, GapCause::Capture)]
    );
    assert!(
        !outcome.rules().contains(&"http.upgrade.refused.pipelined"),
        "{:?}",
        outcome.rules()
    );
    assert_eq!(outcome.said(UP), [b"hello"]);
    assert_eq!(outcome.said(DOWN).len(), 2);
}

#[test]
fn a_torn_request_beside_a_gap_of_the_server_was_not_refused() {
    let get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut scene = Scene::opened(Config::default());
    scene.up(get).up(&get[..10]).lose(DOWN, 100).down(b"xxx");
    scene
        .acknowledge(DOWN, 103)
        .wait(100)
        .acknowledge(DOWN, 103)
        .up(&get[10..]);
    let outcome = scene.finish();
    assert!(outcome.findings().is_empty(), "{:?}", outcome.rules());
    assert_eq!(outcome.exchanges().len(), 2);
}

/// The answer lies in the gap, and the server says nothing from which it could be guessed.
#[test]
fn frames_behind_a_request_whose_answer_was_lost_are_found() {
    let mut scene = Scene::opened(full());
    scene
        .up(REQUEST)
        .lose(DOWN, RESPONSE.len())
        .acknowledge(DOWN, RESPONSE.len());
    for _ in 0..5 {
        scene.up(&masked(b"hello, this is text"));
    }
    assert_eq!(scene.finish().said(UP).len(), 5);
}

/// No answer came, and nothing of the server is missing: what the client sent was never a WebSocket's.
#[test]
fn frames_behind_a_request_that_was_not_answered_stay_bytes() {
    let mut scene = Scene::opened(full());
    scene.up(REQUEST).acknowledge(UP, REQUEST.len());
    for _ in 0..5 {
        scene.up(&masked(b"hello, this is text"));
    }
    let outcome = scene.finish();
    assert!(outcome.messages().is_empty() && outcome.websockets().len() == 1);
}
