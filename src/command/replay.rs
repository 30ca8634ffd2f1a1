//! `wireseam replay`: fixtures into decoders, and what came of it.

mod targets;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use wireseam::check::find;
use wireseam::replay::{
    AdapterError, Decoder, Fixture, FixtureError, Own, Segmentation, Target, Trial, Tungstenite,
    Verdict,
    report::{
        Implementation, Replayed, Tried, document, fixture_line, total_line, trial_line, write_text,
    },
    serve, shrink, try_fixture, usual,
};

use super::{Exit, Failure, print, signals::Signals};
use crate::cli::{Adapter, BuiltIn, Replay, ReplayFormat};

pub(super) fn replay(asked: &Replay, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    let signals = Signals::catch()?;
    let paths = scripts(&asked.fixtures)?;
    let mut targets = targets::open(asked, &signals, stderr)?;
    let mut replaying = Replaying {
        asked,
        stderr,
        exit: Exit::Fine,
        replayed: Replayed {
            implementations: targets
                .iter()
                .zip(&asked.to)
                .map(|(target, to)| Implementation {
                    asked: to.asked.clone(),
                    name: target.implementation().to_string(),
                })
                .collect(),
            fixtures: Vec::new(),
        },
    };
    for path in &paths {
        if replaying.fixture(path, &mut targets)? == Goes::Stop {
            let exit = signals.exit().unwrap_or(Exit::Interrupted);
            replaying.finish()?;
            return Ok(exit);
        }
    }
    replaying.finish()
}

/// `wireseam adapter`: answers another harness.
pub(super) fn adapter(asked: &Adapter) -> Result<Exit, Failure> {
    let mut decoder: Box<dyn Decoder> = match asked.decoder {
        BuiltIn::Tungstenite => Box::new(Tungstenite::default()),
        BuiltIn::Wireseam => Box::new(Own::default()),
    };
    serve(
        &mut *decoder,
        &mut io::stdin().lock(),
        &mut io::stdout().lock(),
    )
    .map(|()| Exit::Fine)
    .map_err(|cause| Exit::Environment.with(cause))
}

/// Whether to go on with the next fixture.
#[derive(PartialEq, Eq)]
enum Goes {
    On,
    Stop,
}

/// A replay under way.
struct Replaying<'a> {
    asked: &'a Replay,
    stderr: &'a mut dyn Write,
    exit: Exit,
    replayed: Replayed,
}

impl Replaying<'_> {
    fn fixture(&mut self, path: &Path, targets: &mut [Box<dyn Target>]) -> Result<Goes, Failure> {
        let fixture = match Fixture::open(path) {
            Ok(fixture) => fixture,
            Err(cause) => {
                let exit = match cause {
                    FixtureError::Script(_) => Exit::Usage,
                    _ => Exit::Input,
                };
                self.trouble(exit, &cause.to_string());
                return Ok(Goes::On);
            }
        };
        let mut tried = Tried::new(&fixture);
        if self.asked.format == ReplayFormat::Ndjson {
            print(&format!("{}\n", fixture_line(&tried)))?;
        }
        let roles = self.asked.role.roles();
        for (target, to) in targets.iter_mut().zip(&self.asked.to) {
            let ways = self.ways(&**target);
            match try_fixture(&mut **target, &fixture, roles, &ways) {
                Ok(trials) => {
                    self.take(&trials, &to.asked)?;
                    self.shrink(&mut **target, &trials)?;
                    tried.trials.push(trials);
                }
                Err(AdapterError::Interrupted) => {
                    self.replayed.fixtures.push(tried);
                    return Ok(Goes::Stop);
                }
                Err(cause) => self.trouble(Exit::Environment, &cause.to_string()),
            }
        }
        self.replayed.fixtures.push(tried);
        Ok(Goes::On)
    }

    /// The segmentations asked for, or all of those that say something new.
    fn ways(&self, target: &dyn Target) -> Vec<Segmentation> {
        if !self.asked.segmentation.is_empty() {
            return self.asked.segmentation.clone();
        }
        if target.is_live() {
            return vec![
                Segmentation::Original,
                Segmentation::CoalesceAll,
                Segmentation::OneByte,
                Segmentation::Fields,
                Segmentation::Seed(1),
            ];
        }
        usual()
    }

    fn take(&mut self, trials: &[Trial], asked: &str) -> Result<(), Failure> {
        for trial in trials {
            if let Some(why) = &trial.broken {
                self.trouble(
                    Exit::Environment,
                    &format!("{}: {asked} as {}: {why}", trial.fixture, trial.role),
                );
            } else if trial.verdict == Verdict::Failed && self.exit == Exit::Fine {
                self.exit = Exit::Findings;
            }
            if self.asked.format == ReplayFormat::Ndjson {
                print(&format!("{}\n", trial_line(trial, asked)))?;
            }
        }
        Ok(())
    }

    /// Writes what is left of each failing replay, where that was asked for.
    fn shrink(&mut self, target: &mut dyn Target, trials: &[Trial]) -> Result<(), Failure> {
        let Some(folder) = &self.asked.shrink else {
            return Ok(());
        };
        let implementation = target.implementation().name;
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let implementation: String = implementation.chars().map(plain).collect();
        for trial in trials.iter().filter(|trial| trial.failed.is_some()) {
            let stem = Path::new(&trial.fixture).file_stem().unwrap_or_default();
            let name = format!(
                "{}-{}-{implementation}-{}.toml",
                stem.display(),
                trial.connection,
                trial.role
            );
            let path = folder.join(name);
            let Some(script) = shrink(target, trial) else {
                let what = "it does not fail as a script of one handshake and one end's frames";
                let _ = writeln!(
                    self.stderr,
                    "wireseam: {} was not made smaller: {what}",
                    trial.fixture
                );
                continue;
            };
            let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, script));
            written.map_err(|cause| {
                let failed = format!("failed to write {}", path.display());
                Exit::Environment.with(anyhow::Error::from(cause).context(failed))
            })?;
            let _ = writeln!(
                self.stderr,
                "wireseam: {} was made smaller: {}",
                trial.fixture,
                path.display()
            );
        }
        Ok(())
    }

    /// Says what went wrong and goes on; the exit code of what is wrong with the input goes before that of the machine.
    fn trouble(&mut self, exit: Exit, what: &str) {
        // a message that cannot be written has no other place to go
        let _ = writeln!(self.stderr, "wireseam: {what}");
        self.exit = match (self.exit, exit) {
            (Exit::Usage | Exit::Input, _) => self.exit,
            (_, exit) => exit,
        };
    }

    fn finish(self) -> Result<Exit, Failure> {
        match self.asked.format {
            ReplayFormat::Text => {
                let mut text = Vec::new();
                write_text(&mut text, &self.replayed)
                    .map_err(|cause| Exit::Environment.with(cause))?;
                print(&String::from_utf8_lossy(&text))?
            }
            ReplayFormat::Json => print(&format!("{:#}\n", document(&self.replayed)))?,
            ReplayFormat::Ndjson => print(&format!("{}\n", total_line(&self.replayed)))?,
        };
        Ok(self.exit)
    }
}

/// The fixtures, a folder's scripts in the order of their names.
fn scripts(asked: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for path in asked {
        if !path.is_dir() {
            paths.push(path.clone());
            continue;
        }
        let found = find(std::slice::from_ref(path)).map_err(|cause| Exit::Input.with(cause))?;
        let scripts = found
            .fixtures
            .into_iter()
            .filter(|fixture| !fixture.is_capture());
        let before = paths.len();
        paths.extend(scripts.map(|script| script.path));
        if paths.len() == before {
            return Err(Exit::Usage.with(anyhow::anyhow!(
                "there is no script (.toml) in {} or below",
                path.display()
            )));
        }
    }
    Ok(paths)
}
