//! `--format text`: the boundary map for people, and the snapshot format: the same capture always gives the same bytes.
//!
//! ```text
//! conn 1  10.0.0.1:40000 > 10.0.0.2:9001  GET /chat  101  permessage-deflate off
//!   tcp http websocket  #1..#20  0.512000 s  from its handshake, ended by the client with FIN
//!   >    #8  0.010000  196..207   11  | F1 m1 text fin masked 5 |
//!   >    #9  0.010200  207..215    8  | F2 m2 binary fin masked 300 [header 0..8 of 8] ..
//!   >   #12  0.010400  215..523  308  .. F2 m2 [0..300 of 300] | F3 ping fin masked 2 |
//! ```
//!
//! `>` goes from the client to the server, `<` the other way; `|` is an edge of a frame, `..` says that it goes on in another
//! segment; `[a..b of n]` are bytes of its payload. Times are relative; nothing depends on the machine or the clock.

mod heading;
mod layout;
mod messages;
mod preview;
mod segments;
mod torn;
mod websocket;

use std::io::{self, Write};

use wireseam_analyzer::{Direction, Event};

use super::{
    collect::Collector,
    escape::Escaped,
    record::Context,
    render::Render,
    schema::{Capture, Connection},
};

pub use layout::Palette;

/// Writes the boundary map, connection by connection.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    palette: Palette,
    collector: Collector,
    connections: u64,
}

impl<W: Write> Text<W> {
    /// A map to `out`, in the colours of `palette`.
    pub fn new(out: W, palette: Palette) -> Self {
        Self {
            out,
            palette,
            collector: Collector::default(),
            connections: 0,
        }
    }

    fn write_ready(&mut self) -> io::Result<()> {
        while let Some(connection) = self.collector.next_connection() {
            self.connections += 1;
            write_connection(&mut self.out, &self.palette, &connection)?;
        }
        Ok(())
    }
}

impl<W: Write> Render for Text<W> {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.collector.event(context, event);
        self.write_ready()
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
) -> io::Result<()> {
    heading::write(out, palette, connection)?;
    segments::write(out, palette, connection)?;
    for websocket in &connection.websockets {
        websocket::write(out, palette, connection, websocket)?;
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
        layout::count(connections, "connection"),
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
