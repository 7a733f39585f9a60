//! See the library.

use std::process::ExitCode;

use clap::Parser as _;
use muster_worker_agent::{
    config::{Cli, Command},
    exit::Code,
    guard, life, rotation,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            // Help goes to standard output, everything else to standard error; a closed one is no concern of ours.
            let _ = told.print();
            return if told.use_stderr() { Code::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    match cli.command {
        Command::Run(run) => life::begin(*run),
        Command::RotateKey(asked) => life::told(rotation::begin(asked)),
        Command::Guard(guarded) => guard::run(guarded.program),
    }
}
