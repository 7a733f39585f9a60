//! See the library.

use std::process::ExitCode;

use clap::{Parser as _, error::ErrorKind};
use muster_worker_agent::{
    config::{Cli, Command, environment},
    describe, doctor,
    exit::Code,
    fleet, guard, life, rotation, service, setup, status,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) if is_help(&told) => {
            // A closed output is no concern of ours.
            let _ = told.print();
            return if told.use_stderr() { Code::Usage.into() } else { ExitCode::SUCCESS };
        }
        Err(wrong) => return life::told(Err(wrong.into())),
    };
    match cli.command {
        Command::Run(run) => match fleet::meant(&run, &environment()) {
            Some(file) => life::told(fleet::run(&file, run.for_all())),
            None => life::begin(*run),
        },
        Command::Setup(asked) => life::told(setup::begin(*asked)),
        Command::Status(asked) => life::told(status::show(asked)),
        Command::Doctor(run) => life::told(doctor::examine(*run)),
        Command::InstallService(asked) => life::told(service::install(asked)),
        Command::UninstallService => life::told(service::uninstall()),
        Command::RotateKey(asked) => life::told(rotation::begin(asked)),
        Command::Describe => describe::print(),
        Command::Guard(guarded) => guard::run(guarded.program, guarded.talk),
    }
}

/// What was asked for, or nothing was: pages of text.
fn is_help(told: &clap::Error) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(told.kind(), DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand)
}
