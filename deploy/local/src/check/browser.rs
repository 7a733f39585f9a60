//! Browser tests against everything, freshly started.

use std::time::Duration;

use muster_testkit::{
    binaries,
    process::{Child, Command},
};

use super::{CheckError, needs, steps};
use crate::{report::Report, web, workspace};

/// Of the account that the tests sign in with.
const PASSWORD: &str = "a password for tests alone";
/// Time until everything is ready; it was built before.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) async fn run(report: &Report) -> Result<(), CheckError> {
    let chromium = needs::chromium(report).await?;
    let path = needs::path_with_opencode(report).await?;
    web::packages(&steps::logs(), report).await?;
    steps::build(report).await?;
    let home = tempfile::Builder::new()
        .prefix("muster-browser-")
        .tempdir()
        .map_err(|source| CheckError::File { path: std::env::temp_dir(), source })?;
    let log = steps::logs().join("up.log");
    let _ = std::fs::remove_file(&log);
    let up = Command::new("cargo muster up", binaries::find("muster")?, &log)
        .args(["up", "--bare", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--data-dir"])
        .arg(home.path().join("data"))
        .env("MUSTER_ADMIN_PASSWORD", PASSWORD)
        .patient();
    let up = Child::spawn(up)?;
    let ready = |text: &str| text.lines().find_map(|line| line.strip_prefix("ready ")).map(str::to_owned);
    let url = up.until(PATIENCE, || ready(&std::fs::read_to_string(&log).ok()?)).await?;
    let tests = web::npm(&steps::logs().join("browser.log"))
        .args(["run", "e2e"])
        .env("MUSTER_URL", url)
        .env("MUSTER_ADMIN_PASSWORD", PASSWORD)
        .env("MUSTER_WORKER_AGENT", binaries::find("muster-worker-agent")?)
        .env("MUSTER_ROOT", workspace::root())
        .env("CHROMIUM", chromium)
        .env("PATH", path);
    let outcome = steps::heard(tests, report).await;
    up.stop(Duration::from_secs(12)).await;
    outcome
}
