//! What no client should send and some will: ids twice, changes that come too late, places from elsewhere, and texts of
//! every kind. Each has its answer, the same on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use futures_util::StreamExt as _;
use muster_contracts::id;
use muster_testkit::{
    client::Client,
    stack::{Engine, Running, Session, Setup, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn worker_of(stack: &Stack, name: &str) -> Running {
    stack.person(name).await.machine("desk").await.worker().await.started(stack).await.approved().await
}

/// Status, and the problem's slug and field.
async fn answer(client: &Client, method: Method, path: &str, body: &str) -> (u16, String, String) {
    let request = client.request(method, path).header("content-type", "application/json");
    let answer = request.body(body.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
    let slug = body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/").to_owned();
    (status, slug, body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned())
}

async fn refused(client: &Client, method: Method, path: &str, body: &Value, wanted: (u16, &str)) {
    let (status, slug, _) = answer(client, method.clone(), path, &body.to_string()).await;
    assert_eq!((status, slug.as_str()), wanted, "{method} {path} {body}");
}

fn messages(session: &Session) -> String {
    format!("/sessions/{}/messages", session.id())
}

async fn ids_twice_and_changes_too_late_have_their_answer(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let worker = worker_of(&stack, "ada").await;
    let (one, two) = (worker.session("demo/fast").await, worker.session("demo/fast").await);
    let client = one.client();
    let bobs = worker_of(&stack, "bob").await.session("demo/fast").await;

    let done = one.send("echo done").await;
    let reply = one.reply_to(&done).await;
    let viewer = one.view().await;
    let running = one.send("hang").await;
    viewer.until("it begins", |frames| frames.iter().any(|frame| frame.event == "chunk").then_some(())).await;
    let waiting = one.send("echo later").await;
    let list = messages(&one);
    // The same send again is the same message, at whatever stage it is; other words are another message's.
    for (id, content) in [(&done.message_id, "echo done"), (&running.message_id, "hang")] {
        let same = json!({ "messageId": id, "content": content });
        assert_eq!(answer(client, Method::POST, &list, &same.to_string()).await.0, 202);
        let other = json!({ "messageId": id, "content": "other words" });
        refused(client, Method::POST, &list, &other, (409, "message-exists")).await;
        refused(client, Method::POST, &messages(&two), &same, (409, "message-exists")).await;
        refused(bobs.client(), Method::POST, &messages(&bobs), &same, (409, "message-exists")).await;
    }
    let of_reply = json!({ "messageId": reply.message_id, "content": "echo done" });
    refused(client, Method::POST, &list, &of_reply, (409, "message-exists")).await;
    let machine: Value = client.get("/machines").await.unwrap();
    let machine_id = &machine["items"][0]["machineId"];
    let same = json!({ "name": "desk", "machineId": machine_id });
    assert_eq!(answer(client, Method::POST, "/machines", &same.to_string()).await.0, 201);
    for (who, name) in [(client, "other"), (bobs.client(), "desk")] {
        let body = json!({ "name": name, "machineId": machine_id });
        assert_eq!(answer(who, Method::POST, "/machines", &body.to_string()).await.0, 409, "{body}");
    }

    // What has begun is no longer to be changed, and neither is a reply.
    for id in [&done.message_id, &running.message_id, &reply.message_id] {
        let path = format!("{list}/{id}");
        for body in [json!({ "content": "changed" }), json!({ "after": null }), json!({ "model": "demo/fast" })] {
            refused(client, Method::PATCH, &path, &body, (409, "message-delivered")).await;
        }
        refused(client, Method::DELETE, &path, &Value::Null, (409, "message-delivered")).await;
        refused(client, Method::POST, &format!("{path}/send-now"), &Value::Null, (409, "message-delivered")).await;
    }
    // Nor by way of another session, where it is not.
    let path = format!("{}/{}", messages(&two), waiting.message_id);
    refused(client, Method::PATCH, &path, &json!({ "content": "changed" }), (404, "not-found")).await;
    let after = json!({ "after": done.message_id });
    let path = format!("{list}/{}", waiting.message_id);
    refused(client, Method::PATCH, &path, &after, (422, "invalid-value")).await;
    one.stop(&running).await;
    let later = one.reply_to(&waiting).await;
    assert_eq!((later.content.as_str(), one.reply_to(&done).await.content.as_str()), ("later", "done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_ids_twice_and_changes_too_late_have_their_answer() {
    ids_twice_and_changes_too_late_have_their_answer(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_ids_twice_and_changes_too_late_have_their_answer() {
    ids_twice_and_changes_too_late_have_their_answer(Engine::Postgres).await;
}

/// The first event that is no beat.
async fn first_event(client: &Client, path: &str, last: &str) -> String {
    let answer = client.request(Method::GET, path).header("last-event-id", last).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (mut body, mut seen) = (answer.bytes_stream(), String::new());
    loop {
        seen += &String::from_utf8_lossy(&body.next().await.unwrap().unwrap());
        if let Some(event) = seen.lines().filter_map(|line| line.strip_prefix("event: ")).find(|it| *it != "beat") {
            return event.to_owned();
        }
    }
}

async fn places_from_elsewhere_are_refused(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let worker = worker_of(&stack, "ada").await;
    let (one, two) = (worker.session("demo/fast").await, worker.session("demo/fast").await);
    let client = one.client();
    let elsewhere = two.send("echo elsewhere").await;
    two.reply_to(&elsewhere).await;
    let path = format!("{}?before=", messages(&one));
    for (before, wanted) in [
        (elsewhere.message_id.as_str(), (404, "not-found")),
        (&id::random(), (404, "not-found")),
        ("x", (422, "invalid-value")),
        ("", (422, "invalid-value")),
        ("a%00b", (422, "invalid-value")),
    ] {
        refused(client, Method::GET, &format!("{path}{before}"), &Value::Null, wanted).await;
    }
    let sessions: Value = client.get("/sessions?limit=1").await.unwrap();
    let cursor = sessions["nextCursor"].as_str().unwrap();
    for list in ["/sessions", "/requests", "/machines", "/audit"] {
        for cursor in ["x", "", "1.", "9223372036854775808.x", "-1", "1.1.1.1.1", "%F0%9F%98%80", "' OR 1=1 --"] {
            let path = format!("{list}?cursor={cursor}");
            let (status, ..) = answer(client, Method::GET, &path, "").await;
            assert!(matches!(status, 200 | 400 | 422), "{path}: {status}");
        }
        // Another list's cursor shows nothing that is not one's own, whatever it is taken for.
        let (status, ..) = answer(client, Method::GET, &format!("{list}?cursor={cursor}"), "").await;
        assert!(matches!(status, 200 | 422), "{list}: {status}");
    }
    // Event ids of another session, of another stream, and of nobody.
    let of_two = two.messages().await.last_event_id.unwrap();
    let own = one.messages().await.last_event_id.unwrap();
    let events = format!("/sessions/{}/events", one.id());
    let future = format!("{}-{}", own.rsplit_once('-').unwrap().0, u64::MAX);
    for last in [of_two.as_str(), "x", &future, &own.replace(':', ";"), "\u{e9}"] {
        assert_eq!(first_event(client, &events, last).await, "resync", "{last}");
    }
    assert_eq!(first_event(client, "/events", &own).await, "resync");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_places_from_elsewhere_are_refused() {
    places_from_elsewhere_are_refused(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_places_from_elsewhere_are_refused() {
    places_from_elsewhere_are_refused(Engine::Postgres).await;
}

async fn every_text_is_kept_as_it_is_or_refused(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let worker = worker_of(&stack, "ada").await;
    let session = worker.session("demo/fast").await;
    let (client, list) = (session.client(), messages(&session));
    let send = |json: String| format!(r#"{{"messageId":"{}","content":"{json}"}}"#, id::random());
    for (json, wanted) in [
        // Half of a pair is no character.
        ("a\\ud800b", (400, "malformed", "")),
        ("\\udc00\\ud800", (400, "malformed", "")),
        ("a\\u0000b", (422, "invalid-value", "/content")),
        ("\\u0000", (422, "invalid-value", "/content")),
        ("\\ud83d", (400, "malformed", "")),
    ] {
        let (status, slug, pointer) = answer(client, Method::POST, &list, &send(json.into())).await;
        assert_eq!((status, slug.as_str(), pointer.as_str()), wanted, "{json}");
    }
    // A megabyte in a message, as large as a body may be, and larger: it is said what is too large.
    for (length, wanted) in [(129 * 1024, 422), (1_000_000, 422), (1024 * 1024 - 80, 413), (1024 * 1024, 413)] {
        let (status, ..) = answer(client, Method::POST, &list, &send("x".repeat(length))).await;
        assert_eq!(status, wanted, "{length} bytes");
    }
    // Everything else is a person's own affair, and comes back as it went in.
    let odd = [
        "a pair: \u{1f600}",
        "controls: \u{1}\u{7}\u{8}\u{1b}[31m\u{7f}\u{85}",
        "separators: \u{2028}\u{2029}",
        "right to left: \u{202e}cod.exe\u{202c}",
        "no characters: \u{fffe}\u{ffff}\u{fffd}",
        "combining: e\u{301}\u{301}\u{301}",
        "lines: a\r\nb\rc\u{b}d\u{c}e",
        "'; DROP TABLE chat_messages; --",
        "{{wildcard(1)}} $1 %s \\u0000 \\",
        "id: x\nevent: removed\ndata: {}",
    ];
    for text in odd {
        let content = format!("echo {text}");
        let sent = session.send(&content).await;
        let reply = session.reply_to(&sent).await;
        assert_eq!(reply.content, text);
        let all = session.messages().await.items;
        assert_eq!(all.iter().find(|message| message.message_id == sent.message_id).unwrap().content, content);
    }
    // The longest message of all.
    let longest = format!("echo {}", "ü".repeat((128 * 1024 - 5) / 2));
    assert_eq!(session.reply_to(&session.send(&longest).await).await.content, longest[5..]);
    // All of it is in an export, too.
    let export: Value = client.get(&format!("/sessions/{}/export?format=json", session.id())).await.unwrap();
    assert_eq!(export["messages"].as_array().unwrap().len(), 2 * odd.len() + 2);
    for (message, text) in export["messages"].as_array().unwrap().iter().skip(1).step_by(2).zip(odd) {
        assert_eq!(message["content"], text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_text_is_kept_as_it_is_or_refused() {
    every_text_is_kept_as_it_is_or_refused(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_every_text_is_kept_as_it_is_or_refused() {
    every_text_is_kept_as_it_is_or_refused(Engine::Postgres).await;
}
