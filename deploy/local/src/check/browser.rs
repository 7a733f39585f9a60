//! Browser tests against everything, freshly started.

use std::path::PathBuf;

use muster_testkit::{binaries, ports, process::Command};

use super::{
    CheckError, needs,
    stack::{PASSWORD, Stack},
    steps,
};
use crate::{report::Report, web, workspace};

pub(super) async fn run(report: &Report) -> Result<(), CheckError> {
    let chromium = needs::chromium(report).await?;
    let path = needs::path_with_agents(report).await?;
    web::build(&steps::logs(), report).await?;
    steps::build(report).await?;
    let provider = provider()?;
    let stack = Stack::start("up.log", &["--bare"], &provider).await?;
    let tests =
        against(&stack, "e2e", chromium)?.envs(provider).env("MUSTER_ROOT", workspace::root()).env("PATH", path);
    let outcome = steps::heard(tests, report).await;
    stack.stop().await;
    outcome
}

/// One of the page's scripts, which drives Chromium against this stack.
pub(super) fn against(stack: &Stack, script: &str, chromium: PathBuf) -> Result<Command, CheckError> {
    Ok(web::npm(&steps::logs().join(format!("{script}.log")))
        .args(["run", script])
        .env("MUSTER_URL", stack.url())
        .env("MUSTER_ADMIN_PASSWORD", PASSWORD)
        .env("MUSTER_WORKER_AGENT", binaries::find("muster-worker-agent")?)
        .env("CHROMIUM", chromium))
}

/// What the stack is told of the provider of OpenID Connect that the tests start: the same is told to them. It is known
/// by name: the page is at a number, so the two are as far from each other as they are elsewhere.
fn provider() -> Result<[(&'static str, String); 4], CheckError> {
    let free = ports::lasting().map_err(|error| CheckError::Missing(format!("no port is free: {error}")));
    let port = free?.port();
    Ok([
        ("MUSTER_OIDC_ISSUER", format!("http://localhost:{port}")),
        ("MUSTER_OIDC_CLIENT_ID", "muster".to_owned()),
        ("MUSTER_OIDC_CLIENT_SECRET", "a secret for tests alone".to_owned()),
        ("MUSTER_OIDC_NAME", "Example".to_owned()),
    ])
}
