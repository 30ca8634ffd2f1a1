//! What a file is, by its first bytes.

use crate::block::ByteOrder;

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signature {
    /// A pcap file header that pcap-parser reads.
    Pcap,
    /// A pcapng section header, as far as its byte order.
    Pcapng,
    /// Not one byte.
    Empty,
    /// The first bytes of one of them, and then the end of the file.
    Cut(&'static str),
    /// Something else, and what it looks like.
    Foreign(Option<&'static str>),
}

/// Recognises a file by its first bytes, of which there are [`SIGNATURE_LEN`] unless the file ends before.
pub(crate) fn recognise(head: &[u8]) -> Signature {
    if head.is_empty() {
        return Signature::Empty;
    }
    if let Some(rest) = head.strip_prefix(&PCAPNG) {
        return pcapng(rest);
    }
    if PCAP.iter().any(|magic| head.starts_with(magic)) {
        return if head.len() < 24 {
            Signature::Cut("pcap")
        } else {
            Signature::Pcap
        };
    }
    if let Some(format) = begun(head) {
        return Signature::Cut(format);
    }
    Signature::Foreign(appearance(head))
}

/// A section header behind its block type: length, byte-order magic (draft-ietf-opsawg-pcapng 4.1).
fn pcapng(rest: &[u8]) -> Signature {
    match rest.first_chunk::<8>() {
        None => Signature::Cut("pcapng"),
        Some([_, _, _, _, magic @ ..]) => match ByteOrder::of_section(*magic) {
            Some(_) => Signature::Pcapng,
            None => Signature::Foreign(Some(
                "pcapng without its byte-order magic, as after a transfer in text mode; transfer it again in binary mode",
            )),
        },
    }
}

/// Which format a file of one to three bytes may have been going to be.
fn begun(head: &[u8]) -> Option<&'static str> {
    if head.len() >= 4 {
        return None;
    }
    if PCAPNG.starts_with(head) {
        return Some("pcapng");
    }
    let pcap = PCAP.iter().any(|magic| magic.starts_with(head));
    pcap.then_some("pcap")
}

fn appearance(head: &[u8]) -> Option<&'static str> {
    let known = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic));
    known.map(|(_, appearance)| *appearance).or_else(|| {
        let text = head
            .iter()
            .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
        text.then_some("text, not a capture")
    })
}

/// How many bytes tell all that can be told: a pcap file header, and more than a pcapng block needs to say its length.
pub(crate) const SIGNATURE_LEN: u64 = 24;

const PCAPNG: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Microseconds and nanoseconds in both byte orders, and the modified format in the one order that is read.
const PCAP: [[u8; 4]; 5] = [
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0x34, 0xcd, 0xb2, 0xa1],
];

const FOREIGN: [(&[u8], &str); 13] = [
    (&[0x1f, 0x8b], "gzip; unpack it with gunzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd; unpack it with unzstd"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4; unpack it with unlz4"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "xz; unpack it with unxz"),
    (b"BZh", "bzip2; unpack it with bunzip2"),
    (b"PK\x03\x04", "a zip archive; unpack it with unzip"),
    (
        &[0xa1, 0xb2, 0xcd, 0x34],
        "a big-endian pcap of the modified format; convert it with editcap -F pcapng",
    ),
    (
        b"snoop\0",
        "a snoop capture; convert it with editcap -F pcapng",
    ),
    (
        b"GMBU",
        "a Network Monitor capture; convert it with editcap -F pcapng",
    ),
    (
        b"RTSS",
        "a Network Monitor capture; convert it with editcap -F pcapng",
    ),
    (
        b"\x1c\0\x01\xac",
        "an IXIA capture; convert it with editcap -F pcapng",
    ),
    (b"\x7fELF", "a program"),
    (&[0xff, 0xfe], "text in UTF-16, not a capture"),
];
