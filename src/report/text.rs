//! `--format text`: the boundary map for people, and the snapshot format: the same capture always gives the same bytes.
//!
//! ```text
//! conn 1  10.0.0.1:40000 > 10.0.0.2:9001  GET /chat  101  permessage-deflate off
//!   tcp http websocket  #1..#20  0.000000..0.512000 s  opened by the client, ended by the client with FIN
//!   >    #8  0.010000  196..207   11  | F1 m1 text fin masked 5 |
//!   >    #9  0.010200  207..215    8  | F2 m2 binary fin masked 300 [header 0..8 of 8] ..
//!   >   #12  0.010400  215..523  308  .. F2 m2 [0..300 of 300] | F3 ping fin masked 2 |
//! ```
//!
//! `>` goes from the client to the server, `<` the other way; `|` is an edge of a frame, `..` says that it goes on in another
//! segment; `[a..b of n]` are bytes of its payload. Times are relative; nothing depends on the machine or the clock.

mod events;
mod heading;
mod http;
mod layout;
mod messages;
mod missing;
mod pieces;
mod preview;
mod segments;
mod torn;
mod websocket;

use std::io::{self, Write};

use wireseam_analyzer::{Direction, Event, PayloadPolicy};

use super::{
    collect::Collector,
    escape::Escaped,
    record::Context,
    remarks::remarks,
    render::Render,
    schema::{Capture, Connection},
};

pub use events::Events;
pub use layout::Palette;
pub(super) use layout::count;

/// Writes the boundary map, connection by connection.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    palette: Palette,
    collector: Collector,
    connections: u64,
    policy: PayloadPolicy,
}

impl<W: Write> Text<W> {
    /// A map to `out`, in the colours of `palette`.
    pub fn new(out: W, palette: Palette) -> Self {
        Self {
            out,
            palette,
            collector: Collector::default(),
            connections: 0,
            policy: PayloadPolicy::default(),
        }
    }

    fn write_ready(&mut self) -> io::Result<()> {
        while let Some(connection) = self.collector.next_connection() {
            self.connections += 1;
            write_connection(&mut self.out, &self.palette, &connection, self.policy)?;
        }
        Ok(())
    }
}

impl<W: Write> Render for Text<W> {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.policy = context.payload;
        self.collector.event(context, event);
        self.write_ready()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        self.collector.finish();
        self.write_ready()?;
        write_capture(&mut self.out, capture, self.connections)?;
        self.out.flush()
    }
}

fn write_connection(
    out: &mut dyn Write,
    palette: &Palette,
    connection: &Connection,
    policy: PayloadPolicy,
) -> io::Result<()> {
    heading::write(out, palette, connection)?;
    segments::write(out, palette, connection)?;
    for websocket in &connection.websockets {
        websocket::write(out, palette, connection, websocket, policy)?;
    }
    websocket::write_findings(out, palette, connection)?;
    writeln!(out)
}

fn write_capture(out: &mut dyn Write, capture: &Capture, connections: u64) -> io::Result<()> {
    let duration = capture
        .duration
        .map(|duration| format!(", {} s", duration.microseconds()))
        .unwrap_or_default();
    writeln!(
        out,
        "capture {}  {}, {}{duration}, {}{}",
        Escaped(&capture.name),
        layout::count(capture.packets, "packet"),
        layout::count(capture.bytes, "byte"),
        if connections == capture.connections {
            layout::count(connections, "connection")
        } else {
            format!(
                "{connections} of {} shown",
                layout::count(capture.connections, "connection")
            )
        },
        if capture.truncated_file {
            "; the file is cut off inside a packet"
        } else {
            ""
        },
    )?;
    if !capture.skipped.is_empty() {
        let reasons: Vec<_> = capture
            .skipped
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        writeln!(
            out,
            "  without a TCP segment to read: {}",
            reasons.join(", ")
        )?;
    }
    for (about, line) in remarks(capture) {
        writeln!(out, "  {about}: {line}")?;
    }
    let lost = [
        (capture.dropped.kernel, "kernel"),
        (capture.dropped.interface, "interface"),
    ];
    for (count, who) in lost
        .into_iter()
        .filter_map(|(count, who)| Some((count.filter(|count| *count > 0)?, who)))
    {
        writeln!(
            out,
            "  lost while capturing: {} dropped by the {who}",
            layout::count(count, "packet")
        )?;
    }
    Ok(())
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => ">",
        Direction::ServerToClient => "<",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn the_sample_conversation_reads_as_a_map() {
        let mut out = Vec::new();
        samples::render(&mut Text::new(&mut out, Palette::plain()));
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
            conn 1  10.0.0.1:40000 > 10.0.0.2:9001  GET /chat\u{202e}  101  permessage-deflate off  subprotocol chat
              tcp http websocket  #1..#16  0.000000..0.015000 s  opened by the client, reset by the client
              >  534 bytes in 6 segments, 1 retransmission
              <  140 bytes in 2 segments

              segments  (1 acknowledgement without data not shown)
                 packet      time     bytes  length
              >      #1  0.000000                    SYN
              <      #2  0.001000                    SYN-ACK
              >      #4  0.003000    0..196     196  GET /chat\u{202e}
              <      #6  0.005000    0..129     129  101
              >      #8  0.007000  196..207      11  | F1 m1 text fin masked 5 |
              >      #9  0.008000  207..213       6  | F2 m2 binary fin masked 300 [header 0..6 of 8] ..
                                                     packet 9 ends after mask byte 2 of frame 2
              >     #10  0.009000  213..523     310  .. F2 m2 [header 6..8 of 8, 0..300 of 300] | F3 ping fin masked 2 |
              >     #11  0.010000  207..213       6  retransmission  | F2 m2 binary fin masked 300 [header 0..6 of 8] ..
              <     #12  0.011000  129..140      11  | F4 pong fin 2 | F5 close fin 5 |
              >     #14  0.013000  523..534      11  | F6 close fin masked 5 |
              >     #15  0.014000                    RST

              handshake
              subprotocols offered: chat, talk

              messages
                             length  frames     bytes  packets   alignment                    first..completed
              m1  >  text         5  F1      196..207  #8        aligned                      0.007000  "hell\x1b"" ..
              m2  >  binary     300  F2      207..515  #9..#10*  split 2 + coalesced with F3  0.008000..0.009000  ca fe 00 ..
                     #9* 207..213  #10 213..515
              * carried by more than one packet, or by a retransmission

              control frames
              F3  >  ping 2  #10
              F4  <  pong 2  #12  answers F3 after 0.002000 s
              F5  <  close 5  #12
              F6  >  close 5  #14

              close  clean
              >  client 1000 "bye" (#14)
              <  server 1000 "bye" (#12)
              the server began the closing handshake with 1000 after 2 messages

              findings
              finding ws.example  RFC 6455 5.5 should  < F5 at 133..140 (#12)
                an example, with <script> and \u{9b}31m

            capture sample\x1b[31m.pcap  16 packets, 1000 bytes, 0.015000 s, 1 connection
              without a TCP segment to read: 1 ARP
            "#);
    }

    #[test]
    fn colours_change_nothing_but_the_colours() {
        let (mut plain, mut coloured) = (Vec::new(), Vec::new());
        samples::render(&mut Text::new(&mut plain, Palette::plain()));
        samples::render(&mut Text::new(&mut coloured, Palette::coloured()));
        assert_ne!(plain, coloured);
        assert_eq!(
            String::from_utf8(plain).unwrap(),
            anstream::adapter::strip_str(str::from_utf8(&coloured).unwrap()).to_string()
        );
    }
}
