//! schemathesis: the running API against its own document.

use muster_testkit::process::Command;

use super::{
    CheckError, needs,
    stack::{PASSWORD, Stack},
    steps,
};
use crate::{report::Report, workspace};

/// Requests of each operation that are made up by chance, in a brief run.
const EXAMPLES: &str = "60";

/// How long it tries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Length {
    /// The same requests each time, in about two minutes.
    Brief,
    /// Others each time, for so many minutes.
    Minutes(u32),
}

/// Starts everything, with a worker that drives the demo, and tries out every operation.
pub(super) async fn run(length: Length, report: &Report) -> Result<(), CheckError> {
    let python = needs::python("schemathesis", "services/api/tests/schemathesis/requirements.txt", report).await?;
    steps::build(report).await?;
    let stack = Stack::start("api-up.log", &["--backend", "demo"], &[]).await?;
    let command = Command::new("schemathesis", &python.program, steps::logs().join("api.log"))
        .directory(workspace::root().join("services/api/tests/schemathesis"))
        .args(["-m", "schemathesis.cli", "run", "--no-color"])
        .args(match length {
            Length::Brief => ["--generation-deterministic".to_owned(), format!("--max-examples={EXAMPLES}")],
            Length::Minutes(minutes) => ["--max-examples=200".to_owned(), format!("--max-time={}", minutes * 60)],
        })
        .arg(format!("{}/api/v1/openapi.json", stack.url()))
        .env("PYTHONPATH", python.path)
        .env("MUSTER_URL", stack.url())
        .env("MUSTER_ADMIN_PASSWORD", PASSWORD);
    let outcome = steps::heard(command, report).await;
    stack.stop().await;
    outcome
}
