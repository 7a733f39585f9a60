//! PostgreSQL's own programs: they know all that can be in a database.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use muster_service::copy::{self, Moment, Place};
use muster_testkit::process::Command;
use secrecy::ExposeSecret as _;

use super::BackupError;
use crate::{report::Report, tool::Tool};

/// Where Debian has the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Writes a service's schema, as it was at that moment, into a file.
pub(super) async fn dump(moment: &Moment, to: &Path, report: &Report) -> Result<(), BackupError> {
    let place = &moment.place;
    let mut arguments = vec!["--format=custom".to_owned(), format!("--schema={}", place.schema)];
    arguments.extend(moment.snapshot.iter().map(|snapshot| format!("--snapshot={snapshot}")));
    let command = program("pg_dump", place, to.with_extension("log")).await?.args(arguments).arg("--file").arg(to);
    run(format!("dumping the database of {}", place.schema), command, report).await
}

/// Puts a schema back, all of it or nothing.
pub(super) async fn restore(place: &Place, from: &Path, report: &Report) -> Result<(), BackupError> {
    let command = program("pg_restore", place, from.with_extension("log")).await?.arg("--single-transaction");
    let command = command.arg("--exit-on-error").arg(from);
    run(format!("restoring the database of {}", place.schema), command, report).await
}

async fn run(what: String, command: Command, report: &Report) -> Result<(), BackupError> {
    Ok(Tool::new(what, command).run(report).await?)
}

/// One of them, on its way to a database. The password is in its environment, where only its own user sees it.
async fn program(name: &'static str, place: &Place, log: PathBuf) -> Result<Command, BackupError> {
    let (address, password) = copy::reach(place)?;
    let mut to = OsString::from("--dbname=");
    to.push(address);
    let server = copy::server_version(place).await?;
    let command = Command::new(name, find(name, server)?, log).without_our_settings();
    let command = command.args(["--no-owner", "--no-privileges", "--no-password"]).arg(to);
    Ok(command.envs(password.map(|password| ("PGPASSWORD", password.expose_secret().to_owned()))))
}

/// That of the server's version, or of one that is not much newer.
fn find(name: &'static str, server: u32) -> Result<PathBuf, BackupError> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let installed = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin").join(name)))
        })
        .filter(|(_, program)| program.is_file());
    match fitting(installed, server) {
        Some(program) => Ok(program),
        None => which::which(name).map_err(|_| BackupError::NoProgram { name, server }),
    }
}

/// A newer one understands the server, and may write what an older one, or the server, does not.
fn fitting(installed: impl Iterator<Item = (u32, PathBuf)>, server: u32) -> Option<PathBuf> {
    installed.filter(|(version, _)| *version >= server).min().map(|(_, program)| program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_own_version_is_taken_or_the_next_one() {
        let of = |server| {
            let installed = [18, 15, 16].map(|version| (version, PathBuf::from(version.to_string())));
            fitting(installed.into_iter(), server).map(|program| program.display().to_string())
        };
        for (server, program) in [(15, Some("15")), (16, Some("16")), (17, Some("18")), (14, Some("15")), (19, None)] {
            assert_eq!(of(server).as_deref(), program, "{server}");
        }
    }
}
