//! A connection's first lines: who, what, how it went.

use std::io::{self, Write};

use wireseam_analyzer::{Direction, HandshakeResult, Role};

use super::{
    arrow,
    layout::{Palette, count, paint},
};
use crate::report::{
    Escaped,
    schema::{Beginning, Connection, Ending, Handshake, Proxy, Seconds, Tls, Totals, WebSocket},
};

pub(super) fn write(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
) -> io::Result<()> {
    let title = format!(
        "conn {}  {} > {}",
        connection.id, connection.client, connection.server
    );
    writeln!(
        out,
        "{}{}",
        paint(palette.heading, title),
        subject(connection)
    )?;
    writeln!(out, "  {}", life(connection))?;
    for (direction, totals) in [
        (
            Direction::ClientToServer,
            &connection.directions.client_to_server,
        ),
        (
            Direction::ServerToClient,
            &connection.directions.server_to_client,
        ),
    ] {
        writeln!(
            out,
            "  {}  {}",
            paint(palette.direction(direction), arrow(direction)),
            volume(totals)
        )?;
    }
    write_proxy(out, connection)?;
    write_tls(out, connection)?;
    write_requests(out, palette, connection)
}

/// What the connection is about, in the first line.
fn subject(connection: &Connection) -> String {
    if let Some(websocket) = main_websocket(connection) {
        return opening(&websocket.handshake);
    }
    let mut words = String::new();
    if let Some(tls) = &connection.tls {
        words += "  TLS";
        if let Some(name) = &tls.sni {
            words += &format!(" {}", Escaped(name));
        }
    } else if connection.layers.iter().any(|layer| layer == "tls") {
        words += "  TLS";
    } else if !connection.requests.is_empty() {
        words += &format!(
            "  HTTP, {}",
            count(connection.requests.len() as u64, "request")
        );
    } else if connection.layers.iter().any(|layer| layer == "http2") {
        words += "  HTTP/2";
    } else if connection.layers.iter().any(|layer| layer == "opaque") {
        words += "  no protocol recognised";
    }
    words
}

/// The WebSocket that was granted, else the first that was asked for.
fn main_websocket(connection: &Connection) -> Option<&WebSocket> {
    let granted = |websocket: &&WebSocket| {
        matches!(
            websocket.handshake.result.0,
            HandshakeResult::Accepted | HandshakeResult::NotCaptured
        )
    };
    connection
        .websockets
        .iter()
        .find(granted)
        .or(connection.websockets.first())
}

/// `GET /chat  101  permessage-deflate off`.
pub(super) fn opening(handshake: &Handshake) -> String {
    let request = handshake.target.as_deref().map(|target| {
        let method = handshake.method.as_deref().unwrap_or("?");
        format!("{} {}", Escaped(method), Escaped(target))
    });
    if handshake.result.0 == HandshakeResult::NotCaptured {
        let sure = handshake
            .confidence
            .map(|bits| format!(" ({bits} bits of evidence)"))
            .unwrap_or_default();
        return match request {
            Some(request) => {
                format!("  {request}  answer not captured, but WebSocket frames found{sure}")
            }
            None => {
                format!("  WebSocket picked up mid-stream, handshake not captured{sure}")
            }
        };
    }
    let mut words = format!(
        "  {}",
        request.unwrap_or_else(|| "(request not captured)".to_owned())
    );
    words += &match (handshake.result.0, handshake.status) {
        (HandshakeResult::Refused, Some(status)) => format!("  {status}  upgrade refused"),
        (HandshakeResult::Unanswered, _) => "  no answer captured".to_owned(),
        (_, Some(status)) => format!("  {status}"),
        (_, None) => String::new(),
    };
    if handshake.result.0 == HandshakeResult::Accepted {
        let compressed = handshake
            .extensions
            .iter()
            .any(|extension| extension.starts_with("permessage-deflate"));
        words += if compressed {
            "  permessage-deflate on"
        } else {
            "  permessage-deflate off"
        };
    }
    if let Some(subprotocol) = &handshake.subprotocol {
        words += &format!("  subprotocol {}", Escaped(subprotocol));
    }
    words
}

/// `tcp http websocket  #1..#20  0.000000..0.512000 s  opened by the client, ended by the client with FIN`.
fn life(connection: &Connection) -> String {
    let mut words = format!(
        "{}  #{}..#{}",
        connection.layers.join(" "),
        connection.first_packet,
        connection.last_packet
    );
    if let (Some(start), Some(duration)) = (connection.start, connection.duration) {
        let end = Seconds {
            nanoseconds: start.nanoseconds.saturating_add(duration.nanoseconds),
        };
        words += &format!("  {}..{} s", start.microseconds(), end.microseconds());
    }
    words += match connection.opened.0 {
        Beginning::Handshake => "  opened by the client",
        Beginning::MidStream => "  picked up mid-stream",
    };
    words += ", ";
    words += ending(connection.ended.0, connection.ended_by.map(|role| role.0));
    words
}

/// `ended by the client with FIN`.
pub(super) fn ending(how: Ending, who: Option<Role>) -> &'static str {
    match (how, who) {
        (Ending::Open, _) => "still open at the end of the capture",
        (Ending::Fin, Some(Role::Client)) => "ended by the client with FIN",
        (Ending::Fin, Some(Role::Server)) => "ended by the server with FIN",
        (Ending::Rst, Some(Role::Client)) => "reset by the client",
        (Ending::Rst, Some(Role::Server)) => "reset by the server",
        (Ending::Fin, None) => "ended with FIN",
        (Ending::Rst, None) => "reset",
    }
}

pub(super) fn volume(totals: &Totals) -> String {
    let mut words = format!(
        "{} in {}",
        count(totals.bytes, "byte"),
        count(totals.segments, "segment")
    );
    for (number, thing) in [
        (totals.retransmissions, "retransmission"),
        (totals.out_of_order, "reordered segment"),
        (totals.duplicates, "duplicate"),
    ] {
        if number > 0 {
            words += &format!(", {}", count(number, thing));
        }
    }
    for gap in totals.gaps.iter().take(GAPS) {
        words += &format!(", gap {} ({})", gap.span, gap.cause);
    }
    if totals.gaps.len() > GAPS {
        words += &format!(", {} more gaps", totals.gaps.len() - GAPS);
    }
    words
}

/// `  PROXY v2: for 192.0.2.7:51234 > 198.51.100.9:443`.
fn write_proxy(out: &mut dyn Write, connection: &Connection) -> io::Result<()> {
    match &connection.proxy {
        Some(it) => writeln!(out, "  {}", proxy(it)),
        None => Ok(()),
    }
}

/// `PROXY v2: for 192.0.2.7:51234 > 198.51.100.9:443`.
pub(super) fn proxy(proxy: &Proxy) -> String {
    let whom = match (&proxy.source, &proxy.destination) {
        (Some(source), Some(destination)) => format!("for {source} > {destination}"),
        _ if proxy.local => "for the proxy itself".to_owned(),
        _ => "it does not say for whom".to_owned(),
    };
    format!("PROXY v{}: {whom}", proxy.version)
}

fn write_tls(out: &mut dyn Write, connection: &Connection) -> io::Result<()> {
    if !connection.layers.iter().any(|layer| layer == "tls") {
        return Ok(());
    }
    let mut known = connection.tls.as_ref().map(tls).unwrap_or_default();
    if !connection.tls.as_ref().is_some_and(|tls| tls.decrypted) {
        known.push("not decrypted: what is inside cannot be shown".to_owned());
    }
    writeln!(out, "  tls  {}", known.join("  "))
}

/// What a TLS handshake shows, one word each.
pub(super) fn tls(tls: &Tls) -> Vec<String> {
    let shown = |text: &Option<String>| text.as_ref().map(|text| Escaped(text).to_string());
    let known = [
        shown(&tls.version),
        shown(&tls.cipher_suite),
        shown(&tls.sni).map(|name| format!("server name {name}")),
        shown(&tls.alpn).map(|protocol| format!("alpn {protocol}")),
    ];
    known.into_iter().flatten().collect()
}

/// HTTP requests, left out where the upgrade in the first line is all there is.
fn write_requests(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
) -> io::Result<()> {
    if connection.requests.iter().all(|request| request.upgrade) && connection.requests.len() < 2 {
        return Ok(());
    }
    writeln!(out, "\n  {}", paint(palette.heading, "requests"))?;
    for request in &connection.requests {
        let word = |word: &Option<String>| {
            word.as_deref()
                .map_or("?".to_owned(), |word| Escaped(word).to_string())
        };
        let status = request
            .status
            .map_or("no answer captured".to_owned(), |status| status.to_string());
        let upgrade = if request.upgrade {
            "  upgrade to websocket"
        } else {
            ""
        };
        writeln!(
            out,
            "  {}  {} {} {}  {}  {status}{upgrade}",
            packets(&request.packets),
            word(&request.method),
            word(&request.target),
            Escaped(&request.version),
            packets(&request.response_packets),
        )?;
    }
    Ok(())
}

/// `#4`, `#4..#9`, or `-`.
fn packets(packets: &[u64]) -> String {
    match packets {
        [] => "-".to_owned(),
        [only] => format!("#{only}"),
        [first, .., last] => format!("#{first}..#{last}"),
    }
}

/// How many gaps a direction's line names.
const GAPS: usize = 2;
