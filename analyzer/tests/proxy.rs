//! The PROXY protocol in front of whatever is spoken (haproxy's `doc/proxy-protocol.txt`).

use wireseam_analyzer::{EventKind, Layer, Proxied};

use crate::bench::{Outcome, REQUEST, RESPONSE, full, masked, with_limits};
use crate::scene::Scene;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.9 51234 80\r\n";
const BINARY: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0C\xC0\x00\x02\x07\xC6\x33\x64\x09\xC8\x22\x00\x50";

fn proxied(outcome: &Outcome) -> Vec<Proxied> {
    let events = outcome.events.iter();
    events
        .filter_map(|event| match event.kind {
            EventKind::Proxied(proxied) => Some(proxied),
            _ => None,
        })
        .collect()
}

#[test]
fn a_header_is_passed_over_wherever_it_is_cut() {
    for (header, version) in [(LINE, 1), (BINARY, 2)] {
        let bytes = [header, REQUEST].concat();
        for cut in 0..header.len() + 20 {
            let mut scene = Scene::opened(full());
            scene.up(&bytes[..cut]).up(&bytes[cut..]).down(RESPONSE);
            scene.up(&masked(b"hello"));
            let outcome = scene.finish();
            let found = proxied(outcome);
            assert_eq!(found.len(), 1, "version {version} cut at {cut}");
            assert_eq!(found[0].version, version);
            assert_eq!(found[0].header.end.0, header.len() as u64);
            assert_eq!(found[0].source.unwrap().to_string(), "192.0.2.7:51234");
            assert_eq!(found[0].destination.unwrap().to_string(), "198.51.100.9:80");
            assert_eq!(
                outcome.said(wireseam_analyzer::Direction::ClientToServer),
                [b"hello"]
            );
            assert!(
                outcome
                    .findings()
                    .iter()
                    .all(|finding| finding.rule.id.starts_with("tcp."))
            );
        }
    }
}

/// The capture may hold the two directions in the wrong order.
#[test]
fn a_header_behind_the_answer_is_passed_over() {
    let mut scene = Scene::opened(full());
    scene
        .down(RESPONSE)
        .up(LINE)
        .up(REQUEST)
        .up(&masked(b"hello"));
    let outcome = scene.finish();
    assert_eq!((proxied(outcome).len(), outcome.messages().len()), (1, 1));
    assert_eq!(outcome.websockets()[0].accept_valid, Some(true));
}

#[test]
fn what_follows_a_header_is_told_as_at_the_start() {
    for (first, layer) in [
        (&[22, 3, 1, 2, 0, 1][..], Layer::Tls),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Layer::Http2),
        (b"\x00\x01\x02\x03 something", Layer::Opaque),
    ] {
        for header in [LINE, BINARY] {
            let mut scene = Scene::opened(full());
            let outcome = scene.up(header).up(first).finish();
            assert_eq!((proxied(outcome).len(), outcome.layers()), (1, vec![layer]));
        }
    }
}

#[test]
fn a_header_stands_in_front_of_all_else_and_once() {
    for bytes in [
        [GET, LINE].concat(),
        [LINE, LINE, REQUEST].concat(),
        [b"\r\n", LINE, REQUEST].concat(),
    ] {
        let mut scene = Scene::opened(full());
        let outcome = scene.up(&bytes).finish();
        assert!(outcome.websockets().is_empty());
        assert_eq!(proxied(outcome).len(), usize::from(bytes.starts_with(LINE)));
    }
}

/// What is pointed at is what announces so many bytes, wherever a segment ends.
#[test]
fn a_longer_header_than_is_waited_for_is_told_by_its_beginning() {
    for cut in 1..BINARY.len() {
        let mut scene = Scene::opened(with_limits(|limits| limits.proxy_header = 27));
        let outcome = scene.up(&BINARY[..cut]).up(&BINARY[cut..]).finish();
        let findings = outcome.findings();
        let of_limit = findings.iter().find(|it| it.rule.id == "limit.proxy");
        let span = of_limit.unwrap().span.unwrap();
        assert_eq!((span.start.0, span.end.0), (0, 16), "cut at {cut}");
    }
}

#[test]
fn a_longer_header_than_is_waited_for_is_none() {
    for (limit, found) in [(28, 1), (27, 0)] {
        let mut scene = Scene::opened(with_limits(|limits| limits.proxy_header = limit));
        let outcome = scene.up(BINARY).up(REQUEST).down(RESPONSE).finish();
        assert_eq!(proxied(outcome).len(), found, "{limit}");
        let is_read = outcome
            .websockets()
            .iter()
            .any(|it| it.accept_valid == Some(true));
        assert_eq!(is_read, found == 1);
        assert_eq!(outcome.rules().contains(&"limit.proxy"), found == 0);
    }
    let mut scene = Scene::opened(full());
    let endless = [&BINARY[..14], &[0xFF; 2]].concat();
    scene.up(&endless);
    for _ in 0..100 {
        scene.up(&[7; 1_000]);
    }
    assert!(
        scene.held() < 20_000,
        "a length of 65,535 is not waited for"
    );
}

const GET: &[u8] = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n";
