//! A session as a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::fmt::Write as _;

use muster_contracts::permissions::ServiceUser;
use muster_testkit::{
    client::Client,
    stack::{Part, Running, Session, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _};

fn counted(up_to: usize) -> String {
    (1..=up_to).fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{number}");
        text
    })
}

async fn worker_of(stack: &Stack) -> Running {
    stack.admin().await.machine("desk").await.worker().await.started(stack).await.approved().await
}

/// What is exported, with its kind and name.
async fn exported(client: &Client, session: &Session, format: &str) -> (String, String, String) {
    let path = format!("/sessions/{}/export?format={format}", session.id());
    let answer = client.send(Method::GET, &path, None).await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (kind, name) = (header("content-type"), header("content-disposition"));
    (answer.text().await.unwrap(), kind, name)
}

async fn json_of(client: &Client, session: &Session) -> Value {
    serde_json::from_str(&exported(client, session, "json").await.0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_exported_as_markdown_and_as_json() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let client = session.client();

    // Before anything was said.
    let (text, kind, name) = exported(client, &session, "markdown").await;
    assert_eq!(
        (kind.as_str(), name.as_str()),
        ("text/markdown; charset=utf-8", "attachment; filename=\"session.md\"; filename*=UTF-8''session.md")
    );
    assert!(text.starts_with("# Session without a title\n") && text.contains("Nothing has been said"), "{text}");
    let empty = json_of(client, &session).await;
    assert_eq!((&empty["version"], &empty["messages"]), (&json!(1), &json!([])));
    assert_eq!(empty["session"]["chatSessionId"], session.id());

    for content in ["echo `Größe` ist 1", "tour", "fail"] {
        session.reply_to(&session.send(content).await).await;
    }
    let title = json!({ "title": "Größe/..\\ \"x\"" });
    client.send(Method::PATCH, &format!("/sessions/{}", session.id()), Some(&title)).await.unwrap();
    let whole = json_of(client, &session).await;
    let listed: Value = client.get(&format!("/sessions/{}/messages?limit=200", session.id())).await.unwrap();
    let messages = whole["messages"].as_array().unwrap();
    let plain = messages.iter().cloned().map(|mut message| {
        message.as_object_mut().unwrap().remove("requests");
        message
    });
    assert_eq!(json!(plain.collect::<Vec<_>>()), listed["items"], "the API's own messages");
    let (text, _, name) = exported(client, &session, "markdown").await;
    assert_eq!(name, "attachment; filename=\"Gr__e .. x.md\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20..%20x.md");
    assert_eq!(text.matches("\n## You · ").count(), 3, "{text}");
    assert_eq!(text.matches("\n## Agent · ").count(), 3, "{text}");
    assert!(text.contains("`Größe` ist 1") && text.contains("> **Failed**"), "{text}");

    for (query, status) in [("?format=pdf", 422), ("?colour=red", 400)] {
        let refused = client.get::<Value>(&format!("/sessions/{}/export{query}", session.id())).await.unwrap_err();
        assert_eq!(refused.status(), Some(status), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_is_exported_with_its_answer() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let client = session.client();
    let sent = session.send("ask").await;
    let viewer = session.view().await;
    let request = viewer
        .until("the request", |frames| {
            frames.iter().find(|frame| frame.event == "request").map(|frame| frame.data.clone())
        })
        .await;
    let (text, ..) = exported(client, &session, "markdown").await;
    assert!(text.contains("*Not answered yet.*") && text.contains("still being written"), "{text}");
    let option = &request["options"][0];
    let answer = json!({ "optionId": option["optionId"] });
    let path = format!("/sessions/{}/requests/{}", session.id(), request["requestId"].as_str().unwrap());
    client.post::<Value>(&path, &answer).await.unwrap();
    session.reply_to(&sent).await;
    let (text, ..) = exported(client, &session, "markdown").await;
    assert!(text.contains(&format!("Answered: **{}**", option["label"].as_str().unwrap())), "{text}");
    let whole = json_of(client, &session).await;
    assert_eq!(whole["messages"][1]["requests"][0]["status"], "answered", "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_being_written_is_exported_as_far_as_it_has_come() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let client = session.client();
    let viewer = session.view().await;
    let sent = session.send("count 100000 every 5ms").await;
    let seen = viewer
        .until("some of the reply", |frames| {
            let chunks = frames.iter().filter(|frame| frame.event == "chunk");
            let text = chunks.filter_map(|frame| frame.data["chunk"].as_str()).collect::<String>();
            (text.lines().count() > 20).then_some(text)
        })
        .await;
    let whole = json_of(client, &session).await;
    let reply = &whole["messages"][1];
    let content = reply["content"].as_str().unwrap();
    assert!(content.starts_with(&seen) && counted(100_000).starts_with(content), "{content}");
    assert_eq!(reply["isStreaming"], true);
    let (text, ..) = exported(client, &session, "markdown").await;
    assert!(text.contains("still being written"), "{text}");
    session.stop(&sent).await;
    session.reply_to(&sent).await;
    assert!(exported(client, &session, "markdown").await.0.contains("> *Stopped.*"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_no_answer_of_the_broker_can_carry_is_exported_whole() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    session.reply_to(&session.send("count 300000").await).await;
    session.reply_to(&session.send("echo behind it").await).await;
    let whole = json_of(session.client(), &session).await;
    assert_eq!(whole["messages"][1]["content"], counted(300_000));
    assert_eq!(whole["messages"][3]["content"], "behind it");
}

/// Ten thousand messages of two kilobytes each, put where chat keeps them.
async fn fill(stack: &Stack, session: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(stack.database(ServiceUser::Chat)).await.unwrap();
    sqlx::query(
        "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < 10000)
         INSERT INTO chat_messages (message_id, chat_session_id, position, role, content, parts, status,
           received_number, timestamp, revision)
         SELECT printf('message-%013d', i), $1, i, 2 - i % 2, 'number ' || i || ' ' || substr($2, 1, 2000), x'', 4, 0,
           i, 1 FROM numbers",
    )
    .bind(session)
    .bind("word ".repeat(400))
    .execute(&mut connection)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_messages_are_exported_without_being_held() {
    const MIB: u64 = 1024 * 1024;
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    exported(session.client(), &session, "json").await;
    fill(&stack, session.id()).await;
    let resident = || stack.service(Part::Api).process().resident().unwrap();
    let before = resident();
    let (whole, text) = (json_of(session.client(), &session).await, exported(session.client(), &session, "markdown"));
    let (text, after) = (text.await.0, resident());
    let (bytes, mebibytes) = (text.len() as u64 / MIB, after.saturating_sub(before) / MIB);
    println!("{bytes} MiB were exported, and the api has {mebibytes} MiB more");
    let messages = whole["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 10_000);
    for (place, message) in messages.iter().enumerate() {
        let begins = format!("number {} word", place + 1);
        assert!(message["content"].as_str().unwrap().starts_with(&begins), "{message}");
    }
    assert_eq!(text.matches("\n## ").count(), 10_000);
    assert!(bytes > 15 && mebibytes < 12, "{bytes} MiB, {mebibytes} MiB");
}
