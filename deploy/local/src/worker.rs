//! `cargo muster worker …`: build muster-worker-agent and become it.

use std::{os::unix::process::CommandExt as _, process::ExitCode};

use muster_testkit::binaries;

use crate::{cli, report::Report, tool::ToolError, workspace};

/// Why it does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    #[error(transparent)]
    Build(#[from] ToolError),
    #[error(transparent)]
    NotBuilt(#[from] binaries::NotBuilt),
    #[error("cannot start muster-worker-agent: {0}")]
    Start(std::io::Error),
}

pub(crate) async fn run(options: &cli::Worker, report: &Report) -> Result<ExitCode, WorkerError> {
    workspace::build(Some("muster-worker-agent"), &binaries::directory().join("logs"), report).await?;
    let program = binaries::find("muster-worker-agent")?;
    // Only answers when it fails: the worker takes our place, signals and all.
    Err(WorkerError::Start(std::process::Command::new(program).args(&options.arguments).exec()))
}
