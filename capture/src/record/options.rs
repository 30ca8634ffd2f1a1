//! What can be asked of a recording.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// How packets are to be recorded.
#[derive(Clone, Debug)]
pub struct RecordOptions {
    /// The file; of several, what their names are made of. On Unix `-` is standard output.
    pub path: PathBuf,
    /// When another file is begun.
    pub rotation: Rotation,
    /// When the recording ends by itself.
    pub limits: Limits,
    /// What is to be said of the recording in it.
    pub comment: Option<String>,
    /// Set when a limit is reached. A live source that has the same flag ends by it, and is read to its end.
    pub stop: Arc<AtomicBool>,
}

/// When another file is begun; with neither size nor time there is one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Before a file has more bytes than that.
    pub size: Option<u64>,
    /// When a file has been written to for so long.
    pub time: Option<Duration>,
    /// How many files are kept; older ones are deleted.
    pub keep: Option<u32>,
}

/// When a recording ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// After so many packets.
    pub packets: Option<u64>,
    /// Before the files have more bytes than that together, those deleted included.
    pub size: Option<u64>,
    /// After so long.
    pub duration: Option<Duration>,
}

impl RecordOptions {
    /// A recording into one file, until its source ends.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            rotation: Rotation::default(),
            limits: Limits::default(),
            comment: None,
            stop: Arc::default(),
        }
    }
}

impl Rotation {
    /// Whether there is more than one file.
    #[must_use]
    pub fn is_asked_for(&self) -> bool {
        self.size.is_some() || self.time.is_some()
    }
}
