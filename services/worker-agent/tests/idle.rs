//! A session that is quiet: its agent lets go of it, and has it again when it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

#[allow(dead_code, reason = "it can more than this")]
mod scripted_agent;

use std::time::{Duration, Instant};

use muster_testkit::stack::{Engine, Setup};
use serde_json::Value;
use tokio::time::sleep;

/// Chat looks for quiet sessions every 20 s, and a worker tells every 10 s what it holds.
const PATIENCE: Duration = Duration::from_secs(60);

/// No test: the agent of the other one, which calls this program anew.
#[test]
fn the_scripted_agent() {
    if let Ok(can) = std::env::var(scripted_agent::VARIABLE) {
        scripted_agent::talk(can);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_session_is_closed_by_its_agent_and_goes_on_with_its_context() {
    let stack = Setup::on(Engine::Sqlite).setting("MUSTER_IDLE_SECONDS", 1).start().await;
    let waiting = stack.admin().await.machine("desk").await.worker().await.driving("acp");
    let agent = format!("{} the_scripted_agent --exact --nocapture", std::env::current_exe().unwrap().display());
    let waiting = waiting
        .arguments(["--agent-command", &agent, "--agent-env", scripted_agent::VARIABLE])
        .setting(scripted_agent::VARIABLE, "resume");
    let worker = waiting.started(&stack).await.approved().await;
    let session = worker.session("default").await;
    let sent = session.send("I am here").await;
    assert_eq!(session.reply_to(&sent).await.status, "completed");

    let closed = || {
        let names = std::fs::read_dir(worker.directory()).unwrap().map(|file| file.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("closed-")).count()
    };
    let begun = Instant::now();
    while closed() == 0 {
        assert!(begun.elapsed() < PATIENCE, "never closed\n{}", worker.process().log_tail(20));
        sleep(Duration::from_millis(50)).await;
    }
    let shown = session.client().get::<Value>(&format!("/sessions/{}", session.id())).await.unwrap();
    assert_eq!(shown["status"], "idle");

    let sent = session.send("before").await;
    assert_eq!(session.reply_to(&sent).await.content, "I am here;");
    let shown = session.client().get::<Value>(&format!("/sessions/{}", session.id())).await.unwrap();
    assert_eq!(shown["status"], "active");
}
