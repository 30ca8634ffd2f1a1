//! Where `inspect` reads from: a file, several files as one capture, or standard input; and what to say of them.

use std::path::{Path, PathBuf};

use wireseam::report::schema::Seconds;
use wireseam_capture::{
    CaptureError, FileRead, FileSource, Progress, Sequence, Source, Statistics,
};
use wireseam_wire::Packet;

use super::{Exit, Failure, signals::Signals};

/// The capture that was asked for.
#[derive(Debug)]
pub(super) enum Capture {
    Stdin(FileSource),
    File(FileSource),
    Files(Box<Sequence>),
}

impl Capture {
    pub(super) fn open(files: &[PathBuf], signals: &Signals) -> Result<Self, Failure> {
        let standard_input = |file: &PathBuf| file.as_os_str() == "-";
        let opened = match files {
            [file] if standard_input(file) => {
                let stdin = signals
                    .stdin()
                    .map_err(|cause| Exit::Environment.with(cause))?;
                FileSource::from_reader("standard input", stdin).map(Self::Stdin)
            }
            [file] => FileSource::open(file).map(Self::File),
            several if several.iter().any(standard_input) => {
                return Err(Exit::Usage.with(anyhow::anyhow!(
                    "failed to read standard input among other files: it has no place in their order; \
                     write it to a file, or type wireseam inspect - alone"
                )));
            }
            several => Ok(Self::Files(Box::new(Sequence::new(
                several.iter().cloned(),
            )))),
        };
        opened.map_err(|cause| Exit::Input.with(cause))
    }

    /// Whether the capture is still being made.
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Stdin(_))
    }

    /// What to say where files are read in another order than they were typed in.
    pub(super) fn other_order(&self) -> Option<String> {
        match self {
            Self::Files(files) if !files.is_in_given_order() => {
                let order: Vec<_> = files
                    .waiting()
                    .map(|path| path.display().to_string())
                    .collect();
                Some(format!(
                    "the files are read in the order of their first packets: {}",
                    few(&order)
                ))
            }
            _ => None,
        }
    }

    /// The file that is read first, of those asked for.
    pub(super) fn first<'a>(&'a self, files: &'a [PathBuf]) -> Option<&'a Path> {
        match self {
            Self::Files(sequence) => sequence.waiting().next(),
            Self::Stdin(_) | Self::File(_) => files.first().map(PathBuf::as_path),
        }
    }

    fn source(&self) -> &dyn Source {
        match self {
            Self::Stdin(source) | Self::File(source) => source,
            Self::Files(source) => &**source,
        }
    }
}

impl Source for Capture {
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        match self {
            Self::Stdin(source) | Self::File(source) => source.next_packet(),
            Self::Files(source) => source.next_packet(),
        }
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        match self {
            Self::Stdin(source) | Self::File(source) => source.next_packets(most, take),
            Self::Files(source) => source.next_packets(most, take),
        }
    }

    fn statistics(&self) -> &Statistics {
        self.source().statistics()
    }

    fn files(&self) -> Vec<FileRead> {
        self.source().files()
    }

    fn progress(&self) -> Progress {
        self.source().progress()
    }
}

/// What is to be known of the files that were read: those cut off, those not read, times that overlap.
pub(super) fn warnings(files: &[FileRead]) -> Vec<String> {
    let of = |file: &FileRead| match files.len() {
        1 => String::new(),
        _ => format!("{}: ", file.name),
    };
    let mut warnings = Vec::new();
    for file in files {
        if let Some(place) = &file.truncated {
            warnings.push(format!(
                "warning: {}{place}; the report covers what stands before",
                of(file)
            ));
        }
        if let Some(fault) = &file.fault {
            warnings.push(format!("{fault}; the report covers the other files"));
        }
    }
    warnings.extend(overlap(files));
    warnings
}

/// The files whose packets do not all come behind those of the files in front of them.
fn overlap(files: &[FileRead]) -> Option<String> {
    let mut latest: Option<&FileRead> = None;
    let mut overlapping = Vec::new();
    let mut longest = 0;
    for file in files {
        if let Some(before) = latest
            && let (Some(last), Some(first)) = (before.last, file.first)
            && first < last
        {
            overlapping.push(format!("{} and {}", before.name, file.name));
            longest = longest.max(last.nanoseconds_since(first));
        }
        if latest.is_none_or(|before| before.last < file.last) {
            latest = Some(file);
        }
    }
    (!overlapping.is_empty()).then(|| {
        format!(
            "warning: the times of these files overlap, by {} s at most: {}; each is read to its end before the next",
            Seconds { nanoseconds: longest }.microseconds(),
            few(&overlapping)
        )
    })
}

/// The first few of a list, and how many more there are.
fn few(all: &[String]) -> String {
    let shown: Vec<_> = all.iter().take(MOST_NAMED).map(String::as_str).collect();
    match all.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}

/// How many files one line names.
const MOST_NAMED: usize = 8;
