//! Which fixtures there are, and which files belong to none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::snapshot;

/// A fixture, found but not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixture {
    /// What it is called: its path below the folder that was asked for, without the extension.
    pub id: String,
    /// Its script, or its capture.
    pub path: PathBuf,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The fixtures, by path.
    pub fixtures: Vec<Fixture>,
    /// Files that belong to no fixture.
    pub strays: Vec<Stray>,
}

/// A file that belongs to no fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The file.
    pub path: PathBuf,
    /// What it is.
    pub what: Straying,
}

/// What a file is that belongs to no fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Straying {
    /// An accepted map whose fixture is gone.
    Stale,
    /// A map that waits for somebody to look at it, and whose fixture is gone.
    StalePending,
}

/// What was asked for cannot be searched.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// It cannot be read.
    #[error("failed to read {}: {cause}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It is neither a script nor a capture.
    #[error("{} is no fixture: those are scripts, *.toml, and captures, *.pcap or *.pcapng", path.display())]
    NoFixture {
        /// The file.
        path: PathBuf,
    },
}

/// Searches files and folders, and folders in those. Hidden files, `target` and `node_modules` are passed over, and so is
/// `Cargo.toml`.
///
/// # Errors
///
/// [`FindError`]
pub fn find(paths: &[PathBuf]) -> Result<Found, FindError> {
    let mut found = Found::default();
    for path in paths {
        let failed = |cause| FindError::Read {
            path: path.clone(),
            cause,
        };
        if fs::metadata(path).map_err(failed)?.is_dir() {
            let mut files = Vec::new();
            walk(path, &mut files)?;
            files.sort();
            found.take_folder(path, &files);
        } else if is_script(path) || capture_stem(path).is_some() {
            found
                .fixtures
                .push(Fixture::at(path, path.parent().and_then(Path::parent)));
        } else {
            return Err(FindError::NoFixture { path: path.clone() });
        }
    }
    found
        .fixtures
        .sort_by(|one, other| one.path.cmp(&other.path));
    found.fixtures.dedup();
    Ok(found)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), FindError> {
    let failed = |cause| FindError::Read {
        path: folder.to_path_buf(),
        cause,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') || PASSED_OVER.contains(&&*name) {
            continue;
        }
        // a folder that a link leads to is not entered: it may lead back
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

impl Found {
    fn take_folder(&mut self, root: &Path, files: &[PathBuf]) {
        let scripts = || files.iter().filter(|file| is_script(file));
        let is_named = |capture: &PathBuf| {
            let mut named = scripts().filter_map(|script| recording(script));
            named.any(|named| named == *capture)
        };
        let mut fixtures: Vec<Fixture> = scripts()
            .map(|file| Fixture::at(file, Some(root)))
            .collect();
        for capture in files.iter().filter(|file| capture_stem(file).is_some()) {
            let fixture = Fixture::at(capture, Some(root));
            let has_map = files.contains(&fixture.snapshot()) || files.contains(&fixture.pending());
            let script = fixture.snapshot().with_extension("toml");
            if has_map && !files.contains(&script) && !is_named(capture) {
                fixtures.push(fixture);
            }
        }
        let belongs = |file: &PathBuf| {
            fixtures
                .iter()
                .any(|fixture| fixture.snapshot() == *file || fixture.pending() == *file)
        };
        let strays = files
            .iter()
            .filter(|file| !belongs(file))
            .filter_map(|file| {
                let what = match file.extension()?.to_str()? {
                    "snap" => Straying::Stale,
                    "new" if file.file_stem()?.to_str()?.ends_with(".snap") => {
                        Straying::StalePending
                    }
                    _ => return None,
                };
                snapshot::is_of_a_map(file).then(|| Stray {
                    path: file.clone(),
                    what,
                })
            });
        self.strays.extend(strays);
        self.fixtures.append(&mut fixtures);
    }
}

impl Fixture {
    fn at(path: &Path, root: Option<&Path>) -> Self {
        let below = root
            .and_then(|root| path.strip_prefix(root).ok())
            .unwrap_or(path);
        let stem = capture_stem(below).unwrap_or_else(|| below.with_extension(""));
        let parts = stem
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        Self {
            id: parts.collect::<Vec<_>>().join("/"),
            path: path.to_path_buf(),
        }
    }

    /// Whether it is a capture without a script.
    #[must_use]
    pub fn is_capture(&self) -> bool {
        !is_script(&self.path)
    }

    /// Where its accepted map lies.
    #[must_use]
    pub fn snapshot(&self) -> PathBuf {
        let stem = capture_stem(&self.path).unwrap_or_else(|| self.path.with_extension(""));
        with_ending(&stem, ".snap")
    }

    /// Where its map lies while somebody has to look at it.
    #[must_use]
    pub fn pending(&self) -> PathBuf {
        with_ending(&self.snapshot(), ".new")
    }
}

/// The capture that a script names. What is wrong with a script is said when it is read as a whole.
fn recording(script: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(script).ok()?;
    let script_of = wireseam_fixtures::Script::parse(&text, "").ok()?;
    Some(script.with_file_name("").join(script_of.recording()?))
}

fn is_script(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
        && path.file_name().is_some_and(|name| name != "Cargo.toml")
}

/// The path of a capture without what its name ends with; `None` where it is not the name of one.
fn capture_stem(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let unpacked = PACKINGS.iter().find_map(|ending| name.strip_suffix(ending));
    let name = unpacked.unwrap_or(name);
    let stem = FORMATS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    Some(path.with_file_name(stem))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

const FORMATS: [&str; 3] = [".pcap", ".pcapng", ".cap"];
const PACKINGS: [&str; 3] = [".gz", ".zst", ".lz4"];
const PASSED_OVER: [&str; 2] = ["target", "node_modules"];
