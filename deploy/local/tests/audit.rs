//! Who did what, over all services.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::time::Duration;

use muster_testkit::stack::{Engine, Person, Setup};
use reqwest::Method;
use serde_json::{Value, json};

/// The log once it has all of these, which are told a moment after what they are about.
async fn log_with(person: &Person, actions: &[&str]) -> Vec<Value> {
    let looking = async {
        loop {
            let log: Value = person.client().get("/audit?limit=200").await.unwrap();
            let entries = log["items"].as_array().unwrap().clone();
            if actions.iter().all(|action| entries.iter().any(|entry| entry["action"] == *action)) {
                return entries;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.expect("it is in the log in time")
}

async fn everything_that_is_done_is_in_the_log(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let (admin, ada) = (stack.admin().await, stack.person("ada").await);
    let machine = ada.machine("desk").await;
    let worker = machine.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let secret = "What I write to an agent is between the two of us, and this is the end of it.";
    let sent = session.send(secret).await;
    session.reply_to(&sent).await;
    let client = ada.client();
    let path = format!("/sessions/{}", session.id());
    let send = async |method: Method, path: String, body: Value| {
        client.send(method, &path, Some(&body)).await.unwrap();
    };
    send(Method::PATCH, path.clone(), json!({ "title": "Plans" })).await;
    send(Method::POST, format!("{path}/end"), json!({})).await;
    send(Method::PATCH, format!("/machines/{}", machine.id()), json!({ "name": "shelf", "hidden": true })).await;
    send(Method::DELETE, format!("/machines/{}", machine.id()), json!({})).await;

    let log = log_with(&ada, &["machine.deleted", "session.ended"]).await;
    let entry = |action: &str| log.iter().find(|entry| entry["action"] == action).expect(action);
    for (action, name, detail) in [
        ("machine.created", "desk", ""),
        ("worker.created", "", ""),
        ("session.created", "", "demo/fast"),
        ("session.message_sent", "", ""),
        ("session.renamed", "", "Plans"),
        ("session.ended", "Plans", ""),
        ("machine.renamed", "desk", "shelf"),
        ("machine.hidden", "shelf", ""),
        ("worker.removed", "", ""),
        ("machine.deleted", "shelf", ""),
    ] {
        let entry = entry(action);
        assert_eq!(entry["actor"]["username"], "ada", "{entry}");
        assert_eq!(entry["actor"]["address"], "127.0.0.1", "{entry}");
        if !name.is_empty() {
            assert_eq!(entry["objectName"], name, "{entry}");
        }
        if !detail.is_empty() {
            assert_eq!(entry["detail"], detail, "{entry}");
        }
    }
    let (asked, approved) = (entry("worker.asked"), entry("worker.approved"));
    assert_eq!(asked["actor"]["workerId"], worker.id());
    assert_eq!(asked["detail"], approved["detail"], "the same key");
    assert_eq!(approved["machineId"], machine.id());
    assert!(!log.iter().any(|entry| entry.to_string().contains("end of it")), "never what was said");

    let own: Value = admin.client().get("/audit?limit=200").await.unwrap();
    assert!(!own.to_string().contains(machine.id()), "{own}");
    let all: Value = admin.client().get("/audit?limit=200&all=true").await.unwrap();
    assert!(all.to_string().contains(session.id()), "{all}");
    assert!(!all.to_string().contains("What I write") && !all.to_string().contains("Plans"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_everything_that_is_done_is_in_the_log() {
    everything_that_is_done_is_in_the_log(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_everything_that_is_done_is_in_the_log() {
    everything_that_is_done_is_in_the_log(Engine::Postgres).await;
}
