//! The command `wireseam`; see `wireseam --help`.

mod cli;
mod command;
mod demo;
mod limits;
mod rules;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let asked = cli::Cli::parse();
    command::run(asked, &mut std::io::stderr()).into()
}
