//! A temporary PostgreSQL, one for all tests of a process, and a database of
//! its own for each test.
#![expect(clippy::panic, reason = "tests only: a test without its database fails, it does not skip")]

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::process::Watchdog;

/// Accounts that PostgreSQL may run as when we are root, which it refuses to be.
const STAND_INS: &[&str] = &["postgres", "nobody"];

/// Ports that are tried.
const ATTEMPTS: u32 = 3;
/// Time for an orderly end, in seconds: killed, it would leave shared memory behind.
const GRACE: u32 = 5;

/// Why there is no PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// It is not installed.
    #[error(
        "no PostgreSQL server is installed ({0} is neither on the PATH nor below /usr/lib/postgresql); \
         on Debian: apt-get install postgresql"
    )]
    Missing(&'static str),
    /// We are root, and there is nobody to run it as.
    #[error("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")]
    NoUser,
    /// A step of its setup failed.
    #[error("{step} failed: {reason}")]
    Step {
        /// Which.
        step: &'static str,
        /// What it said.
        reason: String,
    },
}

/// A running PostgreSQL on a free port of loopback.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    programs: PathBuf,
    databases: AtomicU32,
    _watchdog: Watchdog,
}

/// An empty database.
#[derive(Debug, Clone)]
pub struct Database {
    url: String,
}

impl Database {
    /// What a service's `database_url` is to be. Several services may share it: each has its schema.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// An empty database on this process's cluster, which the first call starts.
///
/// # Panics
/// When there is no PostgreSQL, with what to do about it.
#[must_use]
pub fn database() -> Database {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();

    let cluster = CLUSTER.get_or_init(|| match Cluster::start() {
        Ok(cluster) => cluster,
        Err(error) => panic!("{error}"),
    });
    match cluster.database() {
        Ok(database) => database,
        Err(error) => panic!("{error}"),
    }
}

impl Cluster {
    /// Starts one. It ends, and its files go, when this process does.
    ///
    /// # Errors
    /// See [`PostgresError`].
    pub fn start() -> Result<Self, PostgresError> {
        let programs = programs()?;
        let home = tempfile::Builder::new()
            .prefix("muster-postgres-")
            .tempdir()
            .map_err(|error| PostgresError::Step { step: "making a directory", reason: error.to_string() })?
            .keep();
        let user = stand_in(&home)?;
        let data = home.join("data");
        run(
            "initdb",
            as_user(user.as_deref(), &programs.join("initdb")).args([
                "--pgdata",
                &data.to_string_lossy(),
                "--username=muster",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ]),
        )?;
        // Between our look and its bind another process may take the port.
        let mut port = free_port()?;
        for attempt in 1.. {
            match start(&programs, user.as_deref(), &home, port) {
                Ok(()) => break,
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(_) => port = free_port()?,
            }
        }
        let pid = postmaster(&data)?;
        let watchdog = Watchdog::over(pid, GRACE, Some(&home))
            .map_err(|error| PostgresError::Step { step: "watching over it", reason: error.to_string() })?;
        Ok(Self { port, programs, databases: AtomicU32::new(0), _watchdog: watchdog })
    }

    /// One more empty database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn database(&self) -> Result<Database, PostgresError> {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(
            "createdb",
            Command::new(self.programs.join("createdb")).args([
                "--host=127.0.0.1",
                "--username=muster",
                "--template=template0",
                &format!("--port={}", self.port),
                &name,
            ]),
        )?;
        Ok(Database { url: format!("postgres://muster@127.0.0.1:{}/{name}", self.port) })
    }
}

/// The directory with `initdb`: the newest that Debian's packages put there, else that of the PATH.
///
/// # Errors
/// When there is none.
pub fn programs() -> Result<PathBuf, PostgresError> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| programs.join("initdb").is_file())
        .collect();
    versions.sort();
    if let Some((_, programs)) = versions.pop() {
        return Ok(programs);
    }
    let initdb = which::which("initdb").map_err(|_| PostgresError::Missing("initdb"))?;
    let initdb = initdb.canonicalize().unwrap_or(initdb);
    initdb.parent().map(Path::to_owned).ok_or(PostgresError::Missing("initdb"))
}

/// Whom it runs as, if not as ourselves; `home` is given to them.
fn stand_in(home: &Path) -> Result<Option<String>, PostgresError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    let user = STAND_INS
        .iter()
        .find_map(|name| nix::unistd::User::from_name(name).ok().flatten())
        .ok_or(PostgresError::NoUser)?;
    std::os::unix::fs::chown(home, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
        .map_err(|error| PostgresError::Step { step: "giving it its directory", reason: error.to_string() })?;
    Ok(Some(user.name))
}

fn start(programs: &Path, user: Option<&str>, home: &Path, port: u16) -> Result<(), PostgresError> {
    let options = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='{}' \
         -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=300",
        home.display()
    );
    run(
        "pg_ctl start",
        as_user(user, &programs.join("pg_ctl")).args([
            "start",
            "--wait",
            "--silent",
            "--pgdata",
            &home.join("data").to_string_lossy(),
            "--log",
            &home.join("log").to_string_lossy(),
            "--options",
            &options,
        ]),
    )
}

fn as_user(user: Option<&str>, program: &Path) -> Command {
    let mut command = match user {
        None => Command::new(program),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={user}"), "--clear-groups", "--"]).arg(program);
            command
        }
    };
    // A directory that the other user may enter.
    command.current_dir("/").env("LC_ALL", "C");
    command
}

fn run(step: &'static str, command: &mut Command) -> Result<(), PostgresError> {
    let failed = |reason: String| PostgresError::Step { step, reason };
    // pg_ctl hands its output on to the server, so a pipe would never end: a file does.
    let output = tempfile::tempfile().map_err(|error| failed(error.to_string()))?;
    let errors = output.try_clone().map_err(|error| failed(error.to_string()))?;
    let mut read = output.try_clone().map_err(|error| failed(error.to_string()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .status()
        .map_err(|error| failed(format!("{}: {error}", command.get_program().display())))?;
    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let _ = std::io::Seek::rewind(&mut read);
    let _ = std::io::Read::read_to_string(&mut read, &mut text);
    Err(failed(format!("{status}: {}", text.trim())))
}

fn free_port() -> Result<u16, PostgresError> {
    let failed =
        |error: std::io::Error| PostgresError::Step { step: "looking for a free port", reason: error.to_string() };
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.port())
}

fn postmaster(data: &Path) -> Result<u32, PostgresError> {
    let failed = |reason: String| PostgresError::Step { step: "reading postmaster.pid", reason };
    let text = std::fs::read_to_string(data.join("postmaster.pid")).map_err(|error| failed(error.to_string()))?;
    text.lines().next().and_then(|line| line.trim().parse().ok()).ok_or_else(|| failed(text.clone()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_test_has_a_database_of_its_own() {
        let (one, other) = (super::database(), super::database());
        assert_ne!(one.url(), other.url());
        assert!(one.url().starts_with("postgres://muster@127.0.0.1:"));
    }
}
