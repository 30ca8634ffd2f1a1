//! A folder of fixtures as one test.

use std::{env, path::Path};

use super::{
    Verdict, accept, check, find,
    output::{Form, Run},
    pending,
};

/// What is done about maps that are not the accepted ones, as insta has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Update {
    /// They are left beside the accepted ones.
    Leave,
    /// They are accepted.
    Accept,
    /// Nothing is written.
    Nothing,
}

/// Checks all fixtures in a folder: for a test with one line.
///
/// Maps that are not the accepted ones are left beside them for `cargo insta review` or `wireseam review`. As with insta, the
/// environment has its say: `INSTA_UPDATE=always` accepts them, `INSTA_UPDATE=no` writes nothing, and so does a `CI` that is set.
///
/// The folder is relative to where the test runs, which for `cargo test` is the folder of the package.
///
/// # Panics
///
/// Where anything is not as claimed, or not as accepted, with all that is to be said of it; and where the folder cannot be
/// read, or has no fixture.
pub fn assert_folder(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let run = run(folder, update()).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(
        !run.checked.is_empty(),
        "{} has no fixture: scripts, *.toml, or captures with an accepted map",
        folder.display()
    );
    if run.verdict() != Verdict::Ok {
        let mut text = Vec::new();
        let written = Form::Text.write(&run, &mut text);
        let text = anstream::adapter::strip_bytes(&text).into_vec();
        assert!(written.is_err(), "\n{}", String::from_utf8_lossy(&text));
    }
}

fn run(folder: &Path, update: Update) -> Result<Run, String> {
    let found = find(&[folder.to_path_buf()]).map_err(|fault| fault.to_string())?;
    let mut run = Run {
        strays: found.strays,
        ..Run::default()
    };
    for fixture in &found.fixtures {
        let mut checked = check(fixture);
        if update != Update::Nothing {
            checked.leave_pending().map_err(|fault| fault.to_string())?;
        }
        if update == Update::Accept
            && let Some(pending) = pending(fixture)?
        {
            accept(&pending).map_err(|fault| fault.to_string())?;
            checked = check(fixture);
        }
        run.left_pending |= fixture.pending().exists();
        run.checked.push(checked);
    }
    Ok(run)
}

fn update() -> Update {
    let variable = |name| env::var(name).unwrap_or_default();
    match variable("INSTA_UPDATE").as_str() {
        "always" => Update::Accept,
        "no" => Update::Nothing,
        "" | "auto" if is_ci() => Update::Nothing,
        _ => Update::Leave,
    }
}

/// Whether this runs in continuous integration, by the variable `CI` that all of those set.
#[must_use]
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !["", "0", "false"].contains(&&*value))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    const SCRIPT: &str = r#"
        title = "A greeting"
        shows = "One message."
        step = [{ upgrade = {} }, { from = "client", text = "hello" }]
        claim.messages = [{ from = "client", text = "hello", alignment = "aligned" }]
    "#;

    fn folder(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("wireseam-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("greeting.toml"), SCRIPT).unwrap();
        folder
    }

    #[test]
    fn a_new_map_is_left_then_accepted_and_then_all_is_well() {
        let folder = folder("asserted");
        let verdict = |update| run(&folder, update).unwrap().verdict();
        assert_eq!(verdict(Update::Nothing), Verdict::New);
        assert!(!folder.join("greeting.snap.new").exists());
        assert_eq!(verdict(Update::Leave), Verdict::New);
        assert!(folder.join("greeting.snap.new").exists());
        assert_eq!(verdict(Update::Accept), Verdict::Ok);
        assert!(!folder.join("greeting.snap.new").exists());
        assert_eq!(verdict(Update::Nothing), Verdict::Ok);
        assert_folder(&folder);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_test_that_passes() {
        let fault = run(Path::new("no-such-folder"), Update::Nothing).unwrap_err();
        assert!(fault.contains("no-such-folder"), "{fault}");
    }
}
