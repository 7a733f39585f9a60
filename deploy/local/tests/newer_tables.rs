//! A service works on when a newer version of it has added to its tables: an upgrade replaces one process after the
//! other, and the first of them makes the migrations.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use muster_contracts::permissions::ServiceUser;
use muster_testkit::stack::{Engine, Person, Running, Session, Setup, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

/// As a migration does that goes forward: PostgreSQL is asked, since of SQLite's file one process has all to itself.
async fn add_a_column_everywhere(stack: &Stack) -> usize {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(stack.database(ServiceUser::Chat)).await.unwrap();
    let tables = sqlx::query_scalar::<_, String>(
        "SELECT CAST(table_schema || '.' || table_name AS TEXT) FROM information_schema.tables
         WHERE table_schema IN ('api', 'chat', 'registry') AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    for table in &tables {
        let added = format!("ALTER TABLE {table} ADD COLUMN of_tomorrow BIGINT NOT NULL DEFAULT 0");
        sqlx::query(AssertSqlSafe(added)).execute(&mut connection).await.unwrap();
    }
    tables.len()
}

async fn post(who: &Person, path: &str, body: Value) -> Value {
    who.client().post(path, &body).await.unwrap()
}

async fn get(who: &Person, path: &str) -> Value {
    who.client().get(path).await.unwrap()
}

/// Reads and changes something of each table.
async fn everything(ada: &Person, worker: &Running, session: &Session, round: &str) {
    let path = format!("/sessions/{}", session.id());
    let asked = session.send("ask").await;
    let request = loop {
        let requests = get(ada, "/requests").await;
        if let Some(request) = requests["items"].as_array().unwrap().first() {
            break request.clone();
        }
    };
    let waiting = session.send(&format!("echo waits {round}")).await;
    let waiting = format!("{path}/messages/{}", waiting.message_id);
    let words = json!({ "content": format!("echo waited {round}") });
    ada.client().send(Method::PATCH, &waiting, Some(&words)).await.unwrap();
    let answer = json!({ "optionId": request["options"][0]["optionId"] });
    post(ada, &format!("{path}/requests/{}", request["requestId"].as_str().unwrap()), answer).await;
    let reply = session.reply_to(&asked).await;
    session.fork(&reply).await;
    let again = session.send(&format!("echo again {round}")).await;
    session.reply_to(&again).await;
    assert!(!get(ada, &format!("/sessions?q=waited+{round}")).await["items"].as_array().unwrap().is_empty());
    ada.client().send(Method::PATCH, &path, Some(&json!({ "title": round }))).await.unwrap();
    assert_eq!(get(ada, &path).await["title"], round);
    for list in [
        "/machines",
        "/sessions",
        "/requests",
        "/tokens",
        "/auth/me",
        "/auth/devices",
        "/auth/identities",
        "/auth/passkeys",
        "/users",
        "/audit",
        "/invitations",
    ] {
        get(ada, list).await;
    }
    get(ada, &format!("/workers/{}", worker.id())).await;
    post(ada, "/tokens", json!({ "name": round, "scopes": ["read"] })).await;
    ada.machine(round).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_s_columns_are_no_harm_to_what_runs() {
    let stack = Setup::on(Engine::Postgres).start().await;
    let ada = stack.admin().await;
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    // So often that each connection to the database has prepared what it is asked.
    for round in ["first", "second", "third"] {
        everything(&ada, &worker, &session, round).await;
    }
    assert!(add_a_column_everywhere(&stack).await > 20);
    everything(&ada, &worker, &session, "fourth").await;
}
