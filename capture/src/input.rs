//! The bytes of a capture, whether the file holds them as they are or packed.

use std::io::{self, Read};

use crate::{
    compression::{Begun, Compression},
    raw::Raw,
    unpack::Unpacker,
};

/// A capture's bytes.
pub(crate) enum Input {
    Plain(Raw),
    Packed(Box<Unpacker>),
}

/// Why bytes stop coming before their end.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The operating system refused.
    System(io::Error),
    /// The packed data ends inside a member.
    CutOff {
        compression: Compression,
        /// Where in the packed file.
        at: u64,
    },
    /// The packed data cannot be what its packer wrote.
    Damaged {
        compression: Compression,
        /// About where in the packed file.
        at: u64,
        what: String,
    },
}

impl Input {
    /// Looks at the first bytes, and at no name, for how the rest is to be read.
    pub(crate) fn new(reader: impl Read + Send + 'static) -> Result<Self, Fault> {
        let mut raw = Raw::new(reader);
        let begun = raw.peek(4).map(Begun::of);
        match begun.map_err(|error| system(&mut raw, error))? {
            None => Ok(Self::Plain(raw)),
            Some(begun) => {
                let compression = match begun {
                    Begun::Member(compression) => compression,
                    Begun::Skippable => Compression::Zstd,
                };
                Ok(Self::Packed(Box::new(Unpacker::new(raw, compression))))
            }
        }
    }

    /// Reads on, as much as comes at once; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        match self {
            Self::Plain(raw) => raw.read(buffer).map_err(|error| system(raw, error)),
            Self::Packed(unpacker) => unpacker.read(buffer),
        }
    }

    /// How the capture is packed.
    pub(crate) fn compression(&self) -> Option<Compression> {
        match self {
            Self::Plain(_) => None,
            Self::Packed(unpacker) => Some(unpacker.compression()),
        }
    }

    /// How many bytes of the file were read, packed as they are.
    pub(crate) fn read_so_far(&self) -> u64 {
        match self {
            Self::Plain(raw) => raw.read_so_far(),
            Self::Packed(unpacker) => unpacker.read_so_far(),
        }
    }
}

fn system(raw: &mut Raw, error: io::Error) -> Fault {
    Fault::System(raw.take_failure().unwrap_or(error))
}
