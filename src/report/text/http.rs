//! What bytes outside frames are: HTTP heads and bodies, before the frames and between them.
//!
//! ```text
//!   0         142           303   305           frames begin
//!   |---------|-------------|-----|-------------|------------
//!     GET /0    POST /form    body  GET /chat
//! ```

use wireseam_analyzer::Direction;

use super::layout::count;
use crate::report::{
    Escaped,
    schema::{Bytes, Connection, Finding, Interim, Proxy, Request},
};

/// The names of the bytes outside frames, in each direction.
#[derive(Debug)]
pub(super) struct Names {
    client: Side,
    server: Side,
}

/// The names in one direction.
#[derive(Debug, Default)]
struct Side {
    /// The stretches whose ends are known, in stream order.
    stretches: Vec<Stretch>,
    /// What bytes before the first head are called.
    before: &'static str,
    /// Where frames begin.
    frames_from: Option<u64>,
}

/// A head, or a response inside the WebSocket.
#[derive(Debug)]
struct Stretch {
    span: Bytes,
    label: String,
    /// What bytes behind it are called.
    behind: &'static str,
}

impl Names {
    pub(super) fn of(connection: &Connection) -> Self {
        Self {
            client: Side::of(connection, Direction::ClientToServer),
            server: Side::of(connection, Direction::ServerToClient),
        }
    }

    /// Names bytes that are in no frame: `GET /0`, `+ body`, `+ GET /chat`.
    pub(super) fn within(&self, direction: Direction, bytes: Bytes) -> Vec<String> {
        let side = match direction {
            Direction::ClientToServer => &self.client,
            Direction::ServerToClient => &self.server,
        };
        let mut named: Vec<String> = Vec::new();
        for name in side.names(bytes) {
            let joins = named.last().is_some_and(|last| !last.ends_with('|'));
            named.push(if joins && !name.starts_with('|') {
                format!("+ {name}")
            } else {
                name
            });
        }
        named
    }
}

impl Side {
    fn of(connection: &Connection, direction: Direction) -> Self {
        let has = |name: &str| connection.layers.iter().any(|layer| layer == name);
        let (before, body) = match () {
            () if has("tls") => ("TLS", "TLS"),
            () if has("http2") => ("HTTP/2", "HTTP/2"),
            () if has("http") => ("HTTP", "body"),
            () => ("", ""),
        };
        let mut stretches: Vec<_> = connection
            .requests
            .iter()
            .filter_map(|request| Stretch::head(request, direction, body))
            .collect();
        let before = if stretches.is_empty() && has("websocket") {
            "before the first frame found"
        } else {
            before
        };
        let proxy = connection.proxy.as_ref();
        let proxy = proxy.filter(|_| direction == Direction::ClientToServer);
        stretches.extend(proxy.map(|proxy| Stretch::proxy(proxy, before)));
        if direction == Direction::ServerToClient {
            let interim = connection.interim.iter();
            stretches.extend(interim.map(|response| Stretch::interim(response, body)));
        }
        let inside = connection
            .findings
            .iter()
            .filter(|finding| finding.direction.is_some_and(|of| of.0 == direction));
        stretches.extend(inside.filter_map(Stretch::inside));
        stretches.sort_by_key(|stretch| stretch.span);
        Self {
            stretches,
            before,
            frames_from: frames_from(connection, direction),
        }
    }

    fn names(&self, bytes: Bytes) -> Vec<String> {
        let mut names = Vec::new();
        let mut at = bytes.0;
        let first = self
            .stretches
            .partition_point(|stretch| stretch.span.1 <= at);
        let overlapping = self.stretches[first..]
            .iter()
            .take_while(|stretch| stretch.span.0 < bytes.1);
        for stretch in overlapping {
            self.name_rest(Bytes(at, stretch.span.0), &mut names);
            names.push(stretch.part(bytes));
            at = at.max(stretch.span.1);
        }
        self.name_rest(Bytes(at, bytes.1), &mut names);
        names
    }

    /// Names bytes between two stretches, split where frames begin.
    fn name_rest(&self, bytes: Bytes, names: &mut Vec<String>) {
        let from = self.frames_from.unwrap_or(u64::MAX);
        let before = Bytes(bytes.0, bytes.1.min(from));
        if before.0 < before.1 {
            let next = self
                .stretches
                .partition_point(|stretch| stretch.span.0 <= before.0);
            let last = self.stretches[..next].last();
            let name = last.map_or(self.before, |stretch| stretch.behind);
            if !name.is_empty() {
                names.push(name.to_owned());
            }
        }
        let stray = Bytes(bytes.0.max(from), bytes.1);
        if stray.0 < stray.1 {
            names.push(format!("| {} in no frame |", count(stray.length(), "byte")));
        }
    }
}

impl Stretch {
    /// The head that a request or its response has in this direction: `GET /chat`, `101`.
    fn head(request: &Request, direction: Direction, body: &'static str) -> Option<Self> {
        let (span, label) = match direction {
            Direction::ClientToServer => (request.head?, request_line(request)),
            Direction::ServerToClient => (
                request.response_head?,
                request
                    .status
                    .map_or("response".to_owned(), |status| status.to_string()),
            ),
        };
        let tunnel = request.method.as_deref() == Some("CONNECT")
            && request
                .status
                .is_some_and(|status| (200..300).contains(&status));
        let behind = if tunnel && body == "body" {
            "tunnel"
        } else {
            body
        };
        Some(Self {
            span,
            label,
            behind,
        })
    }

    /// A response before the final one: `103`.
    fn interim(response: &Interim, behind: &'static str) -> Self {
        Self {
            span: response.head,
            label: response.status.to_string(),
            behind,
        }
    }

    /// A proxy's header: `PROXY v2`.
    fn proxy(proxy: &Proxy, behind: &'static str) -> Self {
        Self {
            span: proxy.header,
            label: format!("PROXY v{}", proxy.version),
            behind,
        }
    }

    /// A response where a frame should be: `HTTP 200`.
    fn inside(finding: &Finding) -> Option<Self> {
        let span = (finding.id == HTTP_INSIDE)
            .then_some(finding.span)
            .flatten()?;
        // the status is nowhere but in the finding's text, which repeats the status line
        let status = finding
            .text
            .split_once("(HTTP/1.")
            .and_then(|(_, line)| line.split([' ', ')']).nth(1))
            .filter(|status| status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()));
        Some(Self {
            span,
            label: status.map_or("HTTP".to_owned(), |status| format!("HTTP {status}")),
            behind: "",
        })
    }

    /// Its name where it lies in `bytes`, with dots where it goes on outside.
    fn part(&self, bytes: Bytes) -> String {
        let before = if self.span.0 < bytes.0 { ".. " } else { "" };
        let after = if self.span.1 > bytes.1 { " .." } else { "" };
        format!("{before}{}{after}", self.label)
    }
}

fn request_line(request: &Request) -> String {
    let target = request.target.as_deref().unwrap_or_default();
    let short: String = target.chars().take(TARGET).collect();
    let cut = if short.len() < target.len() {
        "..."
    } else {
        ""
    };
    let method = Escaped(request.method.as_deref().unwrap_or_default()).to_string();
    format!("{method} {}{cut}", Escaped(&short))
}

/// Where a direction's frames begin: as the handshake says, or with the first frame that was found.
fn frames_from(connection: &Connection, direction: Direction) -> Option<u64> {
    let websockets = connection.websockets.iter();
    websockets
        .flat_map(|websocket| {
            let from = websocket.handshake.frames_from;
            let said = match direction {
                Direction::ClientToServer => from.client_to_server,
                Direction::ServerToClient => from.server_to_client,
            };
            let frames = websocket.frames.iter();
            let found = frames.filter(|frame| frame.direction.0 == direction);
            said.into_iter().chain(found.map(|frame| frame.header.0))
        })
        .min()
}

/// The rule about HTTP inside a WebSocket.
const HTTP_INSIDE: &str = "ws.http";
/// How much of a request target a segment's line shows.
const TARGET: usize = 48;
