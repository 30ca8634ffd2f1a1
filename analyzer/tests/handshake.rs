//! Where HTTP ends and a WebSocket begins, in whatever order and pieces the two heads were captured.

use wireseam_analyzer::{Config, Direction, EventKind, HandshakeResult, Layer};

use crate::bench::{Outcome, REQUEST, RESPONSE, full, masked, text};
use crate::scene::Scene;

const UP: Direction = Direction::ClientToServer;
const DOWN: Direction = Direction::ServerToClient;

const GET: &[u8] = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n";

/// One accepted WebSocket, in which each side said one thing.
fn check_spoken(outcome: &Outcome) {
    let results: Vec<_> = outcome
        .websockets()
        .iter()
        .map(|websocket| websocket.result)
        .collect();
    assert_eq!(
        results.last(),
        Some(&HandshakeResult::Accepted),
        "{results:?}"
    );
    let accepted = outcome.websockets().last().copied().cloned().unwrap();
    assert_eq!(accepted.accept_valid, Some(true));
    assert_eq!(outcome.said(UP), [b"up"]);
    assert_eq!(outcome.said(DOWN), [b"down"]);
}

fn speak(scene: &mut Scene) -> &Outcome {
    scene.up(&masked(b"up")).down(&text("down")).finish()
}

/// The statuses of the exchanges, in the order in which they were reported.
fn statuses(outcome: &Outcome) -> Vec<Option<u16>> {
    outcome
        .exchanges()
        .into_iter()
        .map(|(_, _, status)| status)
        .collect()
}

#[test]
fn a_response_captured_before_its_request_answers_it() {
    let mut scene = Scene::opened(full());
    scene
        .down(&[RESPONSE, &text("down")].concat())
        .up(&[REQUEST, &masked(b"up")].concat());
    let outcome = scene.finish();
    check_spoken(outcome);
    let accepted = outcome.websockets()[0];
    assert_eq!(accepted.response_packets[0].0, 3);
    assert_eq!(accepted.request_packets[0].0, 4);
}

/// Whichever bytes of the client are captured behind the 101, they are the rest of its request and its frames.
#[test]
fn a_101_waits_for_the_end_of_the_request_that_it_answers_and_of_its_body() {
    let fields = REQUEST.strip_suffix(b"\r\n").unwrap();
    let with = |field: &[u8], body: &[u8]| [fields, field, b"\r\n\r\n", body].concat();
    let requests = [
        REQUEST.to_vec(),
        with(b"Content-Length: 2", b"ab"),
        with(b"Transfer-Encoding: chunked", b"2\r\nab\r\n0\r\n\r\n"),
        [GET, &with(b"Content-Length: 2", b"ab")].concat(),
    ];
    for request in requests {
        let client = [&request[..], &masked(b"up")].concat();
        for cut in 0..=client.len() {
            let mut scene = Scene::opened(full());
            let (before, behind) = client.split_at(cut);
            scene.up(before).down(&[RESPONSE, &text("down")].concat());
            for byte in behind.chunks(1) {
                scene.up(byte);
            }
            let outcome = scene.finish();
            check_spoken(outcome);
            let from = outcome.websockets()[0].frames_from;
            let ends = [request.len(), RESPONSE.len()].map(|end| Some(end as u64));
            assert_eq!(from, ends, "cut at {cut}");
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_turn_before_the_upgrade() {
    let mut scene = Scene::opened(full());
    scene.up(&[GET, GET, REQUEST].concat());
    scene.down(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none");
    scene.down(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\nTrailer: x\r\n\r\n",
    );
    scene.down(RESPONSE);
    let outcome = speak(&mut scene);
    check_spoken(outcome);
    assert_eq!(statuses(outcome), [Some(200), Some(200), Some(101)]);
    assert!(outcome.findings().is_empty(), "{:?}", outcome.rules());
}

/// RFC 9110 15.2: any number of interim responses comes before the final one.
#[test]
fn interim_responses_answer_nothing() {
    let mut scene = Scene::opened(full());
    scene
        .up(REQUEST)
        .down(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    scene.down(RESPONSE);
    let outcome = speak(&mut scene);
    check_spoken(outcome);
    assert_eq!(statuses(outcome), [Some(101)]);
    let interim = outcome.events.iter().filter_map(|event| match event.kind {
        EventKind::Interim(told) => Some((told.status, told.head.start.0, told.head.end.0)),
        _ => None,
    });
    assert_eq!(interim.collect::<Vec<_>>(), [(100, 0, 25), (103, 25, 62)]);
}

#[test]
fn a_refused_upgrade_stays_http_and_the_next_one_is_granted() {
    let mut scene = Scene::opened(full());
    scene
        .up(REQUEST)
        .down(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    scene.up(REQUEST).down(RESPONSE);
    let outcome = speak(&mut scene);
    check_spoken(outcome);
    assert_eq!(outcome.websockets()[0].result, HandshakeResult::Refused);
    assert_eq!(outcome.websockets()[0].status, Some(401));
    assert!(outcome.findings().is_empty(), "{:?}", outcome.rules());
}

#[test]
fn what_follows_a_refused_upgrade_in_the_same_segment_is_the_next_request() {
    let mut scene = Scene::opened(full());
    scene.up(&[REQUEST, GET].concat());
    scene
        .down(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        .down(b"HTTP/1.1 204 No Content\r\n\r\n");
    let outcome = scene.finish();
    assert_eq!(statuses(outcome), [Some(403), Some(204)]);
    assert_eq!(outcome.rules(), ["http.upgrade.refused.pipelined"]);
    assert!(outcome.frames().is_empty());
}

/// RFC 9110 9.3.6: behind the 2xx anything may begin, here another HTTP with an upgrade.
#[test]
fn an_upgrade_inside_a_connect_tunnel_is_granted() {
    let mut scene = Scene::opened(full());
    scene
        .up(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
        .down(b"HTTP/1.1 200 OK\r\n\r\n");
    scene.up(REQUEST).down(RESPONSE);
    let outcome = speak(&mut scene);
    check_spoken(outcome);
    assert_eq!(statuses(outcome), [Some(200), Some(101)]);
}

#[test]
fn a_proxy_that_asks_for_a_password_first_opens_the_tunnel_later() {
    let connect = b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n";
    let mut scene = Scene::opened(full());
    scene
        .up(connect)
        .down(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    scene
        .up(connect)
        .down(b"HTTP/1.1 200 OK\r\n\r\n")
        .up(REQUEST)
        .down(RESPONSE);
    check_spoken(speak(&mut scene));
}

const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

#[test]
fn an_upgrade_to_http2_is_no_websocket() {
    let switched =
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    for offer in ["h2c", "h2c, websocket"] {
        let request = String::from_utf8_lossy(REQUEST).replace("websocket", offer);
        let mut scene = Scene::opened(Config::default());
        scene.up(request.as_bytes()).down(switched).down(SETTINGS);
        let outcome = scene.finish();
        assert_eq!(outcome.layers(), [Layer::Http, Layer::Http2], "{offer}");
        assert!(outcome.websockets().is_empty() && outcome.frames().is_empty());
    }
}

/// RFC 9112 2.2: they are ignored, and so no part of the head, wherever a segment ends.
#[test]
fn empty_lines_before_a_head_are_no_part_of_it() {
    for (empty, head) in [("\r\n", GET), ("\n\n\r\n", GET), ("\r\n", REQUEST)] {
        let bytes = [empty.as_bytes(), head].concat();
        for cut in 0..bytes.len() {
            let (first, rest) = bytes.split_at(cut);
            let mut scene = Scene::opened(full());
            if !first.is_empty() {
                scene.up(first);
            }
            let outcome = scene.up(rest).finish();
            let heads = outcome.events.iter().filter_map(|event| match &event.kind {
                EventKind::Exchange(exchange) => exchange.request_head,
                _ => None,
            });
            let heads: Vec<_> = heads.map(|span| (span.start.0, span.end.0)).collect();
            let wanted = (empty.len() as u64, bytes.len() as u64);
            assert_eq!(heads, [wanted], "{empty:?}, cut at {cut}");
        }
    }
}

/// RFC 9112 2.2: a line may end with LF alone, and empty lines may come before a request.
#[test]
fn heads_with_bare_line_feeds_are_read() {
    let bare = |head: &[u8]| String::from_utf8_lossy(head).replace('\r', "").into_bytes();
    let mut scene = Scene::opened(full());
    scene
        .up(&[&b"\r\n\n"[..], &bare(REQUEST)].concat())
        .down(&bare(RESPONSE));
    check_spoken(speak(&mut scene));
}

/// RFC 9112 6.3: no body behind an answer to HEAD, nor behind 204 and 304, whatever their fields say.
#[test]
fn answers_without_a_body_have_none() {
    for (method, answer) in [
        ("HEAD", "200 OK\r\nContent-Length: 500"),
        ("HEAD", "200 OK\r\nTransfer-Encoding: chunked"),
        ("GET", "204 No Content\r\nContent-Length: 500"),
        ("GET", "304 Not Modified\r\nContent-Length: 500"),
    ] {
        let mut scene = Scene::opened(full());
        scene.up(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        scene.down(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes());
        scene.up(REQUEST).down(RESPONSE);
        check_spoken(speak(&mut scene));
    }
}

/// The body of the request before the upgrade: counted, chunked, and cut everywhere.
#[test]
fn a_request_with_a_body_is_passed_over() {
    for body in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n8\r\n0\r\n\r\n0\r\n\r\n0\r\n\r\n",
    ] {
        let bytes = [b"POST / HTTP/1.1\r\n", body.as_bytes(), REQUEST].concat();
        for cut in 1..bytes.len() {
            let mut scene = Scene::opened(full());
            scene.up(&bytes[..cut]).up(&bytes[cut..]);
            scene
                .down(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .down(RESPONSE);
            check_spoken(speak(&mut scene));
        }
    }
}

/// RFC 9112 9.3.2: the 101 stands before an answer that is owed; what is owed comes inside the WebSocket.
#[test]
fn an_answer_that_is_owed_is_read_where_a_frame_should_be() {
    let mut scene = Scene::opened(full());
    scene.up(&[GET, REQUEST].concat()).down(RESPONSE);
    scene.down(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
    let outcome = speak(&mut scene);
    check_spoken(outcome);
    assert_eq!(outcome.rules(), ["http.response.order", "ws.http"]);
}

#[test]
fn frames_before_the_answer_are_read_once_it_comes() {
    let mut scene = Scene::opened(full());
    scene
        .up(&[REQUEST, &masked(b"up")[..]].concat())
        .down(RESPONSE)
        .down(&text("down"));
    let outcome = scene.finish();
    check_spoken(outcome);
    assert_eq!(outcome.rules(), ["http.upgrade.early"]);
    let message = outcome.messages()[0];
    assert!(message.alignment.with_handshake);
    assert_eq!(message.slices.len(), 1);
}

/// The answers lie in a gap; that the first request was made is reported all the same.
#[test]
fn requests_before_frames_whose_handshake_was_lost_are_reported() {
    let mut scene = Scene::opened(full());
    scene
        .up(GET)
        .up(REQUEST)
        .lose(DOWN, 300)
        .acknowledge(DOWN, 300);
    for _ in 0..3 {
        scene.down(&text("one two three four five six seven"));
    }
    let outcome = scene.finish();
    let targets: Vec<_> = outcome
        .exchanges()
        .into_iter()
        .map(|(_, target, _)| target)
        .collect();
    assert_eq!(targets, [Some("/page"), Some("/chat")]);
    assert_eq!(outcome.websockets()[0].result, HandshakeResult::NotCaptured);
}

/// Each packet ends inside a head: what is kept of the map must not grow with them.
#[test]
fn heads_torn_by_every_packet_cost_no_memory() {
    let mut scene = Scene::opened(Config::default());
    scene.up(&GET[..10]);
    let mut held = Vec::new();
    for _ in 0..3 {
        for _ in 0..100 {
            scene
                .up(&[&GET[10..], &GET[..10]].concat())
                .down(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        held.push(scene.held());
    }
    assert!(held[2] < held[1] + 200, "{held:?}");
}

#[test]
fn empty_lines_without_a_request_are_not_kept() {
    let mut scene = Scene::opened(Config::default());
    let mut held = Vec::new();
    for _ in 0..3 {
        for _ in 0..30 {
            scene.up(&b"\r\n".repeat(50));
        }
        held.push(scene.held());
    }
    assert!(held[2] < held[1] + 200, "{held:?}");
    assert_eq!(scene.finish().layers(), [Layer::Opaque]);
}
