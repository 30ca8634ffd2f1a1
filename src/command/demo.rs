//! `wireseam demo`: lessons on a page as wide as the terminal, chosen by keys where somebody can press any.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

use super::{Exit, Failure, keys::Keys, signals::Signals};
use crate::{
    cli::{Color, Demo as Asked},
    demo::{Demo, Page, Player},
};

pub(super) fn demo(asked: &Asked, stderr: &mut dyn Write) -> Result<Exit, Failure> {
    let fail = |cause: anyhow::Error| Exit::Environment.with(cause);
    let player = Player::new(asked.save.as_deref()).map_err(fail)?;
    let mut demo = Demo {
        player,
        page: page(asked),
        out: &mut io::stdout().lock(),
        stderr,
    };
    let has_keys = io::stdin().is_terminal() && io::stdout().is_terminal();
    demo.begin().map_err(|cause| fail(cause.into()))?;
    match &asked.lesson {
        Some(lesson) => demo.one(lesson).map_err(fail)?,
        None if asked.all => demo.all().map_err(fail)?,
        None if has_keys => return with_keys(&mut demo),
        None => demo.first().map_err(fail)?,
    }
    Ok(Exit::Fine)
}

fn with_keys(demo: &mut Demo<'_>) -> Result<Exit, Failure> {
    let fail = |cause: anyhow::Error| Exit::Environment.with(cause);
    let signals = Signals::catch()?;
    let keys = Keys::new(&signals);
    let mut keys = keys.map_err(|cause| fail(cause.into()))?;
    let done = demo.with_keys(&mut || keys.next());
    drop(keys);
    // the prompt that comes next gets a line of its own
    let _nobody_reads = writeln!(demo.out);
    match (signals.exit(), done) {
        (Some(exit), _) => Ok(exit),
        (None, done) => done.map(|()| Exit::Fine).map_err(fail),
    }
}

fn page(asked: &Asked) -> Page {
    let colours = match asked.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    Page {
        width: asked.width.map_or_else(columns, usize::from),
        colours,
        ascii: !shows_unicode(),
    }
}

/// The terminal's columns, as far as they help.
fn columns() -> usize {
    terminal().unwrap_or(FEWEST).clamp(FEWEST, MOST)
}

#[cfg(unix)]
fn terminal() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn terminal() -> Option<usize> {
    None
}

/// Whether the locale has more than ASCII (locale(7)). Where none is set, which is common in containers, it is not asked.
fn shows_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| env::var(name).unwrap_or_default());
    let chosen = set.into_iter().find(|value| !value.is_empty());
    chosen.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// What lessons are written for.
const FEWEST: usize = 80;

/// Longer lines are harder to read.
const MOST: usize = 120;
