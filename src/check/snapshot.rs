//! Accepted maps in insta's format: a few lines of metadata between lines of `---`, then the map. So both `cargo insta review` and
//! `wireseam review` know what waits to be looked at.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Fixture;

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write {}: {cause}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// A map that waits for somebody to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The fixture.
    pub fixture: Fixture,
    /// The map that was accepted for it, empty where none was.
    pub accepted: String,
    /// The map of now.
    pub map: String,
}

/// What accepting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The first map of a fixture.
    First,
    /// Another map than before.
    Changed,
}

/// A snapshot file, in its parts.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The lines between those of `---`.
    metadata: String,
    contents: String,
}

impl Snapshot {
    /// Reads one; `None` where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, String> {
        match fs::read_to_string(path) {
            Ok(text) => match Self::parse(&text) {
                Some(snapshot) => Ok(Some(snapshot)),
                None => Err(format!(
                    "{} is no snapshot: it begins with no lines of metadata between lines of ---",
                    path.display()
                )),
            },
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(format!("failed to read {}: {cause}", path.display())),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.replace("\r\n", "\n");
        let behind = text.strip_prefix("---\n")?;
        let (metadata, contents) = behind.split_once("---\n")?;
        Some(Self {
            metadata: metadata.to_owned(),
            contents: contents.to_owned(),
        })
    }

    pub(super) fn contents(&self) -> &str {
        &self.contents
    }
}

/// Whether a snapshot is of a boundary map, whose last line speaks of the capture; other tests keep snapshots too.
pub(super) fn is_of_a_map(path: &Path) -> bool {
    let snapshot = Snapshot::read(path).ok().flatten();
    snapshot.is_some_and(|snapshot| {
        let last = snapshot.contents.trim_end().lines().next_back();
        last.is_some_and(|last| last.starts_with("capture "))
    })
}

/// Writes the map of now beside the accepted one.
pub(super) fn leave(fixture: &Fixture, map: &str) -> Result<(), WriteError> {
    let source = fixture.path.file_name().unwrap_or_default();
    let metadata = format!("source: {}\n", source.display());
    write(&fixture.pending(), &metadata, map)
}

/// Removes a file, if it is there.
pub(super) fn take_away(path: &Path) -> Result<(), WriteError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(WriteError {
            path: path.to_path_buf(),
            cause,
        }),
        _ => Ok(()),
    }
}

/// The map of a fixture that waits, if one does.
///
/// # Errors
///
/// It cannot be read, or the accepted one cannot; the text says why.
pub fn pending(fixture: &Fixture) -> Result<Option<Pending>, String> {
    let Some(waiting) = Snapshot::read(&fixture.pending())? else {
        return Ok(None);
    };
    let accepted = Snapshot::read(&fixture.snapshot())?;
    Ok(Some(Pending {
        fixture: fixture.clone(),
        accepted: accepted
            .map(|accepted| accepted.contents)
            .unwrap_or_default(),
        map: waiting.contents,
    }))
}

/// Accepts a map that waits: from now on it is the one of its fixture.
///
/// # Errors
///
/// The files cannot be written.
pub fn accept(pending: &Pending) -> Result<Accepted, WriteError> {
    let path = pending.fixture.snapshot();
    let before = Snapshot::read(&path).ok().flatten();
    let waiting = Snapshot::read(&pending.fixture.pending()).ok().flatten();
    let accepted = match &before {
        Some(_) => Accepted::Changed,
        None => Accepted::First,
    };
    // the metadata of whoever wrote the file first may stay
    let metadata = before.or(waiting).map(|snapshot| snapshot.metadata);
    write(&path, &metadata.unwrap_or_default(), &pending.map)?;
    take_away(&pending.fixture.pending())?;
    Ok(accepted)
}

/// Takes a map that waits away; the accepted one stays.
///
/// # Errors
///
/// The file cannot be removed.
pub fn reject(pending: &Pending) -> Result<(), WriteError> {
    take_away(&pending.fixture.pending())
}

fn write(path: &Path, metadata: &str, map: &str) -> Result<(), WriteError> {
    let text = format!("---\n{metadata}---\n{}\n", map.trim_end());
    fs::write(path, text).map_err(|cause| WriteError {
        path: path.to_path_buf(),
        cause,
    })
}
