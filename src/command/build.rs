//! `wireseam build`: a conversation script becomes a capture file.

use std::{
    fs,
    io::{self, IsTerminal, Write},
};

use wireseam_fixtures::{Built, Script};

use super::{Exit, Failure, is_same_file};
use crate::cli::Build;

pub(super) fn build(asked: &Build) -> Result<Exit, Failure> {
    let shown = asked.script.display().to_string();
    let text = fs::read_to_string(&asked.script).map_err(|cause| {
        let why = match cause.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => cause.to_string(),
        };
        Exit::Input.with(anyhow::anyhow!("failed to read {shown}: {why}"))
    })?;
    let script = Script::parse(&text, &shown).map_err(|cause| Exit::Usage.with(cause))?;
    let built = script.build().map_err(|cause| Exit::Usage.with(cause))?;
    write(asked, &built)?;
    Ok(Exit::Fine)
}

fn write(asked: &Build, built: &Built) -> Result<(), Failure> {
    let Some(path) = &asked.output else {
        return write_out(asked, built);
    };
    if is_same_file(path, &asked.script) {
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "failed to write {}: it is the script itself; name another file",
            path.display()
        )));
    }
    fs::write(path, &built.bytes).map_err(|cause| {
        let failed = format!("failed to write {}", path.display());
        Exit::Environment.with(anyhow::Error::from(cause).context(failed))
    })
}

/// To standard output, unless somebody would have to look at the bytes.
fn write_out(asked: &Build, built: &Built) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let script = asked.script.display();
        let name = asked.script.with_extension(built.format.extension());
        let name = name.file_name().unwrap_or_default().display();
        return Err(Exit::Usage.with(anyhow::anyhow!(
            "failed to write the capture to the terminal: it is binary; write it to a file \
             (wireseam build {script} -o {name}) or look at its map (wireseam build {script} | wireseam inspect -)"
        )));
    }
    let written = out.write_all(&built.bytes).and_then(|()| out.flush());
    written.map_err(|cause| {
        Exit::Environment
            .with(anyhow::Error::from(cause).context("failed to write to standard output"))
    })
}
