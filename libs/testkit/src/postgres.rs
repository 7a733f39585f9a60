//! A temporary PostgreSQL, one for all tests of a process, and a database of
//! its own for each test.
#![expect(clippy::panic, reason = "tests only: a test without its database fails, it does not skip")]

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{ports, process::Watchdog};

/// Accounts that PostgreSQL may run as when we are root, which it refuses to be.
const STAND_INS: &[&str] = &["postgres", "nobody"];

/// Ports that are tried.
const ATTEMPTS: u32 = 3;
/// Time for an orderly end, in seconds: killed, it would leave shared memory behind.
const GRACE: u32 = 5;
/// Between two looks at whether a process is gone.
const LOOK: Duration = Duration::from_millis(10);

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
    user: Option<String>,
    home: PathBuf,
    databases: AtomicU32,
    /// Of the server as it was started last.
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    pid: Pid,
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
        let running = Mutex::new(Some(watched(&home)?));
        Ok(Self { port, programs, user, home, databases: AtomicU32::new(0), running })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Ends it as a power cut would, but that what it gave to the kernel is kept.
    pub fn kill(&self) {
        let ended = self.running().take();
        if let Some(Running { pid, .. }) = &ended {
            // The children would see to it that they end in order.
            let all = family(*pid);
            signal(&all, Signal::SIGKILL);
            while all.iter().any(|pid| is_there(*pid)) {
                std::thread::sleep(LOOK);
            }
        }
    }

    /// Starts it again after it was killed.
    ///
    /// # Errors
    /// See [`PostgresError`].
    pub fn start_again(&self) -> Result<(), PostgresError> {
        let mut running = self.running();
        if running.is_none() {
            // After a power cut no process has the number in it; here one may that nobody has buried yet.
            let lock = format!(".s.PGSQL.{}.lock", self.port);
            for file in [self.home.join("data/postmaster.pid"), self.home.join(lock)] {
                let _ = std::fs::remove_file(file);
            }
            start(&self.programs, self.user.as_deref(), &self.home, self.port)?;
            *running = Some(watched(&self.home)?);
        }
        Ok(())
    }

    /// Halts it and all that serve its clients.
    pub fn pause(&self) {
        if let Some(Running { pid, .. }) = &*self.running() {
            signal(&family(*pid), Signal::SIGSTOP);
        }
    }

    /// Lets it go on.
    pub fn resume(&self) {
        if let Some(Running { pid, .. }) = &*self.running() {
            signal(&family(*pid), Signal::SIGCONT);
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
        Ok(Database { url: format!("postgres://muster@{}/{name}", self.address()) })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

impl Database {
    /// The same, reached at another address, such as that of a proxy.
    #[must_use]
    pub fn through(&self, server: SocketAddr) -> Self {
        let name = self.url.rsplit('/').next().unwrap_or_default();
        Self { url: format!("postgres://muster@{server}/{name}") }
    }
}

fn watched(home: &Path) -> Result<Running, PostgresError> {
    let pid = postmaster(&home.join("data"))?;
    let watchdog = Watchdog::over(pid, GRACE, Some(home))
        .map_err(|error| PostgresError::Step { step: "watching over it", reason: error.to_string() })?;
    Ok(Running { pid: Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX)), _watchdog: watchdog })
}

/// A process and its children, each of which is a group of its own here.
fn family(parent: Pid) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent.as_raw()))
        .map(Pid::from_raw);
    std::iter::once(parent).chain(children).collect()
}

fn signal(processes: &[Pid], signal: Signal) {
    for pid in processes {
        let _ = kill(*pid, signal);
    }
}

/// Whether it runs; one that nobody has buried yet does not.
fn is_there(pid: Pid) -> bool {
    stat(pid.as_raw()).is_some_and(|(state, _)| state != "Z")
}

/// State and parent of a process.
fn stat(pid: i32) -> Option<(String, i32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name, in brackets, may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
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

/// Nothing waits for the disk: what is committed survives the death of PostgreSQL, and not that of the computer.
fn start(programs: &Path, user: Option<&str>, home: &Path, port: u16) -> Result<(), PostgresError> {
    let options = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='{}' \
         -c fsync=off -c full_page_writes=off -c max_connections=300",
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
    let failed = |error: io::Error| PostgresError::Step { step: "looking for a free port", reason: error.to_string() };
    Ok(ports::lasting().map_err(failed)?.port())
}

fn postmaster(data: &Path) -> Result<u32, PostgresError> {
    let failed = |reason: String| PostgresError::Step { step: "reading postmaster.pid", reason };
    let text = std::fs::read_to_string(data.join("postmaster.pid")).map_err(|error| failed(error.to_string()))?;
    text.lines().next().and_then(|line| line.trim().parse().ok()).ok_or_else(|| failed(text.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_outlives_its_death() {
        let cluster = Cluster::start().unwrap();
        let database = cluster.database().unwrap();
        let sql = |text: &str| {
            let (psql, url) = (cluster.programs.join("psql"), database.url());
            let done = Command::new(psql).args([url, "--no-psqlrc", "--tuples-only", "--command", text]).output();
            done.ok()
                .filter(|done| done.status.success())
                .map(|done| String::from_utf8_lossy(&done.stdout).into_owned())
        };
        sql("CREATE TABLE kept AS SELECT 42 AS answer").unwrap();
        cluster.kill();
        assert!(sql("SELECT 1").is_none());
        cluster.start_again().unwrap();
        assert_eq!(sql("SELECT answer FROM kept").unwrap().trim(), "42");
    }

    #[test]
    fn each_test_has_a_database_of_its_own() {
        let (one, other) = (super::database(), super::database());
        assert_ne!(one.url(), other.url());
        assert!(one.url().starts_with("postgres://muster@127.0.0.1:"));
    }
}
