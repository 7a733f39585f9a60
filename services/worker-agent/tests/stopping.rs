//! The process is asked to end while nothing else does as it should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

#[allow(dead_code, reason = "it can more than this")]
mod scripted_agent;

use std::time::{Duration, Instant};

use muster_testkit::{
    process::working_below,
    stack::{Engine, Frame, Part, Running, Sent, Session, Setup},
};

/// What whoever stops a service waits before they kill it.
const PATIENCE: Duration = Duration::from_secs(10);

/// No test: the agent of the other one, which calls this program anew.
#[test]
fn the_scripted_agent() {
    if let Ok(can) = std::env::var(scripted_agent::VARIABLE) {
        scripted_agent::talk(can);
    }
}

/// Begins a turn that does not let itself be stopped.
async fn deaf(session: &Session) -> Sent {
    let viewer = session.view().await;
    let sent = session.send("deaf").await;
    let said = |frame: &Frame| frame.data["chunk"] == "I do not listen.";
    viewer.until("its words", |frames| frames.iter().any(said).then_some(())).await;
    sent
}

async fn stopped(worker: &Running) {
    let begun = Instant::now();
    let status = worker.process().stop(PATIENCE).await;
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(status.and_then(|status| status.code()), Some(0), "{}", worker.process().log_tail(20));
    println!("stopped in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_deaf_agent_and_then_a_silent_broker_is_gone_in_ten_seconds() {
    let stack = Setup::on(Engine::Sqlite).start().await;
    let waiting = stack.admin().await.machine("desk").await.worker().await.driving("acp");
    let agent = format!("{} the_scripted_agent --exact --nocapture", std::env::current_exe().unwrap().display());
    let waiting = waiting
        .arguments(["--agent-command", &agent, "--agent-env", scripted_agent::VARIABLE])
        .setting(scripted_agent::VARIABLE, "resume");
    let mut worker = waiting.started(&stack).await.approved().await;
    let session = worker.session("default").await;

    let sent = deaf(&session).await;
    stopped(&worker).await;
    let reply = session.reply_to(&sent).await;
    assert_eq!((reply.status.as_str(), reply.content.as_str()), ("cancelled", "I do not listen."));
    assert_eq!(reply.error.as_deref(), Some("the worker was stopped"));

    worker.restart().await;
    worker.online().await;
    let sent = deaf(&session).await;
    stack.pause(Part::Nats);
    stopped(&worker).await;
    stack.resume(Part::Nats);
    let reply = session.reply_to(&sent).await;
    assert_eq!((reply.status.as_str(), reply.content.as_str()), ("cancelled", "I do not listen."));
    let begun = Instant::now();
    while !working_below(worker.directory()).is_empty() {
        assert!(begun.elapsed() < PATIENCE, "{:?}", working_below(worker.directory()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
