//! Browser tests against everything, freshly started.

use muster_testkit::binaries;

use super::{
    CheckError, needs,
    stack::{PASSWORD, Stack},
    steps,
};
use crate::{report::Report, web, workspace};

pub(super) async fn run(report: &Report) -> Result<(), CheckError> {
    let chromium = needs::chromium(report).await?;
    let path = needs::path_with_opencode(report).await?;
    web::packages(&steps::logs(), report).await?;
    steps::build(report).await?;
    let stack = Stack::start("up.log", &["--bare"]).await?;
    let tests = web::npm(&steps::logs().join("browser.log"))
        .args(["run", "e2e"])
        .env("MUSTER_URL", stack.url())
        .env("MUSTER_ADMIN_PASSWORD", PASSWORD)
        .env("MUSTER_WORKER_AGENT", binaries::find("muster-worker-agent")?)
        .env("MUSTER_ROOT", workspace::root())
        .env("CHROMIUM", chromium)
        .env("PATH", path);
    let outcome = steps::heard(tests, report).await;
    stack.stop().await;
    outcome
}
