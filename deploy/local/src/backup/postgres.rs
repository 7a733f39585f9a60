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
    let command = program("pg_dump", place, to.with_extension("log"))?.args(arguments).arg("--file").arg(to);
    run(format!("dumping the database of {}", place.schema), command, report).await
}

/// Puts a schema back, all of it or nothing.
pub(super) async fn restore(place: &Place, from: &Path, report: &Report) -> Result<(), BackupError> {
    let command = program("pg_restore", place, from.with_extension("log"))?.arg("--single-transaction");
    let command = command.arg("--exit-on-error").arg(from);
    run(format!("restoring the database of {}", place.schema), command, report).await
}

async fn run(what: String, command: Command, report: &Report) -> Result<(), BackupError> {
    Ok(Tool::new(what, command).run(report).await?)
}

/// One of them, on its way to a database. The password is in its environment, where only its own user sees it.
fn program(name: &'static str, place: &Place, log: PathBuf) -> Result<Command, BackupError> {
    let (address, password) = copy::reach(place)?;
    let mut to = OsString::from("--dbname=");
    to.push(address);
    let command = Command::new(name, find(name)?, log).without_our_settings();
    let command = command.args(["--no-owner", "--no-privileges", "--no-password"]).arg(to);
    Ok(command.envs(password.map(|password| ("PGPASSWORD", password.expose_secret().to_owned()))))
}

/// The newest, which understands the older servers.
fn find(name: &'static str) -> Result<PathBuf, BackupError> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin").join(name)))
        })
        .filter(|(_, program)| program.is_file())
        .max();
    match newest {
        Some((_, program)) => Ok(program),
        None => which::which(name).map_err(|_| BackupError::NoProgram(name)),
    }
}
