//! Everything that is tested from outside, in one binary.

#![expect(clippy::unwrap_used, reason = "a test may unwrap")]

/// The adapters, as far as what they need is here.
mod adapters;
/// Scripts under `fixtures/`, by area and case.
mod case;
/// Fixtures checked, and their maps accepted.
mod check;
/// The command as it is typed.
mod cli;
/// Every fixture against its claim and its snapshot.
mod corpus;
/// What decoding the packets told, in the report.
mod decoding;
/// Lessons over real sockets, and their recordings.
#[cfg(unix)]
mod demo;
/// The map and counts against each other.
mod detail;
/// What is fuzzed, over the fixtures and everything that once broke.
mod fuzz;
/// The list of situations against the fixtures and tests that it names.
mod index;
/// Where captures come from, and how the reading is stopped.
mod inputs;
/// The same report with any number of threads.
mod jobs;
/// Limits set on the command line.
mod limits;
/// The commands that capture on interfaces, in network namespaces of their own.
#[cfg(target_os = "linux")]
mod live;
/// What the READMEs show against what is printed.
mod readme;
/// Captures of real programs against what these programs logged.
mod recordings;
/// Capture files taken apart.
mod records;
/// Fixtures replayed into decoders.
mod replay;
/// Every fixture cut into other segments.
mod segmentations;
/// What the sources promise about themselves: who may depend on whom, and who may know what.
mod tidy;
/// Large captures in small, against what their writer counted.
mod traffic;
/// That every report adds up.
mod verify;
/// Much of one thing: frames, fragments, segments, messages.
mod volume;
