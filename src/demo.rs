//! Lessons about what TCP does to messages: played over real sockets, captured live, told by wireseam itself.
//!
//! ```text
//!   Stage (namespaces, sockets) -- capture --> Take -- tell --> Told (pictures, sentences) --> Page
//!                               -- log ------>
//! ```
//!
//! What the programs did is logged by their own sockets ([`log`]); segments, heads, frames and messages are what
//! wireseam reads in the capture ([`take`]). A lesson first sees whether both show what it is to teach.

mod lesson;
mod lessons;
mod log;
#[cfg(target_os = "linux")]
mod namespace;
mod picture;
mod play;
mod rows;
mod show;
#[cfg(target_os = "linux")]
mod stage;
mod take;

use std::io::{self, Write};

use self::lesson::{LESSONS, Lesson};
pub(crate) use self::{play::Player, show::Page};

/// Lessons on their way to somebody who reads them.
pub(crate) struct Demo<'a> {
    pub(crate) player: Player,
    pub(crate) page: Page,
    pub(crate) out: &'a mut dyn Write,
    pub(crate) stderr: &'a mut dyn Write,
}

/// The words that choose a lesson, each with the key that does.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LESSONS.iter().map(|lesson| (lesson.name, lesson.key))
}

impl Demo<'_> {
    /// Says in one line when there is nothing live here.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        if let Some(cause) = self.player.recorded() {
            writeln!(
                self.stderr,
                "wireseam: no live lessons here ({cause}), so these are recordings of them"
            )?;
        }
        Ok(())
    }

    /// Shows the lesson of that name or key.
    pub(crate) fn one(&mut self, name: &str) -> anyhow::Result<()> {
        let is_it = |lesson: &&Lesson| lesson.name == name || lesson.key == name;
        if let Some(lesson) = LESSONS.iter().find(is_it) {
            self.show(lesson)?;
        }
        Ok(())
    }

    /// Shows all lessons.
    pub(crate) fn all(&mut self) -> anyhow::Result<()> {
        for (number, lesson) in LESSONS.iter().enumerate() {
            if number > 0 {
                writeln!(self.out)?;
            }
            self.show(lesson)?;
        }
        Ok(())
    }

    /// Shows the first lesson and names the others: for a pipe.
    pub(crate) fn first(&mut self) -> anyhow::Result<()> {
        if let Some(lesson) = LESSONS.first() {
            self.show(lesson)?;
        }
        writeln!(self.out, "\nMore lessons: wireseam demo NAME, or --all\n")?;
        write!(self.out, "{}", self.page.list())?;
        Ok(())
    }

    /// Lets keys choose, until there are no more.
    pub(crate) fn with_keys(
        &mut self,
        keys: &mut dyn FnMut() -> io::Result<Option<char>>,
    ) -> anyhow::Result<()> {
        let mut at = None;
        self.menu()?;
        while let Some(key) = keys()? {
            let chosen = LESSONS
                .iter()
                .position(|lesson| lesson.key.chars().eq([key]));
            writeln!(self.out)?;
            at = match (chosen, key) {
                (_, 'q') => break,
                (Some(chosen), _) => Some(chosen),
                (None, 'm') => None,
                (None, _) => Some(at.map_or(0, |at: usize| at + 1)),
            };
            match at.and_then(|at| LESSONS.get(at)) {
                Some(lesson) => {
                    self.show(lesson)?;
                    let help = self.page.faint("any key: next   m: all lessons   q: quit");
                    write!(self.out, "  {help}")?;
                }
                None => {
                    at = None;
                    self.menu()?;
                }
            }
            self.out.flush()?;
        }
        Ok(())
    }

    fn menu(&mut self) -> io::Result<()> {
        let title = self.page.bold("What TCP does to your messages");
        let live = if self.player.recorded().is_none() {
            "Each lesson sends real bytes over real sockets on this machine, captures them, and shows where they were cut. It \
             needs no root and touches no network."
        } else {
            "Each lesson shows real bytes that were sent over real sockets, and where they were cut."
        };
        writeln!(self.out, "{title}\n\n{}", self.page.text(live))?;
        write!(self.out, "{}", self.page.list())?;
        let help = self
            .page
            .faint("any key: begin   1-9, 0, s: that lesson   q: quit");
        write!(self.out, "\n  {help}")?;
        self.out.flush()
    }

    fn show(&mut self, lesson: &Lesson) -> anyhow::Result<()> {
        let played = self.player.play(lesson)?;
        if let Some(remark) = &played.remark {
            writeln!(self.stderr, "wireseam: {remark}")?;
        }
        let text = self.page.lesson(lesson, &played);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may unwrap")]

    use super::*;

    /// What is shown to somebody who presses these keys, with recordings only.
    fn pressed(keys: &str) -> String {
        let (process, thread) = (std::process::id(), std::thread::current().id());
        let folder = std::env::temp_dir().join(format!("wireseam-keys-{process}-{thread:?}"));
        std::fs::create_dir_all(&folder).unwrap();
        let (mut out, mut stderr) = (Vec::new(), Vec::new());
        let mut keys = keys.chars();
        Demo {
            player: Player::recorded_only(folder.clone(), "it is a test"),
            page: Page {
                width: 80,
                colours: false,
                ascii: false,
            },
            out: &mut out,
            stderr: &mut stderr,
        }
        .with_keys(&mut || Ok(keys.next()))
        .unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(stderr.is_empty());
        String::from_utf8(out).unwrap()
    }

    fn titles(shown: &str) -> Vec<&str> {
        let is_title = |line: &&str| {
            let titles = LESSONS.iter().map(|lesson| lesson.title);
            line.chars().nth(3).is_some()
                && !line.starts_with(' ')
                && titles.into_iter().any(|title| line.ends_with(title))
        };
        let lines = shown.lines().filter(is_title);
        lines.filter_map(|line| line.split("  ").next()).collect()
    }

    #[test]
    fn every_lesson_has_its_key() {
        for lesson in &LESSONS {
            let shown = pressed(lesson.key);
            assert_eq!(titles(&shown), [lesson.key], "{shown}");
        }
    }

    #[test]
    fn any_other_key_goes_on_to_the_next_lesson_and_from_the_last_to_the_menu() {
        assert_eq!(titles(&pressed("\n \x1b")), ["1", "2", "3"]);
        assert_eq!(titles(&pressed("9xxx\n")), ["9", "0", "s", "1"]);
        assert_eq!(titles(&pressed("4m\n")), ["4", "1"]);
        assert_eq!(pressed("sx").matches("any key: begin").count(), 2);
    }

    #[test]
    fn q_ends_it() {
        assert_eq!(titles(&pressed("2q3")), ["2"]);
    }
}
