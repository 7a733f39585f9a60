//! What one user may have.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail anywhere")]

use futures_util::future::join_all;
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

/// How many of those that are made at once there are in the end.
async fn made_at_once(client: &Client, path: &str, body: Value) -> usize {
    let made = join_all((0..20).map(|_| client.post::<Value>(path, &body))).await;
    for refusal in made.iter().filter_map(|made| made.as_ref().err()) {
        assert!(matches!(refusal, ClientError::Refused { status: 409 | 429, .. }), "{refusal:?}");
    }
    made.iter().filter(|made| made.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_at_once_does_not_go_past_the_limit() {
    let mut setup = Setup::on(Engine::Postgres).setting("MUSTER_MACHINES_PER_USER", 5);
    for limit in ["MUSTER_WORKERS_PER_USER", "MUSTER_SESSIONS_PER_USER"] {
        setup = setup.setting(limit, 5);
    }
    let stack = setup.start().await;
    let ada = stack.person("ada").await;
    let client = ada.client();
    let machine = ada.machine("desk").await;
    assert_eq!(made_at_once(client, "/machines", json!({ "name": "another" })).await, 4);
    let worker = machine.worker().await.started(&stack).await.approved().await;
    assert_eq!(made_at_once(client, &format!("/machines/{}/workers", machine.id()), json!({})).await, 4);
    let sessions = format!("/workers/{}/sessions", worker.id());
    assert_eq!(made_at_once(client, &sessions, json!({ "model": "demo/fast" })).await, 5);
    let token = json!({ "name": "script", "scopes": ["read"] });
    let mut tokens = 0;
    for _ in 0..6 {
        tokens += made_at_once(client, "/tokens", token.clone()).await;
    }
    assert_eq!(tokens, 100);
}
