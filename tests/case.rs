//! The fixtures: every `fixtures/<area>/<case>.toml`, parsed and built, and what is read out of it.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use wireseam::{
    Options,
    analyzer::{Config, PayloadPolicy},
    capture::FileSource,
    fixtures::{Built, Script},
    report::{Palette, Text, schema::Report},
};

/// A fixture.
pub(crate) struct Case {
    /// The folder it lies in.
    pub(crate) area: String,
    /// Its file name without the extension.
    pub(crate) name: String,
    /// What is said to whom, and what must be found.
    pub(crate) script: Script,
    /// The capture.
    pub(crate) built: Built,
}

impl Case {
    /// All of them, by area and name.
    pub(crate) fn all() -> Vec<Self> {
        files("toml")
            .into_iter()
            .map(|path| Self::read(&path))
            .collect()
    }

    fn read(path: &Path) -> Self {
        let part = |part: &Path| part.file_stem().unwrap().to_str().unwrap().to_owned();
        let (area, name) = (part(path.parent().unwrap()), part(path));
        let shown = format!("fixtures/{area}/{name}.toml");
        let script = Script::parse(&fs::read_to_string(path).unwrap(), &shown);
        let script = script.unwrap_or_else(|fault| panic!("{fault}"));
        let built = script.build().unwrap_or_else(|fault| panic!("{fault}"));
        Self {
            area,
            name,
            script,
            built,
        }
    }

    /// What its capture file is called.
    pub(crate) fn file_name(&self) -> String {
        format!("{}.{}", self.name, self.built.format.extension())
    }

    /// What is found in it.
    pub(crate) fn report(&self) -> Report {
        self.report_with(Config {
            payload: PayloadPolicy::Sha256,
            ..Config::default()
        })
    }

    /// What is found in it by an analyzer that works differently.
    pub(crate) fn report_with(&self, config: Config) -> Report {
        wireseam::read(&mut self.source(), &self.options(config)).unwrap()
    }

    /// Its boundary map.
    pub(crate) fn map(&self) -> String {
        let mut map = Vec::new();
        let mut text = Text::new(&mut map, Palette::plain());
        let options = self.options(Config::default());
        wireseam::inspect(&mut self.source(), &options, &mut text).unwrap();
        String::from_utf8(map).unwrap()
    }

    /// The capture, to be read.
    pub(crate) fn source(&self) -> FileSource {
        FileSource::from_reader(self.file_name(), Cursor::new(self.built.bytes.clone())).unwrap()
    }

    fn options(&self, config: Config) -> Options {
        Options {
            name: self.file_name(),
            config,
            ..Options::default()
        }
    }
}

/// The files `fixtures/<area>/*.<extension>`, in order.
pub(crate) fn files(extension: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files: Vec<PathBuf> = entries(&root)
        .into_iter()
        .filter(|area| area.is_dir())
        .flat_map(|area| entries(&area))
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
