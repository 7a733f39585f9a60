//! Browsers that nobody looks at are told, by way of a push service.

use muster_testkit::{
    client::{Client, ClientError},
    push_service::PushService,
    stack::{Engine, PASSWORD, Part, Setup, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};

async fn stack(engine: Engine, service: &PushService) -> Stack {
    Setup::on(engine).setting("MUSTER_PUSH_SERVICES", service.url()).start().await
}

async fn subscribe(client: &Client, service: &PushService) -> String {
    let made = client.post::<Value>("/push/subscriptions", &service.subscription()).await.unwrap();
    made["subscriptionId"].as_str().unwrap().to_owned()
}

/// The subscription of this sign-in's browser.
async fn told(client: &Client) -> Value {
    client.get::<Value>("/push/key").await.unwrap()["subscriptionId"].clone()
}

async fn what_is_worth_it_is_told_to_whom_it_concerns(engine: Engine) {
    let service = PushService::start().await.unwrap();
    let stack = stack(engine, &service).await;
    let admin = stack.admin().await;
    let client = admin.client();
    let key = client.get::<Value>("/push/key").await.unwrap();
    assert_eq!(key["key"].as_str().unwrap().len(), 87, "an uncompressed point");
    assert_eq!(key["subscriptionId"], Value::Null);
    assert_eq!(client.get::<Value>("/push/key").await.unwrap(), key, "it stays");

    let subscription = subscribe(client, &service).await;
    assert_eq!(told(client).await, json!(subscription));
    let running = admin.machine("desk").await.worker().await.started(&stack).await;
    let asks = service.next().await.unwrap();
    assert_eq!(asks.notice["kind"], "worker_asks");
    assert_eq!(asks.notice["workerId"], running.id());
    let worker = running.approved().await;

    // A reply that is read meanwhile is no news; the question after it is.
    let session = worker.session("demo/fast").await;
    let read = session.send("echo read at once").await;
    let reply = session.reply_to(&read).await;
    let path = format!("/sessions/{}/read", session.id());
    let body = json!({ "messageId": reply.message_id });
    client.send(Method::POST, &path, Some(&body)).await.unwrap();
    session.send("ask").await;
    let asked = service.next().await.unwrap();
    assert_eq!(asked.notice["kind"], "needs_you");
    assert_eq!(asked.notice["chatSessionId"], session.id());
    assert_eq!(asked.notice["title"], "echo read at once", "what the session is called");
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    assert!(
        header("authorization").starts_with("vapid t=")
            && header("authorization").ends_with(key["key"].as_str().unwrap())
    );
    assert_eq!(
        (header("ttl"), header("urgency"), header("topic")),
        ("43200".into(), "high".into(), session.id().into())
    );

    let other = worker.session("demo/fast").await;
    other.send("echo done").await;
    let done = service.next().await.unwrap();
    assert_eq!((&done.notice["kind"], &done.notice["chatSessionId"]), (&json!("done"), &json!(other.id())));
    assert_eq!(done.notice["workerId"], worker.id());

    // A browser that takes none any more is forgotten.
    service.answers(410);
    worker.session("demo/fast").await.send("echo for nobody").await;
    service.next().await.unwrap();
    let gone = "muster_push_notices_total{outcome=\"gone\"}";
    stack.until_counts(Part::Api, |counts| counts[gone] == 1.0).await;
    let path = format!("/push/subscriptions/{subscription}");
    refused(client.send(Method::DELETE, &path, None).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_what_is_worth_it_is_told_to_whom_it_concerns() {
    what_is_worth_it_is_told_to_whom_it_concerns(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_what_is_worth_it_is_told_to_whom_it_concerns() {
    what_is_worth_it_is_told_to_whom_it_concerns(Engine::Postgres).await;
}

fn refused(result: Result<reqwest::Response, ClientError>, status: u16) {
    let error = result.err().unwrap_or_else(|| panic!("taken instead of {status}"));
    assert_eq!(error.status(), Some(status), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_push_services_are_sent_to_and_only_for_the_browser_that_asks() {
    let service = PushService::start().await.unwrap();
    let stack = stack(Engine::Sqlite, &service).await;
    let (ada, bob) = (stack.admin().await, stack.person("bob").await);
    let post = async |body: Value| ada.client().send(Method::POST, "/push/subscriptions", Some(&body)).await;
    let with = |pointer: &str, value: Value| {
        let mut body = service.subscription();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for address in ["http://127.0.0.1:1/send", "http://169.254.169.254/", "https://evil.example/", "nonsense", ""] {
        refused(post(with("/endpoint", json!(address))).await, 422);
    }
    for key in ["", "AAAA", "not base64!"] {
        refused(post(with("/keys/p256dh", json!(key))).await, 422);
        refused(post(with("/keys/auth", json!(key))).await, 422);
    }
    let subscription = subscribe(ada.client(), &service).await;
    let elsewhere = stack.stranger();
    elsewhere.sign_in("admin", PASSWORD).await.unwrap();
    assert_eq!((told(&elsewhere).await, told(bob.client()).await), (Value::Null, Value::Null));
    let path = format!("/push/subscriptions/{subscription}");
    refused(bob.client().send(Method::DELETE, &path, None).await, 404);
    ada.client().send(Method::DELETE, &path, None).await.unwrap();
    refused(ada.client().send(Method::DELETE, &path, None).await, 404);

    let off = Setup::on(Engine::Sqlite).setting("MUSTER_PUSH_SERVICES", "").start().await;
    refused(off.admin().await.client().send(Method::GET, "/push/key", None).await, 409);
}
