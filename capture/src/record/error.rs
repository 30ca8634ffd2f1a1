//! Why a recording ended before it should have.

use std::{io, path::PathBuf};

use super::Recording;
use crate::CaptureError;

/// Why a recording ended before it should have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A file cannot be made.
    #[error("failed to create {}: {cause}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// A file cannot be written on.
    #[error("failed to write {}: {cause}; what it holds by now can be read", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// Packets do not come any longer.
    #[error(transparent)]
    Capture(#[from] CaptureError),
}

/// A recording that ended too early, and what it holds.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct RecordFailure {
    /// Why.
    #[source]
    pub cause: RecordError,
    /// What was recorded.
    pub recording: Recording,
}
