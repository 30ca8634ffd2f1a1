//! `fixtures/CASES.md` says where each situation is tested: every name in it exists, and every fixture is named.

use std::{collections::BTreeSet, fs, path::Path};

use crate::case::files;

#[test]
fn every_case_names_what_exists_and_every_fixture_is_in_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let index = fs::read_to_string(root.join("fixtures/CASES.md")).unwrap();
    let rows = index.lines().filter(|line| line.starts_with("| "));
    let named: BTreeSet<&str> = rows
        .filter_map(|row| row.rsplit_once(" | "))
        .flat_map(|(_, places)| places.split('`').skip(1).step_by(2))
        .collect();
    let fixtures = fixtures();
    let unlisted: Vec<&String> = fixtures
        .iter()
        .filter(|fixture| !named.contains(fixture.as_str()))
        .collect();
    assert!(
        unlisted.is_empty(),
        "fixtures/CASES.md does not name {unlisted:#?}"
    );
    let missing: Vec<&str> = named
        .into_iter()
        .filter(|name| !fixtures.contains(*name) && !is_test(root, name))
        .collect();
    assert!(
        missing.is_empty(),
        "fixtures/CASES.md names what is not there: {missing:#?}"
    );
}

/// The fixtures as `area/case`.
fn fixtures() -> BTreeSet<String> {
    files("toml")
        .into_iter()
        .map(|path| {
            let part = |part: &Path| part.file_stem().unwrap().to_str().unwrap().to_owned();
            format!("{}/{}", part(path.parent().unwrap()), part(&path))
        })
        .collect()
}

/// Whether `FILE: NAME` is a test.
fn is_test(root: &Path, name: &str) -> bool {
    name.split_once(": ").is_some_and(|(file, test)| {
        fs::read_to_string(root.join(file))
            .is_ok_and(|source| source.contains(&format!("fn {test}(")))
    })
}
