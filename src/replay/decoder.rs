//! What a decoder under test is to the harness: chunks of one direction's bytes in, events out.

use std::{
    cell::{Ref, RefCell},
    fmt,
    rc::Rc,
    time::Duration,
};

use sha2::{Digest, Sha256};
use wireseam_analyzer::Role;

/// A WebSocket decoder that fixtures are replayed into. An adapter for a library is an implementation of it.
///
/// One value is used again and again: [`start`](Self::start) forgets what was before. What is wrong with the bytes is an
/// [`Event::Error`]; an [`AdapterError`] says that the adapter itself does not work.
pub trait Decoder {
    /// Which implementation this is, and what it can do.
    fn about(&self) -> About;

    /// Gets ready for one end's bytes of another connection.
    ///
    /// # Errors
    ///
    /// The adapter does not work, or has no way to decode such a connection ([`AdapterError::Unsupported`]).
    fn start(&mut self, start: &Start<'_>) -> Result<(), AdapterError>;

    /// Decodes the next bytes, and gives all that they complete.
    ///
    /// # Errors
    ///
    /// The adapter does not work.
    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError>;

    /// The peer sends no more. What only comes now came too late; an error here is not judged.
    ///
    /// # Errors
    ///
    /// The adapter does not work.
    fn end(&mut self) -> Result<Vec<Event>, AdapterError> {
        Ok(Vec::new())
    }
}

/// What an implementation is called and can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name: `tungstenite`.
    pub name: String,
    /// Its version: `0.30.0`.
    pub version: String,
    /// What it takes as a server, which decodes a client's bytes; `None` where it cannot.
    pub server: Option<Begins>,
    /// What it takes as a client, which decodes a server's bytes; `None` where it cannot.
    pub client: Option<Begins>,
    /// The extensions that it can undo, by name: `permessage-deflate`.
    pub extensions: Vec<String>,
    /// The kinds of events that it gives. Others are not expected of it.
    pub reports: Vec<Kind>,
}

impl About {
    /// What it takes in this role.
    #[must_use]
    pub fn begins(&self, role: Role) -> Option<Begins> {
        match role {
            Role::Client => self.client,
            Role::Server => self.server,
        }
    }
}

/// Prints name and version.
impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.version.is_empty() {
            return f.write_str(&self.name);
        }
        write!(f, "{} {}", self.name, self.version)
    }
}

/// With which byte a decoder begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// The first of the opening handshake's head.
    AtHandshake,
    /// The first of the first frame.
    AtFrames,
}

/// The connection whose bytes come next.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// Which end the decoder is.
    pub role: Role,
    /// With which byte it begins: what it said of itself.
    pub begins: Begins,
    /// The client's head of the opening handshake.
    pub request: &'a [u8],
    /// The server's.
    pub response: &'a [u8],
    /// The extensions agreed on, parameters included.
    pub extensions: &'a [String],
}

/// The bytes of one call: memory of their own, which is overwritten when the call is over.
///
/// A clone is the same memory, as a pointer in C or a view in other languages would be: a decoder that looks at bytes of a
/// call before finds [`Self::OVERWRITTEN`] in their place. The memory stays until the stream has ended.
#[derive(Clone, Debug)]
pub struct Chunk {
    memory: Rc<RefCell<Vec<u8>>>,
}

impl Chunk {
    /// What the bytes are overwritten with: neither zero nor a letter nor a frame's header.
    pub const OVERWRITTEN: u8 = 0xDD;

    /// A copy of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            memory: Rc::new(RefCell::new(bytes.to_vec())),
        }
    }

    /// The bytes, as they are now.
    #[must_use]
    pub fn bytes(&self) -> Ref<'_, [u8]> {
        Ref::map(self.memory.borrow(), Vec::as_slice)
    }

    /// Overwrites the bytes, for everybody who still looks at them.
    pub(super) fn overwrite(&self) {
        if let Ok(mut memory) = self.memory.try_borrow_mut() {
            memory.fill(Self::OVERWRITTEN);
            // what nobody reads any more the compiler may leave unwritten, and a decoder in C is nobody to it
            std::hint::black_box(&mut *memory);
        }
    }
}

/// What a decoder made of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message, all of it: fragments joined, unmasked, inflated.
    Message(MessageType, Content),
    /// A Ping.
    Ping(Content),
    /// A Pong.
    Pong(Content),
    /// A Close frame.
    Close(CloseEvent),
    /// The connection is failed (RFC 6455 7.1.7).
    Error(Refusal),
}

impl Event {
    /// What kind of event it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Message(..) => Kind::Message,
            Self::Ping(_) => Kind::Ping,
            Self::Pong(_) => Kind::Pong,
            Self::Close(_) => Kind::Close,
            Self::Error(_) => Kind::Error,
        }
    }

    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Message(MessageType::Text, Content::of(text.as_bytes()))
    }

    /// A binary message.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::Message(MessageType::Binary, Content::of(bytes))
    }

    /// A Close frame; 1005 stands for one without a code (RFC 6455 7.1.5).
    #[must_use]
    pub fn close(code: Option<u16>, reason: &str) -> Self {
        Self::Close(CloseEvent {
            code: code.filter(|code| *code != NO_STATUS),
            reason: reason.to_owned(),
        })
    }

    /// A failed connection.
    #[must_use]
    pub fn error(code: Option<u16>, text: impl Into<String>) -> Self {
        Self::Error(Refusal {
            code,
            text: text.into(),
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(kind, content) => write!(f, "{kind} message, {content}"),
            Self::Ping(content) => write!(f, "ping, {content}"),
            Self::Pong(content) => write!(f, "pong, {content}"),
            Self::Close(CloseEvent { code: None, .. }) => f.write_str("close without a code"),
            Self::Close(CloseEvent {
                code: Some(code),
                reason,
            }) => write!(f, "close {code} {reason:?}"),
            Self::Error(Refusal { code, text }) => {
                f.write_str("error")?;
                if let Some(code) = code {
                    write!(f, " {code}")?;
                }
                if text.is_empty() {
                    return Ok(());
                }
                f.write_str(" (")?;
                for c in text.chars().take(LONGEST_TEXT) {
                    match c {
                        '"' | '\'' => write!(f, "{c}")?,
                        _ => write!(f, "{}", c.escape_debug())?,
                    }
                }
                f.write_str(")")
            }
        }
    }
}

/// Which kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Messages.
    Message,
    /// Pings.
    Ping,
    /// Pongs.
    Pong,
    /// Close frames.
    Close,
    /// Failed connections.
    Error,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Message,
        Self::Ping,
        Self::Pong,
        Self::Close,
        Self::Error,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "message",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Close => "close",
            Self::Error => "error",
        })
    }
}

/// Text or binary (RFC 6455 5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Binary => "binary",
        })
    }
}

/// A payload: its SHA-256, its length where that is known, and how it begins. Two are equal where the hashes are.
#[derive(Clone, Debug)]
pub struct Content {
    /// SHA-256 of all of it.
    pub sha256: [u8; 32],
    /// Its length in bytes.
    pub length: Option<u64>,
    /// Its first bytes, at most [`Self::SHOWN`], for people.
    pub begin: Vec<u8>,
}

impl Content {
    /// How many bytes are shown of a payload.
    pub const SHOWN: usize = 32;

    /// That of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Sha256::digest(bytes).into(),
            length: u64::try_from(bytes.len()).ok(),
            begin: bytes.iter().take(Self::SHOWN).copied().collect(),
        }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for Content {}

/// Prints `5 bytes "hello"`, or the hash where nothing else is known. Nothing in it can speak to a terminal.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length {
            Some(1) => f.write_str("1 byte")?,
            Some(length) => write!(f, "{length} bytes")?,
            None => f.write_str("of unknown length")?,
        }
        let shown = u64::try_from(self.begin.len()).ok();
        if self.begin.is_empty() && self.length != Some(0) {
            f.write_str(", SHA-256 ")?;
            return self.sha256[..8]
                .iter()
                .try_for_each(|byte| write!(f, "{byte:02x}"));
        }
        write!(f, " \"{}\"", self.begin.escape_ascii())?;
        if shown < self.length {
            f.write_str("..")?;
        }
        Ok(())
    }
}

/// What a Close frame says (RFC 6455 5.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseEvent {
    /// The status code; `None` where the frame is empty.
    pub code: Option<u16>,
    /// The reason.
    pub reason: String,
}

/// Why a decoder failed the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status code that it sends, where it says so: 1002, 1007, 1009.
    pub code: Option<u16>,
    /// In its own words.
    pub text: String,
}

/// Why there are no events: the adapter, not the bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdapterError {
    /// It cannot decode this connection, and says why.
    #[error("{0}")]
    Unsupported(String),
    /// It refuses this connection, which the RFC leaves to it, and says why.
    #[error("{0}")]
    Declined(String),
    /// It could not be started, died, or said nothing that makes sense.
    #[error("{0}")]
    Broken(String),
    /// It said nothing in time. Where it had got bytes to decode, it is they that it hangs on.
    #[error("the adapter did not answer within {} s (--timeout)", .0.as_secs_f64())]
    Silent(Duration),
    /// Somebody wants the replay to end.
    #[error("interrupted")]
    Interrupted,
}

/// No more characters of what a decoder says are shown.
const LONGEST_TEXT: usize = 300;

/// What stands for a Close frame without a status code (RFC 6455 7.1.5).
const NO_STATUS: u16 = 1005;
