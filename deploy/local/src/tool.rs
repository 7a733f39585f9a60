//! Running somebody else's program to its end, with its progress shown.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use muster_testkit::process::{Child, Command, ProcessError};

use crate::report::{Report, Step};

/// Between two looks at what it printed.
const LOOK: Duration = Duration::from_millis(100);
/// Lines that are shown of what a failed one printed.
const TAIL: usize = 60;

/// Why a program did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// It does not run.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It failed.
    #[error("{what} failed ({status}); all that it printed is in {log}, and this is its end:\n{tail}")]
    Failed {
        /// What was tried.
        what: String,
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's end.
        tail: String,
    },
}

/// A program to be run to its end.
#[derive(Debug)]
pub(crate) struct Tool {
    what: String,
    command: Command,
}

impl Tool {
    /// `what` is a sentence's beginning, such as `building the page`.
    pub(crate) fn new(what: impl Into<String>, command: Command) -> Self {
        Self { what: what.into(), command }
    }

    /// Runs it. Dropped meanwhile, it is killed.
    pub(crate) async fn run(self, report: &Report) -> Result<(), ToolError> {
        let step = report.step(&self.what);
        let (status, child) = run(self.command, |line| show(&step, line)).await?;
        if status.is_some_and(|status| status.success()) {
            return Ok(());
        }
        drop(step);
        Err(ToolError::Failed {
            what: self.what,
            status: status.map_or_else(|| "lost".to_owned(), |status| status.to_string()),
            log: child.command().log().to_owned(),
            tail: child.log_tail(TAIL),
        })
    }
}

fn show(step: &Step, line: &str) {
    if !line.trim().is_empty() {
        step.progress(line);
    }
}

/// Runs a program to its end; `hear` gets each line as it comes.
pub(crate) async fn run(
    command: Command,
    mut hear: impl FnMut(&str),
) -> Result<(Option<ExitStatus>, Child), ProcessError> {
    // A log of this run alone.
    let _ = std::fs::remove_file(command.log());
    let child = Child::spawn(command)?;
    let mut lines = Lines::of(child.command().log());
    loop {
        let ended = tokio::time::timeout(LOOK, child.wait()).await;
        lines.read(&mut hear);
        if let Ok(status) = ended {
            lines.rest(&mut hear);
            return Ok((status, child));
        }
    }
}

/// The lines of a file that grows.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    read: u64,
    begun: Vec<u8>,
}

impl Lines {
    fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), read: 0, begun: Vec::new() }
    }

    fn read(&mut self, hear: &mut impl FnMut(&str)) {
        let more = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_end(&mut self.begun)
        });
        self.read += more.unwrap_or(0) as u64;
        while let Some(end) = self.begun.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            hear(String::from_utf8_lossy(&line).trim_end());
        }
    }

    fn rest(&mut self, hear: &mut impl FnMut(&str)) {
        if !self.begun.is_empty() {
            hear(&String::from_utf8_lossy(&self.begun));
            self.begun.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_line_is_heard_and_the_end_known() {
        let home = tempfile::tempdir().unwrap();
        let command = Command::new("sh", "/bin/sh", home.path().join("log"))
            .args(["-c", "echo one; echo two >&2; printf three; exit 3"]);
        let mut heard = Vec::new();
        let (status, _) = run(command, |line| heard.push(line.to_owned())).await.unwrap();
        assert_eq!(heard, ["one", "two", "three"]);
        assert_eq!(status.unwrap().code(), Some(3));
    }
}
