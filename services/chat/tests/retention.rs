//! Messages that are kept for so many days, and no longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

mod support;

use std::time::Duration;

use muster_contracts::{method, stream::EVENTS, v1};
use muster_service::Db;
use support::{Chat, Engine, slug};
use v1::TurnStatus::{Completed, Queued};

const SETTING: &str = "MUSTER_MESSAGES_MAX_DAYS";
/// What is asked.
const WORDS: &str = "May I read the diary?";
const PATIENCE: Duration = Duration::from_secs(30);
const TWO_DAYS: i64 = 2 * 86_400_000;

/// A turn in which something was asked; under which id that was.
async fn answered(chat: &Chat, question: &str) -> String {
    let sent = chat.send(question).await;
    let worker = chat.process_of_worker(1);
    let told = worker.sync(&[]).await;
    let mut writing = worker.begin(&told.start[0]).await;
    let request_id = muster_contracts::id::random();
    let body = v1::RequestBody { request_id: request_id.clone(), title: WORDS.into(), ..Default::default() };
    worker.request(&mut writing, body).await;
    worker.write(&mut writing, "an answer").await;
    worker.end(&mut writing, Completed).await;
    chat.until(&sent.message_id, Completed).await;
    request_id
}

/// What the broker still has of what was asked: events of it that were not erased.
async fn told_of(chat: &Chat, request_id: &str) -> usize {
    let subject = format!("evt.v1.{}.request.{request_id}", chat.caller.user_id);
    let stored = chat.bus.read(EVENTS, &subject, 1, 100).await.unwrap().messages;
    stored.iter().filter(|stored| stored.payload.windows(WORDS.len()).any(|bytes| bytes == WORDS.as_bytes())).count()
}

async fn count(db: &Db, table: &str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    sqlx::query_scalar(statement).fetch_one(db.pool()).await.unwrap()
}

async fn what_is_too_old_goes_and_the_rest_stays(engine: Engine) {
    let mut chat = Chat::with(engine, &[(SETTING, "1")]).await;
    let asked = answered(&chat, "an old question").await;
    let old = chat.session.clone();
    chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
    let asked = [asked, answered(&chat, "another old question").await];
    let waiting = chat.send("this waits for its turn").await;
    for request in &asked {
        let both = async { while told_of(&chat, request).await < 2 {} };
        tokio::time::timeout(PATIENCE, both).await.expect("it is told that it was asked, and that it is gone");
    }
    chat.process.kill().await;
    let db = chat.database().await;
    for (statement, session) in [
        ("UPDATE chat_messages SET timestamp = timestamp - $1 WHERE $2 <> ''", "any"),
        ("UPDATE turns SET ended_at = ended_at - $1 WHERE $2 <> ''", "any"),
        ("UPDATE chat_sessions SET last_activity = last_activity - $1 WHERE chat_session_id = $2", &old),
    ] {
        sqlx::query(statement).bind(TWO_DAYS).bind(session).execute(db.pool()).await.unwrap();
    }
    chat.process.restart().await.unwrap();

    let gone = async { while count(&db, "chat_sessions").await > 1 {} };
    tokio::time::timeout(PATIENCE, gone).await.expect("what is too old goes");
    let kept = chat.messages().await.messages;
    assert_eq!(kept.iter().map(|message| &message.message_id).collect::<Vec<_>>(), [&waiting.message_id]);
    assert_eq!(kept[0].status(), Queued, "what waits is not over");
    let of_old = v1::SessionRef { chat_session_id: old, ..chat.session_ref() };
    assert_eq!(slug(chat.call::<method::GetSession>(of_old).await), "not-found");
    for (table, rows) in [("chat_messages", 1), ("requests", 0), ("turns", 0)] {
        assert_eq!(count(&db, table).await, rows, "{table}");
    }
    assert_eq!(told_of(&chat, &asked[1]).await, 0, "the broker has forgotten it with the message");
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
