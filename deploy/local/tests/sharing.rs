//! What somebody who has a link sees, and who does not have one any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use muster_testkit::stack::{Engine, Session, Setup, Stack};
use reqwest::Method;
use serde_json::{Value, json};

#[expect(clippy::disallowed_methods, reason = "the link is for a person's time, not for a test's")]
fn tomorrow() -> u128 {
    (SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_hours(24)).as_millis()
}

/// The secret of a new link.
async fn share(session: &Session) -> String {
    let path = format!("/sessions/{}/share", session.id());
    let link: Value = session.client().post(&path, &json!({ "expiresAt": tomorrow() })).await.unwrap();
    let secret = link["secret"].as_str().unwrap().to_owned();
    assert_eq!(link["path"], format!("/shared/{secret}"));
    secret
}

async fn read(stack: &Stack, secret: &str) -> (u16, String) {
    let answer = stack.stranger().request(Method::GET, &format!("/shared/{secret}")).send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(header("cache-control"), "no-store");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_the_session_and_nothing_of_whose_it_is_or_where_it_runs() {
    let stack = Stack::start().await;
    let ada = stack.person("adathegreat").await;
    let machine = ada.machine("desk").await;
    let worker = machine.worker().await.started(&stack).await.approved().await;
    let (session, other) = (worker.session("demo/fast").await, worker.session("demo/fast").await);
    other.reply_to(&other.send("echo elsewhere").await).await;
    for number in 0..4 {
        session.reply_to(&session.send(&format!("echo number {number}")).await).await;
    }
    session.send("ask").await;
    let mine: Value = ada.client().get(&format!("/sessions/{}", session.id())).await.unwrap();
    assert!(mine["sharedUntil"].is_null());
    let secret = share(&session).await;
    let mine: Value = ada.client().get(&format!("/sessions/{}", session.id())).await.unwrap();
    assert!(mine["sharedUntil"].is_number());

    let (status, text) = read(&stack, &secret).await;
    assert_eq!(status, 200, "{text}");
    let me: Value = ada.client().get("/auth/me").await.unwrap();
    let directory = mine["directory"].as_str().unwrap();
    let secrets = [me["userId"].as_str().unwrap(), "adathegreat", worker.id(), machine.id(), directory, other.id()];
    for told in secrets {
        assert!(!text.contains(told), "{told}: {text}");
    }
    let page: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(page["items"][1]["content"], "number 0");
    // Page by page, backwards as anywhere.
    let older = page["items"][2]["messageId"].as_str().unwrap();
    let path = format!("/shared/{secret}?limit=1&before={older}");
    let older: Value = stack.stranger().get(&path).await.unwrap();
    assert_eq!((&older["items"][0]["content"], older["nextBefore"].is_string()), (&json!("number 0"), true));
    assert_eq!(stack.stranger().get::<Value>(&format!("{path}x")).await.unwrap_err().status(), Some(422));
    // What comes later is shown, too, and nothing can be done.
    let sent = session.send("echo later").await;
    assert!(read(&stack, &secret).await.1.contains(&sent.message_id));
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        let answer = stack.stranger().request(method, &format!("/shared/{secret}")).send().await.unwrap();
        assert_eq!(answer.status(), 405);
    }
    // The page that shows it keeps as quiet.
    let answer = reqwest::get(format!("{}/shared/{secret}", stack.url())).await.unwrap();
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers()["x-robots-tag"], "noindex, nofollow");
    let log: Value = ada.client().get("/audit?action=session.shared").await.unwrap();
    assert!(!log.to_string().contains(&secret), "{log}");
}

async fn a_link_that_ended_is_as_one_that_never_was(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let (admin, ada) = (stack.admin().await, stack.person("ada").await);
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let never = read(&stack, "V1StGXR8_Z5jdHi6B-myTV1StGXR8_Z5jdHi6B-myTV").await;
    assert_eq!(never.0, 404);
    assert_eq!(read(&stack, "x").await, never);
    let path = format!("/sessions/{}", session.id());

    let first = share(&session).await;
    let second = share(&session).await;
    assert_eq!(read(&stack, &first).await, never, "another took its place");
    assert_eq!(read(&stack, &second).await.0, 200);
    ada.client().send(Method::DELETE, &format!("{path}/share"), None).await.unwrap();
    assert_eq!(read(&stack, &second).await, never);

    let third = share(&session).await;
    ada.client().post::<Value>(&format!("{path}/end"), &json!({})).await.unwrap();
    assert_eq!(read(&stack, &third).await, never, "with the session");
    let fourth = share(&session).await;
    let me: Value = ada.client().get("/auth/me").await.unwrap();
    let account = format!("/users/{}", me["userId"].as_str().unwrap());
    let disabled = json!({ "disabled": true });
    admin.client().send(Method::PATCH, &account, Some(&disabled)).await.unwrap();
    assert_eq!(read(&stack, &fourth).await, never, "with the account, at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_link_that_ended_is_as_one_that_never_was() {
    a_link_that_ended_is_as_one_that_never_was(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_link_that_ended_is_as_one_that_never_was() {
    a_link_that_ended_is_as_one_that_never_was(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_kept_nowhere_and_tried_only_so_often() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    // Not even as an answer that is kept for whoever asks again.
    let ask = async || {
        let request = ada.client().request(Method::POST, &format!("/sessions/{}/share", session.id()));
        let body = json!({ "expiresAt": tomorrow() });
        let answer = request.header("idempotency-key", "k").json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned()
    };
    let (first, second) = (ask().await, ask().await);
    assert_ne!(first, second);
    read(&stack, &second).await;
    for entry in std::fs::read_dir(stack.home()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        for secret in [&first, &second] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the secret is in {}", path.display());
        }
    }
    let tries = (0..400).map(|number| {
        let client = stack.stranger();
        async move {
            let answer = client.request(Method::GET, &format!("/shared/{number}")).send().await.unwrap();
            (answer.status().as_u16(), answer.headers().contains_key("retry-after"))
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert!(answers.iter().all(|answer| matches!(answer, (404, false) | (429, true))), "{answers:?}");
    assert!(answers.contains(&(429, true)), "one address may not try for ever");
}
