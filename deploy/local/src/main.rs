//! `cargo muster`: Muster on this computer without containers, and everything
//! that must hold before a change is taken.

mod backup;
mod check;
mod cli;
mod data_dir;
mod generate;
mod inspect;
mod interrupt;
mod ports;
mod reference;
mod report;
mod soak;
mod tool;
mod up;
mod web;
mod worker;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, Command};
use report::Report;

/// Of sysexits.h.
const USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let report = Report::new();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help and version are told in the same way, and are no error.
            let code = if told.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
            return told.print().map_or(ExitCode::FAILURE, |()| code);
        }
    };
    let done = match cli.command {
        Command::Up(options) => up::run(*options, &report).await.map_err(|error| error.to_string()),
        Command::Worker(options) => worker::run(&options, &report).await.map_err(|error| error.to_string()),
        Command::Test(options) => check::run(&options, &report).await.map_err(|error| error.to_string()),
        Command::Fuzz(options) => check::fuzz(&options, &report).await.map_err(|error| error.to_string()),
        Command::Soak(options) => soak::run(&options, &report).await.map_err(|error| error.to_string()),
        Command::Backup(options) => backup::make(&options, &report).await.map_err(|error| error.to_string()),
        Command::Restore(options) => backup::restore(&options, &report).await.map_err(|error| error.to_string()),
        Command::Inspect(options) => inspect::run(&options, &report).await.map_err(|error| error.to_string()),
        Command::Bench(options) => check::bench(&options, &report).await.map_err(|error| error.to_string()),
        Command::Generate(options) => generate::run(&options, &report).await.map_err(|error| error.to_string()),
        Command::Credentials(options) => generate::credentials(&options, &report).map_err(|error| error.to_string()),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            report.error(&message);
            ExitCode::FAILURE
        }
    }
}
