//! A report against the log: WebSockets matched by the addresses of their ends, messages one by one.

use wireseam::{
    analyzer::{Direction, HandshakeResult},
    report::schema::{self, CloseFrame, Report, WebSocket},
};

use super::truth::{self, Kind, Message, Truth};

/// Differences between the logged WebSockets and those found.
///
/// A port pair can be used again, so each logged WebSocket takes the one that fits best of those with its addresses.
pub(super) fn websockets(truth: &Truth, report: &Report, lossy: bool) -> Vec<String> {
    pairs(truth, report, lossy)
        .into_iter()
        .flat_map(|(want, got)| match got {
            Some(got) => differences(want, got, lossy),
            None => vec![format!("{}: no WebSocket was found", want.client)],
        })
        .collect()
}

fn pairs<'a>(
    truth: &'a Truth,
    report: &'a Report,
    lossy: bool,
) -> Vec<(&'a truth::Connection, Option<&'a WebSocket>)> {
    let mut left: Vec<(&schema::Connection, &WebSocket)> = report
        .connections
        .iter()
        .flat_map(|connection| connection.websockets.iter().map(move |it| (connection, it)))
        .collect();
    let mut pairs = Vec::new();
    for want in readable(truth).filter(|want| want.kind == Kind::Websocket) {
        let best = left
            .iter()
            .enumerate()
            .filter(|(_, (connection, _))| same_ends(want, connection))
            .min_by_key(|(_, (_, got))| differences(want, got, lossy).len())
            .map(|(at, _)| at);
        pairs.push((want, best.map(|at| left.remove(at).1)));
    }
    pairs
}

/// The connections whose bytes can be read: not those in TLS or in streams of HTTP/2.
fn readable(truth: &Truth) -> impl Iterator<Item = &truth::Connection> {
    let in_tls = truth.tls.is_some();
    truth
        .connections
        .iter()
        .filter(move |connection| !in_tls && connection.h2_stream.is_none())
}

fn same_ends(want: &truth::Connection, got: &schema::Connection) -> bool {
    (&want.client, &want.server) == (&got.client, &got.server)
}

fn differences(want: &truth::Connection, got: &WebSocket, lossy: bool) -> Vec<String> {
    let in_messages = Direction::BOTH.into_iter().filter_map(|direction| {
        let fault = messages(want, got, direction, lossy)?;
        Some(format!("{direction}: {fault}"))
    });
    handshake(want, got)
        .into_iter()
        .chain(in_messages)
        .map(|fault| format!("{}: logged {fault}", want.client))
        .collect()
}

fn handshake(want: &truth::Connection, got: &WebSocket) -> Vec<String> {
    let handshake = &got.handshake;
    let Some(upgrade) = &want.upgrade else {
        return Vec::new();
    };
    if handshake.result.0 == HandshakeResult::NotCaptured {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    for (what, logged, found) in [
        (
            "status",
            upgrade.status.map(|it| it.to_string()),
            handshake.status.map(|it| it.to_string()),
        ),
        ("target", upgrade.target.clone(), handshake.target.clone()),
        (
            "subprotocol",
            want.subprotocol.clone(),
            handshake.subprotocol.clone(),
        ),
    ] {
        if logged.is_some() && logged != found {
            wrong.push(format!("{what} {logged:?}, found {found:?}"));
        }
    }
    wrong
}

fn messages(
    want: &truth::Connection,
    got: &WebSocket,
    direction: Direction,
    lossy: bool,
) -> Option<String> {
    let way = want.way(direction)?;
    let sent: Vec<&Message> = way
        .messages
        .as_ref()?
        .iter()
        .filter(|message| !message.before_capture)
        .collect();
    let found: Vec<&schema::Message> = got
        .messages
        .iter()
        .filter(|message| message.direction.0 == direction)
        .collect();
    match way.received_by_application {
        _ if lossy => inexact(&sent, &found),
        // aborted: what the receiver had is exact, what was cut on the wire may be incomplete or missing
        Some(arrived) if arrived < sent.len() => exact(
            &sent[..arrived],
            found.get(..arrived).unwrap_or(found.as_slice()),
        ),
        _ => exact(&sent, &found),
    }
}

fn is_same(sent: &Message, found: &schema::Message) -> bool {
    found.opcode.map(|opcode| opcode.to_string()).as_ref() == Some(&sent.opcode)
        && found.length == Some(sent.length)
        && found.sha256.as_ref() == Some(&sent.sha256)
        && found.complete
}

fn exact(sent: &[&Message], found: &[&schema::Message]) -> Option<String> {
    let differing = sent
        .iter()
        .zip(found)
        .position(|(sent, found)| !is_same(sent, found));
    if let Some(at) = differing {
        return Some(format!(
            "message {}, {}, found {}",
            at + 1,
            logged(sent[at]),
            brief(found[at])
        ));
    }
    (sent.len() != found.len()).then(|| format!("{} messages, found {}", sent.len(), found.len()))
}

/// Every complete message was sent, in that order; most of what was sent is there, and nothing else.
fn inexact(sent: &[&Message], found: &[&schema::Message]) -> Option<String> {
    let mut rest = sent.iter();
    for found in found
        .iter()
        .filter(|found| found.complete && found.sha256.is_some())
    {
        if !rest.any(|sent| is_same(sent, found)) {
            let found = brief(found);
            return Some(format!("no such message, or not in this order: {found}"));
        }
    }
    (found.len() > sent.len() || found.len() * 4 < sent.len() * 3)
        .then(|| format!("{} messages, found {}", sent.len(), found.len()))
}

fn logged(message: &Message) -> String {
    format!(
        "{} of {} bytes with SHA-256 {}",
        message.opcode, message.length, message.sha256
    )
}

fn brief(message: &schema::Message) -> String {
    let or_unknown = |value: Option<String>| value.unwrap_or_else(|| "?".to_owned());
    format!(
        "m{}, {} of {} bytes with SHA-256 {}, {}, at {}",
        message.id,
        or_unknown(message.opcode.map(|opcode| opcode.to_string())),
        or_unknown(message.length.map(|length| length.to_string())),
        or_unknown(message.sha256.clone()),
        if message.complete {
            "complete"
        } else {
            "incomplete"
        },
        message.span,
    )
}

/// WebSockets where none was, or none can be read.
pub(super) fn nothing_invented(truth: &Truth, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for got in &report.connections {
        let logged: Vec<_> = truth
            .connections
            .iter()
            .filter(|want| same_ends(want, got))
            .collect();
        let fault = match sealed_by(truth, &logged, got) {
            Some(layer) if got.layers == ["tcp", layer] && got.websockets.is_empty() => None,
            Some(layer) => Some(format!("{layer} hides what is inside")),
            None => logged
                .iter()
                .all(|want| matches!(want.kind, Kind::Http | Kind::Tcp))
                .then_some("no WebSocket was logged".to_owned())
                .filter(|_| !logged.is_empty() && got.websockets.iter().any(has_frames)),
        };
        if let Some(fault) = fault {
            wrong.push(format!(
                "{}: {fault}, found {:?} and {} WebSockets",
                got.client,
                got.layers,
                got.websockets.len()
            ));
        }
    }
    wrong
}

/// The layer behind which nothing can be read yet: TLS, HTTP/2.
fn sealed_by(
    truth: &Truth,
    logged: &[&truth::Connection],
    got: &schema::Connection,
) -> Option<&'static str> {
    // a page that opens secure WebSockets can itself come over plain HTTP
    let is_plain = got.layers.iter().any(|layer| layer == "http");
    if truth.tls.is_some() && !is_plain {
        Some("tls")
    } else if logged.iter().any(|want| want.h2_stream.is_some()) {
        Some("http2")
    } else {
        None
    }
}

fn has_frames(websocket: &WebSocket) -> bool {
    matches!(
        websocket.handshake.result.0,
        HandshakeResult::Accepted | HandshakeResult::NotCaptured
    )
}

/// HTTP/1 requests that differ from the logged ones; upgrades are compared with their WebSockets.
pub(super) fn requests(truth: &Truth, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for want in readable(truth).filter(|want| !want.http_requests.is_empty()) {
        let got = report.connections.iter().find(|got| same_ends(want, got));
        let Some(got) = got.filter(|got| got.layers.iter().any(|layer| layer == "http")) else {
            continue;
        };
        let logged: Vec<(&str, &str, Option<u16>)> = want
            .http_requests
            .iter()
            .map(|it| (it.method.as_str(), it.url.as_str(), Some(it.status)))
            .collect();
        let found: Vec<(&str, &str, Option<u16>)> = got
            .requests
            .iter()
            .filter(|it| !it.upgrade)
            .map(|it| {
                (
                    it.method.as_deref().unwrap_or_default(),
                    it.target.as_deref().unwrap_or_default(),
                    it.status,
                )
            })
            .collect();
        if logged != found {
            wrong.push(format!(
                "{}: logged requests {logged:?}, found {found:?}",
                want.client
            ));
        }
    }
    wrong
}

/// Close frames other than the program at the other end was told about: 1005 is one without a code, 1006 none.
pub(super) fn closes(truth: &Truth, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for (want, got) in pairs(truth, report, true) {
        let (Some(closes), Some(got)) = (&want.close, got) else {
            continue;
        };
        for (who, told, frame) in [
            ("client", &closes.client, &got.close.server),
            ("server", &closes.server, &got.close.client),
        ] {
            let Some(told) = told.as_ref().and_then(|told| told.reported.as_ref()) else {
                continue;
            };
            let found = match frame {
                None => (NO_CLOSE, ""),
                Some(CloseFrame { code, reason, .. }) => (code.unwrap_or(NO_CODE), reason.as_str()),
            };
            if (told.code, told.reason.as_str()) != found {
                wrong.push(format!(
                    "{}: the {who} was told {} {:?}, found {found:?}",
                    want.client, told.code, told.reason
                ));
            }
        }
    }
    wrong
}

/// Totals other than those of the calls to send.
pub(super) fn plain_tcp(truth: &Truth, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for want in readable(truth).filter(|want| want.kind == Kind::Tcp) {
        let got = report.connections.iter().find(|got| same_ends(want, got));
        let sent = [&want.client_side, &want.server_side]
            .map(|side| side.as_ref().map_or(0, |side| side.sends.iter().sum()));
        let found = got.map(|got| {
            [
                got.directions.client_to_server.bytes,
                got.directions.server_to_client.bytes,
            ]
        });
        if found != Some(sent) {
            wrong.push(format!(
                "{}: sent {sent:?} bytes, found {found:?}",
                want.client
            ));
        }
    }
    wrong
}

/// No status code was present (RFC 6455 7.1.5).
const NO_CODE: u16 = 1005;
/// No Close frame was received (RFC 6455 7.1.5).
const NO_CLOSE: u16 = 1006;
