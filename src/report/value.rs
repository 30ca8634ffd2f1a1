//! Single values of the report: times, words of a closed set, opcodes, control bits; how each is written in JSON.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use wireseam_analyzer::{
    AlignmentKind, Direction, GapCause, HandshakeResult, Initiator, Level, MessageKind, Opcode,
    Part, Role, SegmentKind,
};
use wireseam_capture::{Compression, FileFormat, Stop};

/// From where on the capture has a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// From its three-way handshake on.
    Handshake,
    /// From somewhere later.
    MidStream,
}

impl fmt::Display for Beginning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "handshake",
            Self::MidStream => "mid-stream",
        })
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a FIN.
    Fin,
    /// With a RST.
    Rst,
    /// Not in this capture.
    Open,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fin => "fin",
            Self::Rst => "rst",
            Self::Open => "open",
        })
    }
}

/// Which piece of a frame a segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// All of it.
    Whole,
    /// Its first bytes and not its last.
    Head,
    /// Neither its first nor its last.
    Middle,
    /// Its last bytes and not its first.
    Tail,
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Head => "head",
            Self::Middle => "middle",
            Self::Tail => "tail",
        })
    }
}

/// A number of seconds, held in nanoseconds; a JSON number with nine decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds {
    /// The same in nanoseconds.
    pub nanoseconds: i64,
}

impl Seconds {
    /// Prints them with six decimals, cut off and not rounded, as people read times beside packets.
    #[must_use]
    pub fn microseconds(self) -> String {
        let whole = self.to_string();
        whole.get(..whole.len() - 3).unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.nanoseconds < 0 { "-" } else { "" };
        let nanoseconds = self.nanoseconds.unsigned_abs();
        f.pad(&format!(
            "{sign}{}.{:09}",
            nanoseconds / 1_000_000_000,
            nanoseconds % 1_000_000_000
        ))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "description": "Seconds, to the nanosecond." })
    }
}

/// Control bits in tcpdump's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(
    /// The bits.
    pub wireseam_wire::Flags,
);

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl JsonSchema for Flags {
    fn schema_name() -> Cow<'static, str> {
        "Flags".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[SFRP.UEW]*$" })
    }
}

/// An opcode: a word, or a number where reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(
    /// The opcode.
    pub Opcode,
);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Opcode::Reserved(bits) => serializer.serialize_u8(bits),
            named => serializer.collect_str(&named),
        }
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Opcode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "enum": ["continuation", "text", "binary", "close", "ping", "pong"] },
            { "type": "integer", "minimum": 3, "maximum": 15 },
        ] })
    }
}

/// One of a closed set of words; what stands in JSON is how it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word<T>(
    /// What it means.
    pub T,
);

impl<T: fmt::Display> fmt::Display for Word<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl<T: fmt::Display> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T: Vocabulary> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": T::WORDS })
    }
}

/// A closed set of words, for the JSON Schema.
pub trait Vocabulary {
    /// What the set is called.
    const NAME: &'static str;
    /// All of them.
    const WORDS: &'static [&'static str];
}

/// Writes the JSON Schema's side of the sets of words.
macro_rules! vocabulary {
    ($($type:ident: $($word:literal)*;)*) => {
        $(impl Vocabulary for $type {
            const NAME: &'static str = stringify!($type);
            const WORDS: &'static [&'static str] = &[$($word),*];
        })*
    };
}

vocabulary! {
    Beginning: "handshake" "mid-stream";
    Ending: "fin" "rst" "open";
    Piece: "whole" "head" "middle" "tail";
    Direction: "client_to_server" "server_to_client";
    Role: "client" "server";
    Initiator: "client" "server" "both";
    GapCause: "capture" "network" "snaplen" "unknown";
    SegmentKind: "data" "out_of_order" "retransmission" "partial_retransmission" "duplicate" "keep_alive"
        "zero_window_probe" "syn" "fin" "rst" "ack" "out_of_window";
    HandshakeResult: "accepted" "refused" "unanswered" "not_captured";
    AlignmentKind: "aligned" "split" "coalesced" "split_and_coalesced";
    Part: "header" "extended_length" "mask" "payload" "code_point";
    MessageKind: "text" "binary";
    Level: "must" "should" "note";
    Stop: "interrupted" "limit" "duration";
    FileFormat: "pcap" "pcapng";
    Compression: "gzip" "zstd" "lz4";
}
