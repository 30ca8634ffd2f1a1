//! What a capture says of itself besides its packets: who made it, on which interfaces, comments, secrets, link-layer flags.
//!
//! Everything kept has a cap, and what did not fit is counted.

use std::fmt;

use wireseam_wire::LinkType;

/// All that was noted, in the order in which it was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Who made the capture, a section each.
    pub sections: Vec<Section>,
    /// The interfaces that were described, by number.
    pub interfaces: Vec<Interface>,
    /// Comments.
    pub comments: Vec<Comment>,
    /// Secrets to decrypt with, a kind each.
    pub secrets: Vec<Secrets>,
    /// What the link layer said of packets.
    pub flags: PacketFlags,
    /// What was met and not kept.
    pub left_out: LeftOut,
    /// How many sections were met.
    sections_met: u64,
    /// How many bytes of text are kept.
    text: usize,
}

/// What a pcapng section says of its maker (draft-ietf-opsawg-pcapng 4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The hardware.
    pub hardware: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// The program.
    pub application: Option<String>,
}

/// What a pcapng section says of an interface (draft-ietf-opsawg-pcapng 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its number in the capture, as packets have it.
    pub number: u32,
    /// Its link type.
    pub link: LinkType,
    /// The most bytes captured of a packet; `None` is without limit.
    pub snaplen: Option<u32>,
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// The capture filter.
    pub filter: Option<String>,
    /// The operating system that it is an interface of.
    pub os: Option<String>,
    /// Its hardware.
    pub hardware: Option<String>,
    /// What was counted on it.
    pub counters: Counters,
}

/// What was counted on an interface from the start of the capture on (draft-ietf-opsawg-pcapng 4.6); `None` is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that the interface received.
    pub received: Option<u64>,
    /// Packets that it dropped.
    pub dropped_by_interface: Option<u64>,
    /// Packets that passed the capture filter.
    pub accepted: Option<u64>,
    /// Packets that the operating system dropped.
    pub dropped_by_kernel: Option<u64>,
    /// Packets delivered to the program that captured.
    pub delivered: Option<u64>,
}

/// A comment (draft-ietf-opsawg-pcapng 3.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// On what.
    pub on: CommentOn,
    /// What it says.
    pub text: String,
}

/// What a comment is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentOn {
    /// A section, counted from 1.
    Section(u64),
    /// An interface, by its number in the capture.
    Interface(u32),
    /// A packet, by its number in the capture.
    Packet(u64),
}

/// Secrets of one kind, kept for whoever decrypts (draft-ietf-opsawg-pcapng 4.7).
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// What they are.
    pub kind: SecretsKind,
    /// In how many blocks they came.
    pub blocks: u64,
    /// The blocks' data one after the other, as far as it is kept, each ended by a line feed.
    pub data: Vec<u8>,
}

/// What secrets are, by the number in the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsKind {
    /// A TLS key log.
    TlsKeyLog,
    /// An SSH key log.
    SshKeyLog,
    /// A WireGuard key log.
    WireGuardKeyLog,
    /// ZigBee keys.
    ZigBee,
    /// An OPC UA key log.
    OpcUaKeyLog,
    /// Another kind.
    Other(u32),
}

/// What the link layer said of packets (draft-ietf-opsawg-pcapng 4.3.1), in packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketFlags {
    /// Received.
    pub inbound: u64,
    /// Sent.
    pub outbound: u64,
    errors: [u64; 8],
}

/// What was met and not kept, for the caps of [`Notes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Sections.
    pub sections: u64,
    /// Interfaces.
    pub interfaces: u64,
    /// Comments.
    pub comments: u64,
    /// Bytes of secrets.
    pub secret_bytes: u64,
}

impl Notes {
    /// Takes a section; its number, counted from 1.
    pub(crate) fn section(&mut self, section: Section) -> u64 {
        self.sections_met += 1;
        let len = [&section.hardware, &section.os, &section.application].map(text_len);
        if self.sections.len() < MOST_LISTED && self.has_room(len.iter().sum()) {
            self.sections.push(section);
        } else {
            self.left_out.sections += 1;
        }
        self.sections_met
    }

    /// Takes an interface.
    pub(crate) fn interface(&mut self, interface: Interface) {
        let texts = [
            &interface.name,
            &interface.description,
            &interface.filter,
            &interface.os,
            &interface.hardware,
        ];
        let len = texts.map(text_len).iter().sum();
        if self.interfaces.len() < MOST_LISTED && self.has_room(len) {
            self.interfaces.push(interface);
        } else {
            self.left_out.interfaces += 1;
        }
    }

    /// Takes the latest counters of an interface.
    pub(crate) fn count(&mut self, number: u32, counters: Counters) {
        let by_number = |interface: &Interface| interface.number;
        if let Ok(at) = self.interfaces.binary_search_by_key(&number, by_number)
            && let Some(interface) = self.interfaces.get_mut(at)
        {
            interface.counters = counters;
        }
    }

    /// Takes a comment.
    pub(crate) fn comment(&mut self, on: CommentOn, text: &[u8]) {
        if self.comments.len() < MOST_LISTED && self.has_room(text.len()) {
            let text = String::from_utf8_lossy(text).into_owned();
            self.comments.push(Comment { on, text });
        } else {
            self.left_out.comments += 1;
        }
    }

    /// Takes a block of secrets.
    pub(crate) fn secrets(&mut self, number: u32, data: &[u8]) {
        let kind = SecretsKind::from(number);
        let at = self.secrets.iter().position(|secrets| secrets.kind == kind);
        if at.is_none() && self.secrets.len() < MOST_KINDS {
            self.secrets.push(Secrets {
                kind,
                blocks: 0,
                data: Vec::new(),
            });
        }
        let at = at.unwrap_or(self.secrets.len() - 1);
        let kept: usize = self.secrets.iter().map(|secrets| secrets.data.len()).sum();
        let has_room = kept + data.len() < MOST_SECRET_BYTES;
        match self.secrets.get_mut(at) {
            Some(secrets) if secrets.kind == kind => {
                secrets.blocks += 1;
                if has_room {
                    secrets.data.extend_from_slice(data);
                    if !data.ends_with(b"\n") {
                        secrets.data.push(b'\n');
                    }
                } else {
                    self.left_out.secret_bytes += count(data.len());
                }
            }
            _ => self.left_out.secret_bytes += count(data.len()),
        }
    }

    /// Takes the flags of a packet.
    pub(crate) fn count_flags(&mut self, flags: u32) {
        match flags & 0b11 {
            1 => self.flags.inbound += 1,
            2 => self.flags.outbound += 1,
            _ => {}
        }
        for (bit, errors) in (24..).zip(&mut self.flags.errors) {
            *errors += u64::from(flags >> bit & 1);
        }
    }

    /// Whether so much more text is kept; then it counts as kept.
    fn has_room(&mut self, len: usize) -> bool {
        let kept = self.text.saturating_add(len);
        let has_room = kept <= MOST_TEXT;
        if has_room {
            self.text = kept;
        }
        has_room
    }
}

impl PacketFlags {
    /// The link-layer errors that were met, in words, each with how many packets have it.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = ERRORS.into_iter().zip(self.errors);
        counted.filter(|(_, packets)| *packets > 0)
    }
}

impl Secrets {
    /// How many lines they have; a key log has a secret a line, others may be no text.
    #[must_use]
    pub fn lines(&self) -> u64 {
        count(self.data.iter().filter(|byte| **byte == b'\n').count())
    }
}

impl From<u32> for SecretsKind {
    fn from(number: u32) -> Self {
        match &number.to_be_bytes() {
            b"TLSK" => Self::TlsKeyLog,
            b"SSHK" => Self::SshKeyLog,
            b"WGKL" => Self::WireGuardKeyLog,
            b"ZNWK" | b"ZAPK" => Self::ZigBee,
            b"UAKL" => Self::OpcUaKeyLog,
            _ => Self::Other(number),
        }
    }
}

impl fmt::Display for SecretsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TlsKeyLog => f.write_str("TLS key log"),
            Self::SshKeyLog => f.write_str("SSH key log"),
            Self::WireGuardKeyLog => f.write_str("WireGuard key log"),
            Self::ZigBee => f.write_str("ZigBee keys"),
            Self::OpcUaKeyLog => f.write_str("OPC UA key log"),
            Self::Other(number) => write!(f, "secrets of kind {number:#010x}"),
        }
    }
}

/// Secrets are not for logs.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("kind", &self.kind)
            .field("blocks", &self.blocks)
            .field("len", &self.data.len())
            .finish_non_exhaustive()
    }
}

fn text_len(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// Bits 24 to 31 of epb_flags.
const ERRORS: [&str; 8] = [
    "CRC",
    "too long",
    "too short",
    "wrong interframe gap",
    "unaligned",
    "start frame delimiter",
    "preamble",
    "symbol",
];

/// How many sections, interfaces and comments are kept, of each so many: more than anybody reads.
const MOST_LISTED: usize = 1_000;

/// How many bytes all texts may have together.
const MOST_TEXT: usize = 1 << 20;

/// How many kinds of secrets are kept: there are six.
const MOST_KINDS: usize = 8;

/// How many bytes of secrets are kept: a TLS session takes about 200, so this is for a hundred thousand of them.
const MOST_SECRET_BYTES: usize = 16 << 20;
