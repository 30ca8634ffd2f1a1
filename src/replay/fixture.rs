//! What can be replayed of a fixture: each direction of each WebSocket in it, with what must come of it.
//!
//! ```text
//!   case.toml --build--> capture --read in one piece--> events, faults ---+
//!       |                   |                                             +--> Stream, one for each direction
//!       |                   +--packets' payload, each byte once--> bytes -+
//!       +--[claim]: what messages and control frames say. Where the two differ the claim counts, and that is said
//! ```

use std::path::Path;

use wireseam_analyzer::{Config, Direction, HandshakeResult, PayloadPolicy};
use wireseam_capture::CaptureError;
use wireseam_fixtures::{Script, ScriptError};

use super::{
    claimed::apply,
    collected::{Collected, Connection, MOST_STREAM_BYTES},
    derive::derive,
    stream::Stream,
};
use crate::{
    Error, Options,
    case::{Case, CaseError},
    claim::Difference,
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
        let case = Case::open(path).map_err(|cause| match cause {
            CaseError::Script(fault) => FixtureError::Script(fault),
            CaseError::Read { name, cause } => FixtureError::Read { name, cause },
        })?;
        let mut fixture = Self::of_case(&name, &case)?;
        fixture.name = name;
        Ok(fixture)
    }

    /// Builds a script's capture, or reads the one that it names, and takes what can be replayed of it.
    ///
    /// # Errors
    ///
    /// The script has a fault, or its capture cannot be read.
    pub fn of_script(script: &Script) -> Result<Self, FixtureError> {
        Self::of_case(script.name(), &Case::of_script(script.clone())?)
    }

    fn of_case(name: &str, case: &Case) -> Result<Self, FixtureError> {
        let options = Options {
            config: Config {
                payload: PayloadPolicy::Sha256,
                ..Config::default()
            },
            ..Options::default()
        };
        let mut collected = Collected::default();
        read(crate::inspect(&mut case.source()?, &options, &mut collected).map(drop))?;
        // a capture that is cut off at its end is replayed as far as it goes
        if let Err(CaptureError::NotFound { .. }) = collected.take_bytes(&mut case.source()?) {
            return Ok(Self::default());
        }
        let claim = case.script.as_ref().and_then(Script::claim);
        let differences = match claim {
            Some(_) => {
                let report = crate::read(&mut case.source()?, &options);
                report.map_or_else(|_| Vec::new(), |report| case.judge(&report))
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
                    if let Some(claim) = claim {
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
