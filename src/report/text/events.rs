//! `--format text` on an interface: a line for each thing as soon as it is known, for who looks on.
//!
//! ```text
//!     0.000000  conn 1     10.0.0.1:40000 > 10.0.0.2:9001  opened
//!     0.005000  conn 1     GET /chat  101  permessage-deflate off
//!     0.007000  conn 1  >  m1 text 5  #8  aligned  "hello"
//!     0.009000  conn 1  >  m2 binary 300  #9..#10  split 2 + coalesced with F3  ca fe 00 ..
//! ```
//!
//! It holds nothing, so memory does not grow; the [map](super::Text) gathers a connection until it has ended. What a later
//! packet tells of earlier bytes is not in the earlier line. Segments, and frames but for where they are torn, have none.

use std::{
    fmt::Display,
    io::{self, Write},
};

use wireseam_analyzer::{
    self as analyzer, AlignmentKind, ConnectionId, Direction, Event, EventKind, Layer, Level,
    MessageKind, PayloadPolicy,
};
use wireseam_wire::PacketIndex;

use super::{
    arrow, heading,
    layout::{Palette, WIDTH, columns, count, paint},
    messages, preview, torn, websocket, write_capture,
};
use crate::report::{
    escape::Escaped,
    record::{self, Context},
    render::Render,
    schema::{
        Beginning, Capture, Control, Directed, Ended, Finding, Frame, Gap, Line, Message, Opened,
        Request, Seconds, Within,
    },
};

/// Writes a line for each thing as soon as it is known.
#[derive(Debug)]
pub struct Events<W> {
    out: W,
    palette: Palette,
    connections: u64,
    /// The line that is written next.
    line: String,
}

/// How a line begins: when, and where.
struct Place {
    time: Option<Seconds>,
    connection: u64,
    /// Where its connection has had another one before.
    websocket: Option<u32>,
    direction: Option<Direction>,
}

impl<W: Write> Events<W> {
    /// Lines to `out`, in the colours of `palette`.
    pub fn new(out: W, palette: Palette) -> Self {
        Self {
            out,
            palette,
            connections: 0,
            line: String::new(),
        }
    }

    fn line(&mut self, line: Line, time: Option<Seconds>, policy: PayloadPolicy) -> io::Result<()> {
        match line {
            Line::Opened(it) => self.opened(&it),
            Line::Proxy(it) => {
                let text = heading::proxy(&it.record);
                self.say(&of(&it, time, None), text)
            }
            Line::Tls(it) => {
                let text = heading::tls(&it.record).join("  ");
                self.say(&of(&it, time, None), format_args!("tls  {text}"))
            }
            Line::Request(it) => {
                let text = request(&it.record);
                self.say(&of(&it, time, None), text)
            }
            Line::Handshake(it) => {
                let text = heading::opening(&it.record);
                let text = paint(self.palette.heading, text.trim_start());
                self.say(&of(&it, time, None), text)
            }
            Line::Gap(it) => self.gap(&it, time),
            Line::Frame(it) => self.torn(&it, time),
            Line::Message(it) => self.message(&it, time, policy),
            Line::Control(it) => {
                let Control {
                    frame,
                    direction,
                    opcode,
                    length,
                    ..
                } = it.record;
                let answer = websocket::answer(&it.record);
                self.say(
                    &of(&it, time, Some(direction.0)),
                    format_args!("{} {length}  F{frame}{answer}", opcode.0),
                )
            }
            Line::Close(it) => {
                let text = paint(self.palette.heading, Escaped(&it.record.verdict));
                self.say(&of(&it, time, None), text)
            }
            Line::Finding(it) => self.finding(it, time),
            Line::Ended(it) => self.ended(&it),
            Line::Layer(_)
            | Line::Segment(_)
            | Line::Interim(_)
            | Line::Acknowledged(_)
            | Line::Capture(_) => Ok(()),
        }
    }

    fn opened(&mut self, it: &Within<Opened>) -> io::Result<()> {
        self.connections += 1;
        let Opened {
            client,
            server,
            opened,
            start,
            ..
        } = &it.record;
        let how = match opened.0 {
            Beginning::Handshake => "opened",
            Beginning::MidStream => "picked up mid-stream",
        };
        let ends = paint(self.palette.heading, format!("{client} > {server}"));
        self.say(&of(it, *start, None), format_args!("{ends}  {how}"))
    }

    fn gap(&mut self, it: &Within<Directed<Gap>>, time: Option<Seconds>) -> io::Result<()> {
        let Gap { span, cause } = &it.record.record;
        let length = count(span.length(), "byte");
        let text = format!("missing: {length} at {span} ({cause})");
        let place = of(it, time, Some(it.record.direction.0));
        self.say(&place, paint(self.palette.notable, text))
    }

    /// Where a frame is cut in a place that a naive parser stumbles over.
    fn torn(&mut self, it: &Within<Frame>, time: Option<Seconds>) -> io::Result<()> {
        let frame = &it.record;
        let cuts = frame.alignment.torn.iter().filter(|cut| torn::is_told(cut));
        for (_, sentence) in cuts.filter_map(|cut| torn::sentence(frame, cut)).take(CUTS) {
            let place = of(it, time, Some(frame.direction.0));
            self.say(&place, paint(self.palette.faint, sentence))?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        it: &Within<Message>,
        time: Option<Seconds>,
        policy: PayloadPolicy,
    ) -> io::Result<()> {
        let place = of(it, time, Some(it.record.direction.0));
        let front = messages::in_a_line(&it.record);
        let width = BEFORE + columns(&front);
        let (preview, whole) = messages::content(&it.record, policy, WIDTH.saturating_sub(width));
        let gap = if preview.is_empty() { "" } else { "  " };
        self.say(&place, format_args!("{front}{gap}{preview}"))?;
        for remark in messages::remarks(&it.record) {
            self.say(&place, paint(self.palette.notable, remark))?;
        }
        for line in whole {
            writeln!(self.out, "{:BEFORE$}{line}", "")?;
        }
        match &it.record.sha256 {
            Some(sum) => writeln!(self.out, "{:BEFORE$}sha256 {sum}", ""),
            None => Ok(()),
        }
    }

    fn finding(&mut self, mut it: Within<Finding>, time: Option<Seconds>) -> io::Result<()> {
        // that stands where it does in all lines
        let direction = it.record.direction.take();
        let place = of(&it, time, direction.map(|direction| direction.0));
        let finding = &it.record;
        let style = match finding.level.0 {
            Level::Must => self.palette.broken,
            Level::Should => self.palette.notable,
            Level::Note => self.palette.faint,
        };
        let head = format!(
            "finding {}  {} {}",
            finding.id, finding.reference, finding.level
        );
        let (head, bytes) = (paint(style, head), websocket::place(finding));
        self.say(
            &place,
            format_args!("{head}  {bytes}  {}", Escaped(&finding.text)),
        )
    }

    fn ended(&mut self, it: &Within<Ended>) -> io::Result<()> {
        let Ended {
            time,
            ended,
            ended_by,
            directions,
            ..
        } = &it.record;
        let how = heading::ending(ended.0, ended_by.map(|role| role.0));
        let (client, server) = (&directions.client_to_server, &directions.server_to_client);
        self.say(
            &of(it, *time, None),
            format_args!(
                "{how}  > {}  < {}",
                heading::volume(client),
                heading::volume(server)
            ),
        )
    }

    fn say(&mut self, place: &Place, text: impl Display) -> io::Result<()> {
        use std::fmt::Write;

        let Self { line, palette, .. } = self;
        line.clear();
        let time = place.time.map(|time| time.microseconds());
        let time = time.as_deref().unwrap_or_default();
        // a string takes everything
        let _ = write!(
            line,
            "{}  conn {}",
            paint(palette.faint, format_args!("{time:>TIME$}")),
            place.connection
        );
        if let Some(websocket) = place.websocket.filter(|number| *number > 1) {
            let _ = write!(line, " ws {websocket}");
        }
        let _ = match place.direction {
            Some(direction) => {
                let arrow = paint(palette.direction(direction), arrow(direction));
                writeln!(line, "  {arrow}  {text}")
            }
            None => writeln!(line, "     {text}"),
        };
        self.out.write_all(line.as_bytes())
    }

    /// A message of which there is nothing to say but what it is: nearly all are, and some come fast.
    fn plain(
        &mut self,
        connection: ConnectionId,
        message: &analyzer::Message,
        (time, packet): (Option<Seconds>, PacketIndex),
    ) -> io::Result<()> {
        let place = Place {
            time,
            connection: connection.0,
            websocket: Some(message.websocket.0),
            direction: Some(message.direction),
        };
        let (id, kind, length) = (message.id.0, message.kind, message.wire_length);
        let front = format!("m{id} {kind} {length}  #{}  aligned", packet.0);
        let room = WIDTH.saturating_sub(BEFORE + columns(&front));
        let bytes = &message.payload.bytes;
        let (text, truncated) = record::text(kind, message.length, bytes);
        let preview = match text {
            Some(text) => preview::text_beginning(text, truncated, room),
            None => preview::bytes_beginning(bytes, truncated, room),
        };
        let gap = if preview.is_empty() { "" } else { "  " };
        self.say(&place, format_args!("{front}{gap}{preview}"))
    }
}

/// The packet of a message that lies in one segment, alone and once, whole and as it was sent.
fn plain(message: &analyzer::Message) -> Option<PacketIndex> {
    let alignment = &message.alignment;
    let is_plain = message.complete
        && !message.compressed
        && message.length == Some(message.wire_length)
        && message.payload.sha256.is_none()
        && alignment.kind == AlignmentKind::Aligned
        && !(alignment.gap || alignment.super_segment || alignment.retransmission)
        && message.timing.completed.packet == message.timing.last.packet
        && message.kind != MessageKind::Unknown;
    match message.slices[..] {
        [slice] if is_plain && !slice.retransmitted => Some(slice.packet),
        _ => None,
    }
}

impl<W: Write> Render for Events<W> {
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        let has_line = match &event.kind {
            EventKind::Segment(_) | EventKind::Acknowledged(_) => false,
            EventKind::Frame(frame) => !frame.alignment.torn.is_empty(),
            // what a handshake says is said with that
            EventKind::Exchange(exchange) => !exchange.upgrade,
            EventKind::Layer(layer) => matches!(layer, Layer::Http2 | Layer::Opaque),
            _ => true,
        };
        if !has_line {
            return Ok(());
        }
        let time = context.seconds(event.moment);
        if let EventKind::Layer(layer) = event.kind {
            let place = Place {
                time,
                connection: event.connection.0,
                websocket: None,
                direction: None,
            };
            let what = match layer {
                Layer::Http2 => "HTTP/2",
                _ => "no protocol recognised",
            };
            return self.say(&place, what);
        }
        if let EventKind::Message(message) = &event.kind
            && context.payload == PayloadPolicy::Preview
            && let Some(packet) = plain(message)
        {
            return self.plain(event.connection, message, (time, packet));
        }
        match context.line(event) {
            Some(line) => self.line(line, time, context.payload),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        writeln!(self.out)?;
        write_capture(&mut self.out, capture, self.connections)?;
        self.out.flush()
    }
}

fn of<T>(it: &Within<T>, time: Option<Seconds>, direction: Option<Direction>) -> Place {
    Place {
        time,
        connection: it.connection,
        websocket: it.websocket,
        direction,
    }
}

/// `GET /index.html  200`.
fn request(request: &Request) -> String {
    let word = |word: &Option<String>| match word {
        Some(word) => Escaped(word).to_string(),
        None => "?".to_owned(),
    };
    let asked = match (&request.method, &request.target) {
        (None, None) => "(request not captured)".to_owned(),
        (method, target) => format!("{} {}", word(method), word(target)),
    };
    match request.status {
        Some(status) => format!("{asked}  {status}"),
        None => format!("{asked}  no answer captured"),
    }
}

/// How wide the column of times is: a week, with microseconds.
const TIME: usize = 13;

/// About how many columns stand before a message.
const BEFORE: usize = TIME + "  conn 1  >  ".len();

/// How many cuts of one frame are told.
const CUTS: usize = 8;

#[cfg(test)]
mod tests {
    use wireseam_wire::Timestamp;

    use super::*;
    use crate::report::samples;

    #[test]
    fn the_sample_conversation_reads_as_it_happens() {
        let mut out = Vec::new();
        samples::render(&mut Events::new(&mut out, Palette::plain()));
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
                 0.000000  conn 1     10.0.0.1:40000 > 10.0.0.2:9001  opened
                 0.005000  conn 1     GET /chat\u{202e}  101  permessage-deflate off  subprotocol chat
                 0.007000  conn 1  >  m1 text 5  #8  aligned  "hell\x1b"" ..
                 0.009000  conn 1  >  packet 9 ends after mask byte 2 of frame 2
                 0.009000  conn 1  >  m2 binary 300  #9..#10  split 2 + coalesced with F3  ca fe 00 ..
                 0.009000  conn 1  >  ping 2  F3
                 0.011000  conn 1  <  pong 2  F4  answers F3 after 0.002000 s
                 0.011000  conn 1  <  close 5  F5
                 0.011000  conn 1  <  finding ws.example  RFC 6455 5.5 should  F5 at 133..140 (#12)  an example, with <script> and \u{9b}31m
                 0.013000  conn 1  >  close 5  F6
                 0.013000  conn 1     the server began the closing handshake with 1000 after 2 messages
                 0.015000  conn 1     reset by the client  > 534 bytes in 6 segments, 1 retransmission  < 140 bytes in 2 segments

            capture sample\x1b[31m.pcap  16 packets, 1000 bytes, 0.015000 s, 1 connection
              without a TCP segment to read: 1 ARP
            "#);
    }

    #[test]
    fn a_plain_message_reads_as_any_other() {
        let context = Context {
            start: Some(Timestamp(0)),
            payload: PayloadPolicy::Preview,
        };
        for (kind, length, bytes) in [
            (MessageKind::Text, 0, &b""[..]),
            (MessageKind::Text, 5, b"he\\\n\x1b"),
            (MessageKind::Text, 9, "h\u{202e}\u{e9}llo".as_bytes()),
            (MessageKind::Text, 300, &[b'x'; 64]),
            (MessageKind::Text, 300, b"h\xc3"),
            (MessageKind::Text, 3, b"\xff\xff\xff"),
            (MessageKind::Binary, 0, b""),
            (MessageKind::Binary, 2, b"\xca\xfe"),
            (MessageKind::Binary, 64, &[7; 64]),
            (MessageKind::Binary, 65, &[7; 64]),
        ] {
            let event = samples::message(
                9,
                7,
                Direction::ServerToClient,
                (kind, bytes),
                length,
                &[(9, 20, 30)],
                samples::aligned(),
                [9, 9],
            );
            let EventKind::Message(message) = &event.kind else {
                panic!("no message");
            };
            let (packet, time) = (plain(message).unwrap(), context.seconds(event.moment));
            let mut lines = [Vec::new(), Vec::new()];
            let [quick, usual] = &mut lines;
            let mut events = Events::new(quick, Palette::plain());
            let of = (time, packet);
            events.plain(event.connection, message, of).unwrap();
            let line = context.line(event).unwrap();
            let mut events = Events::new(usual, Palette::plain());
            events.line(line, time, PayloadPolicy::Preview).unwrap();
            let [quick, usual] = lines.map(|line| String::from_utf8(line).unwrap());
            assert_eq!(quick, usual);
            assert!(quick.contains("aligned"), "{quick}");
        }
    }

    #[test]
    fn colours_change_nothing_but_the_colours() {
        let (mut plain, mut coloured) = (Vec::new(), Vec::new());
        samples::render(&mut Events::new(&mut plain, Palette::plain()));
        samples::render(&mut Events::new(&mut coloured, Palette::coloured()));
        assert_ne!(plain, coloured);
        assert_eq!(
            String::from_utf8(plain).unwrap(),
            anstream::adapter::strip_str(str::from_utf8(&coloured).unwrap()).to_string()
        );
    }
}
