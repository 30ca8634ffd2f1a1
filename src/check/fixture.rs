//! A fixture that was read: its capture, its claim, and what is found in it.

use std::{fs, io::Cursor, path::PathBuf};

use wireseam_analyzer::{Config, PayloadPolicy};
use wireseam_capture::{CaptureError, FileSource};
use wireseam_fixtures::{Built, Format, Script};

use super::{Fixture, Problem};
use crate::claim::{Difference, judge, judge_recording};
use crate::report::{Palette, Render, Text, schema::Report};
use crate::verify::Verify;
use crate::{Error, Options};

/// A fixture with its capture at hand.
pub(super) struct Loaded {
    script: Option<Script>,
    capture: Capture,
    /// What the capture is called in the map.
    name: String,
}

enum Capture {
    Built(Box<Built>),
    File(PathBuf),
}

/// What is found in a fixture.
pub(super) struct Read {
    pub(super) report: Report,
    pub(super) map: String,
    /// Where the report does not add up.
    pub(super) contradictions: Vec<String>,
}

impl Loaded {
    pub(super) fn load(fixture: &Fixture) -> Result<Self, Problem> {
        let path = &fixture.path;
        if fixture.is_capture() {
            return Ok(Self::of_file(None, path.clone()));
        }
        let shown = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|cause| Problem::Faulty(format!("failed to read {shown}: {cause}")))?;
        let faulty = |cause: wireseam_fixtures::ScriptError| Problem::Faulty(cause.to_string());
        let script = Script::parse(&text, &shown).map_err(faulty)?;
        if let Some(recording) = script.recording() {
            let file = path.with_file_name("").join(recording);
            return Ok(Self::of_file(Some(script), file));
        }
        let built = script.build().map_err(faulty)?;
        let extension = match built.format {
            Format::Pcap => "pcap",
            Format::Pcapng => "pcapng",
        };
        let name = path.with_extension(extension);
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            script: Some(script),
            capture: Capture::Built(Box::new(built)),
        })
    }

    fn of_file(script: Option<Script>, file: PathBuf) -> Self {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Self {
            name: name.into_owned(),
            script,
            capture: Capture::File(file),
        }
    }

    pub(super) fn title(&self) -> &str {
        self.script.as_ref().map_or("", Script::title)
    }

    /// Its capture, to be read from the beginning.
    pub(super) fn source(&self) -> Result<FileSource, CaptureError> {
        match &self.capture {
            Capture::Built(built) => {
                FileSource::from_reader(&*self.name, Cursor::new(built.bytes.clone()))
            }
            Capture::File(path) => FileSource::open(path),
        }
    }

    pub(super) fn read(&self) -> Result<Read, Problem> {
        let unreadable = |cause: Error| Problem::Unreadable(cause.to_string());
        let open = || self.source().map_err(|cause| unreadable(cause.into()));
        let hashed = self.options(PayloadPolicy::Sha256);
        let report = crate::read(&mut open()?, &hashed).map_err(unreadable)?;
        let mut map = Vec::new();
        let mut text = Verify::new(Text::new(&mut map, Palette::plain()));
        let shown = self.options(PayloadPolicy::default());
        crate::inspect(&mut open()?, &shown, &mut text as &mut dyn Render).map_err(unreadable)?;
        let listed = text.verification().listed.iter();
        let contradictions = listed.map(ToString::to_string).collect();
        drop(text);
        Ok(Read {
            report,
            map: String::from_utf8_lossy(&map).into_owned(),
            contradictions,
        })
    }

    /// Where it is not as claimed.
    pub(super) fn judge(&self, report: &Report) -> Vec<Difference> {
        let claim = self.script.as_ref().and_then(Script::claim);
        match (claim, &self.capture) {
            (Some(claim), Capture::Built(built)) => judge(claim, built, report),
            (Some(claim), Capture::File(_)) => judge_recording(claim, report),
            (None, _) => Vec::new(),
        }
    }

    fn options(&self, payload: PayloadPolicy) -> Options {
        Options {
            name: self.name.clone(),
            config: Config {
                payload,
                ..Config::default()
            },
            ..Options::default()
        }
    }
}
