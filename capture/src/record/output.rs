//! One file: whole blocks go into it, or none of a block that does not fit on the disk.

#[cfg(unix)]
use std::os::fd::AsFd;
use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{RecordError, block};

/// A file that is written.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
    file: File,
    /// Blocks that are not in the file yet.
    pub(super) held: Vec<u8>,
    /// How many of them are packets.
    pub(super) held_packets: u64,
    /// How many bytes are in the file.
    written: u64,
}

impl Output {
    /// Makes a file that only its owner reads: captures hold what was said.
    pub(super) fn create(path: &Path) -> Result<Self, RecordError> {
        let file = open(path).map_err(|cause| RecordError::Create {
            path: path.to_owned(),
            cause,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            held: Vec::with_capacity(HOLD + LARGEST_EXPECTED),
            held_packets: 0,
            written: 0,
        })
    }

    /// How many bytes it has, those not in the file yet included.
    pub(super) fn len(&self) -> u64 {
        self.written + u64::try_from(self.held.len()).unwrap_or(u64::MAX)
    }

    /// Whether so much is held that it is time to write it.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= HOLD
    }

    /// Writes what is held. Where the disk takes only a part, the file ends with the last whole block.
    ///
    /// Gives how many packets are in the file now that were not before, also where it fails.
    pub(super) fn flush(&mut self) -> (u64, Result<(), RecordError>) {
        let (taken, cause) = write(&mut self.file, &self.held);
        let (len, packets) = match &cause {
            None => (self.held.len(), self.held_packets),
            Some(_) => block::whole(&self.held, taken),
        };
        self.written += u64::try_from(len).unwrap_or(0);
        self.held.drain(..len);
        self.held_packets -= packets;
        let Some(cause) = cause else {
            return (packets, Ok(()));
        };
        // a device or pipe has no length; nothing can be made good there
        let _ = self.file.set_len(self.written);
        let _ = self.file.seek(SeekFrom::Start(self.written));
        let path = self.path.clone();
        (packets, Err(RecordError::Write { path, cause }))
    }
}

/// How many bytes were taken, and why not all.
fn write(file: &mut File, mut bytes: &[u8]) -> (usize, Option<io::Error>) {
    let mut taken = 0;
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return (taken, Some(io::ErrorKind::WriteZero.into())),
            Ok(some) => {
                taken += some;
                bytes = bytes.get(some..).unwrap_or_default();
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return (taken, Some(cause)),
        }
    }
    (taken, None)
}

fn open(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    if path.as_os_str() == "-" {
        return Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?));
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// So many bytes are written at once: calls cost little then, and the cache holds them.
const HOLD: usize = 128 << 10;

/// A block of this size fits without another allocation.
const LARGEST_EXPECTED: usize = 66 << 10;
