//! What can be replayed of a fixture: each direction of each WebSocket in it, with what must come of it.
//!
//! ```text
//!   case.toml --build--> capture --read in one piece--> events, faults ---+
//!       |                   |                                             +--> Stream, one for each direction
//!       |                   +--packets' payload, each byte once--> bytes -+
//!       +--[claim]: what messages and control frames say. Where the two differ the claim counts, and that is said
//! ```

use std::{fs, io::Cursor, path::Path};

use wireseam_analyzer::{Config, Direction, HandshakeResult, PayloadPolicy};
use wireseam_capture::{CaptureError, FileSource};
use wireseam_fixtures::{Built, Format, Script, ScriptError};

use super::{
    claimed::apply,
    collected::{Collected, Connection, MOST_STREAM_BYTES},
    derive::derive,
    stream::Stream,
};
use crate::{
    Error, Options,
    claim::{Difference, judge},
};

/// A fixture, ready to be replayed.
#[derive(Clone, Debug, Default)]
pub struct Fixture {
    /// Its path, as it was given.
    pub name: String,
    /// What can be replayed.
    pub streams: Vec<Stream>,
    /// What cannot be, and why, one sentence each.
    pub left_out: Vec<String>,
    /// Where the fixture's claim and this library's reading of its capture differ. The claim counts.
    pub differences: Vec<Difference>,
}

/// Why a fixture cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// The script has a fault.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The capture cannot be read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The script cannot be read.
    #[error("failed to read {name}: {cause}")]
    Read {
        /// The file.
        name: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
}

impl Fixture {
    /// Reads a conversation script (`.toml`) or a capture (any other name).
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a script has a fault.
    pub fn open(path: &Path) -> Result<Self, FixtureError> {
        let name = path.display().to_string();
        let read = |cause| FixtureError::Read {
            name: name.clone(),
            cause,
        };
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = fs::read_to_string(path).map_err(read)?;
            return Self::of_script(&Script::parse(&text, &name)?);
        }
        let open = || FileSource::open(path);
        let mut fixture = Self::of_capture(&name, None, &open)?;
        fixture.name = name;
        Ok(fixture)
    }

    /// Builds a script's capture and takes what can be replayed of it.
    ///
    /// # Errors
    ///
    /// The script has a fault.
    pub fn of_script(script: &Script) -> Result<Self, FixtureError> {
        let built = script.build()?;
        let extension = match built.format {
            Format::Pcap => "pcap",
            Format::Pcapng => "pcapng",
        };
        let file = format!("{}.{extension}", script.name());
        let open = || FileSource::from_reader(&file, Cursor::new(built.bytes.clone()));
        Self::of_capture(script.name(), Some((script, &built)), &open)
    }

    fn of_capture(
        name: &str,
        script: Option<(&Script, &Built)>,
        open: &dyn Fn() -> Result<FileSource, CaptureError>,
    ) -> Result<Self, FixtureError> {
        let options = Options {
            config: Config {
                payload: PayloadPolicy::Sha256,
                ..Config::default()
            },
            ..Options::default()
        };
        let mut collected = Collected::default();
        read(crate::inspect(&mut open()?, &options, &mut collected).map(drop))?;
        // a capture that is cut off at its end is replayed as far as it goes
        if let Err(CaptureError::NotFound { .. }) = collected.take_bytes(&mut open()?) {
            return Ok(Self::default());
        }
        let claim = script.and_then(|(script, built)| Some((script.claim()?, built)));
        let differences = match claim {
            Some((claim, built)) => {
                let report = crate::read(&mut open()?, &options);
                report.map_or_else(|_| Vec::new(), |report| judge(claim, built, &report))
            }
            None => Vec::new(),
        };
        let mut fixture = Self {
            name: name.to_owned(),
            differences,
            ..Self::default()
        };
        let mut number = 0;
        for (id, connection) in &collected.connections {
            for handshake in &connection.handshakes {
                number += 1;
                for direction in Direction::BOTH {
                    if let Some(why) = why_not(connection, handshake, direction) {
                        let who = sender(direction);
                        fixture.left_out.push(format!(
                            "what the {who} sends in connection {id} is not replayed: {why}"
                        ));
                        continue;
                    }
                    let mut derived = derive(name, *id, connection, handshake, direction);
                    if let Some((claim, _)) = claim {
                        apply(claim, number, &mut derived);
                    }
                    fixture.streams.push(derived.into_stream());
                }
            }
        }
        if number == 0 {
            fixture
                .left_out
                .push("nothing is replayed: there is no WebSocket in it".to_owned());
        }
        Ok(fixture)
    }
}

/// Why a direction cannot be replayed.
fn why_not(
    connection: &Connection,
    handshake: &wireseam_analyzer::Handshake,
    direction: Direction,
) -> Option<String> {
    let sent = connection.sent(direction);
    if handshake.result != HandshakeResult::Accepted {
        return Some(match handshake.result {
            HandshakeResult::Refused => "the upgrade was refused".to_owned(),
            HandshakeResult::Unanswered => "the upgrade was not answered".to_owned(),
            _ => "its handshake was not captured".to_owned(),
        });
    }
    if handshake.frames_from.contains(&None) {
        return Some("it is not known where its frames begin".to_owned());
    }
    if sent.too_long {
        return Some(format!("it is longer than {} MiB", MOST_STREAM_BYTES >> 20));
    }
    let from = handshake.frames_from[direction as usize]?;
    let gap = connection
        .gaps
        .iter()
        .find(|gap| gap.direction == direction);
    if let Some(gap) = gap {
        let span = gap.span;
        return Some(format!(
            "the capture lacks the bytes {}..{}",
            span.start.0, span.end.0
        ));
    }
    let whole = sent.whole();
    if whole < sent.bytes.len() || u64::try_from(whole).is_ok_and(|whole| whole < from) {
        return Some(format!("the capture lacks bytes from {whole} on"));
    }
    None
}

fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}

/// A capture that ends before its end is read as far as it goes.
fn read(outcome: Result<(), Error>) -> Result<(), FixtureError> {
    match outcome {
        Err(Error::Capture(cause)) => Err(cause.into()),
        Ok(()) | Err(Error::Output(_)) => Ok(()),
    }
}
