//! A folder of fixtures, replayed into one decoder, as one test.

use std::path::Path;

use wireseam_analyzer::Role;

use super::{
    Fixture, Segmentation, Target, Trial,
    report::{Implementation, Replayed, Tried, write_text},
    try_fixture,
};
use crate::check::find;

/// Replays all fixtures in a folder into a decoder, in every way in which a segmentation [usually](usual) matters: for a test
/// with one line.
///
/// The folder is relative to where the test runs, which for `cargo test` is the folder of the package.
///
/// # Panics
///
/// Where the decoder gives anything else than the fixtures claim, in any segmentation, with all that is to be said of it; where
/// it does not work; and where the folder cannot be read, has no fixture, or one with a fault.
pub fn assert_folder(decoder: &mut dyn Target, folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let replayed = replayed(decoder, folder).unwrap_or_else(|fault| panic!("{fault}"));
    let trials = || {
        replayed
            .fixtures
            .iter()
            .flat_map(|tried| &tried.trials)
            .flatten()
    };
    assert!(
        trials().next().is_some(),
        "{} has no fixture that can be replayed",
        folder.display()
    );
    if trials().any(Trial::is_bad) {
        let mut text = Vec::new();
        let written = write_text(&mut text, &replayed);
        assert!(written.is_err(), "\n{}", String::from_utf8_lossy(&text));
    }
}

/// The segmentations that are worth a try: as captured, all at once, byte by byte, with each single cut, at the parts of
/// headers and between any two of them, as over Ethernet, and three by chance.
#[must_use]
pub fn usual() -> Vec<Segmentation> {
    let mut usual = vec![
        Segmentation::Original,
        Segmentation::CoalesceAll,
        Segmentation::OneByte,
        Segmentation::EverySplit,
        Segmentation::Fields,
        Segmentation::HeaderPairs,
        Segmentation::Mss(536),
    ];
    usual.extend((1..=3).map(Segmentation::Seed));
    usual
}

fn replayed(decoder: &mut dyn Target, folder: &Path) -> Result<Replayed, String> {
    let found = find(&[folder.to_path_buf()]).map_err(|fault| fault.to_string())?;
    let name = decoder.implementation().to_string();
    let mut replayed = Replayed {
        implementations: vec![Implementation {
            asked: String::new(),
            name,
        }],
        fixtures: Vec::new(),
    };
    for found in &found.fixtures {
        let fixture = Fixture::open(&found.path).map_err(|fault| fault.to_string())?;
        let mut tried = Tried::new(&fixture);
        let trials = try_fixture(decoder, &fixture, &[Role::Server, Role::Client], &usual());
        tried
            .trials
            .push(trials.map_err(|fault| fault.to_string())?);
        replayed.fixtures.push(tried);
    }
    Ok(replayed)
}
