//! How a target is called from outside.

use std::path::Path;

use crate::targets;

/// Calls a target; it panics where something is not as it must be.
pub fn fuzz(target: &str, data: &[u8]) {
    let found = targets::TARGETS.iter().find(|(name, _)| *name == target);
    let (_, run) = found.expect("a target is called by a name in TARGETS");
    run(data);
}

/// What each target begins with: its name, and its seeds by name.
pub fn seeds(root: &Path) -> impl Iterator<Item = (&'static str, Vec<(String, Vec<u8>)>)> {
    targets::TARGETS
        .into_iter()
        .map(move |(name, _)| (name, targets::seeds(name, root)))
}
