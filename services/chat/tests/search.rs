//! Finding sessions by what was said in them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

mod support;

use muster_bus::CallError;
use muster_contracts::{id, method, v1};
use support::{Chat, Engine, slug};
use v1::TurnStatus::Completed;

async fn find(chat: &Chat, query: &str) -> Result<v1::ListSessionsReply, CallError> {
    chat.call::<method::ListSessions>(v1::ListSessionsRequest {
        caller: Some(chat.caller.clone()),
        query: Some(query.into()),
        ..Default::default()
    })
    .await
}

/// The ids of what is found, and the snippets.
async fn found(chat: &Chat, query: &str) -> (Vec<String>, Vec<String>) {
    let reply = find(chat, query).await.unwrap();
    let ids = reply.sessions.into_iter().map(|session| session.chat_session_id).collect();
    (ids, reply.matches.into_iter().map(|found| found.snippet).collect())
}

async fn answered(chat: &Chat, question: &str, answer: &str) {
    let sent = chat.send(question).await;
    let worker = chat.process_of_worker(1);
    let told = worker.sync(&[]).await;
    let mut writing = worker.begin(&told.start[0]).await;
    worker.write(&mut writing, answer).await;
    worker.end(&mut writing, Completed).await;
    chat.until(&sent.message_id, Completed).await;
}

async fn sessions_are_found_by_what_was_said(engine: Engine) {
    let mut chat = Chat::start(engine).await;
    let first = chat.session.clone();
    answered(&chat, "Why does src/main.rs panic?", "Because `Größe` is zero; the divisor must not be.").await;
    chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
    let second = chat.session.clone();
    chat.send("Write a haiku about rust").await;

    assert_eq!(found(&chat, "main").await, (vec![first.clone()], vec!["Why does src/main.rs panic?".into()]));
    let (ids, snippets) = found(&chat, "größe divi").await;
    assert_eq!(ids, std::slice::from_ref(&first), "in the reply, and by the beginning of a word");
    assert!(snippets[0].contains("Größe"), "{snippets:?}");
    assert_eq!(found(&chat, "RS").await.0, std::slice::from_ref(&first), "punctuation parts words");
    assert_eq!(found(&chat, "r").await.0, [second.clone(), first.clone()], "the newest activity first");
    assert_eq!(found(&chat, "haiku panic").await.0, Vec::<String>::new(), "all words, not any");
    assert_eq!(found(&chat, "main.rs' OR 1=1 --*\")").await.0, Vec::<String>::new());
    assert_eq!(found(&chat, "'\"(*)").await.0, Vec::<String>::new(), "signs alone are in nothing");

    // A title of one's own is found, without a message.
    let rename = v1::UpdateSessionRequest {
        caller: Some(chat.caller.clone()),
        chat_session_id: second.clone(),
        title: Some("Poetry corner".into()),
        ..Default::default()
    };
    chat.call::<method::UpdateSession>(rename).await.unwrap();
    assert_eq!(found(&chat, "poetry").await, (vec![second.clone()], vec![]));

    // What is deleted is found no more, and nothing of another user ever.
    chat.call::<method::DeleteSession>(chat.session_ref()).await.unwrap();
    assert_eq!(found(&chat, "haiku").await.0, Vec::<String>::new());
    assert_eq!(found(&chat, "poetry").await.0, Vec::<String>::new());
    let own = std::mem::replace(&mut chat.caller.user_id, id::random());
    assert_eq!(found(&chat, "main").await.0, Vec::<String>::new());
    chat.caller.user_id = own;

    assert_eq!(slug(find(&chat, &"x".repeat(201)).await), "invalid-value");
    assert_eq!(find(&chat, "  ").await.unwrap().sessions.len(), 1, "nothing is looked for");
}

#[tokio::test]
async fn on_sqlite_sessions_are_found_by_what_was_said() {
    sessions_are_found_by_what_was_said(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_sessions_are_found_by_what_was_said() {
    sessions_are_found_by_what_was_said(Engine::Postgres).await;
}
