//! A fixture with its capture at hand: built from its script, or a file.

use std::{
    fs,
    io::{self, Cursor},
    path::{Path, PathBuf},
};

use wireseam_capture::{CaptureError, FileSource};
use wireseam_fixtures::{Built, Script, ScriptError};

use crate::claim::{Difference, judge, judge_recording};
use crate::report::schema::Report;

/// A script with the capture that it makes or names, or a capture without a script.
pub(crate) struct Case {
    pub(crate) script: Option<Script>,
    capture: Capture,
    /// What the capture is called: a file's name, without its folder.
    pub(crate) name: String,
}

enum Capture {
    Built(Box<Built>),
    File(PathBuf),
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaseError {
    #[error(transparent)]
    Script(#[from] ScriptError),
    #[error("failed to read {name}: {cause}")]
    Read { name: String, cause: io::Error },
}

impl Case {
    /// Reads a script (`.toml`), or takes a capture (any other name), which is only read when it is asked for.
    pub(crate) fn open(path: &Path) -> Result<Self, CaseError> {
        if path.extension().is_none_or(|extension| extension != "toml") {
            return Ok(Self::of_file(None, path.to_path_buf()));
        }
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::of_script(Script::parse(&text, &name)?)?),
            Err(cause) => Err(CaseError::Read { name, cause }),
        }
    }

    /// Builds a script's capture; one that it names lies beside it.
    pub(crate) fn of_script(script: Script) -> Result<Self, ScriptError> {
        let path = Path::new(script.name()).to_path_buf();
        if let Some(recording) = script.recording() {
            let file = path.with_file_name("").join(recording);
            return Ok(Self::of_file(Some(script), file));
        }
        let built = script.build()?;
        Ok(Self {
            name: file_name(&path.with_extension(built.format.extension())),
            script: Some(script),
            capture: Capture::Built(Box::new(built)),
        })
    }

    fn of_file(script: Option<Script>, file: PathBuf) -> Self {
        Self {
            name: file_name(&file),
            script,
            capture: Capture::File(file),
        }
    }

    /// The capture's file, where it is not built.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.capture {
            Capture::Built(_) => None,
            Capture::File(path) => Some(path),
        }
    }

    /// Its capture, to be read from the beginning.
    pub(crate) fn source(&self) -> Result<FileSource, CaptureError> {
        match &self.capture {
            Capture::Built(built) => {
                FileSource::from_reader(&*self.name, Cursor::new(built.bytes.clone()))
            }
            Capture::File(path) => FileSource::open(path),
        }
    }

    /// Where it is not as claimed. The report is to have hashes, see [`judge`].
    pub(crate) fn judge(&self, report: &Report) -> Vec<Difference> {
        let claim = self.script.as_ref().and_then(Script::claim);
        match (claim, &self.capture) {
            (Some(claim), Capture::Built(built)) => judge(claim, built, report),
            (Some(claim), Capture::File(_)) => judge_recording(claim, report),
            (None, _) => Vec::new(),
        }
    }
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
