//! Events gathered into one record a connection, finished with what only its end tells.

use std::collections::BTreeMap;

use wireseam_analyzer::{ConnectionId, Direction, Event, EventKind, HandshakeResult, WebSocketId};

use super::{
    carries,
    copies::Copies,
    record::{self, Context},
    schema::{
        Close, Connection, Directions, Ending, FramesFrom, Handshake, Message, Opened, Seconds,
        Totals, WebSocket, Word,
    },
};

/// Events in, connections out: each when it has ended and all before it are out.
///
/// It holds everything that is known of the connections it has not handed over.
#[derive(Debug, Default)]
pub struct Collector {
    open: BTreeMap<ConnectionId, Connection>,
    ended: BTreeMap<ConnectionId, Connection>,
}

impl Collector {
    /// Takes the next event.
    pub fn event(&mut self, context: &Context, event: Event) {
        if let EventKind::Opened(opened) = event.kind {
            let opened = context.opened(opened, event.moment);
            self.open
                .insert(event.connection, begun(event.connection, opened));
            return;
        }
        let Some(connection) = self.open.get_mut(&event.connection) else {
            return;
        };
        connection.last_packet = connection.last_packet.max(event.moment.packet.0);
        let (id, ended) = (event.connection, matches!(event.kind, EventKind::Ended(_)));
        add(context, connection, event);
        if ended && let Some(mut connection) = self.open.remove(&id) {
            finish(&mut connection);
            self.ended.insert(id, connection);
        }
    }

    /// The next connection that is complete, in the order of their numbers.
    pub fn next_connection(&mut self) -> Option<Connection> {
        let (first, _) = self.ended.first_key_value()?;
        if self
            .open
            .first_key_value()
            .is_some_and(|(open, _)| open < first)
        {
            return None;
        }
        self.ended.pop_first().map(|(_, connection)| connection)
    }

    /// Ends what is still open, which is nothing where the analyzer said how each connection ended.
    pub fn finish(&mut self) {
        for (id, mut connection) in std::mem::take(&mut self.open) {
            finish(&mut connection);
            self.ended.insert(id, connection);
        }
    }
}

fn begun(id: ConnectionId, opened: Opened) -> Connection {
    Connection {
        id: id.0,
        client: opened.client,
        server: opened.server,
        first_packet: opened.first_packet,
        last_packet: opened.first_packet,
        start: opened.start,
        duration: None,
        opened: opened.opened,
        ended: Word(Ending::Open),
        ended_by: None,
        layers: vec!["tcp".to_owned()],
        proxy: None,
        tls: None,
        directions: Directions::default(),
        requests: Vec::new(),
        interim: Vec::new(),
        segments: Vec::new(),
        websockets: Vec::new(),
        findings: Vec::new(),
    }
}

fn add(context: &Context, connection: &mut Connection, event: Event) {
    match event.kind {
        EventKind::Opened(_) | EventKind::Counted(_) => {}
        EventKind::Layer(layer) => {
            let name = record::layer(layer);
            if !connection.layers.iter().any(|known| known == name) {
                connection.layers.push(name.to_owned());
            }
        }
        EventKind::Proxied(proxied) => connection.proxy = Some(record::proxy(proxied)),
        EventKind::Tls(hello) => connection.tls = Some(record::tls(*hello)),
        EventKind::Segment(segment) => connection
            .segments
            .push(context.segment(segment, event.moment)),
        EventKind::Gap(gap) => totals(connection, gap.direction)
            .gaps
            .push(record::gap(gap)),
        EventKind::Interim(response) => connection.interim.push(record::interim(response)),
        EventKind::Exchange(exchange) => connection.requests.push(record::request(*exchange)),
        EventKind::WebSocket(handshake) => {
            let place = websocket(connection, handshake.websocket);
            place.picked_up_mid_stream = handshake.result == HandshakeResult::NotCaptured;
            place.handshake = record::handshake(*handshake);
        }
        EventKind::Frame(frame) => websocket(connection, frame.websocket)
            .frames
            .push(record::frame(*frame)),
        EventKind::Message(message) => {
            websocket(connection, message.websocket)
                .messages
                .push(context.message(*message));
        }
        EventKind::Control(control) => {
            websocket(connection, control.websocket)
                .control
                .push(record::control(control));
        }
        EventKind::Acknowledged(acknowledged) => {
            let messages = &mut websocket(connection, acknowledged.websocket).messages;
            if let Some(message) = messages
                .iter_mut()
                .rev()
                .find(|message| message.id == acknowledged.message.0)
            {
                message.timing.acked = context.seconds(event.moment);
            }
        }
        EventKind::Closed(close) => {
            let place = websocket(connection, close.websocket);
            place.close = record::close(*close);
        }
        EventKind::Finding(finding) => connection.findings.push(record::finding(*finding)),
        EventKind::Ended(ended) => {
            let ended = context.ended(&ended);
            connection.last_packet = ended.last_packet;
            connection.duration = span_of_time(connection.start, ended.time);
            connection.ended = ended.ended;
            connection.ended_by = ended.ended_by;
            let [client, server] = Direction::BOTH
                .map(|direction| std::mem::take(&mut totals(connection, direction).gaps));
            connection.directions = ended.directions;
            connection.directions.client_to_server.gaps = client;
            connection.directions.server_to_client.gaps = server;
        }
    }
}

/// Puts lists in order and fills in what later packets told about earlier bytes.
fn finish(connection: &mut Connection) {
    let copies = Direction::BOTH.map(|direction| Copies::of(&connection.segments, direction));
    connection
        .directions
        .client_to_server
        .gaps
        .sort_by_key(|gap| gap.span);
    connection
        .directions
        .server_to_client
        .gaps
        .sort_by_key(|gap| gap.span);
    for websocket in &mut connection.websockets {
        websocket.frames.sort_by_key(|frame| frame.id);
        websocket.messages.sort_by_key(|message| message.id);
        websocket.control.sort_by_key(|control| control.frame);
        for frame in &mut websocket.frames {
            let copies = in_direction(&copies, frame.direction.0);
            frame.alignment.retransmission |= copies.mark(&mut frame.slices);
        }
        for Message {
            direction,
            slices,
            alignment,
            ..
        } in &mut websocket.messages
        {
            alignment.retransmission |= in_direction(&copies, direction.0).mark(slices);
        }
        let about = connection
            .findings
            .iter()
            .filter(|finding| finding.websocket == Some(websocket.id));
        websocket.handshake.findings = about
            .filter(|finding| finding.id.starts_with("http."))
            .map(|finding| finding.id.clone())
            .collect();
        websocket.handshake.findings.dedup();
    }
    carries::fill(connection);
}

fn in_direction(copies: &[Copies; 2], direction: Direction) -> &Copies {
    match direction {
        Direction::ClientToServer => &copies[0],
        Direction::ServerToClient => &copies[1],
    }
}

fn totals(connection: &mut Connection, direction: Direction) -> &mut Totals {
    match direction {
        Direction::ClientToServer => &mut connection.directions.client_to_server,
        Direction::ServerToClient => &mut connection.directions.server_to_client,
    }
}

/// The WebSocket of that number, begun with nothing known where it has not been met.
fn websocket(connection: &mut Connection, id: WebSocketId) -> &mut WebSocket {
    let at = match connection
        .websockets
        .binary_search_by_key(&id.0, |websocket| websocket.id)
    {
        Ok(at) => at,
        Err(at) => {
            connection.websockets.insert(at, unknown(id));
            at
        }
    };
    &mut connection.websockets[at]
}

fn unknown(id: WebSocketId) -> WebSocket {
    WebSocket {
        id: id.0,
        stream: None,
        picked_up_mid_stream: true,
        handshake: Handshake {
            result: Word(HandshakeResult::NotCaptured),
            status: None,
            method: None,
            target: None,
            host: None,
            origin: None,
            offered_subprotocols: Vec::new(),
            subprotocol: None,
            offered_extensions: Vec::new(),
            extensions: Vec::new(),
            accept_valid: None,
            request_packets: Vec::new(),
            response_packets: Vec::new(),
            frames_from: FramesFrom::default(),
            confidence: None,
            findings: Vec::new(),
        },
        frames: Vec::new(),
        messages: Vec::new(),
        control: Vec::new(),
        close: Close::default(),
    }
}

fn span_of_time(start: Option<Seconds>, end: Option<Seconds>) -> Option<Seconds> {
    Some(Seconds {
        nanoseconds: end?.nanoseconds.saturating_sub(start?.nanoseconds),
    })
}
