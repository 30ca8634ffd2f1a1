//! One WebSocket below the segments: how it was opened, its messages, control frames and close; then the findings.

use std::io::{self, Write};

use wireseam_analyzer::{HandshakeResult, Level, PayloadPolicy};

use super::{
    arrow, heading,
    layout::{Palette, elide, paint, wrap},
    messages,
};
use crate::report::{
    Escaped,
    schema::{CloseFrame, Connection, Control, Ending, Finding, Frame, Handshake, WebSocket},
};

pub(super) fn write(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
    websocket: &WebSocket,
    policy: PayloadPolicy,
) -> io::Result<()> {
    if connection.websockets.len() > 1 {
        let title = format!("websocket {}", websocket.id);
        writeln!(
            out,
            "\n  {}{}",
            paint(palette.heading, title),
            heading::opening(&websocket.handshake)
        )?;
    }
    write_handshake(out, palette, &websocket.handshake)?;
    messages::write(out, palette, connection, websocket, policy)?;
    write_control(out, palette, websocket)?;
    write_close(out, palette, connection, websocket)
}

/// What the first line of the connection does not say about the handshake.
fn write_handshake(
    out: &mut dyn Write,
    palette: &Palette,
    handshake: &Handshake,
) -> io::Result<()> {
    let mut facts = Vec::new();
    for (name, values) in [
        ("extensions offered", &handshake.offered_extensions),
        ("extensions agreed", &handshake.extensions),
        ("subprotocols offered", &handshake.offered_subprotocols),
    ] {
        if !values.is_empty() {
            let values: Vec<_> = values
                .iter()
                .map(|value| Escaped(value).to_string())
                .collect();
            facts.push(format!("{name}: {}", elide(values, 8, "values").join(", ")));
        }
    }
    if handshake.accept_valid == Some(false) {
        facts.push("Sec-WebSocket-Accept does not answer the key".to_owned());
    }
    if facts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {}", paint(palette.heading, "handshake"))?;
    facts.iter().try_for_each(|fact| writeln!(out, "  {fact}"))
}

fn write_control(out: &mut dyn Write, palette: &Palette, websocket: &WebSocket) -> io::Result<()> {
    if websocket.control.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {}", paint(palette.heading, "control frames"))?;
    for control in &websocket.control {
        let direction = control.direction.0;
        let place = websocket
            .frames
            .binary_search_by_key(&control.frame, |frame| frame.id);
        let place = place
            .map(|at| packets(&websocket.frames[at]))
            .unwrap_or_default();
        let Control {
            frame,
            opcode,
            length,
            ..
        } = control;
        let arrow = paint(palette.direction(direction), arrow(direction));
        writeln!(
            out,
            "  F{frame}  {arrow}  {} {length}  {place}{}",
            opcode.0,
            answer(control)
        )?;
    }
    Ok(())
}

/// `#8`, `#8 #9`.
fn packets(frame: &Frame) -> String {
    let packets = frame.slices.iter().map(|slice| {
        format!(
            "#{}{}",
            slice.packet,
            if slice.retransmitted { "*" } else { "" }
        )
    });
    elide(packets.collect(), 8, "packets").join(" ")
}

/// `  answers F4 after 0.000300 s`.
pub(super) fn answer(control: &Control) -> String {
    let Some(ping) = control.answers else {
        return String::new();
    };
    let after = control
        .round_trip
        .map(|time| format!(" after {} s", time.microseconds()))
        .unwrap_or_default();
    format!("  answers F{ping}{after}")
}

fn write_close(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
    websocket: &WebSocket,
) -> io::Result<()> {
    let granted = matches!(
        websocket.handshake.result.0,
        HandshakeResult::Accepted | HandshakeResult::NotCaptured
    );
    let close = &websocket.close;
    if !granted || (close.verdict.is_empty() && close.client.is_none() && close.server.is_none()) {
        return Ok(());
    }
    let how = match (close.clean, connection.ended.0) {
        (true, _) => "clean",
        (false, Ending::Open) => "open",
        (false, Ending::Fin | Ending::Rst) => "not clean",
    };
    writeln!(out, "\n  {}  {how}", paint(palette.heading, "close"))?;
    for (who, frame) in [(">  client", &close.client), ("<  server", &close.server)] {
        if let Some(frame) = frame {
            writeln!(out, "  {who} {}", closing(frame))?;
        }
    }
    write_sentence(out, &close.verdict, 2)
}

/// A sentence in as many lines as it takes.
fn write_sentence(out: &mut dyn Write, sentence: &str, indent: usize) -> io::Result<()> {
    let words: Vec<_> = Escaped(sentence)
        .to_string()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    wrap(&words, " ", indent)
        .iter()
        .try_for_each(|line| writeln!(out, "{:indent$}{line}", ""))
}

/// `1000 "bye" (#14)`.
fn closing(frame: &CloseFrame) -> String {
    let code = frame
        .code
        .map_or("without a code".to_owned(), |code| code.to_string());
    let reason = if frame.reason.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", Escaped(&frame.reason))
    };
    format!("{code}{reason} (#{})", frame.packet)
}

pub(super) fn write_findings(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
) -> io::Result<()> {
    if connection.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {}", paint(palette.heading, "findings"))?;
    for finding in &connection.findings {
        let style = match finding.level.0 {
            Level::Must => palette.broken,
            Level::Should => palette.notable,
            Level::Note => palette.faint,
        };
        let head = format!(
            "finding {}  {} {}",
            finding.id, finding.reference, finding.level
        );
        writeln!(out, "  {}  {}", paint(style, head), place(finding))?;
        write_sentence(out, &finding.text, 4)?;
    }
    Ok(())
}

/// `> F4 at 523..531 (#13)`.
pub(super) fn place(finding: &Finding) -> String {
    let mut words = Vec::new();
    words.extend(
        finding
            .direction
            .map(|direction| arrow(direction.0).to_owned()),
    );
    words.extend(finding.frame.map(|frame| format!("F{frame}")));
    words.extend(finding.message.map(|message| format!("m{message}")));
    words.extend(finding.span.map(|span| format!("at {span}")));
    words.push(format!("(#{})", finding.packet));
    words.join(" ")
}
