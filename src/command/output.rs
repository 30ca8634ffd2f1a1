//! Where `inspect` writes its report, in which format and colours.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

use indicatif::ProgressBar;
use wireseam::report::{Events, Json, Ndjson, Palette, Render, Summary, Text};

use super::{Exit, Failure, is_same_file, progress::AroundBar};
use crate::cli::{Color, Format, Inspect};

/// Refuses what cannot be written.
pub(super) fn check(asked: &Inspect) -> Result<(), Failure> {
    if asked.types.is_empty() || asked.format == Format::Ndjson {
        return Ok(());
    }
    let cause = anyhow::anyhow!("--type chooses lines of --format ndjson; other formats have none");
    Err(Exit::Usage.with(cause))
}

/// Where the report goes; `bar` is out of the way while it is written to the terminal.
pub(super) fn open(asked: &Inspect, bar: &ProgressBar) -> Result<Box<dyn Write>, Failure> {
    check(asked)?;
    let Some(path) = &asked.output else {
        return Ok(Box::new(AroundBar::new(io::stdout().lock(), bar.clone())));
    };
    if asked.files.iter().any(|file| is_same_file(path, file)) {
        let cause = anyhow::anyhow!(
            "failed to write {}: it is the capture itself; name another file",
            path.display()
        );
        return Err(Failure {
            exit: Exit::Usage,
            cause,
        });
    }
    let file = File::create(path).map_err(|cause| {
        Exit::Environment.with(
            anyhow::Error::from(cause).context(format!("failed to create {}", path.display())),
        )
    })?;
    Ok(Box::new(BufWriter::with_capacity(OUTPUT_BUFFER, file)))
}

pub(super) fn renderer<'a>(asked: &Inspect, out: Box<dyn Write + 'a>) -> Box<dyn Render + 'a> {
    match asked.format {
        Format::Text if asked.interface.is_some() => Box::new(Events::new(out, palette(asked))),
        Format::Text => Box::new(Text::new(out, palette(asked))),
        Format::Summary => Box::new(Summary::new(out)),
        Format::Json => Box::new(Json::new(out)),
        Format::Ndjson if asked.types.is_empty() => Box::new(Ndjson::new(out)),
        Format::Ndjson => Box::new(Ndjson::only(&asked.types, out)),
    }
}

fn palette(asked: &Inspect) -> Palette {
    let colour = match asked.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            asked.output.is_none()
                && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
        }
    };
    if colour {
        Palette::coloured()
    } else {
        Palette::plain()
    }
}

/// Reports are written to files in pieces of this size.
const OUTPUT_BUFFER: usize = 64 * 1024;
