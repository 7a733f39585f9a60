//! The page: its packages and its build, made when what they are made from changed.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use data_encoding::HEXLOWER;
use muster_testkit::process::Command;
use sha2::{Digest as _, Sha256};

use crate::{
    report::Report,
    tool::{Tool, ToolError},
    workspace,
};

/// The oldest Node that the build runs on.
const NODE: u32 = 20;
/// Between two looks whether another launcher is done with the page.
const LOOK: Duration = Duration::from_millis(200);
/// What is made, and not made from.
const MADE: &[&str] = &["node_modules", "dist", "test-results", "playwright-report"];

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    /// A program is missing.
    #[error(
        "{0} is not on the PATH; the page is built with Node {NODE} or newer and its npm: install Node from your system's packages"
    )]
    Missing(&'static str),
    /// Node is too old.
    #[error("node is version {0}, and the page is built with Node {NODE} or newer: install a newer one")]
    OldNode(String),
    /// A source cannot be read, or a stamp not be written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// npm failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
}

/// The page's sources are here.
pub(crate) fn exists() -> bool {
    workspace::web().join("package.json").is_file()
}

/// Installs the packages if the lock file changed since they were.
pub(crate) async fn packages(logs: &Path, report: &Report) -> Result<(), WebError> {
    let _alone = alone(report).await?;
    install(logs, report).await
}

async fn install(logs: &Path, report: &Report) -> Result<(), WebError> {
    check_node()?;
    let digest = HEXLOWER.encode(&Sha256::digest(read(&lock_file())?));
    let stamp = workspace::web().join("node_modules").join(".muster-packages");
    if stamped(&stamp, &digest) {
        return Ok(());
    }
    let install = npm(&logs.join("npm-ci.log")).args(["ci", "--no-audit", "--no-fund"]);
    Tool::new("installing the page's packages", install).run(report).await?;
    write(&stamp, &digest)
}

/// Builds the page if a source changed since it was.
pub(crate) async fn build(logs: &Path, report: &Report) -> Result<(), WebError> {
    let _alone = alone(report).await?;
    install(logs, report).await?;
    let web = workspace::web();
    let mut digest = Sha256::new();
    digest_directory(&web, &mut digest)?;
    let digest = HEXLOWER.encode(&digest.finalize());
    let stamp = web.join("node_modules").join(".muster-built");
    if stamped(&stamp, &digest) && web.join("dist").join("index.html").is_file() {
        return Ok(());
    }
    Tool::new("building the page", npm(&logs.join("npm-build.log")).args(["run", "build"])).run(report).await?;
    write(&stamp, &digest)
}

/// Of all launchers in this clone one at a time, until it is dropped: npm takes away what another one installs or builds
/// from. It is a lock on npm's own file, so that none has to be made.
async fn alone(report: &Report) -> Result<File, WebError> {
    let path = lock_file();
    let failed = |source| WebError::File { path: path.clone(), source };
    let file = File::open(&path).map_err(failed)?;
    let mut waiting = None;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                waiting.get_or_insert_with(|| report.step("waiting for another `cargo muster` that makes the page"));
                // By no thread, which Ctrl-C could not end.
                tokio::time::sleep(LOOK).await;
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
    }
}

fn lock_file() -> PathBuf {
    workspace::web().join("package-lock.json")
}

/// npm in the page's directory.
pub(crate) fn npm(log: &Path) -> Command {
    Command::new("npm", "npm", log).directory(workspace::web()).env("NO_UPDATE_NOTIFIER", "1")
}

fn check_node() -> Result<(), WebError> {
    which::which("npm").map_err(|_| WebError::Missing("npm"))?;
    let output = std::process::Command::new("node")
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map_err(|_| WebError::Missing("node"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok()) {
        Some(major) if major >= NODE => Ok(()),
        _ => Err(WebError::OldNode(version)),
    }
}

fn digest_directory(directory: &Path, digest: &mut Sha256) -> Result<(), WebError> {
    let failed = |source| WebError::File { path: directory.to_owned(), source };
    let mut entries = fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if MADE.contains(&name.as_ref()) || name.ends_with(".tsbuildinfo") {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            digest_directory(&path, digest)?;
        } else {
            digest.update(path.to_string_lossy().as_bytes());
            digest.update(Sha256::digest(read(&path)?));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, WebError> {
    fs::read(path).map_err(|source| WebError::File { path: path.to_owned(), source })
}

fn write(path: &Path, text: &str) -> Result<(), WebError> {
    fs::write(path, text).map_err(|source| WebError::File { path: path.to_owned(), source })
}

fn stamped(stamp: &Path, digest: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|kept| kept == digest)
}
