//! What a TLS handshake shows in the clear: ClientHello and ServerHello (RFC 8446 4.1.2, 4.1.3).

use tls_parser::{
    TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_extensions,
    parse_tls_message_handshake,
};

use crate::{Direction, TlsHello};

/// A record's header (RFC 8446 5.1): type, legacy version, length.
const RECORD_HEADER: usize = 5;

/// The longest record (RFC 5246 6.2.3): 2^14 bytes and what protection may add.
const LONGEST_RECORD: u16 = (1 << 14) + 2048;

/// A handshake message's header (RFC 8446 4): type, length.
const MESSAGE_HEADER: usize = 4;

/// The content type of handshake messages.
const HANDSHAKE: u8 = 22;

/// How many bytes of handshake messages are waited for until a hello is whole; one with post-quantum keys takes about 2 KiB.
const LONGEST_HELLO: usize = 32 << 10;

/// Whether these bytes begin with the header of a TLS record. `None` where there are too few to tell.
pub(crate) fn begins_like_record(bytes: &[u8]) -> Option<bool> {
    let matches = |at: usize, test: fn(u8) -> bool| bytes.get(at).map(|byte| test(*byte));
    if matches(0, |kind| (20..=24).contains(&kind)) == Some(false)
        || matches(1, |major| major == 3) == Some(false)
    {
        return Some(false);
    }
    let length = bytes
        .get(3..5)
        .and_then(|length| <[u8; 2]>::try_from(length).ok())
        .map(u16::from_be_bytes)?;
    Some(bytes.get(2).is_some_and(|minor| *minor <= 4) && (1..=LONGEST_RECORD).contains(&length))
}

/// Both directions' records until their hellos were read.
#[derive(Debug, Default)]
pub(crate) struct Hello {
    sides: [Side; 2],
    told: TlsHello,
}

#[derive(Debug, Default)]
struct Side {
    /// Bytes of records that are not whole.
    records: Vec<u8>,
    /// Bytes of handshake messages, records' edges removed.
    messages: Vec<u8>,
    done: bool,
}

impl Hello {
    /// Reads bytes of one direction; what is known, when it has become more.
    pub(crate) fn feed(&mut self, direction: Direction, bytes: &[u8]) -> Option<TlsHello> {
        let side = &mut self.sides[direction as usize];
        if side.done {
            return None;
        }
        side.records.extend_from_slice(bytes);
        side.take_records();
        let before = side.first_message().map(|hello| {
            let before = self.told.clone();
            #[cfg(test)]
            crate::work::note(hello.len());
            // A message that is whole is looked at once: more bytes change nothing about it.
            if let Ok((_, TlsMessage::Handshake(message))) = parse_tls_message_handshake(hello) {
                self.told.learn(&message);
            }
            before
        });
        if before.is_some() || side.done || side.messages.len() > LONGEST_HELLO {
            *side = Side::done();
        }
        before
            .filter(|before| self.told != *before)
            .map(|_| self.told.clone())
    }

    /// The capture lacks bytes of one direction: its hello is not waited for.
    pub(crate) fn gap(&mut self, direction: Direction) {
        self.sides[direction as usize] = Side::done();
    }
}

impl Side {
    /// Nothing more is read.
    fn done() -> Self {
        Self {
            done: true,
            ..Self::default()
        }
    }

    /// The first handshake message, once it is whole (RFC 8446 4): type, length, body.
    fn first_message(&self) -> Option<&[u8]> {
        let [_, high, middle, low] = *self.messages.first_chunk()?;
        let length = u32::from_be_bytes([0, high, middle, low]);
        self.messages
            .get(..MESSAGE_HEADER + usize::try_from(length).ok()?)
    }

    fn take_records(&mut self) {
        let mut at = 0;
        while let Some([kind, _, _, high, low]) = self
            .records
            .get(at..at + RECORD_HEADER)
            .and_then(|header| <[u8; 5]>::try_from(header).ok())
        {
            let body = at + RECORD_HEADER;
            let Some(record) = self
                .records
                .get(body..body + usize::from(u16::from_be_bytes([high, low])))
            else {
                break;
            };
            if kind != HANDSHAKE {
                self.done = true;
                break;
            }
            self.messages.extend_from_slice(record);
            at = body + record.len();
        }
        self.records.drain(..at);
    }
}

impl TlsHello {
    fn learn(&mut self, message: &TlsMessageHandshake<'_>) {
        match message {
            TlsMessageHandshake::ClientHello(hello) => {
                self.learn_extensions(hello.ext, Direction::ClientToServer)
            }
            TlsMessageHandshake::ServerHello(hello) => {
                self.version = Some(hello.version.0);
                self.cipher_suite = Some(hello.cipher.0);
                self.learn_extensions(hello.ext, Direction::ServerToClient);
            }
            _ => {}
        }
    }

    fn learn_extensions(&mut self, extensions: Option<&[u8]>, from: Direction) {
        let parsed = extensions.and_then(|extensions| parse_tls_extensions(extensions).ok());
        for extension in parsed.map(|(_, parsed)| parsed).unwrap_or_default() {
            match extension {
                TlsExtension::SNI(names) => {
                    self.server_name = names
                        .first()
                        .map(|(_, name)| String::from_utf8_lossy(name).into_owned())
                }
                TlsExtension::ALPN(protocols) => {
                    let protocols: Vec<String> = protocols
                        .iter()
                        .map(|name| String::from_utf8_lossy(name).into_owned())
                        .collect();
                    self.application_protocol = Some(protocols.join(","));
                }
                TlsExtension::SupportedVersions(versions) if from == Direction::ServerToClient => {
                    self.version = versions.first().map(|version| version.0).or(self.version);
                }
                _ => {}
            }
        }
    }
}
