//! The records of the capture itself: its totals, its files, and what they say of themselves.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use wireseam_capture::{Compression, FileFormat, Stop};

use super::{Seconds, Word};

/// The capture as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Capture {
    /// The file's name without its folder; `-` for standard input; the first file's, and how many more there are.
    pub name: String,
    /// How many packets it holds.
    pub packets: u64,
    /// How many captured bytes they have.
    pub bytes: u64,
    /// How many connections it holds, reported or not.
    pub connections: u64,
    /// When the first packet was captured (RFC 3339).
    pub start: Option<String>,
    /// From the first packet to the latest.
    pub duration: Option<Seconds>,
    /// Its link types, in order of appearance.
    pub link_types: Vec<String>,
    /// How many packets held no TCP segment that could be read, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// What came of looking at checksums; null where nobody looked.
    pub checksums: Option<Checksums>,
    /// What came of IP fragments that may hold TCP.
    pub fragments: Fragments,
    /// How many segments have an IP header that left its length to the interface.
    pub lengths_left_to_interface: u64,
    /// What whoever captured lost.
    pub dropped: Dropped,
    /// Whether a file ends inside a packet, or its packed data inside itself.
    pub truncated_file: bool,
    /// Why it was not read to its end; null where it was, or where it could not be.
    pub stopped: Option<Word<Stop>>,
    /// Times that run backwards.
    pub backwards: Backwards,
    /// Its files, in the order in which they were read; none where packets come from elsewhere.
    pub files: Vec<CaptureFile>,
    /// Who made it, a pcapng section each.
    pub sections: Vec<Section>,
    /// Its interfaces, as far as a pcapng section describes them.
    pub interfaces: Vec<Interface>,
    /// Comments in it.
    pub comments: Vec<Comment>,
    /// Secrets in it, a kind each; never the secrets themselves.
    pub secrets: Vec<Secrets>,
    /// What the link layer said of packets.
    pub link_layer: LinkLayer,
    /// How much of the four lists above was met and is not in them, for their caps.
    pub left_out: LeftOut,
}

/// Checksums that are not right, in packets that hold a TCP segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Checksums {
    /// Of IPv4 headers.
    pub ip: WrongChecksums,
    /// Of TCP segments captured whole.
    pub tcp: WrongChecksums,
}

/// Why they are not right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WrongChecksums {
    /// Nothing else explains them: the bytes are not those that were sent.
    pub wrong: u64,
    /// The sending host left them to its interface, and the packets were captured before they reached it.
    pub left_to_interface: u64,
}

/// IP fragments (RFC 791 3.2, RFC 8200 4.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fragments {
    /// How many.
    pub fragments: u64,
    /// Packets put together of them.
    pub reassembled: u64,
    /// Packets of which a fragment did not come, or not in time.
    pub incomplete: u64,
    /// Packets given up for others because a limit was reached.
    pub given_up: u64,
    /// Fragments that cannot be a part of the packet that they name.
    pub refused: u64,
    /// Fragments with other bytes for a part of the packet than one that came before, whose bytes stay.
    pub differing: u64,
}

/// Packets that never reached the capture, as far as anyone counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dropped {
    /// By the kernel.
    pub kernel: Option<u64>,
    /// By the network interface.
    pub interface: Option<u64>,
    /// By whomever, as the packets behind the lost ones say; the two above may count the same losses.
    pub between: Option<u64>,
}

/// Packets whose time lies before that of the packet in front of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Backwards {
    /// How many.
    pub packets: u64,
    /// By how much at most; null where there are none.
    pub largest_step: Option<Seconds>,
}

/// One of the capture's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaptureFile {
    /// Its name, without its folder.
    pub name: String,
    /// What it is written in; null where that could not be read.
    pub format: Option<Word<FileFormat>>,
    /// How it is packed; null where it is not.
    pub compression: Option<Word<Compression>>,
    /// How many bytes the file has; null where that is not known beforehand.
    pub size: Option<u64>,
    /// How many packets were read of it.
    pub packets: u64,
    /// How many captured bytes they have.
    pub bytes: u64,
    /// When its earliest packet was captured.
    pub first: Option<Seconds>,
    /// When its latest packet was captured.
    pub last: Option<Seconds>,
    /// Why it ends before its end; null where it does not.
    pub truncated: Option<String>,
    /// Why it could not be read, or not to its end.
    pub fault: Option<String>,
}

/// Who made a section of a pcapng file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Section {
    /// The hardware.
    pub hardware: Option<String>,
    /// The operating system.
    pub os: Option<String>,
    /// The program.
    pub application: Option<String>,
}

/// An interface of a pcapng file. Its counters run from the start of its section; null is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Interface {
    /// Its number, from 0 over the whole capture.
    pub id: u32,
    /// Its link type.
    pub link_type: String,
    /// The most bytes captured of a packet; null is without limit.
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
    /// Packets that it received.
    pub received: Option<u64>,
    /// Packets that it dropped.
    pub dropped_by_interface: Option<u64>,
    /// Packets that passed the filter.
    pub accepted: Option<u64>,
    /// Packets that the kernel dropped.
    pub dropped_by_kernel: Option<u64>,
    /// Packets delivered to the program.
    pub delivered: Option<u64>,
}

/// A comment. One of the three numbers says what it is on; the others are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Comment {
    /// The packet.
    pub packet: Option<u64>,
    /// The interface.
    pub interface: Option<u32>,
    /// The section, from 1 over the whole capture.
    pub section: Option<u64>,
    /// What it says.
    pub text: String,
}

/// Secrets of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Secrets {
    /// What they are.
    pub kind: String,
    /// In how many blocks they came.
    pub blocks: u64,
    /// How many lines they have.
    pub lines: u64,
}

/// What the link layer said of packets, in packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LinkLayer {
    /// Received.
    pub inbound: u64,
    /// Sent.
    pub outbound: u64,
    /// With an error, by error.
    pub errors: BTreeMap<String, u64>,
}

/// What was met and is not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
