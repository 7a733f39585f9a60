//! A process that we started: known by its log, asked or made to end, started
//! again, and never left behind.

mod child;
mod command;
mod log;
mod watchdog;

pub use child::Child;
pub use command::Command;
pub(crate) use watchdog::Watchdog;

use std::{path::PathBuf, process::ExitStatus, time::Duration};

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
