//! A process that we started: known by its log, asked or made to end, started
//! again, and never left behind.

mod child;
mod command;
mod log;
mod watchdog;

pub use child::Child;
pub use command::Command;
pub use log::tail as log_tail;
pub(crate) use watchdog::Watchdog;

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

/// Why a process is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It does not start.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Its file.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Its log cannot be written.
    #[error("cannot write the log {path}: {source}")]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It ended before it was ready.
    #[error("{name} ended ({status}) before it was ready; the end of its log {log}:\n{tail}")]
    Ended {
        /// What it is called.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// It is not ready in time.
    #[error("{name} is not ready after {} s; the end of its log {log}:\n{tail}", .after.as_secs())]
    Late {
        /// What it is called.
        name: String,
        /// How long was waited.
        after: Duration,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
}

/// Processes that work in or below a directory, ours left out.
#[must_use]
pub fn working_below(directory: &Path) -> Vec<Working> {
    let Ok(directory) = directory.canonicalize() else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let looked_at = |pid: u32| {
        let works = std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|place| place.starts_with(&directory));
        works.then(|| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let arguments =
                line.split(|&byte| byte == 0).map(|argument| String::from_utf8_lossy(argument).into_owned());
            Working { pid, command: arguments.collect::<Vec<_>>().join(" ").trim_end().to_owned() }
        })
    };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| pid != std::process::id()).filter_map(looked_at).collect()
}

/// A process that somebody else has started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Working {
    /// Its id.
    pub pid: u32,
    /// Its program and arguments, parted by spaces.
    pub command: String,
}
