//! Several files as one capture: a recording that was rotated, or the parts of one that was split.
//!
//! ```text
//! a.pcap      | #1 #2 #3 |                       packets, and interfaces, are counted on from file to file
//! b.pcap.gz              | #4 #5 |
//! c.pcapng                       | #6 ..
//! ```

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use wireseam_wire::{Packet, Timestamp};

use crate::{CaptureError, FileRead, FileSource, Progress, Source, Statistics, block::Record};

/// Reads files one after the other, in the order of their first packets' times.
///
/// A file that cannot be read, or not to its end, does not keep the others from being read: its fault stands in
/// [`Source::files`]. One file is open at a time.
pub struct Sequence {
    /// The files that were not begun, the next one last.
    waiting: Vec<PathBuf>,
    current: Option<FileSource>,
    done: Vec<FileRead>,
    /// What was counted up to the end of the latest file that is done, and how many interfaces it has.
    counted: Statistics,
    interfaces: u32,
    /// How many bytes of the files that are done were read, and how many all files have.
    progress: Progress,
    /// Why the first file that failed did, as long as no file could be begun.
    failure: Option<CaptureError>,
    in_given_order: bool,
}

impl Sequence {
    /// Looks at the first packet of each file and puts the files in order; a file without times keeps its place, and so
    /// does one that is no regular file, because looking at it would take its bytes.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let paths: Vec<_> = paths.into_iter().collect();
        let order = order(
            &paths
                .iter()
                .map(|path| first_time(path))
                .collect::<Vec<_>>(),
        );
        let of = paths.iter().map(|path| size(path)).sum();
        let in_given_order = order.is_sorted();
        let mut waiting: Vec<_> = order
            .into_iter()
            .filter_map(|at| paths.get(at).cloned())
            .collect();
        waiting.reverse();
        Self {
            waiting,
            current: None,
            done: Vec::new(),
            counted: Statistics::default(),
            interfaces: 0,
            progress: Progress { read: 0, of },
            failure: None,
            in_given_order,
        }
    }

    /// Whether the files are read in the order in which they were given.
    #[must_use]
    pub fn is_in_given_order(&self) -> bool {
        self.in_given_order
    }

    /// The files that were not begun, in the order in which they will be.
    pub fn waiting(&self) -> impl Iterator<Item = &Path> {
        self.waiting.iter().rev().map(PathBuf::as_path)
    }

    /// Goes on to the next packet of whichever file has it.
    fn advance(&mut self) -> Option<Record> {
        loop {
            let fault = match self.current.as_mut().map(FileSource::advance) {
                Some(Ok(Some(record))) => return Some(record),
                Some(Ok(None)) | None => None,
                Some(Err(error)) => Some(error.to_string()),
            };
            self.end_file(fault);
            self.begin_file()?;
        }
    }

    fn end_file(&mut self, fault: Option<String>) {
        if let Some(source) = self.current.take() {
            self.progress.read += source.progress().read;
            self.done.push(FileRead {
                fault,
                ..source.file()
            });
            (self.counted, self.interfaces) = source.into_counted();
        }
    }

    /// Opens the next file that can be opened; `None` where there is none.
    fn begin_file(&mut self) -> Option<()> {
        loop {
            let path = self.waiting.pop()?;
            match FileSource::open_behind(&path, self.interfaces) {
                Ok(mut source) => {
                    source.go_on(std::mem::take(&mut self.counted));
                    self.current = Some(source);
                    return Some(());
                }
                Err(error) => {
                    self.done.push(unreadable(&path, &error));
                    self.progress.read += size(&path).unwrap_or(0);
                    self.failure.get_or_insert(error);
                }
            }
        }
    }
}

impl Source for Sequence {
    /// # Errors
    ///
    /// Why the first file cannot be read, where none can.
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        let record = self.advance();
        if record.is_none()
            && self.done.iter().all(|file| file.format.is_none())
            && let Some(failure) = self.failure.take()
        {
            return Err(failure);
        }
        Ok(record
            .zip(self.current.as_ref())
            .map(|(record, source)| source.packet(record)))
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        let current = self.current.as_mut();
        match current.map_or(0, |source| source.lend(most, take)) {
            0 if most > 0 => {}
            lent => return Ok(lent),
        }
        let packet = self.next_packet()?;
        Ok(packet.map_or(0, |packet| {
            take(&[packet]);
            1
        }))
    }

    fn statistics(&self) -> &Statistics {
        match &self.current {
            Some(source) => source.statistics(),
            None => &self.counted,
        }
    }

    fn files(&self) -> Vec<FileRead> {
        let current = self.current.as_ref().map(FileSource::file);
        self.done.iter().cloned().chain(current).collect()
    }

    fn progress(&self) -> Progress {
        let current = self.current.as_ref().map(FileSource::progress);
        Progress {
            read: self.progress.read + current.map_or(0, |current| current.read),
            of: self.progress.of,
        }
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequence")
            .field("done", &self.done)
            .field("current", &self.current)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

/// The order of files by the time of their first packet. Those without one keep their places; the others share theirs.
fn order(first: &[Option<Timestamp>]) -> Vec<usize> {
    let timed = |at: &usize| first.get(*at).is_some_and(Option::is_some);
    let mut by_time: Vec<_> = (0..first.len()).filter(timed).collect();
    by_time.sort_by_key(|at| first.get(*at));
    let mut by_time = by_time.into_iter();
    (0..first.len())
        .map(|at| {
            if timed(&at) {
                by_time.next().unwrap_or(at)
            } else {
                at
            }
        })
        .collect()
}

fn first_time(path: &Path) -> Option<Timestamp> {
    size(path)?;
    let mut source = FileSource::open(path).ok()?;
    source.next_packet().ok()??.at
}

/// The size of a regular file.
fn size(path: &Path) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    metadata.is_file().then_some(metadata.len())
}

fn unreadable(path: &Path, error: &CaptureError) -> FileRead {
    FileRead {
        name: path.display().to_string(),
        format: None,
        compression: None,
        size: size(path),
        packets: 0,
        bytes: 0,
        first: None,
        last: None,
        truncated: None,
        fault: Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(first: &[i64]) -> Vec<usize> {
        let first: Vec<_> = first
            .iter()
            .map(|at| Some(Timestamp(*at)).filter(|at| at.0 >= 0))
            .collect();
        order(&first)
    }

    #[test]
    fn files_are_ordered_by_time_and_those_without_keep_their_places() {
        assert_eq!(ordered(&[3, 1, 2]), [1, 2, 0]);
        assert_eq!(ordered(&[5, 5, 5]), [0, 1, 2]);
        assert_eq!(ordered(&[3, -1, 2, -1, 1]), [4, 1, 2, 3, 0]);
        assert_eq!(ordered(&[-1, -1]), [0, 1]);
        assert_eq!(ordered(&[]), []);
    }
}
