//! All that an installation knows, in one file, and an installation made of it again.

mod archive;
mod manifest;
mod place;
mod postgres;
mod put;
mod seal;
mod take;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::SystemTime,
};

use muster_bus::{Bus, ConnectError, ReadError, SnapshotError, StreamsError};
use muster_service::DbError;
use muster_testkit::{broker::BrokerError, credentials::CredentialsError, nats::NatsError};
use tempfile::TempDir;

use self::{
    manifest::Manifest,
    place::Installation,
    seal::{Keys, Lock},
    take::size,
};
use crate::{cli, data_dir::DataDirError, interrupt::Interrupt, report::Report, tool::ToolError};

/// What a shell answers for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Why there is no backup, or nothing was restored. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BackupError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("{0} exists already; a backup never takes the place of a file")]
    Exists(PathBuf),
    #[error(
        "nothing runs in {0}: start `cargo muster up`, or name its --data-dir, or another installation's --secrets"
    )]
    NotStarted(PathBuf),
    #[error("there is no key {0}: `cargo muster up`, or `cargo muster credentials` on that directory, makes it")]
    NoKey(PathBuf),
    #[error("{0} has no database_url, or is no TOML: it is to be the service's settings")]
    Settings(PathBuf),
    #[error("the services' databases are partly SQLite and partly PostgreSQL; a backup wants one of both")]
    Engines,
    #[error("the broker at {0} does not let us in; is it running, and does it know the key?")]
    NoBroker(String),
    #[error("there is no {name} for PostgreSQL {server} here: install PostgreSQL's client programs of that version")]
    NoProgram { name: &'static str, server: u32 },
    #[error("--recipient and a passphrase are two ways to lock it; give one")]
    TwoLocks,
    #[error("{0} is no public key of age: they begin with age1, and `age-keygen` makes one")]
    Recipient(String),
    #[error("{0} holds no private key of age: they begin with AGE-SECRET-KEY-1")]
    Identity(PathBuf),
    #[error("the passphrase is empty")]
    NoPassphrase,
    #[error("{}: {why}", .file.display())]
    Of { file: PathBuf, why: Box<BackupError> },
    #[error("it is not a backup of Muster")]
    Foreign,
    #[error("it is locked with {0}: give --identity FILE, --passphrase-file FILE or MUSTER_BACKUP_PASSPHRASE")]
    Locked(&'static str),
    #[error("it is locked with another key or passphrase")]
    WrongKey,
    #[error("it was cut off or has been damaged ({0}), and nothing was restored: take another one")]
    Damaged(String),
    #[error("it was made by Muster {muster} in the format {format}, which this Muster does not know: use that version")]
    Format { format: u32, muster: String },
    #[error("{path} is not empty (it holds {}); restore into an empty or new directory", .names.join(", "))]
    NotEmpty { path: PathBuf, names: Vec<String> },
    #[error(
        "there is something already: {0}. Restore into an empty installation: before its services are started, with an \
         empty database and an empty store of the broker"
    )]
    Occupied(String),
    #[error("it is a backup of an installation on {of}, and this is {here}")]
    OtherEngine { of: &'static str, here: &'static str },
    #[error(
        "{0}; the databases are empty again, and the broker may have kept parts of streams: empty its store before you try \
         again"
    )]
    HalfWay(Box<BackupError>),
    #[error("an installation on SQLite is restored with --data-dir")]
    SqliteElsewhere,
    #[error("the stream {stream}: {source}")]
    Stream { stream: String, source: SnapshotError },
    #[error("a database: {0}")]
    Database(#[from] DbError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Streams(#[from] StreamsError),
    #[error("the stream EVENTS: {0}")]
    Read(#[from] ReadError),
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Nats(#[from] NatsError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[error("it was interrupted")]
    Interrupted,
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    #[error("a task ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl BackupError {
    fn file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path: path.clone(), source }
    }
}

/// Makes one.
pub(crate) async fn make(options: &cli::Backup, report: &Report) -> Result<ExitCode, BackupError> {
    let mut interrupt = Interrupt::new().map_err(BackupError::Signals)?;
    ended(unless_interrupted(&mut interrupt, backup(options, report)).await)
}

/// Makes an installation of one.
pub(crate) async fn restore(options: &cli::Restore, report: &Report) -> Result<ExitCode, BackupError> {
    let mut interrupt = Interrupt::new().map_err(BackupError::Signals)?;
    ended(put_back(options, &mut interrupt, report).await)
}

/// What was begun is gone as it is dropped.
async fn unless_interrupted<T>(
    interrupt: &mut Interrupt,
    work: impl Future<Output = Result<T, BackupError>>,
) -> Result<T, BackupError> {
    tokio::select! {
        done = work => done,
        () = interrupt.asked() => Err(BackupError::Interrupted),
    }
}

fn ended(done: Result<(), BackupError>) -> Result<ExitCode, BackupError> {
    match done {
        Err(BackupError::Interrupted) => Ok(ExitCode::from(INTERRUPTED)),
        done => done.map(|()| ExitCode::SUCCESS),
    }
}

async fn backup(options: &cli::Backup, report: &Report) -> Result<(), BackupError> {
    let lock = Lock::of(&options.recipients, options.passphrase_file.as_deref())?;
    let to = file(&options.file);
    if to.exists() {
        return Err(BackupError::Exists(to));
    }
    let from = match &options.secrets {
        Some(secrets) => Installation::in_secrets(secrets)?,
        None => Installation::in_data_dir(&options.data_dir)?,
    };
    // Where the same is in the clear already.
    let beside = if options.secrets.is_some() { std::env::temp_dir() } else { options.data_dir.clone() };
    let directory = directory(&beside)?;
    let manifest = take::take(&from, directory.path(), report).await?;
    let step = report.step("writing");
    let (bytes, locked) = {
        let to = to.clone();
        tokio::task::spawn_blocking(move || {
            archive::write(&to, &lock, &manifest, directory.path()).map(|bytes| (bytes, !lock.is_open()))
        })
        .await??
    };
    step.done(&format!("{} is written, {}", to.display(), size(bytes)));
    if !locked {
        report.say("it is not encrypted: whoever reads it reads every chat (--recipient or --passphrase-file)");
    }
    report.line(&format!("backup {}", to.display()));
    Ok(())
}

async fn put_back(options: &cli::Restore, interrupt: &mut Interrupt, report: &Report) -> Result<(), BackupError> {
    let beginning = unless_interrupted(interrupt, unpacked(options, report));
    let Unpacked { manifest, directory, target } = beginning.await?;
    match target {
        Some((installation, bus)) => {
            put::into_databases(&manifest, directory.path(), (&installation, &bus), interrupt, report).await?;
            bus.close().await;
            report.say("restored; start the services");
        }
        None => {
            let restoring = put::into_data_dir(&manifest, directory.path(), &options.data_dir, report);
            unless_interrupted(interrupt, restoring).await?;
            let data = options.data_dir.display();
            report.say(&format!("restored; cargo muster up --data-dir {data} starts it"));
        }
    }
    report.line("restored");
    Ok(())
}

/// A backup whose parts lie beside each other, and where they are to go: a data directory, or databases and a broker.
struct Unpacked {
    manifest: Manifest,
    directory: TempDir,
    target: Option<(Installation, Bus)>,
}

async fn unpacked(options: &cli::Restore, report: &Report) -> Result<Unpacked, BackupError> {
    let keys = Keys::of(options.identity.as_deref(), options.passphrase_file.as_deref())?;
    let target = match &options.secrets {
        Some(secrets) => {
            let installation = Installation::in_secrets(secrets)?;
            let bus = installation.connect().await?;
            put::is_empty(&installation, &bus).await?;
            Some((installation, bus))
        }
        None => {
            put::is_free(&options.data_dir)?;
            None
        }
    };
    let beside = if target.is_some() { std::env::temp_dir() } else { put::beside(&options.data_dir) };
    let directory = directory(&beside)?;
    let step = report.step("checking the backup");
    let (manifest, directory) = {
        let file = options.file.clone();
        tokio::task::spawn_blocking(move || {
            let manifest = archive::read(&file, &keys, directory.path());
            let manifest = manifest.map_err(|why| BackupError::Of { file, why: Box::new(why) })?;
            Ok::<_, BackupError>((manifest, directory))
        })
        .await??
    };
    drop(step);
    report.say(&format!(
        "a whole backup of {}, made by Muster {}: {}",
        manifest.made,
        manifest.muster,
        size(manifest.bytes())
    ));
    Ok(Unpacked { manifest, directory, target })
}

/// The file, or one in the directory that was named, called by the time.
fn file(named: &Path) -> PathBuf {
    if !named.is_dir() {
        return named.to_owned();
    }
    #[expect(clippy::disallowed_methods, reason = "the person's time")]
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    named.join(format!("muster-{}.backup", now.replace(':', "-")))
}

/// For its owner alone, gone with its value.
fn directory(beside: &Path) -> Result<TempDir, BackupError> {
    tempfile::Builder::new().prefix(".muster-backup-").tempdir_in(beside).map_err(BackupError::file(beside))
}
