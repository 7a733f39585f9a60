//! The registry is away, or its database: what goes on, what waits and says so, and that nothing else needs a restart.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::Duration;

use muster_testkit::{
    proxy::Proxy,
    stack::{Engine, Link, Part, Running, Setup, Stack},
};

const WAITS: &str = "Trying again until it does";

fn counted(up_to: usize) -> String {
    (1..=up_to).map(|number| format!("{number}\n")).collect()
}

async fn says(worker: &Running, text: &str) {
    let said = || worker.process().log_tail(20).contains(text).then_some(());
    worker.process().until(Duration::from_secs(30), said).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_go_on_without_the_registry_and_new_workers_wait_for_it() {
    let mut stack = Stack::start().await;
    let machine = stack.admin().await.machine("desk").await;
    let worker = machine.worker().await.started(&stack).await.approved().await;
    let mut returning = machine.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let new = machine.worker().await;

    let viewer = session.view().await;
    let sent = session.send("count 300 every 5ms").await;
    viewer.until("the reply begins", |frames| (frames.len() > 20).then_some(())).await;
    stack.kill(Part::Registry).await;
    assert_eq!(viewer.whole_reply_to(&sent).await, counted(300));
    let next = session.send("count 50").await;
    assert_eq!(session.reply_to(&next).await.content, counted(50));

    let new = new.started(&stack).await;
    returning.restart().await;
    says(&new, WAITS).await;
    says(&returning, WAITS).await;
    let again = session.send("count 50").await;
    assert_eq!(session.reply_to(&again).await.content, counted(50));

    let pids = [worker.process().pid(), new.process().pid(), returning.process().pid()];
    stack.restart(Part::Registry).await;
    returning.online().await;
    worker.online().await;
    let new = new.approved().await;
    let last = new.session("demo/fast").await;
    let sent = last.send("count 50").await;
    assert_eq!(last.reply_to(&sent).await.content, counted(50));
    assert_eq!(pids, [worker.process().pid(), new.process().pid(), returning.process().pid()]);
    for worker in [&worker, &new, &returning] {
        assert!(worker.process().ended().is_none(), "{}", worker.process().log_tail(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_wait_for_a_database_that_is_away() {
    let mut stack = Setup::on(Engine::Postgres).linked().start().await;
    let machine = stack.admin().await.machine("desk").await;
    let waiting = machine.worker().await.started(&stack).await;
    waiting.until("asking to be registered", |worker| !worker.registrations.is_empty()).await;
    let approved = machine.worker().await.started(&stack).await.approved().await;
    stack.kill(Part::Postgres).await;
    // Whoever waits asks again and again; the other one has to connect anew.
    stack.link(Link::WorkerBroker).iter().for_each(Proxy::cut);
    says(&waiting, WAITS).await;
    let unanswered = "muster_registry_callouts_total{outcome=\"unanswered\"}";
    stack.until_counts(Part::Registry, |counted| counted[unanswered] >= 1.0).await;
    stack.restart(Part::Postgres).await;
    stack.ready().await;
    approved.online().await;
    let waiting = waiting.approved().await;
    for worker in [&approved, &waiting] {
        assert!(worker.process().ended().is_none(), "{}", worker.process().log_tail(5));
        let session = worker.session("demo/fast").await;
        let sent = session.send("count 50").await;
        assert_eq!(session.reply_to(&sent).await.content, counted(50));
    }
}
