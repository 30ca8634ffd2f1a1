//! Plays a lesson, live where this machine lets it and from its recording where not, and keeps the capture.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;

#[cfg(target_os = "linux")]
use super::stage::Stage;
use super::{
    lesson::{Lesson, Told},
    log::Log,
    take::Take,
};

/// Plays lessons.
#[derive(Debug)]
pub(crate) struct Player {
    #[cfg(target_os = "linux")]
    stage: Option<Stage>,
    folder: PathBuf,
    /// Why lessons are shown from recordings, where they all are.
    recorded: Option<String>,
}

/// A lesson that was played.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) told: Told,
    /// Where its capture is.
    pub(super) capture: PathBuf,
    /// Why this one is shown from a recording although others are live.
    pub(super) remark: Option<String>,
}

impl Player {
    /// One that keeps captures in a folder, or in a new one among the temporary files.
    ///
    /// It goes into namespaces of its own, for which the process must not have another thread yet.
    pub(crate) fn new(folder: Option<&Path>) -> anyhow::Result<Self> {
        let folder = match folder {
            Some(folder) => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("failed to create {}", folder.display()))?;
                folder.to_owned()
            }
            None => {
                temporary().context("failed to create a temporary folder; name one with --save")?
            }
        };
        Ok(Self::on_stage(folder))
    }

    #[cfg(target_os = "linux")]
    fn on_stage(folder: PathBuf) -> Self {
        let (stage, recorded) = match Stage::enter() {
            Ok(stage) => (Some(stage), None),
            Err(cause) => (None, Some(format!("{cause:#}"))),
        };
        Self {
            stage,
            folder,
            recorded,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn on_stage(folder: PathBuf) -> Self {
        Self::recorded_only(folder, "they need Linux")
    }

    /// One that shows recordings, and why.
    #[cfg(any(test, not(target_os = "linux")))]
    pub(super) fn recorded_only(folder: PathBuf, cause: &str) -> Self {
        Self {
            #[cfg(target_os = "linux")]
            stage: None,
            folder,
            recorded: Some(cause.to_owned()),
        }
    }

    /// Why lessons are shown from recordings, where they all are.
    pub(crate) fn recorded(&self) -> Option<&str> {
        self.recorded.as_deref()
    }

    /// Plays a lesson. One that does not show what it is to show is played again, and then shown from its recording.
    pub(super) fn play(&self, lesson: &Lesson) -> anyhow::Result<Played> {
        let remark = match self.live(lesson) {
            Some(Ok(told)) => {
                return Ok(Played {
                    told,
                    capture: self.path(lesson, LIVE),
                    remark: None,
                });
            }
            Some(Err(cause)) => Some(format!(
                "this time it went otherwise ({cause:#}), so this is a recording"
            )),
            None => None,
        };
        let extension = lesson.recording.extension;
        self.keep(lesson, extension, lesson.recording.capture)?;
        self.keep(lesson, "log", lesson.recording.log.as_bytes())?;
        let log = Log::parse(lesson.recording.log)?;
        let told = Take::new(lesson.recording.capture, log).and_then(|take| (lesson.tell)(&take));
        let told = told.with_context(|| {
            let remark = remark.as_deref().unwrap_or("nothing is played here");
            format!("{remark}; but the recording is no better")
        });
        Ok(Played {
            told: told?,
            capture: self.path(lesson, extension),
            remark,
        })
    }

    #[cfg(target_os = "linux")]
    fn live(&self, lesson: &Lesson) -> Option<anyhow::Result<Told>> {
        let stage = self.stage.as_ref()?;
        let play = lesson.play?;
        let once = || {
            let capture = self.path(lesson, LIVE);
            let log = stage.play(&capture, play)?;
            self.keep(lesson, "log", log.to_string().as_bytes())?;
            (lesson.tell)(&Take::new(&fs::read(capture)?, log)?)
        };
        let mut told = once();
        for _ in 1..TRIES {
            if told.is_ok() {
                break;
            }
            told = once();
        }
        Some(told)
    }

    #[cfg(not(target_os = "linux"))]
    fn live(&self, _: &Lesson) -> Option<anyhow::Result<Told>> {
        None
    }

    fn keep(&self, lesson: &Lesson, extension: &str, bytes: &[u8]) -> anyhow::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let path = self.path(lesson, extension);
        fs::write(&path, bytes).with_context(|| format!("failed to write {}", path.display()))
    }

    fn path(&self, lesson: &Lesson, extension: &str) -> PathBuf {
        self.folder.join(lesson.file(extension))
    }
}

/// A new folder that only who runs this can look into.
fn temporary() -> io::Result<PathBuf> {
    let process = std::process::id();
    let mut number = 0;
    loop {
        let folder = std::env::temp_dir().join(match number {
            0 => format!("wireseam-{process}"),
            number => format!("wireseam-{process}-{number}"),
        });
        match create(&folder) {
            Ok(()) => return Ok(folder),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && number < MOST_FOLDERS => {
                number += 1;
            }
            Err(cause) => return Err(cause),
        }
    }
}

#[cfg(unix)]
fn create(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// What captures of live lessons are.
const LIVE: &str = "pcapng";

/// A busy machine may come between; three times in a row it hardly does.
#[cfg(target_os = "linux")]
const TRIES: u32 = 3;

/// Folders of earlier processes of the same number.
const MOST_FOLDERS: u32 = 1000;
