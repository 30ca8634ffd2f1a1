//! The files of the repository, as the rules look at them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A text file.
pub(super) struct File {
    /// Its path in the repository, with slashes.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// `path:line: what`, as editors jump to.
    pub(super) fn place(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is part of a library or program, and not of its tests.
    pub(super) fn is_in_src(&self) -> bool {
        self.path.starts_with("src/") || self.path.contains("/src/")
    }

    /// Its lines from 1 on, without comments.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, without_comment(line)))
    }

    /// Its attributes `#[name(..)]` and `#![name(..)]`, each on one line, with the line it begins in.
    pub(super) fn attributes(&self, name: &str) -> Vec<(usize, String)> {
        let code: Vec<(usize, &str)> = self.code().collect();
        let begins = [format!("#[{name}("), format!("#![{name}(")];
        let is_begin = |line: &str| begins.iter().any(|begin| line.starts_with(begin));
        let mut found = Vec::new();
        for (at, (number, line)) in code.iter().enumerate() {
            if !is_begin(line.trim_start()) {
                continue;
            }
            let mut whole = String::new();
            for (_, part) in &code[at..] {
                whole.push_str(part.trim());
                if part.trim_end().ends_with(")]") {
                    break;
                }
            }
            found.push((*number, whole));
        }
        found
    }
}

/// A line up to where a comment begins. A string with `//` in it ends there too, which hides a little and accuses nobody.
pub(super) fn without_comment(line: &str) -> &str {
    line.split("//").next().unwrap_or_default().trim_end()
}

/// All Rust files.
pub(super) fn rust_files() -> Vec<File> {
    let mut files = text_files();
    files.retain(|file| file.path.ends_with(".rs"));
    assert!(files.len() > 100, "only {} files were found", files.len());
    files
}

/// All files that are text.
pub(super) fn text_files() -> Vec<File> {
    let mut paths = Vec::new();
    walk(root(), &mut paths);
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let text = String::from_utf8(fs::read(&path).unwrap()).ok()?;
        let path = path.strip_prefix(root()).unwrap();
        Some(File {
            path: path.to_str().unwrap().replace('\\', "/"),
            text,
        })
    });
    files.collect()
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_symlink() || NOT_OURS.contains(&name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Fails with every place that breaks a rule, and the way out.
pub(super) fn breaches(way_out: &str, places: Vec<String>) {
    assert!(places.is_empty(), "{way_out}\n\n{}", places.join("\n"));
}

/// What Git, Cargo and cargo-fuzz keep here.
const NOT_OURS: [&str; 4] = [".git", "target", "corpus", "artifacts"];
