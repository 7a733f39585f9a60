//! Finding sessions by what was said in them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]
#![allow(unreachable_pub, dead_code, reason = "a module of a test is its own world")]

mod support;

use std::collections::HashSet;

use muster_bus::CallError;
use muster_contracts::{id, method, v1};
use support::{Chat, Engine, slug};
use v1::{
    SessionStatus::{SessionActive, SessionTerminated},
    TurnStatus::Completed,
};

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

async fn words_are_looked_for_among_the_sessions_of_a_worker_and_a_status(engine: Engine) {
    let mut chat = Chat::start(engine).await;
    let here = chat.worker.worker_id.clone();
    chat.send("about rust").await;
    let lives = chat.session.clone();
    let begin = async |chat: &mut Chat, content: &str| {
        chat.session = chat.new_session("demo/fast").await.unwrap().chat_session_id;
        chat.send(content).await;
        chat.session.clone()
    };
    let ended = begin(&mut chat, "rust again").await;
    chat.call::<method::EndSession>(chat.session_ref()).await.unwrap();
    begin(&mut chat, "about a haiku").await;
    chat.worker.worker_id = id::random();
    chat.tell_worker(v1::WorkerStatus::Online).await;
    let there = chat.worker.worker_id.clone();
    let elsewhere = begin(&mut chat, "rust elsewhere").await;

    let both = [SessionActive, SessionTerminated].as_slice();
    let table: [(Option<&str>, &[v1::SessionStatus], &[&String]); 8] = [
        (None, &[], &[&lives, &ended, &elsewhere]),
        (Some(&here), &[], &[&lives, &ended]),
        (Some(&there), &[], &[&elsewhere]),
        (None, &[SessionTerminated], &[&ended]),
        (None, &[SessionActive], &[&lives, &elsewhere]),
        (Some(&here), &[SessionActive], &[&lives]),
        (Some(&here), both, &[&lives, &ended]),
        (Some(&there), &[SessionTerminated], &[]),
    ];
    for (worker_id, status, expected) in table {
        let mut asked = v1::ListSessionsRequest {
            caller: Some(chat.caller.clone()),
            query: Some("rust".into()),
            worker_id: worker_id.map(Into::into),
            status: status.iter().map(|&status| status.into()).collect(),
            page: Some(v1::Page { limit: 1, cursor: None }),
        };
        // Page by page, each with where it has the words.
        let mut found = HashSet::new();
        loop {
            let reply = chat.call::<method::ListSessions>(asked.clone()).await.unwrap();
            let matched = reply.matches.iter().map(|found| &found.chat_session_id);
            assert!(matched.eq(reply.sessions.iter().map(|session| &session.chat_session_id)), "{reply:?}");
            found.extend(reply.sessions.into_iter().map(|session| session.chat_session_id));
            if reply.next_cursor.is_none() {
                break;
            }
            asked.page = Some(v1::Page { limit: 1, cursor: reply.next_cursor });
        }
        assert_eq!(found, expected.iter().map(|&id| id.clone()).collect(), "{worker_id:?} {status:?}");
    }
}

#[tokio::test]
async fn on_sqlite_words_are_looked_for_among_the_sessions_of_a_worker_and_a_status() {
    words_are_looked_for_among_the_sessions_of_a_worker_and_a_status(Engine::Sqlite).await;
}

#[tokio::test]
async fn on_postgres_words_are_looked_for_among_the_sessions_of_a_worker_and_a_status() {
    words_are_looked_for_among_the_sessions_of_a_worker_and_a_status(Engine::Postgres).await;
}
