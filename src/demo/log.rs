//! What the programs of a lesson did: how many bytes each send() took and each recv() gave, and what they made of them.
//!
//! It is kept beside the capture as a text, a line for each end of each connection, so that a lesson can be told again:
//!
//! ```text
//! connection 1
//! client sends 5 6 5
//! server receives 16
//! server says 1 message: buy 5sell 7buy 9
//! ```

use std::fmt;

/// What was done on the connections of a lesson, in the order in which they were opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) connections: Vec<Ends>,
}

/// What both ends of a connection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) client: End,
    pub(super) server: End,
}

/// What one end of a connection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// Bytes that each send() took.
    pub(super) sends: Vec<u64>,
    /// Bytes that each recv() gave; one that gave the end of the stream is left out.
    pub(super) receives: Vec<u64>,
    /// What it made of the bytes, in its own words, each one line.
    pub(super) says: Vec<String>,
}

/// A line of the text that is none.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the log is not one: {text}")]
pub(super) struct NoLog {
    line: usize,
    text: String,
}

impl End {
    /// One of which nothing is known.
    pub(super) const SILENT: Self = Self {
        sends: Vec::new(),
        receives: Vec::new(),
        says: Vec::new(),
    };
}

impl Log {
    pub(super) fn parse(text: &str) -> Result<Self, NoLog> {
        let mut log = Self::default();
        for (at, line) in text.lines().enumerate() {
            let taken = log.take(line);
            taken.ok_or_else(|| NoLog {
                line: at + 1,
                text: line.to_owned(),
            })?;
        }
        Ok(log)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (who, what) = line.split_once(' ')?;
        if who == "connection" {
            self.connections.push(Ends::default());
            return (what.parse() == Ok(self.connections.len())).then_some(());
        }
        let ends = self.connections.last_mut()?;
        let end = match who {
            "client" => &mut ends.client,
            "server" => &mut ends.server,
            _ => return None,
        };
        let (verb, rest) = what.split_once(' ')?;
        let numbers = || rest.split(' ').map(str::parse).collect::<Result<_, _>>();
        match verb {
            "sends" => end.sends = numbers().ok()?,
            "receives" => end.receives = numbers().ok()?,
            "says" => end.says.push(rest.to_owned()),
            _ => return None,
        }
        Some(())
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, ends) in (1..).zip(&self.connections) {
            writeln!(f, "connection {number}")?;
            for (name, end) in [("client", &ends.client), ("server", &ends.server)] {
                for (verb, lengths) in [("sends", &end.sends), ("receives", &end.receives)] {
                    if !lengths.is_empty() {
                        let words: Vec<_> = lengths.iter().map(u64::to_string).collect();
                        writeln!(f, "{name} {verb} {}", words.join(" "))?;
                    }
                }
                for line in &end.says {
                    writeln!(f, "{name} says {line}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may unwrap")]

    use super::*;

    #[test]
    fn a_log_is_read_as_it_is_written() {
        let text = "connection 1\nclient sends 5 6 5\nclient receives 3\nserver receives 16\nserver says it is  fine\n\
            connection 2\nserver sends 1\n";
        let log = Log::parse(text).unwrap();
        assert_eq!(log.connections.len(), 2);
        let [first, second] = &*log.connections else {
            panic!("two connections")
        };
        assert_eq!(first.client.sends, [5, 6, 5]);
        assert_eq!(first.server.says, ["it is  fine"]);
        assert_eq!(second.server.sends, [1]);
        assert_eq!(log.to_string(), text);
    }

    #[test]
    fn what_is_no_log_is_named_with_its_line() {
        for text in [
            "client sends 1",
            "connection 2",
            "connection 1\nnobody sends 1",
            "connection 1\nclient sends x",
            "connection 1\nclient",
        ] {
            let refused = Log::parse(text).unwrap_err().to_string();
            let last = text.lines().count();
            assert!(refused.starts_with(&format!("line {last} ")), "{refused}");
        }
    }
}
