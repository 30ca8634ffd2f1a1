//! A decoder in another process: it is started, asked line by line, waited for so long and no longer, and ended.

mod child;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use self::child::Child;
use super::{
    decoder::{About, AdapterError, Chunk, Decoder, Event, Start},
    protocol::{Ask, Connection, parse_about, parse_events},
};

/// An adapter that a command line starts (`sh -c`); see `docs/replay-protocol.md`.
///
/// Where it dies, hangs or says what makes no sense it is ended, with everything that it started, and started again for the
/// next stream.
#[derive(Debug)]
pub struct Exec {
    command: String,
    timeout: Duration,
    stop: Arc<AtomicBool>,
    about: About,
    child: Option<Child>,
}

impl Exec {
    /// Starts the command and asks who it is. It has so long for each answer; where `stop` is set it is waited for no more.
    ///
    /// # Errors
    ///
    /// [`AdapterError::Broken`] where it cannot be started or does not say who it is.
    pub fn start(
        command: &str,
        timeout: Duration,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, AdapterError> {
        let mut child = Child::start(command)?;
        let line = child
            .ask(&Ask::Hello.line(), timeout, &stop)
            .map_err(without_bytes)?;
        let about = parse_about(&line).map_err(|fault| nonsense(&line, &fault))?;
        Ok(Self {
            command: command.to_owned(),
            timeout,
            stop,
            about,
            child: Some(child),
        })
    }

    fn ask(&mut self, ask: &Ask) -> Result<Vec<Event>, AdapterError> {
        let Some(child) = &mut self.child else {
            return Err(AdapterError::Broken("it does not run".to_owned()));
        };
        let answer = child.ask(&ask.line(), self.timeout, &self.stop);
        let events = answer.and_then(|line| {
            parse_events(&line).unwrap_or_else(|fault| Err(nonsense(&line, &fault)))
        });
        if matches!(
            events,
            Err(AdapterError::Broken(_) | AdapterError::Silent(_) | AdapterError::Interrupted)
        ) {
            self.child = None;
        }
        events
    }
}

impl Decoder for Exec {
    fn about(&self) -> About {
        self.about.clone()
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), AdapterError> {
        if self.child.is_none() {
            let again = Self::start(&self.command, self.timeout, Arc::clone(&self.stop))?;
            *self = again;
        }
        let ready = self.ask(&Ask::Start(Connection::of(start)));
        ready.map(drop).map_err(without_bytes)
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError> {
        let bytes = chunk.bytes().to_vec();
        self.ask(&Ask::Chunk(bytes))
    }

    fn end(&mut self) -> Result<Vec<Event>, AdapterError> {
        self.ask(&Ask::End)
    }
}

/// Who hangs without having got any bytes does not work.
fn without_bytes(cause: AdapterError) -> AdapterError {
    match cause {
        AdapterError::Silent(_) => AdapterError::Broken(cause.to_string()),
        cause => cause,
    }
}

/// An answer that makes no sense, as far as a line of a message may show it.
fn nonsense(line: &[u8], fault: &str) -> AdapterError {
    let text = String::from_utf8_lossy(line);
    let shown: String = text.trim_end().chars().take(LONGEST_SHOWN).collect();
    AdapterError::Broken(format!("the adapter answered {shown:?}: {fault}"))
}

const LONGEST_SHOWN: usize = 120;
