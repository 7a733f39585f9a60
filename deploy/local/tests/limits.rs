//! What one user may have.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

use muster_testkit::{
    client::{Client, ClientError},
    stack::{Engine, Setup},
};
use serde_json::{Value, json};

/// The problem's slug and words.
async fn refused(client: &Client, path: &str, body: Value) -> (u16, String) {
    match client.post::<Value>(path, &body).await {
        Err(ClientError::Refused { status, problem }) => (status, format!("{}: {}", problem.kind, problem.detail)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_so_many_machines_workers_and_sessions_and_is_told_how_many() {
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_MACHINES_PER_USER", 2).setting("MUSTER_WORKERS_PER_USER", 2);
    let stack = setup.setting("MUSTER_SESSIONS_PER_USER", 2).start().await;
    let ada = stack.person("ada").await;
    let client = ada.client();
    let (desk, shelf) = (ada.machine("desk").await, ada.machine("shelf").await);
    let refusal = refused(client, "/machines", json!({ "name": "third" })).await;
    let words = "/problems/too-many-machines: You can have at most 2 machines here; delete one first.";
    assert_eq!(refusal, (429, words.to_owned()));

    let worker = desk.worker().await.started(&stack).await.approved().await;
    shelf.worker().await;
    let path = format!("/machines/{}/workers", shelf.id());
    let refusal = refused(client, &path, json!({})).await;
    let words = "/problems/too-many-workers: You can have at most 2 workers here; remove one first.";
    assert_eq!(refusal, (429, words.to_owned()));

    worker.session("demo/fast").await;
    worker.session("demo/fast").await;
    let refusal = refused(client, &format!("/workers/{}/sessions", worker.id()), json!({ "model": "demo/fast" })).await;
    let words = "/problems/too-many-sessions: You can have at most 2 sessions here; delete one first.";
    assert_eq!(refusal, (429, words.to_owned()));

    // Another user has theirs.
    stack.person("bob").await.machine("laptop").await.worker().await;
}
