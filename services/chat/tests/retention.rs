//! Messages that are kept for so many days, and no longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

mod support;

use std::time::Duration;

use muster_contracts::{method, v1};
use muster_service::Db;
use support::{Chat, Engine, slug};
use v1::TurnStatus::{Completed, Queued};

const SETTING: &str = "MUSTER_MESSAGES_MAX_DAYS";
const TWO_DAYS: i64 = 2 * 86_400_000;

/// A turn in which something was asked.
async fn answered(chat: &Chat, question: &str) {
    let sent = chat.send(question).await;
    let worker = chat.process_of_worker(1);
    let told = worker.sync(&[]).await;
    let mut writing = worker.begin(&told.start[0]).await;
    let body = v1::RequestBody { request_id: muster_contracts::id::random(), ..Default::default() };
    worker.request(&mut writing, body).await;
    worker.write(&mut writing, "an answer").await;
    worker.end(&mut writing, Completed).await;
    chat.until(&sent.message_id, Completed).await;
}

async fn count(db: &Db, table: &str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query_scalar(statement).fetch_one(db.pool()).await.unwrap()
}

async fn what_is_too_old_goes_and_the_rest_stays(engine: Engine) {
    let mut chat = Chat::with(engine, &[(SETTING, "1")]).await;
    answered(&chat, "an old question").await;
    let old = chat.session.clone();
    chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
    answered(&chat, "another old question").await;
    let waiting = chat.send("this waits for its turn").await;
    chat.process.kill().await;
    let db = chat.database().await;
    for (statement, session) in [
        ("UPDATE chat_messages SET timestamp = timestamp - $1 WHERE $2 <> ''", "any"),
        ("UPDATE chat_sessions SET last_activity = last_activity - $1 WHERE chat_session_id = $2", &old),
    ] {
        sqlx::query(statement).bind(TWO_DAYS).bind(session).execute(db.pool()).await.unwrap();
    }
    chat.process.restart().await.unwrap();

    let gone = async { while count(&db, "chat_sessions").await > 1 {} };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("what is too old goes");
    let kept = chat.messages().await.messages;
    assert_eq!(kept.iter().map(|message| &message.message_id).collect::<Vec<_>>(), [&waiting.message_id]);
    assert_eq!(kept[0].status(), Queued, "what waits is not over");
    let of_old = v1::SessionRef { chat_session_id: old, ..chat.session_ref() };
    assert_eq!(slug(chat.call::<method::GetSession>(of_old).await), "not-found");
    for (table, rows) in [("chat_messages", 1), ("requests", 0), ("turns", 0)] {
        assert_eq!(count(&db, table).await, rows, "{table}");
    }
    let request = v1::ListSessionsRequest {
        caller: Some(chat.caller.clone()),
        query: Some("question".into()),
        ..Default::default()
    };
    let found = chat.call::<method::ListSessions>(request).await.unwrap();
    assert!(found.matches.is_empty(), "{found:?}");
    let told = chat.process_of_worker(1).sync(&[]).await;
    assert_eq!(told.start[0].content, "this waits for its turn", "and it has its turn");
}

#[tokio::test]
async fn on_sqlite_what_is_too_old_goes_and_the_rest_stays() {
    what_is_too_old_goes_and_the_rest_stays(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_what_is_too_old_goes_and_the_rest_stays() {
    what_is_too_old_goes_and_the_rest_stays(Engine::Postgres).await;
}
