//! What one user can learn of another over HTTP: nothing, on any path that the API's document has.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod document;
#[path = "../ways/mod.rs"]
mod ways;

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use muster_contracts::{id, permissions::ServiceUser};
use muster_testkit::{
    client::Client,
    push_service::PushService,
    stack::{Engine, Person, Running, Setup, Stack},
    wire::Wire,
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::document::{Operation, operations};

type Ids = BTreeMap<&'static str, String>;

/// Everything that Ada has, of each kind that a path can name.
struct Ada {
    person: Person,
    worker: Running,
    /// By the names of the paths' parameters.
    ids: Ids,
    _second_key: Wire,
}

const SECRET: &str = "ada-told-nobody-else-of-this";

impl Ada {
    async fn with_all_that_one_can_have(stack: &Stack, admin: &Person) -> Self {
        let person = stack.person("ada").await;
        let client = person.client();
        let machine = person.machine("adas-machine").await;
        let waiting = machine.worker().await;
        let another = waiting.bare(stack);
        let worker = waiting.started(stack).await.approved().await;
        let session = worker.session("demo/fast").await;
        let asking = session.send("ask").await;
        let (second_key, _) = another.connect().await;

        let request = find(client, "/requests", "requestId").await;
        let device = find(client, "/auth/devices", "deviceId").await;
        let user = client.get::<Value>("/auth/me").await.unwrap()["userId"].as_str().unwrap().to_owned();
        let token = json!({ "name": "adas", "scopes": ["read"] });
        let token = client.post::<Value>("/tokens", &token).await.unwrap()["tokenId"].as_str().unwrap().to_owned();
        let (passkey, identity) = ways::of(stack.database(ServiceUser::Api), &user).await;
        let invitation = admin.client().post::<Value>("/invitations", &json!({})).await.unwrap();
        let seen = worker.until("asked for by another key", |worker| !worker.registrations.is_empty()).await;
        let attachment = attached(client).await;
        let subscription = client.post::<Value>("/push/subscriptions", &PushService::nowhere()).await.unwrap();
        let subscription = subscription["subscriptionId"].as_str().unwrap().to_owned();
        let ids = BTreeMap::from([
            ("attachmentId", attachment),
            ("machineId", machine.id().to_owned()),
            ("workerId", worker.id().to_owned()),
            ("id", session.id().to_owned()),
            ("messageId", asking.message_id),
            ("requestId", request),
            ("fingerprint", seen.registrations[0].fingerprint.clone()),
            ("deviceId", device),
            ("tokenId", token),
            ("userId", user),
            ("passkeyId", passkey),
            ("subscriptionId", subscription),
            ("secret", "a_link_that_is_none".to_owned()),
            ("identityId", identity),
            // No provider is set up, so nothing is there for anybody.
            ("provider", "sso".to_owned()),
            ("invitationId", invitation["invitationId"].as_str().unwrap().to_owned()),
        ]);
        Self { person, worker, ids, _second_key: second_key }
    }

    /// Everything as its owner sees it.
    async fn all(&self, operations: &[Operation]) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        // The audit log is written behind what it tells.
        let lasting = |it: &&Operation| it.method == Method::GET && !matches!(it.tag.as_str(), "events" | "audit");
        for operation in operations.iter().filter(|it| !it.public).filter(lasting) {
            let path = operation.at(&self.ids);
            // An administrator's are not hers to see.
            let seen = self.person.client().get::<Value>(&path).await.unwrap_or_default();
            let hers = !operation.parameters.is_empty() && operation.tag != "users";
            assert!(!hers || !seen.is_null(), "{path}");
            all.insert(path, without_signs_of_life(seen));
        }
        all
    }
}

/// Heartbeats and the time go on, and change nothing else.
fn without_signs_of_life(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !matches!(name.as_str(), "lastHeartbeat" | "lastSeen" | "lastEventId" | "exportedAt")
            });
            fields.values_mut().for_each(|field| *field = without_signs_of_life(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_signs_of_life(item.take())),
        _ => {}
    }
    value
}

/// A file of hers, whose bytes are JSON as all else is.
async fn attached(client: &Client) -> String {
    const FORM: &str =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n\r\n\"adas-file\"\r\n--b--\r\n";
    let form = client.request(Method::POST, "/attachments").header("content-type", "multipart/form-data; boundary=b");
    let answer = form.body(FORM).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<Value>().await.unwrap()["attachmentId"].as_str().unwrap().to_owned()
}

/// The first one's id, once there is one.
async fn find(client: &Client, path: &str, id: &str) -> String {
    let looking = async {
        loop {
            let list = client.get::<Value>(path).await.unwrap();
            if let Some(found) = list["items"][0][id].as_str() {
                return found.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), looking)
        .await
        .unwrap_or_else(|_| panic!("nothing at {path}"))
}

/// How somebody shows who they are.
enum Shows<'a> {
    Cookie(&'a Client),
    Token(&'a Client, String),
}

impl Shows<'_> {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        match self {
            Self::Cookie(client) => client.request(method, path),
            Self::Token(nobody, secret) => nobody.request(method, path).bearer_auth(secret),
        }
    }
}

async fn answer(request: RequestBuilder, body: Option<String>) -> (u16, String) {
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What a stranger is told: that there is no such thing. Only where a role or a person's own sign-in is asked for is it
/// that instead, before anything is looked for.
fn refusal(operation: &Operation, bob: &Shows<'_>) -> u16 {
    match (operation.tag.as_str(), bob) {
        ("invitations" | "users", _) | ("auth" | "tokens" | "push", Shows::Token(..)) => 403,
        _ => 404,
    }
}

async fn is_told_nothing(bob: &Shows<'_>, operations: &[Operation], ada: &Ids) {
    // What is nobody's is answered alike, so that nobody learns what there is.
    let nobodys = ada.keys().map(|name| {
        let made_up = if *name == "fingerprint" { "a".repeat(32) } else { id::random() };
        (*name, made_up)
    });
    let nobodys = nobodys.collect::<Ids>();
    let mut tried = 0;
    // What is public is nobody's.
    for operation in operations.iter().filter(|it| !it.parameters.is_empty() && !it.public) {
        let (path, elsewhere) = (operation.at(ada), operation.at(&nobodys));
        for query in ["", "?nonsense=1"] {
            for body in operation.bodies(ada) {
                let told = answer(bob.ask(operation.method.clone(), &format!("{path}{query}")), body.clone()).await;
                let what = format!("{} {path}{query} {body:?}", operation.method);
                assert_eq!(told.0, refusal(operation, bob), "{what}: {told:?}");
                let made_up = format!("{elsewhere}{query}");
                let same = answer(bob.ask(operation.method.clone(), &made_up), body).await;
                assert_eq!(told, same, "{what}: what is there is answered as what is not");
                tried += 1;
            }
        }
    }
    // Own collections are Bob's, and have nothing of Ada's in them.
    for operation in operations.iter().filter(|it| it.parameters.is_empty() && it.tag != "events") {
        if operation.method == Method::GET {
            for query in ["".to_owned(), format!("?workerId={}", ada["workerId"])] {
                let path = format!("{}{query}", operation.path);
                let (_, text) = answer(bob.ask(Method::GET, &path), None).await;
                assert!(!names(&text, ada), "{path}: {text}");
                tried += 1;
            }
        }
    }
    println!("{tried} requests were told nothing");
}

/// What is hers cannot be reached by way of what is his.
async fn finds_nothing_of_hers_in_his(bob: &Shows<'_>, operations: &[Operation], ada: &Ids, bobs: &Ids) {
    for operation in operations.iter().filter(|it| it.parameters.len() > 1) {
        let mut mixed = ada.clone();
        for name in &operation.parameters[..operation.parameters.len() - 1] {
            let (name, id) = bobs.get_key_value(name.as_str()).unwrap_or_else(|| panic!("give Bob a {name}"));
            mixed.insert(*name, id.clone());
        }
        let path = operation.at(&mixed);
        let body = operation.bodies(ada).remove(0);
        let (status, text) = answer(bob.ask(operation.method.clone(), &path), body).await;
        assert_eq!(status, 404, "{} {path}: {text}", operation.method);
    }
}

async fn is_asked_who_it_is(nobody: &Client, operations: &[Operation], ada: &Ids) {
    for operation in operations.iter().filter(|it| !it.public) {
        for body in operation.bodies(ada) {
            let path = operation.at(ada);
            let (status, text) = answer(nobody.request(operation.method.clone(), &path), body).await;
            assert_eq!(status, 401, "{} {path}: {text}", operation.method);
        }
    }
}

fn names(text: &str, ada: &Ids) -> bool {
    text.contains(SECRET) || ada.values().any(|id| text.contains(id.as_str()))
}

/// Everything that an event stream brings, until it has told of `last`.
fn follow(request: RequestBuilder, last: &'static str) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let (mut body, mut told) = (answer.bytes_stream(), String::new());
        while !told.contains(last) {
            told.push_str(&String::from_utf8_lossy(&body.next().await.expect("it goes on").unwrap()));
        }
        told
    })
}

/// Ids of events of hers: in her own stream, and in that of a session.
async fn places(ada: &Ada) -> (String, String) {
    let client = ada.person.client();
    let last_id =
        |told: String| told.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned();
    let session = ada.worker.session("demo/fast").await;
    let hers = follow(client.request(Method::GET, "/events"), "adas-marked-machine");
    let of_session = follow(client.request(Method::GET, &format!("/sessions/{}/events", session.id())), "marked-text");
    ada.person.machine("adas-marked-machine").await;
    session.reply_to(&session.send("echo marked-text").await).await;
    (last_id(hers.await.unwrap()), last_id(of_session.await.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_user_exists_for_another() {
    const LAST: &str = "bobs-last-machine";
    // It asks more in a second than anybody may.
    let stack = Setup::on(Engine::Sqlite).setting("MUSTER_REQUESTS_PER_MINUTE", 1_000_000);
    let stack = stack.setting("MUSTER_PUSH_SERVICES", PushService::NOWHERE).start().await;
    let admin = stack.admin().await;
    let ada = Ada::with_all_that_one_can_have(&stack, &admin).await;
    let bob = stack.person("bob").await;
    let mut secrets = Vec::new();
    for scopes in [json!(["read", "chat", "manage"]), json!(["read"])] {
        let made = json!({ "name": "bobs", "scopes": scopes });
        let made = bob.client().post::<Value>("/tokens", &made).await.unwrap();
        secrets.push(made["secret"].as_str().unwrap().to_owned());
    }
    let nobody = stack.stranger();
    let document = nobody.get::<Value>("/openapi.json").await.unwrap();
    let operations = operations(&document);
    let streams = json!({ "sessions": { ada.ids["id"].clone(): null } });
    let mut follows = vec![
        follow(bob.client().request(Method::GET, "/events"), LAST),
        follow(bob.client().request(Method::POST, "/events").json(&streams), LAST),
        follow(nobody.request(Method::GET, "/events").bearer_auth(&secrets[1]), LAST),
    ];
    // He goes on where she was, in her streams.
    let (hers, of_session) = places(&ada).await;
    for place in [&hers, &of_session] {
        let request = bob.client().request(Method::GET, "/events").header("last-event-id", place);
        follows.push(follow(request, LAST));
        let streams = json!({ "user": place, "sessions": { ada.ids["id"].clone(): of_session } });
        follows.push(follow(bob.client().request(Method::POST, "/events").json(&streams), LAST));
    }
    let before = ada.all(&operations).await;

    is_asked_who_it_is(&nobody, &operations, &ada.ids).await;
    is_told_nothing(&Shows::Cookie(bob.client()), &operations, &ada.ids).await;
    let his = bob.machine("bobs-machine").await.worker().await.started(&stack).await.approved().await;
    let bobs = Ids::from([("workerId", his.id().to_owned()), ("id", his.session("demo/fast").await.id().to_owned())]);
    for shows in [Shows::Cookie(bob.client()), Shows::Token(&nobody, secrets[0].clone())] {
        finds_nothing_of_hers_in_his(&shows, &operations, &ada.ids, &bobs).await;
    }
    for secret in secrets {
        is_told_nothing(&Shows::Token(&nobody, secret), &operations, &ada.ids).await;
    }
    assert_eq!(before, ada.all(&operations).await, "and nothing of hers has changed");

    // Things happen at Ada's, and Bob's streams are awake.
    ada.person.machine("adas-second-machine").await;
    let session = ada.worker.session("demo/fast").await;
    let sent = session.send(&format!("echo {SECRET}")).await;
    assert_eq!(session.reply_to(&sent).await.content, SECRET);
    bob.machine(LAST).await;
    for (number, follow) in follows.into_iter().enumerate() {
        let told = follow.await.unwrap();
        // Of what Bob named himself he is told that it is not his.
        let told = told.replace(&format!(r#"{{"entity":"session","id":"{}"}}"#, ada.ids["id"]), "");
        assert!(!names(&told, &ada.ids) && !told.contains("adas-"), "stream {number}: {told}");
    }
}
