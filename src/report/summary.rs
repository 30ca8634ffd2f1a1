//! `--format summary`: counts, and one line a connection.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use wireseam_analyzer::{
    AlignmentKind, ConnectionId, Direction, EndedBy, Event, EventKind, HandshakeResult, Layer,
    Level,
};

use wireseam_wire::Endpoint;

use super::text::count;
use super::{
    escape::Escaped, record, record::Context, remarks::remarks, render::Render, schema::Capture,
};

/// Writes counts; it holds a few numbers a connection.
#[derive(Debug)]
pub struct Summary<W> {
    out: W,
    connections: BTreeMap<ConnectionId, Tally>,
    websockets: BTreeMap<String, u64>,
    messages: [Volume; 2],
    alignments: BTreeMap<&'static str, u64>,
    control: BTreeMap<String, u64>,
    findings: BTreeMap<(Level, &'static str, &'static str), u64>,
    gaps: BTreeMap<String, Volume>,
}

/// One connection's counts.
#[derive(Debug)]
struct Tally {
    client: Endpoint,
    server: Endpoint,
    layer: Option<Layer>,
    messages: u64,
    findings: u64,
    bytes: u64,
    segments: u64,
    retransmissions: u64,
    how: EndedBy,
}

/// How many, and how many bytes in all.
#[derive(Clone, Copy, Debug, Default)]
struct Volume {
    count: u64,
    bytes: u64,
}

impl Volume {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl<W: Write> Summary<W> {
    /// Counts to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            connections: BTreeMap::new(),
            websockets: BTreeMap::new(),
            messages: Default::default(),
            alignments: BTreeMap::new(),
            control: BTreeMap::new(),
            findings: BTreeMap::new(),
            gaps: BTreeMap::new(),
        }
    }

    fn count(&mut self, event: Event) {
        let tally = self.connections.get_mut(&event.connection);
        match event.kind {
            EventKind::Opened(opened) => {
                self.connections
                    .insert(event.connection, Tally::of(opened.client, opened.server));
            }
            EventKind::Layer(layer) => {
                if let Some(tally) = tally {
                    tally.layer = Some(layer);
                }
            }
            EventKind::WebSocket(handshake) => {
                *self
                    .websockets
                    .entry(words(handshake.result).to_owned())
                    .or_default() += 1;
            }
            EventKind::Message(message) => {
                let volume = match message.direction {
                    Direction::ClientToServer => &mut self.messages[0],
                    Direction::ServerToClient => &mut self.messages[1],
                };
                volume.add(message.length.unwrap_or(0));
                let mut count = |what| *self.alignments.entry(what).or_default() += 1;
                count(match message.alignment.kind {
                    AlignmentKind::Aligned => "aligned",
                    AlignmentKind::Split => "split",
                    AlignmentKind::Coalesced => "coalesced",
                    AlignmentKind::SplitAndCoalesced => "split and coalesced",
                });
                if !message.complete {
                    count("incomplete");
                }
                if let Some(tally) = tally {
                    tally.messages += 1;
                }
            }
            EventKind::Control(control) => {
                *self.control.entry(control.opcode.to_string()).or_default() += 1
            }
            EventKind::Gap(gap) => self
                .gaps
                .entry(gap.cause.to_string())
                .or_default()
                .add(gap.span.length()),
            EventKind::Finding(finding) => {
                let rule = finding.rule;
                *self
                    .findings
                    .entry((rule.level, rule.id, rule.reference))
                    .or_default() += 1;
                if let Some(tally) = tally {
                    tally.findings += 1;
                }
            }
            EventKind::Ended(ended) => {
                if let Some(tally) = tally {
                    tally.how = ended.how;
                    tally.bytes = ended.totals.iter().map(|totals| totals.bytes).sum();
                    tally.segments = ended.totals.iter().map(|totals| totals.segments).sum();
                    tally.retransmissions = ended
                        .totals
                        .iter()
                        .map(|totals| totals.retransmissions)
                        .sum();
                }
            }
            EventKind::Segment(_)
            | EventKind::Tls(_)
            | EventKind::Exchange(_)
            | EventKind::Frame(_)
            | EventKind::Acknowledged(_)
            | EventKind::Closed(_) => {}
        }
    }

    fn write_connections(&mut self) -> io::Result<()> {
        for (id, tally) in &self.connections {
            write!(
                self.out,
                "conn {}  {} > {}  {}",
                id.0,
                tally.client,
                tally.server,
                tally.protocol()
            )?;
            if tally.layer == Some(Layer::WebSocket) {
                write!(self.out, "  {}", count(tally.messages, "message"))?;
            }
            write!(
                self.out,
                "  {} in {}",
                count(tally.bytes, "byte"),
                count(tally.segments, "segment")
            )?;
            if tally.retransmissions > 0 {
                write!(
                    self.out,
                    "  {}",
                    count(tally.retransmissions, "retransmission")
                )?;
            }
            if tally.findings > 0 {
                write!(self.out, "  {}", count(tally.findings, "finding"))?;
            }
            writeln!(self.out, "  {}", ending(tally.how))?;
        }
        Ok(())
    }

    fn write_totals(&mut self, capture: &Capture) -> io::Result<()> {
        let out = &mut self.out;
        let by_protocol = counted(self.connections.values().map(Tally::protocol));
        let shown = self.connections.len() as u64;
        let of_all = if shown == capture.connections {
            String::new()
        } else {
            format!(" of {} shown", capture.connections)
        };
        writeln!(
            out,
            "connections  {shown}{of_all}{}",
            breakdown(&by_protocol)
        )?;
        if !self.websockets.is_empty() {
            writeln!(
                out,
                "websockets   {}{}",
                self.websockets.values().sum::<u64>(),
                breakdown(&self.websockets)
            )?;
            let [client, server] = self.messages;
            writeln!(
                out,
                "messages     {}{}",
                client.count + server.count,
                breakdown(&self.alignments)
            )?;
            writeln!(
                out,
                "  >          {} with {} bytes, client to server",
                client.count, client.bytes
            )?;
            writeln!(
                out,
                "  <          {} with {} bytes, server to client",
                server.count, server.bytes
            )?;
            writeln!(
                out,
                "control      {}{}",
                self.control.values().sum::<u64>(),
                breakdown(&self.control)
            )?;
        }
        for (cause, gap) in &self.gaps {
            writeln!(
                out,
                "gaps         {} with {} bytes, cause: {cause}",
                gap.count, gap.bytes
            )?;
        }
        writeln!(out, "findings     {}", self.findings.values().sum::<u64>())?;
        for ((level, id, reference), count) in &self.findings {
            writeln!(
                out,
                "  {count:>9}  {level:6}  {id}  {reference}",
                level = level.to_string()
            )?;
        }
        write!(
            out,
            "capture      {}  {} packets, {} bytes",
            Escaped(&capture.name),
            capture.packets,
            capture.bytes
        )?;
        if let Some(duration) = capture.duration {
            write!(out, ", {} s", duration.microseconds())?;
        }
        writeln!(
            out,
            "{}",
            if capture.truncated_file {
                ", cut off inside a packet"
            } else {
                ""
            }
        )?;
        writeln!(
            out,
            "skipped      {}{}",
            capture.skipped.values().sum::<u64>(),
            breakdown(&capture.skipped)
        )?;
        for (about, line) in remarks(capture) {
            writeln!(out, "{about:<13}{line}")?;
        }
        Ok(())
    }
}

impl<W: Write> Render for Summary<W> {
    fn event(&mut self, _: &Context, event: Event) -> io::Result<()> {
        self.count(event);
        Ok(())
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.write_connections()?;
        if !self.connections.is_empty() {
            writeln!(self.out)?;
        }
        self.write_totals(capture)?;
        self.out.flush()
    }
}

impl Tally {
    fn of(client: Endpoint, server: Endpoint) -> Self {
        Self {
            client,
            server,
            layer: None,
            messages: 0,
            findings: 0,
            bytes: 0,
            segments: 0,
            retransmissions: 0,
            how: EndedBy::Open,
        }
    }

    /// The innermost protocol.
    fn protocol(&self) -> &'static str {
        self.layer.map_or("tcp", record::layer)
    }
}

fn words(result: HandshakeResult) -> &'static str {
    match result {
        HandshakeResult::Accepted => "accepted",
        HandshakeResult::Refused => "refused",
        HandshakeResult::Unanswered => "unanswered",
        HandshakeResult::NotCaptured => "handshake not captured",
    }
}

fn ending(how: EndedBy) -> String {
    match how {
        EndedBy::Fin(role) => format!("fin by {role}"),
        EndedBy::Rst(role) => format!("rst by {role}"),
        EndedBy::Open => "open".to_owned(),
    }
}

fn counted<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, u64> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

/// `: 3 accepted, 1 refused`.
fn breakdown<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let parts: Vec<_> = counts
        .iter()
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    format!(": {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_sample_conversation_is_counted() {
        let mut out = Vec::new();
        samples::render(&mut Summary::new(&mut out));
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
            conn 1  10.0.0.1:40000 > 10.0.0.2:9001  websocket  2 messages  674 bytes in 8 segments  1 retransmission  1 finding  rst by client

            connections  1: 1 websocket
            websockets   1: 1 accepted
            messages     2: 1 aligned, 1 split and coalesced
              >          2 with 305 bytes, client to server
              <          0 with 0 bytes, server to client
            control      4: 2 close, 1 ping, 1 pong
            findings     1
                      1  should  ws.example  RFC 6455 5.5
            capture      sample\x1b[31m.pcap  16 packets, 1000 bytes, 0.015000 s
            skipped      1: 1 ARP
            "#);
    }
}
