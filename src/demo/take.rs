//! What a lesson has to tell from: what wireseam finds in its capture, and what its programs logged.

use std::{io::Cursor, ops::Range};

use wireseam::{
    Options,
    report::schema::{Bytes, Connection, Frame, Message, Report, Request},
};
use wireseam_analyzer::{Config, Direction, PayloadPolicy};
use wireseam_capture::FileSource;
use wireseam_wire::Flags;

use super::log::{End, Ends, Log};

/// A lesson that was played: now, or when its recording was made.
#[derive(Debug)]
pub(super) struct Take {
    report: Report,
    log: Log,
}

/// One direction of one connection of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sender: &'a End,
    pub(super) receiver: &'a End,
    direction: Direction,
}

impl Take {
    /// Reads a capture that is in memory.
    pub(super) fn new(capture: &[u8], log: Log) -> anyhow::Result<Self> {
        let mut source =
            FileSource::from_reader("the lesson's capture", Cursor::new(capture.to_vec()))?;
        let config = Config {
            payload: PayloadPolicy::Full,
            ..Config::default()
        };
        let report = wireseam::read(
            &mut source,
            &Options {
                config,
                ..Options::default()
            },
        )?;
        Ok(Self { report, log })
    }

    /// What the client of a connection sent; the first connection is 0.
    pub(super) fn client(&self, connection: usize) -> anyhow::Result<Stream<'_>> {
        self.stream(connection, Direction::ClientToServer)
    }

    /// What the server of a connection sent.
    pub(super) fn server(&self, connection: usize) -> anyhow::Result<Stream<'_>> {
        self.stream(connection, Direction::ServerToClient)
    }

    fn stream(&self, number: usize, direction: Direction) -> anyhow::Result<Stream<'_>> {
        let missing = || anyhow::anyhow!("the capture lacks connection {}", number + 1);
        let connection = self.report.connections.get(number).ok_or_else(missing)?;
        let silent = &SILENT;
        let ends = self.log.connections.get(number).unwrap_or(silent);
        let (sender, receiver) = match direction {
            Direction::ClientToServer => (&ends.client, &ends.server),
            Direction::ServerToClient => (&ends.server, &ends.client),
        };
        Ok(Stream {
            connection,
            sender,
            receiver,
            direction,
        })
    }
}

impl<'a> Stream<'a> {
    /// Which bytes each send() took.
    pub(super) fn sends(self) -> Vec<Bytes> {
        one_after_the_other(&self.sender.sends)
    }

    /// Which bytes each recv() gave.
    pub(super) fn receives(self) -> Vec<Bytes> {
        one_after_the_other(&self.receiver.receives)
    }

    /// Which bytes each segment carries.
    pub(super) fn segments(self) -> Vec<Bytes> {
        let segments = self.connection.segments.iter();
        segments
            .filter(|segment| segment.direction.0 == self.direction)
            .map(|segment| segment.span)
            .filter(|span| span.length() > 0)
            .collect()
    }

    /// Where the bytes end that travelled in one segment with the FIN; `None` where that came by itself.
    pub(super) fn fin(self) -> Option<u64> {
        let mut segments = self.connection.segments.iter();
        let last = segments.find(|segment| {
            segment.direction.0 == self.direction
                && segment.flags.0.contains(Flags::FIN)
                && segment.span.length() > 0
        });
        last.map(|segment| segment.span.1)
    }

    /// The HTTP heads, with what they say in short, and the bodies behind them.
    pub(super) fn http(self) -> Vec<(Bytes, String)> {
        let mut heads: Vec<_> = self
            .connection
            .requests
            .iter()
            .filter_map(|request| self.head(request))
            .collect();
        heads.sort();
        let edges: Vec<_> = heads.iter().skip(1).map(|(head, _)| head.0).collect();
        let ends = edges.into_iter().chain([self.http_end()]);
        let bodies: Vec<_> = heads
            .iter()
            .zip(ends)
            .map(|((head, _), end)| Bytes(head.1, end))
            .filter(|body| body.length() > 0)
            .map(|body| (body, "body".to_owned()))
            .collect();
        heads.extend(bodies);
        heads.sort();
        heads
    }

    fn head(self, request: &Request) -> Option<(Bytes, String)> {
        Some(match self.direction {
            Direction::ClientToServer => {
                let method = request.method.as_deref()?;
                (
                    request.head?,
                    format!("{method} {}", request.target.as_deref()?),
                )
            }
            Direction::ServerToClient => (request.response_head?, request.status?.to_string()),
        })
    }

    /// Where HTTP ends: with the first frame, or with the stream.
    fn http_end(self) -> u64 {
        let frames = self.frames().map(|frame| frame.header.0);
        let from = self.connection.websockets.first().and_then(|websocket| {
            let from = websocket.handshake.frames_from;
            match self.direction {
                Direction::ClientToServer => from.client_to_server,
                Direction::ServerToClient => from.server_to_client,
            }
        });
        frames.chain(from).min().unwrap_or_else(|| self.end())
    }

    /// The bytes from the first frame to the end.
    pub(super) fn behind_http(self) -> Bytes {
        Bytes(self.http_end(), self.end())
    }

    /// All its bytes.
    pub(super) fn all(self) -> Bytes {
        Bytes(0, self.end())
    }

    fn end(self) -> u64 {
        let ends = self.segments().into_iter().map(|segment| segment.1);
        ends.max().unwrap_or(0)
    }

    pub(super) fn frames(self) -> impl Iterator<Item = &'a Frame> {
        let websockets = self.connection.websockets.iter();
        websockets
            .flat_map(|websocket| &websocket.frames)
            .filter(move |frame| frame.direction.0 == self.direction)
    }

    pub(super) fn messages(self) -> impl Iterator<Item = &'a Message> {
        let websockets = self.connection.websockets.iter();
        websockets
            .flat_map(|websocket| &websocket.messages)
            .filter(move |message| message.direction.0 == self.direction)
    }

    /// The texts of its text messages.
    pub(super) fn texts(self) -> Vec<&'a str> {
        self.messages().filter_map(text).collect()
    }
}

/// The text of a text message.
pub(super) fn text(message: &Message) -> Option<&str> {
    message.payload.as_ref()?.text.as_deref()
}

/// From the first byte of a frame's header to the last of its payload.
pub(super) fn whole(frame: &Frame) -> Bytes {
    Bytes(frame.header.0, frame.payload.1)
}

/// Those that lie within some bytes, as far as they do.
pub(super) fn within(pieces: Vec<Bytes>, window: Bytes) -> Vec<Bytes> {
    pieces
        .into_iter()
        .filter(|piece| piece.overlaps(window))
        .collect()
}

fn one_after_the_other(lengths: &[u64]) -> Vec<Bytes> {
    let mut at = 0;
    lengths
        .iter()
        .map(|length| {
            let Range { start, end } = at..at + length;
            at = end;
            Bytes(start, end)
        })
        .collect()
}

static SILENT: Ends = Ends {
    client: End::SILENT,
    server: End::SILENT,
};
