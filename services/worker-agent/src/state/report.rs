//! How the worker's process says it stands, for whoever asks on this machine.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::whole;

/// File of it in the state directory.
const FILE: &str = "report.json";

/// What a running worker says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether it can be talked to.
    pub online: bool,
    /// How it stands, for people.
    pub state: String,
    /// Since when.
    pub since: i64,
}

/// What is known of a worker on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has never been started with this state directory.
    Never,
    /// No process of it runs.
    Stopped,
    /// One runs.
    Running {
        /// Its id.
        process: String,
        /// What it says; nothing yet when it has only begun.
        report: Option<Report>,
    },
}

/// Looks at a state directory, and changes nothing in it.
#[must_use]
pub fn look(directory: &Path) -> Found {
    let lock = directory.join(super::LOCK);
    let Ok(file) = File::open(&lock) else { return Found::Never };
    if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        let process = fs::read_to_string(&lock).unwrap_or_default().trim().to_owned();
        let report = fs::read(directory.join(FILE)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        return Found::Running { process, report };
    }
    Found::Stopped
}

/// Says it. That it cannot be said is no reason to stop.
pub(super) fn say(directory: &Path, report: &Report) {
    let written = serde_json::to_vec(report).map_err(Into::into);
    let written = written.and_then(|text| whole::write(&directory.join(FILE), &text));
    if let Err(error) = written {
        tracing::debug!(%error, "how the worker stands cannot be written down");
    }
}

pub(super) fn forget(directory: &Path) {
    let _ = fs::remove_file(directory.join(FILE));
}

#[cfg(test)]
mod tests {
    use super::{super::StateDir, *};

    #[test]
    fn whoever_looks_sees_how_the_running_process_stands() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("state");
        assert_eq!(look(&path), Found::Never);
        let state = StateDir::open(&path).unwrap();
        let process = std::process::id().to_string();
        assert_eq!(look(&path), Found::Running { process: process.clone(), report: None });
        let report = Report { online: true, state: "online".into(), since: 7 };
        state.reports(&report);
        assert_eq!(look(&path), Found::Running { process, report: Some(report) });
        drop(state);
        assert_eq!(look(&path), Found::Stopped);
        // What a process that was killed has said is not taken for the next one's.
        let state = StateDir::open(&path).unwrap();
        assert!(matches!(look(&path), Found::Running { report: None, .. }), "{:?}", look(&path));
        drop(state);
    }
}
