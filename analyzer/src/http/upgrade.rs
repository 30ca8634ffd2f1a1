//! The opening handshake (RFC 6455 4): what the request asks for, what the response grants, and what is wrong with either.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

use super::head::{FirstLine, Head};
use crate::finding::{self, Rule};
use crate::{Direction, Handshake, HandshakeResult, WebSocketId};

/// RFC 6455 1.3: what the server appends to the key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A broken rule, whose head breaks it, and how.
pub(super) type Fault = (&'static Rule, Direction, String);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2).
fn accept_for(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(GUID);
    BASE64.encode(hash.finalize())
}

/// What a request says of the WebSocket that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    target: String,
    host: Option<String>,
    origin: Option<String>,
    key: Option<String>,
    version: Option<String>,
    subprotocols: Vec<String>,
    extensions: Vec<String>,
    method: String,
    has_connection: bool,
}

impl Asked {
    /// `None` where the request does not ask for an upgrade to websocket.
    pub(crate) fn of(head: &Head) -> Option<Self> {
        let FirstLine::Request { method, target, .. } = &head.first_line else {
            return None;
        };
        head.has_token("upgrade", "websocket").then(|| Self {
            target: target.clone(),
            host: head.value("host").map(str::to_owned),
            origin: head.value("origin").map(str::to_owned),
            key: head.value("sec-websocket-key").map(str::to_owned),
            version: head.value("sec-websocket-version").map(str::to_owned),
            subprotocols: head.list("sec-websocket-protocol"),
            extensions: head.list("sec-websocket-extensions"),
            method: method.clone(),
            has_connection: head.has_token("connection", "upgrade"),
        })
    }

    /// What is wrong with a request that was granted (RFC 6455 4.1).
    fn faults(&self, faults: &mut Vec<Fault>) {
        let from = Direction::ClientToServer;
        if self.method != "GET" {
            faults.push((
                &finding::HTTP_UPGRADE_METHOD,
                from,
                format!("the request's method is {}, not GET", self.method),
            ));
        }
        if !self.has_connection {
            faults.push((
                &finding::HTTP_UPGRADE_CONNECTION,
                from,
                "the request has no Connection: Upgrade".to_owned(),
            ));
        }
        if self.version.as_deref() != Some("13") {
            let version = self.version.as_deref().unwrap_or("none");
            faults.push((
                &finding::HTTP_UPGRADE_VERSION,
                from,
                format!("Sec-WebSocket-Version is {version}, not 13"),
            ));
        }
        let decoded = self.key.as_deref().and_then(|key| BASE64.decode(key).ok());
        if decoded.is_none_or(|key| key.len() != 16) {
            let key = self.key.as_deref().unwrap_or("missing");
            faults.push((
                &finding::HTTP_UPGRADE_KEY,
                from,
                format!("Sec-WebSocket-Key is {key}, not 16 bytes in base64"),
            ));
        }
    }
}

/// The handshake as far as the request says.
pub(super) fn unanswered(asked: Option<&Asked>) -> Handshake {
    Handshake {
        websocket: WebSocketId(0),
        result: HandshakeResult::Unanswered,
        status: None,
        method: asked.map(|asked| asked.method.clone()),
        target: asked.map(|asked| asked.target.clone()),
        host: asked.and_then(|asked| asked.host.clone()),
        origin: asked.and_then(|asked| asked.origin.clone()),
        offered_subprotocols: asked
            .map(|asked| asked.subprotocols.clone())
            .unwrap_or_default(),
        subprotocol: None,
        offered_extensions: asked
            .map(|asked| asked.extensions.clone())
            .unwrap_or_default(),
        extensions: Vec::new(),
        accept_valid: None,
        request_packets: Vec::new(),
        response_packets: Vec::new(),
        frames_from: [None, None],
        confidence: None,
    }
}

/// The handshake after its final response.
pub(super) fn answered(asked: Option<&Asked>, status: u16, response: &Head) -> Handshake {
    let result = if status == 101 {
        HandshakeResult::Accepted
    } else {
        HandshakeResult::Refused
    };
    let granted = result == HandshakeResult::Accepted;
    let accept = response.value("sec-websocket-accept").filter(|_| granted);
    let key = asked.and_then(|asked| asked.key.as_deref());
    Handshake {
        result,
        status: Some(status),
        subprotocol: response
            .value("sec-websocket-protocol")
            .filter(|_| granted)
            .map(str::to_owned),
        extensions: if granted {
            response.list("sec-websocket-extensions")
        } else {
            Vec::new()
        },
        accept_valid: key
            .zip(accept)
            .map(|(key, accept)| accept == accept_for(key)),
        ..unanswered(asked)
    }
}

/// What is wrong with a handshake that was granted (RFC 6455 4.1, 4.2.2).
pub(super) fn faults(asked: Option<&Asked>, response: &Head, handshake: &Handshake) -> Vec<Fault> {
    let from = Direction::ServerToClient;
    let mut faults = Vec::new();
    let Some(asked) = asked else { return faults };
    asked.faults(&mut faults);
    if handshake.accept_valid != Some(true) {
        let got = response.value("sec-websocket-accept").unwrap_or("missing");
        let want = asked
            .key
            .as_deref()
            .map_or_else(|| "no key".to_owned(), accept_for);
        faults.push((
            &finding::HTTP_UPGRADE_ACCEPT,
            from,
            format!("Sec-WebSocket-Accept is {got}; the key asks for {want}"),
        ));
    }
    if !response.has_token("upgrade", "websocket") || !response.has_token("connection", "upgrade") {
        faults.push((
            &finding::HTTP_UPGRADE_RESPONSE,
            from,
            "the 101 lacks Upgrade: websocket or Connection: Upgrade".to_owned(),
        ));
    }
    if let Some(chosen) = handshake
        .subprotocol
        .as_ref()
        .filter(|chosen| !asked.subprotocols.contains(chosen))
    {
        faults.push((
            &finding::HTTP_UPGRADE_SUBPROTOCOL,
            from,
            format!("the server chose the subprotocol {chosen}, which was not offered"),
        ));
    }
    for extension in handshake
        .extensions
        .iter()
        .filter(|extension| !asked.offers(extension))
    {
        faults.push((
            &finding::HTTP_UPGRADE_EXTENSION,
            from,
            format!("the server uses the extension {extension}, which was not offered"),
        ));
    }
    faults
}

impl Asked {
    fn offers(&self, extension: &str) -> bool {
        let name = |extension: &str| {
            extension
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        };
        self.extensions
            .iter()
            .any(|offer| name(offer) == name(extension))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_answers_the_key_of_rfc_6455_section_1_3() {
        assert_eq!(
            accept_for("dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }
}
