//! Single keys from the terminal, without Enter and without an echo; the terminal is as it was before when this ends.

#[cfg(not(unix))]
pub(super) use self::lines::Keys;
#[cfg(unix)]
pub(super) use self::unix::Keys;

#[cfg(unix)]
mod unix {
    use std::io::{self, Read};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    use super::super::signals::Signals;

    /// Keys as they are pressed. Ctrl-C and Ctrl-Z do what they always do.
    pub(in super::super) struct Keys {
        input: Box<dyn Read>,
        before: Termios,
    }

    impl Keys {
        pub(in super::super) fn new(signals: &Signals) -> io::Result<Self> {
            let before = tcgetattr(io::stdin())?;
            let keys = Self {
                input: Box::new(signals.stdin()?),
                before: before.clone(),
            };
            let mut single = before;
            single.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            tcsetattr(io::stdin(), OptionalActions::Now, &single)?;
            Ok(keys)
        }

        /// The next key; of one that sends several characters, such as an arrow, the first. `None` is the end.
        pub(in super::super) fn next(&mut self) -> io::Result<Option<char>> {
            let mut pressed = [0; 64];
            let length = self.input.read(&mut pressed)?;
            let first = pressed.get(..length).and_then(|keys| keys.first());
            Ok(first
                .filter(|key| **key != END)
                .map(|key| char::from(*key).to_ascii_lowercase()))
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            // a terminal that is gone needs nothing any more
            let _restored = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
        }
    }

    /// Ctrl-D.
    const END: u8 = 4;
}

#[cfg(not(unix))]
mod lines {
    use std::io;

    use super::super::signals::Signals;

    /// The first characters of lines.
    pub(in super::super) struct Keys;

    impl Keys {
        pub(in super::super) fn new(_: &Signals) -> io::Result<Self> {
            Ok(Self)
        }

        /// The first character of the next line; an empty line is Enter. `None` is the end.
        pub(in super::super) fn next(&mut self) -> io::Result<Option<char>> {
            let mut line = String::new();
            if io::stdin().read_line(&mut line)? == 0 {
                return Ok(None);
            }
            Ok(line.chars().next().map(|key| key.to_ascii_lowercase()))
        }
    }
}
