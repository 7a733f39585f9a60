//! Everything over TLS, with certificates that are made here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail anywhere")]

use std::{path::Path, time::Duration};

use muster_testkit::{
    certificates::Authority,
    stack::{Engine, Machine, Part, Running, Setup, Stack},
};

const PATIENCE: Duration = Duration::from_secs(30);

fn counted(up_to: usize) -> String {
    (1..=up_to).map(|number| format!("{number}\n")).collect()
}

/// A worker that finds the broker through the page, or comes at this address.
async fn worker(stack: &Stack, machine: &Machine, at: Option<String>) -> Running {
    let waiting = machine.worker().await;
    let waiting = at.into_iter().fold(waiting, |waiting, at| waiting.through(at));
    waiting.started(stack).await.approved().await
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_answer_over_tls_and_websockets_and_survive_the_brokers_death() {
    let mut stack = Setup::on(Engine::Sqlite).encrypted().start().await;
    assert!(stack.url().starts_with("https://") && stack.broker().url().starts_with("tls://"));
    let machine = stack.admin().await.machine("desk").await;
    let websocket = stack.broker().websocket_url().unwrap();
    assert!(websocket.starts_with("wss://"), "{websocket}");
    let workers = [
        worker(&stack, &machine, None).await,
        worker(&stack, &machine, Some(stack.broker().url())).await,
        // As by a proxy that has the page at the other paths.
        worker(&stack, &machine, Some(format!("{websocket}/nats"))).await,
    ];
    let mut replies = Vec::new();
    for worker in &workers {
        let session = worker.session("demo/fast").await;
        let viewer = session.view().await;
        replies.push((session.send("count 400 every 5ms").await, session, viewer));
    }
    for (_, _, viewer) in &mut replies {
        viewer.until("some of the reply", |frames| (frames.len() > 20).then_some(())).await;
    }
    stack.kill(Part::Nats).await;
    stack.restart(Part::Nats).await;
    for (sent, session, viewer) in &replies {
        assert_eq!(viewer.whole_reply_to(sent).await, counted(400));
        assert_eq!(session.reply_to(sent).await.status, "completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_trust_the_server_ends_and_says_what_to_do() {
    let stack = Setup::on(Engine::Sqlite).encrypted().start().await;
    let machine = stack.admin().await.machine("desk").await;
    let stranger = Authority::new(&stack.home().join("stranger"));
    let file = stranger.file().display().to_string();
    for at in [stack.url(), stack.broker().url(), stack.broker().websocket_url().unwrap()] {
        let waiting = machine.worker().await.through(&at).setting("MUSTER_CA_FILE", &file);
        let refused = waiting.started(&stack).await;
        let ended = tokio::time::timeout(PATIENCE, refused.process().wait()).await.expect("it ends");
        let said = refused.process().log_tail(20);
        assert_eq!(ended.and_then(|status| status.code()), Some(69), "{at}: {said}");
        assert!(said.contains("is not trusted") && said.contains("--ca"), "{at}: {said}");
    }
    let waiting = machine.worker().await.setting("MUSTER_CA_FILE", "/nowhere.pem").started(&stack).await;
    let ended = tokio::time::timeout(PATIENCE, waiting.process().wait()).await.expect("it ends");
    let said = waiting.process().log_tail(20);
    assert_eq!(ended.and_then(|status| status.code()), Some(66), "{said}");
    assert!(said.contains("/nowhere.pem") && said.contains("--ca"), "{said}");
}

fn put(authority: &Authority, stack: &Stack) {
    let made = authority.certificate("broker");
    let place = stack.authority().file();
    for file in [made.certificate, made.key] {
        let name = Path::new(&file).file_name().unwrap();
        let target = place.with_file_name(name);
        if target != Path::new(&file) {
            std::fs::copy(&file, target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_keeps_trying_while_the_brokers_certificate_is_not_to_be_trusted() {
    let mut stack = Setup::on(Engine::Sqlite).encrypted().start().await;
    let machine = stack.admin().await.machine("desk").await;
    let worker = worker(&stack, &machine, Some(stack.broker().websocket_url().unwrap())).await;
    stack.kill(Part::Nats).await;
    put(&Authority::new(&stack.home().join("stranger")), &stack);
    stack.restart(Part::Nats).await;
    let says_so = || worker.process().log_tail(20).contains("certificate is not trusted").then_some(());
    worker.process().until(PATIENCE, says_so).await.unwrap();
    stack.kill(Part::Nats).await;
    put(stack.authority(), &stack);
    stack.restart(Part::Nats).await;
    stack.ready().await;
    worker.online().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo here again").await;
    assert_eq!(session.reply_to(&sent).await.content, "here again");
}
