//! Everything, freshly started, to be tried from outside.

use std::time::Duration;

use muster_testkit::{
    binaries,
    process::{Child, Command},
};
use tempfile::TempDir;

use super::{CheckError, steps};

/// Of the account `admin`.
pub(super) const PASSWORD: &str = "a password for tests alone";
/// Time until everything is ready; it was built before.
const PATIENCE: Duration = Duration::from_secs(300);
/// Time that it has to end.
const END: Duration = Duration::from_secs(12);

/// `cargo muster up` on free ports, with data of its own.
#[derive(Debug)]
pub(super) struct Stack {
    url: String,
    up: Child,
    _home: TempDir,
}

impl Stack {
    /// Starts it, with these options of `up` and settings of the services; what it prints goes to this log.
    pub(super) async fn start(
        log: &str,
        options: &[&str],
        settings: &[(&'static str, String)],
    ) -> Result<Self, CheckError> {
        let home = tempfile::Builder::new()
            .prefix("muster-check-")
            .tempdir()
            .map_err(|source| CheckError::File { path: std::env::temp_dir(), source })?;
        let log = steps::logs().join(log);
        let _ = std::fs::remove_file(&log);
        let up = Command::new("cargo muster up", binaries::find("muster")?, &log)
            .args(["up", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0"])
            .args(options.iter().copied())
            .arg("--data-dir")
            .arg(home.path().join("data"))
            .env("MUSTER_ADMIN_PASSWORD", PASSWORD)
            // Tests ask faster than people do; the limit has tests of its own.
            .env("MUSTER_REQUESTS_PER_MINUTE", "1000000")
            .envs(settings.iter().cloned())
            .patient();
        let up = Child::spawn(up)?;
        let ready = |text: &str| text.lines().find_map(|line| line.strip_prefix("ready ")).map(str::to_owned);
        let url = up.until(PATIENCE, || ready(&std::fs::read_to_string(&log).ok()?)).await?;
        Ok(Self { url, up, _home: home })
    }

    /// The page's address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        self.up.stop(END).await;
    }
}
