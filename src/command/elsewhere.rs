//! What is said of commands that capture on interfaces where that is not known how.

use std::io::Write;

use super::{Exit, Failure};
use crate::cli::{Inspect, Record};

pub(super) fn record(_: &Record, _: &mut dyn Write) -> Result<Exit, Failure> {
    not_here()
}

pub(super) fn inspect(_: &Inspect, _: &str, _: &mut dyn Write) -> Result<Exit, Failure> {
    not_here()
}

pub(super) fn interfaces() -> Result<Exit, Failure> {
    Err(Exit::Environment.with(anyhow::anyhow!(
        "failed to list interfaces: only Linux's are known so far"
    )))
}

fn not_here() -> Result<Exit, Failure> {
    Err(Exit::Environment.with(anyhow::anyhow!(
        "failed to capture: only Linux's interfaces can be captured on so far; \
         record with tcpdump or Wireshark, and read the file with wireseam inspect"
    )))
}
