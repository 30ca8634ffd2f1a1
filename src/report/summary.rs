//! `--format summary`: counts, and one line a connection.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
};

use wireseam_analyzer::{ConnectionId, Detail, Ended, EndedBy, Event, EventKind, Layer, Totals};

use super::text::count;
use super::{
    escape::Escaped,
    record::Context,
    remarks::remarks,
    render::Render,
    schema::Capture,
    tally::{LISTED, Rank, Tally, bytes, protocol, rank},
};

/// Writes counts; what it holds does not grow with the capture.
#[derive(Debug)]
pub struct Summary<W> {
    out: W,
    listed: Listed,
    tally: Tally,
}

/// The connections that are listed: those with the most findings, then messages, then bytes.
#[derive(Debug, Default)]
struct Listed(BTreeMap<Rank, Ended>);

impl Listed {
    fn add(&mut self, id: ConnectionId, ended: Ended) {
        let rank = rank(id, &ended);
        if self.0.len() == LISTED {
            if self
                .0
                .first_key_value()
                .is_some_and(|(last, _)| rank < *last)
            {
                return;
            }
            self.0.pop_first();
        }
        self.0.insert(rank, ended);
    }

    /// In the order of their numbers.
    fn take(&mut self) -> BTreeMap<ConnectionId, Ended> {
        let listed = std::mem::take(&mut self.0).into_iter();
        listed
            .map(|((.., Reverse(id)), ended)| (id, ended))
            .collect()
    }
}

impl<W: Write> Summary<W> {
    /// Counts to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            listed: Listed::default(),
            tally: Tally::default(),
        }
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn write_connections(&mut self) -> io::Result<()> {
        let listed = self.listed.take();
        for (id, ended) in &listed {
            write!(
                self.out,
                "conn {}  {} > {}  {}",
                id.0,
                ended.opened.client,
                ended.opened.server,
                protocol(ended)
            )?;
            if ended.layer == Some(Layer::WebSocket) {
                write!(self.out, "  {}", count(ended.messages, "message"))?;
            }
            let sum = |of: fn(&Totals) -> u64| ended.totals.iter().map(of).sum::<u64>();
            write!(
                self.out,
                "  {} in {}",
                count(bytes(ended), "byte"),
                count(sum(|totals| totals.segments), "segment")
            )?;
            let retransmissions = sum(|totals| totals.retransmissions);
            if retransmissions > 0 {
                write!(self.out, "  {}", count(retransmissions, "retransmission"))?;
            }
            if ended.findings > 0 {
                write!(self.out, "  {}", count(ended.findings, "finding"))?;
            }
            writeln!(self.out, "  {}", ending(ended.how))?;
        }
        let more = self.tally.connections - listed.len() as u64;
        if more > 0 {
            writeln!(
                self.out,
                "and {more} more; these have the most findings, messages and bytes"
            )?;
        }
        if !listed.is_empty() {
            writeln!(self.out)?;
        }
        Ok(())
    }

    /// How many messages lie how, each kind that occurs.
    fn alignments(&self) -> BTreeMap<&'static str, u64> {
        let kinds = ["aligned", "split", "coalesced", "split and coalesced"];
        let kinds = kinds.into_iter().zip(self.tally.alignments);
        let incomplete = [("incomplete", self.tally.incomplete)];
        kinds
            .chain(incomplete)
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    fn write_totals(&mut self, capture: &Capture) -> io::Result<()> {
        let alignments = self.alignments();
        let out = &mut self.out;
        let shown = self.tally.connections;
        let of_all = if shown == capture.connections {
            String::new()
        } else {
            format!(" of {} shown", capture.connections)
        };
        writeln!(
            out,
            "connections  {shown}{of_all}{}",
            breakdown(&self.tally.protocols)
        )?;
        if !self.tally.websockets.is_empty() {
            writeln!(
                out,
                "websockets   {}{}",
                self.tally.websockets.values().sum::<u64>(),
                breakdown(&self.tally.websockets)
            )?;
            let [client, server] = self.tally.messages;
            writeln!(
                out,
                "messages     {}{}",
                client.count + server.count,
                breakdown(&alignments)
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
                self.tally.control.values().sum::<u64>(),
                breakdown(&self.tally.control)
            )?;
        }
        for (cause, gap) in &self.tally.gaps {
            writeln!(
                out,
                "gaps         {} with {} bytes, cause: {cause}",
                gap.count, gap.bytes
            )?;
        }
        writeln!(
            out,
            "findings     {}",
            self.tally.findings.values().sum::<u64>()
        )?;
        for ((level, id, reference), count) in &self.tally.findings {
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
    fn detail(&self) -> Detail {
        Detail::Counts
    }

    fn tally(&mut self) -> Option<&mut Tally> {
        Some(&mut self.tally)
    }

    fn event(&mut self, _: &Context, event: Event) -> io::Result<()> {
        self.tally.count(&event);
        if let EventKind::Ended(ended) = event.kind {
            self.listed.add(event.connection, *ended);
        }
        Ok(())
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.write_connections()?;
        self.write_totals(capture)?;
        self.out.flush()
    }
}

fn ending(how: EndedBy) -> String {
    match how {
        EndedBy::Fin(role) => format!("fin by {role}"),
        EndedBy::Rst(role) => format!("rst by {role}"),
        EndedBy::Open => "open".to_owned(),
    }
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
