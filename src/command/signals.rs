//! Ctrl-C and SIGTERM: the first one ends the reading, the second one the command.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use super::{Exit, Failure};

/// Signals that are caught from now on.
#[derive(Debug)]
pub(super) struct Signals {
    caught: Arc<AtomicBool>,
    /// The latest of them, 0 before the first.
    latest: Arc<AtomicUsize>,
}

impl Signals {
    /// Catches the first signal; the one behind it does what it does to every program.
    pub(super) fn catch() -> Result<Self, Failure> {
        Self::registered().map_err(|cause| {
            Exit::Environment.with(anyhow::Error::from(cause).context("failed to catch signals"))
        })
    }

    fn registered() -> io::Result<Self> {
        let signals = Self {
            caught: Arc::default(),
            latest: Arc::default(),
        };
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_default(signal, signals.flag())?;
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&signals.latest), number)?;
            flag::register(signal, signals.flag())?;
        }
        Ok(signals)
    }

    /// What is set when one has come.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.caught)
    }

    /// What to exit with after the one that came.
    pub(super) fn exit(&self) -> Option<Exit> {
        match i32::try_from(self.latest.load(Ordering::Relaxed)) {
            Ok(SIGINT) => Some(Exit::Interrupted),
            Ok(SIGTERM) => Some(Exit::Terminated),
            _ => None,
        }
    }

    /// Standard input, from which reading fails when a signal comes, however long it would have waited.
    #[cfg(unix)]
    pub(super) fn stdin(&self) -> io::Result<impl Read + Send + 'static> {
        unix::Stdin::new()
    }

    /// Standard input.
    #[cfg(not(unix))]
    pub(super) fn stdin(&self) -> io::Result<impl Read + Send + 'static> {
        Ok(io::stdin())
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::File,
        io::{self, Read},
        os::{fd::AsFd, unix::net::UnixStream},
    };

    use rustix::event::{PollFd, PollFlags, poll};
    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        low_level::pipe,
    };

    /// A read that waits cannot look at a flag, hence each waits for both: input and a byte of the signal's handler.
    pub(super) struct Stdin {
        input: File,
        signal: UnixStream,
    }

    impl Stdin {
        pub(super) fn new() -> io::Result<Self> {
            let (signal, handler) = UnixStream::pair()?;
            pipe::register(SIGINT, handler.try_clone()?)?;
            pipe::register(SIGTERM, handler)?;
            let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
            Ok(Self { input, signal })
        }
    }

    impl Read for Stdin {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut waited = [
                PollFd::new(&self.signal, PollFlags::IN),
                PollFd::new(&self.input, PollFlags::IN),
            ];
            poll(&mut waited, None)?;
            let [signal, _] = waited;
            if signal.revents().contains(PollFlags::IN) {
                return Err(io::Error::other("interrupted by a signal"));
            }
            self.input.read(buffer)
        }
    }
}
