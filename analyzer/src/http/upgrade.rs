//! The opening handshake (RFC 6455 4): what the request asks for, what the response grants, and what is wrong with either.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

use super::fields::{Field, Fields, latin1, trim};
use super::first_line::FirstLine;
use crate::finding::{self, Rule};
use crate::{Detail, Direction, Handshake, HandshakeResult, WebSocketId};

/// RFC 6455 1.3: what the server appends to the key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A broken rule, whose head breaks it, and how.
pub(super) type Fault = (&'static Rule, Direction, String);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 4.2.2): a SHA-1 in base64.
fn accept_for(key: &[u8]) -> [u8; 28] {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    let mut accept = [b'='; 28];
    // 20 bytes take 28 characters: there is room.
    let _ = BASE64.encode_slice(hash.finalize(), &mut accept);
    accept
}

/// Whether a key is 16 bytes in base64 (RFC 6455 4.1).
fn is_key(key: &[u8]) -> bool {
    let mut decoded = [0; 24];
    BASE64.decode_slice(key, &mut decoded) == Ok(16)
}

/// The head of a request that asks for a WebSocket, kept until its answer.
#[derive(Clone, Debug)]
pub(crate) struct Asked(Fields<'static>);

impl Asked {
    /// `None` where the request does not ask for an upgrade to websocket.
    pub(crate) fn of(fields: &Fields<'_>) -> Option<Self> {
        fields
            .has_token(Field::Upgrade, "websocket")
            .then(|| Self(fields.with_own_head()))
    }

    /// Its method and target.
    fn line(&self) -> Option<(&[u8], &[u8])> {
        match FirstLine::parse(self.0.head())? {
            FirstLine::Request { method, target, .. } => Some((method, target)),
            FirstLine::Response { .. } => None,
        }
    }

    fn key(&self) -> Option<Cow<'_, [u8]>> {
        self.0.value(Field::SecWebSocketKey)
    }

    /// What is wrong with a request that was granted (RFC 6455 4.1).
    fn faults(&self, faults: &mut Vec<Fault>) {
        let from = Direction::ClientToServer;
        let Self(fields) = self;
        let text_or = |field, other: &str| fields.text(field).unwrap_or_else(|| other.to_owned());
        if !fields.head().starts_with(b"GET ")
            && let Some((method, _)) = self.line()
        {
            faults.push((
                &finding::HTTP_UPGRADE_METHOD,
                from,
                format!("the request's method is {}, not GET", latin1(method)),
            ));
        }
        if !fields.has_token(Field::Connection, "Upgrade") {
            faults.push((
                &finding::HTTP_UPGRADE_CONNECTION,
                from,
                "the request has no Connection: Upgrade".to_owned(),
            ));
        }
        if fields.value(Field::SecWebSocketVersion).as_deref() != Some(b"13") {
            let version = text_or(Field::SecWebSocketVersion, "none");
            faults.push((
                &finding::HTTP_UPGRADE_VERSION,
                from,
                format!("Sec-WebSocket-Version is {version}, not 13"),
            ));
        }
        if !self.key().is_some_and(|key| is_key(&key)) {
            let key = text_or(Field::SecWebSocketKey, "missing");
            faults.push((
                &finding::HTTP_UPGRADE_KEY,
                from,
                format!("Sec-WebSocket-Key is {key}, not 16 bytes in base64"),
            ));
        }
    }

    fn offers_subprotocol(&self, chosen: &[u8]) -> bool {
        self.0
            .has_member(Field::SecWebSocketProtocol, |offer| offer == chosen)
    }

    /// Whether an extension of this name was offered.
    fn offers_extension(&self, extension: &[u8]) -> bool {
        self.0.has_member(Field::SecWebSocketExtensions, |offer| {
            name_of(offer).eq_ignore_ascii_case(name_of(extension))
        })
    }
}

/// An extension's name, without its parameters.
fn name_of(extension: &[u8]) -> &[u8] {
    let end = memchr::memchr(b';', extension).unwrap_or(extension.len());
    trim(extension.get(..end).unwrap_or(extension))
}

/// The handshake as far as the request says; without its words where the map was not asked for.
pub(super) fn unanswered(asked: Option<&Asked>, detail: Detail) -> Handshake {
    let asked = asked.filter(|_| detail == Detail::Map);
    let line = asked.and_then(Asked::line);
    let text = |field| asked.and_then(|Asked(fields)| fields.text(field));
    let list = |field| {
        asked
            .map(|Asked(fields)| fields.list(field))
            .unwrap_or_default()
    };
    Handshake {
        websocket: WebSocketId(0),
        result: HandshakeResult::Unanswered,
        status: None,
        method: line.map(|(method, _)| latin1(method)),
        target: line.map(|(_, target)| latin1(target)),
        host: text(Field::Host),
        origin: text(Field::Origin),
        offered_subprotocols: list(Field::SecWebSocketProtocol),
        subprotocol: None,
        offered_extensions: list(Field::SecWebSocketExtensions),
        extensions: Vec::new(),
        accept_valid: None,
        request_packets: Vec::new(),
        response_packets: Vec::new(),
        frames_from: [None, None],
        confidence: None,
    }
}

/// The handshake after its final response, which was another than 101.
pub(super) fn refused(asked: &Asked, status: u16, detail: Detail) -> Handshake {
    Handshake {
        result: HandshakeResult::Refused,
        status: Some(status),
        ..unanswered(Some(asked), detail)
    }
}

/// The handshake after its 101. Extensions are part of it in any case, because the frames cannot be read without them.
pub(super) fn accepted(
    asked: Option<&Asked>,
    response: &Fields<'_>,
    detail: Detail,
) -> Box<Handshake> {
    let mut handshake = Box::new(unanswered(asked, detail));
    handshake.result = HandshakeResult::Accepted;
    handshake.status = Some(101);
    handshake.extensions = response.list(Field::SecWebSocketExtensions);
    if let Some(Asked(fields)) = asked
        && detail != Detail::Map
        && !handshake.extensions.is_empty()
    {
        handshake.offered_extensions = fields.list(Field::SecWebSocketExtensions);
    }
    if detail == Detail::Map {
        handshake.subprotocol = response.text(Field::SecWebSocketProtocol);
    }
    let accept = response.value(Field::SecWebSocketAccept);
    handshake.accept_valid = asked
        .and_then(Asked::key)
        .zip(accept)
        .map(|(key, accept)| *accept == accept_for(&key));
    handshake
}

/// What is wrong with a handshake that was granted (RFC 6455 4.1, 4.2.2).
pub(super) fn faults(
    asked: Option<&Asked>,
    response: &Fields<'_>,
    handshake: &Handshake,
) -> Vec<Fault> {
    let from = Direction::ServerToClient;
    let mut faults = Vec::new();
    let Some(asked) = asked else { return faults };
    asked.faults(&mut faults);
    if handshake.accept_valid != Some(true) {
        let got = response.text(Field::SecWebSocketAccept);
        let got = got.as_deref().unwrap_or("missing");
        let want = asked
            .key()
            .map_or_else(|| "no key".to_owned(), |key| latin1(&accept_for(&key)));
        faults.push((
            &finding::HTTP_UPGRADE_ACCEPT,
            from,
            format!("Sec-WebSocket-Accept is {got}; the key asks for {want}"),
        ));
    }
    if !response.has_token(Field::Upgrade, "websocket")
        || !response.has_token(Field::Connection, "Upgrade")
    {
        faults.push((
            &finding::HTTP_UPGRADE_RESPONSE,
            from,
            "the 101 lacks Upgrade: websocket or Connection: Upgrade".to_owned(),
        ));
    }
    if let Some(chosen) = response
        .value(Field::SecWebSocketProtocol)
        .filter(|chosen| !asked.offers_subprotocol(chosen))
    {
        let chosen = latin1(&chosen);
        faults.push((
            &finding::HTTP_UPGRADE_SUBPROTOCOL,
            from,
            format!("the server chose the subprotocol {chosen}, which was not offered"),
        ));
    }
    response.for_each_member(Field::SecWebSocketExtensions, |extension| {
        if !asked.offers_extension(extension) {
            let extension = latin1(extension);
            faults.push((
                &finding::HTTP_UPGRADE_EXTENSION,
                from,
                format!("the server uses the extension {extension}, which was not offered"),
            ));
        }
    });
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_answers_the_key_of_rfc_6455_section_1_3() {
        assert_eq!(
            &accept_for(b"dGhlIHNhbXBsZSBub25jZQ=="),
            b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for other in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25j",
            "dGhlIHNhbXBsZSBub25jZWU=",
            "dGhlIHNhbXBsZSBub25jZR==",
            "dGhlIHNhbXBsZSBub25jZSBkR2hsSUhOaGJYQnNaU0J1YjI1alpR",
            "not base64",
        ] {
            assert!(!is_key(other.as_bytes()), "{other}");
        }
    }
}
