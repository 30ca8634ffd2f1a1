//! The fuzz targets over what is known already: the fixtures as seeds, and every input that once broke something.

use std::{
    fs, panic,
    path::{Path, PathBuf},
};

mod targets;

#[test]
fn packets_hold() {
    replay("packets");
}

#[test]
fn reassembly_holds() {
    replay("reassembly");
}

#[test]
fn http_heads_hold() {
    replay("http_head");
}

#[test]
fn frames_hold() {
    replay("frames");
}

#[test]
fn deflate_holds() {
    replay("deflate");
}

#[test]
fn files_hold() {
    replay("file");
}

/// A regression lies in the folder of its target.
#[test]
fn every_regression_has_a_target() {
    let folders = entries(&root().join("fuzz/regressions"));
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(
            targets::TARGETS.iter().any(|(target, _)| *target == name),
            "{name}"
        );
    }
}

/// A fault that waits to be mended; once it is, its input becomes a regression.
#[test]
fn every_known_fault_is_still_one() {
    for folder in entries(&root().join("fuzz/known")) {
        let (_, target) = target(folder.file_name().unwrap().to_str().unwrap());
        for path in entries(&folder) {
            let bytes = fs::read(&path).unwrap();
            let is_mended = panic::catch_unwind(|| target(&bytes)).is_ok();
            assert!(
                !is_mended,
                "{} holds now: move it to fuzz/regressions",
                path.display()
            );
        }
    }
}

fn target(name: &str) -> (&'static str, targets::Target) {
    let mut targets = targets::TARGETS.into_iter();
    targets.find(|(known, _)| *known == name).unwrap()
}

fn replay(name: &str) {
    let (_, target) = target(name);
    let regressions = entries(&root().join("fuzz/regressions").join(name));
    let regressions = regressions
        .into_iter()
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()));
    let seeds = targets::seeds(name, root());
    assert!(seeds.len() > 100, "only {} seeds", seeds.len());
    let failed: Vec<String> = seeds
        .into_iter()
        .chain(regressions)
        .filter_map(|(input, bytes)| panic::catch_unwind(|| target(&bytes)).err().map(|_| input))
        .collect();
    assert!(failed.is_empty(), "{name} fails on {failed:#?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}
