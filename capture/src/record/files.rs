//! The files of a recording: their names, and which of them are kept.

use std::{
    collections::VecDeque,
    fs, io,
    path::{Path, PathBuf},
};

use super::RecordOptions;

/// The files so far, the one that is written last.
#[derive(Debug)]
pub(super) struct Files {
    pattern: PathBuf,
    numbered: bool,
    keep: usize,
    number: u64,
    pub(super) kept: VecDeque<PathBuf>,
    pub(super) deleted: u64,
}

impl Files {
    pub(super) fn new(asked: &RecordOptions) -> Self {
        let numbered = asked.rotation.is_asked_for();
        let keep = asked.rotation.keep.map_or(usize::MAX, |keep| {
            usize::try_from(keep).unwrap_or(usize::MAX).max(1)
        });
        Self {
            pattern: asked.path.clone(),
            numbered,
            keep,
            number: if numbered { latest(&asked.path) } else { 0 },
            kept: VecDeque::new(),
            deleted: 0,
        }
    }

    /// The name of the next file. Files of an earlier recording are not written over.
    pub(super) fn next(&mut self) -> PathBuf {
        self.number += 1;
        if self.numbered {
            numbered(&self.pattern, self.number)
        } else {
            self.pattern.clone()
        }
    }

    /// Takes a file into account that was made, and deletes those that are too many.
    pub(super) fn made(&mut self, path: PathBuf) -> io::Result<()> {
        self.kept.push_back(path);
        while self.kept.len() > self.keep {
            if let Some(oldest) = self.kept.pop_front() {
                match fs::remove_file(oldest) {
                    Ok(()) => self.deleted += 1,
                    // somebody else was faster
                    Err(cause) if cause.kind() == io::ErrorKind::NotFound => self.deleted += 1,
                    Err(cause) => return Err(cause),
                }
            }
        }
        Ok(())
    }
}

/// `ring.pcapng` with its number: `ring-00001.pcapng`.
fn numbered(pattern: &Path, number: u64) -> PathBuf {
    let stem = pattern.file_stem().unwrap_or_default().to_string_lossy();
    let name = match pattern.extension() {
        Some(extension) => format!("{stem}-{number:05}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number:05}"),
    };
    pattern.with_file_name(name)
}

/// The highest number that a file has, 0 where none has one.
fn latest(pattern: &Path) -> u64 {
    let folder = match pattern.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let stem = pattern.file_stem().unwrap_or_default().to_string_lossy();
    let number = |name: &Path| -> Option<u64> {
        let its_stem = name.file_stem()?.to_str()?;
        let digits = its_stem.strip_prefix(&*stem)?.strip_prefix('-')?;
        let is_ours = name.extension() == pattern.extension() && digits.len() >= 5;
        is_ours.then(|| digits.parse().ok()).flatten()
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| number(Path::new(&entry.file_name())));
    numbers.max().unwrap_or(0)
}
