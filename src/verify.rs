//! Whether a report adds up: every byte of every stream is exactly one thing, and every place that is named is there.
//!
//! [`Verify`] stands between the run loop and a renderer and does the sums again from the events alone. It knows nothing
//! of how they were come by, so that it finds where the analyzer contradicts itself:
//!
//! ```text
//!   stream   0 ........ 183 .. 189 ......... 701 ... 830 ........ 1200
//!            |  head    |hdr |   payload     | gap  | passed over |      each byte in one class, none in two
//!   frame               |#14 |#16| #18 | #20 |                           slices tile it, each within what its packet held
//! ```
//!
//! Bytes that no event claims are a named remainder: of HTTP (bodies, heads that were not parsed), of
//! TLS, of HTTP/2, of no known protocol, or passed over in a WebSocket where no frame is known (before frames were found,
//! where they were lost, HTTP among them, the rest of a frame whose header is missing).
//! It holds what is open: a few numbers a connection, the segments of frames that have not ended, the last frames of
//! messages that have not, and the sums of all of them.

mod account;
mod message;
mod runs;
mod stream;

use std::{collections::BTreeMap, fmt, io};

use wireseam_analyzer::{ConnectionId, Detail, Direction, Event, EventKind, Span};

use self::account::Account;
use crate::report::{Context, Render, schema::Capture};

/// A renderer that also verifies what it hands on to another.
#[derive(Debug)]
pub struct Verify<R> {
    inner: R,
    open: BTreeMap<ConnectionId, Account>,
    verification: Verification,
}

/// What came of verifying a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// How many connections were verified.
    pub connections: u64,
    /// How many bytes their streams have, captured or not.
    pub bytes: u64,
    /// How many of them are what.
    pub classes: BTreeMap<Class, u64>,
    /// How often something does not add up.
    pub violations: u64,
    /// The first [`LISTED`](Self::LISTED) of these.
    pub listed: Vec<Violation>,
}

/// What a byte of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The head of an upgrade's request or of the 101 that granted it.
    Handshake,
    /// A WebSocket frame's header.
    FrameHeader,
    /// A WebSocket frame's payload.
    Payload,
    /// A proxy's header in front of all else.
    Proxy,
    /// Other HTTP: heads, and whatever stands between and behind them.
    Http,
    /// In a WebSocket, where no frame is known.
    PassedOver,
    /// TLS.
    Tls,
    /// HTTP/2.
    Http2,
    /// Of no protocol known here.
    Opaque,
    /// The capture lacks it.
    Gap,
}

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In which connection.
    pub connection: ConnectionId,
    /// In which direction.
    pub direction: Direction,
    /// At which bytes.
    pub span: Span,
    /// What is wrong.
    pub text: String,
}

impl<R: Render> Verify<R> {
    /// Verifies what `inner` is given.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            open: BTreeMap::new(),
            verification: Verification::default(),
        }
    }

    /// What came of it so far; connections count when they have ended.
    pub fn verification(&self) -> &Verification {
        &self.verification
    }

    /// What events are handed on to.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn account(&mut self, event: &Event) {
        let id = event.connection;
        match &event.kind {
            EventKind::Opened(_) => {
                if self.open.insert(id, Account::default()).is_some() {
                    self.verification.note(id, vec![Fault::opened_twice()]);
                }
            }
            EventKind::Ended(ended) => {
                if let Some(account) = self.open.remove(&id) {
                    let bytes = account.finish(ended, &mut self.verification.classes);
                    self.verification.connections += 1;
                    self.verification.bytes += bytes.total;
                    self.verification.note(id, bytes.faults);
                }
            }
            kind => {
                if let Some(account) = self.open.get_mut(&id) {
                    account.take(kind, event.moment);
                    self.verification.note(id, account.faults());
                }
            }
        }
    }
}

impl<R: Render> Render for Verify<R> {
    /// All of it: there is nothing to verify in counts.
    fn detail(&self) -> Detail {
        Detail::Map
    }

    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        self.account(&event);
        self.inner.event(context, event)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        for (id, _) in std::mem::take(&mut self.open) {
            self.verification.note(id, vec![Fault::never_ended()]);
        }
        self.inner.finish(capture)
    }
}

impl Verification {
    /// How many violations are listed.
    pub const LISTED: usize = 100;

    fn note(&mut self, connection: ConnectionId, faults: Vec<Fault>) {
        for Fault {
            direction,
            span,
            text,
        } in faults
        {
            self.violations += 1;
            if self.listed.len() < Self::LISTED {
                self.listed.push(Violation {
                    connection,
                    direction,
                    span,
                    text,
                });
            }
        }
    }
}

/// Prints one line: how many connections and bytes, how many bytes of each class that there is, how many violations.
impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64, what: &str| match count {
            1 => format!("1 {what}"),
            _ => format!("{count} {what}s"),
        };
        let (connections, bytes) = (
            plural(self.connections, "connection"),
            plural(self.bytes, "byte"),
        );
        write!(f, "{connections}, {bytes}")?;
        let classes = self.classes.iter().filter(|(_, bytes)| **bytes > 0);
        for (at, (class, bytes)) in classes.enumerate() {
            let mark = if at == 0 { ":" } else { "," };
            write!(f, "{mark} {class} {bytes}")?;
        }
        write!(f, "; {}", plural(self.violations, "violation"))
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "handshake",
            Self::FrameHeader => "frame headers",
            Self::Payload => "payload",
            Self::Proxy => "headers of proxies",
            Self::Http => "HTTP",
            Self::PassedOver => "passed over",
            Self::Tls => "TLS",
            Self::Http2 => "HTTP/2",
            Self::Opaque => "opaque",
            Self::Gap => "gaps",
        })
    }
}

/// Prints as `conn 1 > 20..30: what is wrong`, with the arrow of the map.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.direction {
            Direction::ClientToServer => ">",
            Direction::ServerToClient => "<",
        };
        let (connection, span, text) = (self.connection.0, self.span, &self.text);
        write!(f, "conn {connection} {arrow} {span}: {text}")
    }
}

/// Something that does not add up, in a connection.
#[derive(Debug)]
struct Fault {
    direction: Direction,
    span: Span,
    text: String,
}

impl Fault {
    fn opened_twice() -> Self {
        Self::of_connection("it begins twice")
    }

    fn never_ended() -> Self {
        Self::of_connection("it has no end")
    }

    fn of_connection(text: &str) -> Self {
        Self {
            direction: Direction::ClientToServer,
            span: Span::default(),
            text: text.to_owned(),
        }
    }
}
