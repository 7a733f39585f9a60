//! What is deleted is gone: from the tables, from the index of words, and from the files of database and broker.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use muster_contracts::id;
use muster_testkit::{
    client::Client,
    stack::{Engine, Setup, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};

/// One word, as the index of words keeps it.
const MARKER: &str = "zqxvbnmarkerword";
/// What was on its way when the session was deleted is erased a minute later.
const PATIENCE: Duration = Duration::from_secs(100);

/// Files with the marker, but for those of the worker: what an agent remembers is its own machine's.
fn marked(stack: &Stack, worker: &str) -> Vec<PathBuf> {
    let (mut found, mut directories) = (Vec::new(), vec![stack.home().to_owned()]);
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path != stack.home().join(worker) {
                    directories.push(path);
                }
            } else if has_marker(&path) {
                found.push(path.strip_prefix(stack.home()).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

fn has_marker(path: &Path) -> bool {
    // A file may go while it is looked for.
    let bytes = std::fs::read(path).unwrap_or_default();
    bytes.windows(MARKER.len()).any(|window| window.eq_ignore_ascii_case(MARKER.as_bytes()))
}

/// A file of two pieces with the marker in its name and everywhere in it; its id.
async fn attached(client: &Client) -> Value {
    let head = format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{MARKER}.txt\"\r\n\r\n");
    let form = format!("{head}{}\r\n--b--\r\n", MARKER.repeat(10_000));
    let request =
        client.request(Method::POST, "/attachments").header("content-type", "multipart/form-data; boundary=b");
    let answer = request.body(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<Value>().await.unwrap()["attachmentId"].clone()
}

async fn until_nothing_is_marked(stack: &Stack, worker: &str) {
    let looking = async {
        while !marked(stack, worker).is_empty() {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, looking).await.is_ok();
    assert!(gone, "the marker is still in {:?}", marked(stack, worker));
}

async fn a_deleted_session_leaves_no_word_in_any_file(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let ada = stack.person("ada").await;
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let (session, kept) = (worker.session("demo/fast").await, worker.session("demo/fast").await);
    let client = ada.client();
    let path = format!("/sessions/{}", session.id());
    for number in 0..20 {
        session.reply_to(&session.send(&format!("echo {MARKER} number {number}")).await).await;
        kept.reply_to(&kept.send(&format!("echo something else {number}")).await).await;
    }
    client.send(Method::PATCH, &path, Some(&json!({ "title": format!("About {MARKER}") }))).await.unwrap();
    // It waits for an answer, and another message waits behind it.
    session.send("ask").await;
    session.send(&format!("echo {MARKER} later")).await;
    let message = json!({ "messageId": id::random(), "content": "x", "attachments": [attached(client).await] });
    client.post::<Value>(&format!("{path}/messages"), &message).await.unwrap();
    let found: Value = client.get(&format!("/sessions?q={MARKER}")).await.unwrap();
    assert_eq!(found["items"][0]["chatSessionId"], session.id());
    let before = marked(&stack, worker.id());
    assert!(before.iter().any(|file| file.extension().is_some_and(|kind| kind == "blk")), "{before:?}");
    if engine == Engine::Sqlite {
        assert!(before.iter().any(|file| file.starts_with("chat.db") || file.starts_with("chat.db-wal")), "{before:?}");
    }

    client.send(Method::DELETE, &path, None).await.unwrap();
    until_nothing_is_marked(&stack, worker.id()).await;
    assert_eq!(client.get::<Value>(&path).await.unwrap_err().status(), Some(404));
    let found: Value = client.get(&format!("/sessions?q={MARKER}")).await.unwrap();
    assert_eq!(found["items"], json!([]));
    // The deed is in the log, and what was done before, without what it was called.
    let log: Value = client.get(&format!("/audit?limit=200&object={}", session.id())).await.unwrap();
    let actions = log["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap());
    let actions = actions.collect::<Vec<_>>();
    for action in ["session.created", "session.message_sent", "session.renamed", "session.deleted"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }

    // Of the other session nothing is missing.
    let others: Value = client.get(&format!("/sessions/{}/messages?limit=200", kept.id())).await.unwrap();
    assert_eq!(others["items"].as_array().unwrap().len(), 40);
    let found: Value = client.get("/sessions?q=something+else").await.unwrap();
    assert_eq!(found["items"][0]["chatSessionId"], kept.id());
    assert_eq!(kept.reply_to(&kept.send("echo still here").await).await.content, "still here");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_deleted_session_leaves_no_word_in_any_file() {
    a_deleted_session_leaves_no_word_in_any_file(Engine::Sqlite).await;
}

/// Of the broker and ours: PostgreSQL's own files are its server's affair.
#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_deleted_session_leaves_no_word_in_any_file() {
    a_deleted_session_leaves_no_word_in_any_file(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_leaves_no_word_either() {
    let stack = Stack::start().await;
    let (admin, ada) = (stack.admin().await, stack.person("ada").await);
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    session.reply_to(&session.send(&format!("echo {MARKER}")).await).await;
    attached(ada.client()).await;
    assert!(!marked(&stack, worker.id()).is_empty());
    let me: Value = ada.client().get("/auth/me").await.unwrap();
    let path = format!("/users/{}", me["userId"].as_str().unwrap());
    admin.client().send(Method::DELETE, &path, None).await.unwrap();
    until_nothing_is_marked(&stack, worker.id()).await;
}
