//! Whatever is sent to whichever endpoint, a problem says which field is wrong, and nothing is half done.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod ways;

use std::time::Duration;

use muster_contracts::permissions::ServiceUser;
use muster_testkit::stack::{Engine, Person, Running, Setup, Stack};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

/// Above the longest message, so that its own limit is met first.
const LOOK: Duration = Duration::from_millis(20);
const BODY_LIMIT: usize = 200_000;
const ID: &str = "V1StGXR8_Z5jdHi6B-myT";
const WAITING: &str = "the_message_to_wait_1";
const FINGERPRINT: &str = "abcdefghijklmnopqrstuvwxyz234567";

/// A browser's public key, from RFC 8291.
const POINT: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

/// A good value of a field, so that the one that is bad is alone.
fn good(field: &str) -> Value {
    match field {
        "messageId" => json!(ID),
        "fingerprint" => json!(FINGERPRINT),
        "model" => json!("demo/fast"),
        "username" => json!("somebody"),
        "password" | "current" | "next" => json!("correct horse"),
        "scopes" => json!(["read"]),
        "credential" => json!({}),
        "endpoint" => json!("https://fcm.googleapis.com/fcm/send/x"),
        "keys" => json!({ "p256dh": POINT, "auth": "_ordMnz7uTCmrpBTeUV4Bw" }),
        _ => json!("x"),
    }
}

/// Values that a field must not have, whoever is asked; `None`: there is no such thing.
fn bad(schema: &str, field: &str) -> Option<Vec<Value>> {
    let longer = |than: usize| json!("x".repeat(than + 1));
    Some(match (schema, field) {
        ("Login", _) | ("ChangePassword", "current") | ("Register", "invitation") => return None,
        // Each says by its type alone what it may be, or is a value that only continues something.
        ("Streams", "user") | ("UpdateMachine", "hidden") | ("UpdateSession", "pinned") => return None,
        ("UpdateUser", "disabled") => return None,
        // What is in it is between the browser and the api's own tests of passkeys.
        (_, "credential") => return None,
        ("UpdateUser", "role") => vec![json!("owner"), json!("")],
        ("Streams", "sessions") => {
            let sessions = (0..51).map(|index| (format!("session-number-{index:06}"), Value::Null));
            vec![Value::Object(sessions.collect())]
        }
        (_, "username") => vec![json!(""), json!("ab"), json!("Some Body"), json!("a\u{7}bc"), longer(32)],
        (_, "password" | "next") => vec![json!(""), json!("7 chars"), longer(256)],
        (_, "expiresAt") => vec![json!(1), json!(-1)],
        (_, "scopes") => vec![json!([])],
        (_, "name") => vec![json!(""), json!(" \t"), json!("a\nb"), longer(64)],
        // An empty one takes it back.
        ("UpdateSession", "mode") => vec![json!("a\u{1b}b"), longer(64)],
        (_, "mode") => vec![json!(""), json!("a\u{1b}b"), longer(64)],
        (_, "title") => vec![json!(""), json!("  "), json!("a\u{1b}[2J"), longer(200)],
        (_, "model") => vec![json!(""), json!("no/such/model"), json!("demo/fast\n"), longer(256)],
        (_, "directory") => vec![json!("a\nb"), longer(4096)],
        (_, "content") => vec![json!(""), json!(" \n"), longer(128 * 1024)],
        (_, "after") => vec![json!("x"), json!(ID)],
        (_, "machineId" | "workerId" | "messageId" | "afterMessageId" | "replaces") => {
            vec![json!(""), json!("x"), json!(format!("{ID}x")), json!("V1StGXR8.Z5jdHi6B-myT")]
        }
        (_, "fingerprint") => vec![json!(""), json!("x"), json!(FINGERPRINT.to_uppercase())],
        ("Subscribe", "endpoint") => vec![json!(""), json!("x"), json!("http://127.0.0.1/"), longer(2048)],
        ("Subscribe", "keys") => vec![json!({ "p256dh": "x", "auth": "x" })],
        ("Subscribe", "expirationTime") => return None,
        (_, "attachments") => vec![json!(vec![ID; 11])],
        ("AnswerRequest", "optionId") => vec![json!(""), json!("never offered")],
        // They only go with an option, or with a question: chat's own tests answer both.
        ("AnswerRequest", "message" | "answers") => return None,
        other => panic!("{other:?} is new: say here what it must not be"),
    })
}

/// Values that a parameter of a query must not have; `None`: its type alone says what it may be, or it only continues or
/// looks for something.
fn bad_parameter(name: &str) -> Option<Vec<String>> {
    let longer = |than: usize| "x".repeat(than + 1);
    Some(match name {
        "limit" => vec!["0".into(), "201".into(), "-1".into(), "many".into(), String::new()],
        "cursor" => vec!["\u{7f}".into()],
        "before" => vec!["x".into()],
        "entity" | "action" | "status" | "format" => vec!["planet".into(), String::new()],
        "q" => vec![longer(200)],
        "path" | "directory" => vec![longer(4096)],
        "all" => vec!["perhaps".into()],
        "since" | "until" => vec!["yesterday".into(), "9".repeat(30)],
        "object" | "actor" | "lastEventId" => return None,
        other => panic!("{other} is new: say here what it must not be"),
    })
}

/// An endpoint that takes a body.
struct Endpoint {
    method: Method,
    path: String,
    name: String,
    schema: Value,
}

impl Endpoint {
    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.schema["properties"].as_object().unwrap().iter()
    }

    /// A body with what is needed, and this field.
    fn body(&self, field: &str, value: Value) -> Value {
        let needed = self.schema["required"].as_array().cloned().unwrap_or_default();
        let mut body: Map<_, _> =
            needed.iter().map(|name| (name.as_str().unwrap().to_owned(), good(name.as_str().unwrap()))).collect();
        body.insert(field.to_owned(), value);
        Value::Object(body)
    }
}

/// A person with one of each thing, and every endpoint of the document about them.
struct Scene {
    admin: Person,
    _worker: Running,
    endpoints: Vec<Endpoint>,
    /// Paths that are read, each with a parameter of its query.
    parameters: Vec<(String, String)>,
}

impl Scene {
    async fn set(stack: &Stack) -> Self {
        let admin = stack.admin().await;
        let machine = admin.machine("desk").await;
        let worker = machine.worker().await.started(stack).await.approved().await;
        let session = worker.session("demo/fast").await;
        // The first waits for a permission, so the second waits for the first.
        session.send("ask").await;
        let path = format!("/sessions/{}/messages", session.id());
        let waiting: Value =
            admin.client().post(&path, &json!({ "messageId": WAITING, "content": "x" })).await.unwrap();
        let asking = async {
            loop {
                let requests: Value = admin.client().get("/requests").await.unwrap();
                if let Some(request) = requests["items"][0]["requestId"].as_str() {
                    return request.to_owned();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let request = tokio::time::timeout(Duration::from_secs(30), asking).await.expect("the agent asks in time");
        let me: Value = admin.client().get("/auth/me").await.unwrap();
        let user = me["userId"].as_str().unwrap();
        let (passkey, _) = ways::of(stack.database(ServiceUser::Api), user).await;
        let ids = [
            ("{machineId}", machine.id()),
            ("{workerId}", worker.id()),
            ("{id}", session.id()),
            ("{messageId}", waiting["messageId"].as_str().unwrap()),
            ("{requestId}", &request),
            ("{userId}", user),
            ("{passkeyId}", &passkey),
        ];
        let document: Value = admin.client().get("/openapi.json").await.unwrap();
        let endpoints = endpoints(&document, &ids);
        let parameters = parameters(&document, &ids);
        Self { admin, _worker: worker, endpoints, parameters }
    }

    /// Sends something bad, and wants this status and pointer.
    async fn refuses(
        &self,
        endpoint: &Endpoint,
        body: impl Into<reqwest::Body>,
        kind: &str,
        wanted: (u16, Option<&str>),
    ) {
        let request = self.admin.client().request(endpoint.method.clone(), &endpoint.path);
        let body = body.into();
        let shown = body.as_bytes().map(|bytes| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned());
        let what = format!("{} {} {shown:?}", endpoint.method, endpoint.path);
        refused(request.header("content-type", kind).body(body), &what, wanted).await;
    }

    /// Reads with a bad query.
    async fn refuses_to_read(&self, path: &str, query: &[(&str, &str)], wanted: (u16, Option<&str>)) {
        let request = self.admin.client().request(Method::GET, path).query(query);
        refused(request, &format!("{path} {query:.60?}"), wanted).await;
    }

    /// All that a bad request could have changed.
    async fn state(&self) -> Vec<Value> {
        let mut state = Vec::new();
        for list in ["/machines", "/sessions", "/requests", "/tokens", "/invitations", "/users", "/auth/me"] {
            state.push(self.admin.client().get::<Value>(list).await.unwrap());
        }
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.path.ends_with("/messages")) {
            let mut messages: Value = self.admin.client().get(&endpoint.path).await.unwrap();
            messages["lastEventId"] = Value::Null;
            state.push(messages);
        }
        state
    }
}

/// Wants this status and pointer, and a problem that shows nothing of our inside.
async fn refused(request: RequestBuilder, what: &str, wanted: (u16, Option<&str>)) {
    let answer = request.send().await.unwrap();
    let (status, is_problem) = (
        answer.status().as_u16(),
        answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json"),
    );
    assert!(is_problem, "{what}: {status}");
    let text = answer.text().await.unwrap();
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, problem["errors"][0]["pointer"].as_str()), wanted, "{what}: {text}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 3), "{what}: {text}");
    for inside in ["panicked", "sqlx", "SELECT", ".rs:", "RUST_BACKTRACE"] {
        assert!(!text.contains(inside), "{what}: {text}");
    }
}

/// What is read with a query, but for what a browser is sent through by a provider or asks with a link's secret.
fn parameters(document: &Value, ids: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        if path.contains("/oidc/") || path.contains("{secret}") {
            continue;
        }
        let below = path.strip_prefix("/api/v1").unwrap();
        let below = ids.iter().fold(below.to_owned(), |path, (name, id)| path.replace(name, id));
        let parameters = operations["get"]["parameters"].as_array().into_iter().flatten();
        let names = parameters.filter(|parameter| parameter["in"] == "query").map(|parameter| &parameter["name"]);
        // Whose things it is about is looked at first.
        let names = names.map(|name| name.as_str().unwrap().to_owned()).filter(|name| name != "workerId");
        found.extend(names.map(|name| (below.clone(), name)));
    }
    assert!(found.len() > 20, "the document has queries");
    found
}

fn endpoints(document: &Value, ids: &[(&str, &str)]) -> Vec<Endpoint> {
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) else { continue };
            let below = path.strip_prefix("/api/v1").unwrap();
            let path = ids.iter().fold(below.to_owned(), |path, (name, id)| path.replace(name, id));
            assert!(!path.contains('{'), "{path}: say in Scene what this is");
            let method = method.to_uppercase().parse().unwrap();
            let schema = document["components"]["schemas"][name].clone();
            found.push(Endpoint { method, path, name: name.to_owned(), schema });
        }
    }
    assert!(found.len() > 15, "the document has bodies");
    found
}

/// Of another type than the field has.
fn wrong_type(schema: &Value) -> Value {
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let of_fields = schema["$ref"].is_string() || types.contains(&json!("object"));
    if of_fields || types.contains(&json!("array")) { json!("x") } else { json!({ "a": 1 }) }
}

fn takes_text(schema: &Value) -> bool {
    schema["type"] == "string" || schema["type"].as_array().is_some_and(|types| types.contains(&json!("string")))
}

async fn every_bad_body_is_refused_with_its_field_and_changes_nothing(engine: Engine) {
    const JSON: &str = "application/json";
    let stack = Setup::on(engine).setting("MUSTER_BODY_LIMIT", BODY_LIMIT).start().await;
    let scene = Scene::set(&stack).await;
    let before = scene.state().await;
    for endpoint in &scene.endpoints {
        for text in ["", "{", "[]", "null", "\"x\"", "{\"colour\":1}", "{\"a\":", "\u{feff}{}"] {
            scene.refuses(endpoint, text, JSON, (400, None)).await;
        }
        scene.refuses(endpoint, vec![b'{', 0xff, b'}'], JSON, (400, None)).await;
        scene.refuses(endpoint, "[".repeat(10_000), JSON, (400, None)).await;
        scene.refuses(endpoint, "{}", "text/plain", (415, None)).await;
        scene.refuses(endpoint, "a=b", "application/x-www-form-urlencoded", (415, None)).await;
        let large = format!("{{\"colour\":\"{}\"}}", "x".repeat(BODY_LIMIT));
        scene.refuses(endpoint, large, JSON, (413, None)).await;
        for needed in endpoint.schema["required"].as_array().into_iter().flatten() {
            let mut body = endpoint.body(needed.as_str().unwrap(), Value::Null);
            body.as_object_mut().unwrap().remove(needed.as_str().unwrap());
            let pointer = format!("/{}", needed.as_str().unwrap());
            scene.refuses(endpoint, body.to_string(), JSON, (422, Some(&pointer))).await;
        }
        for (field, schema) in endpoint.fields() {
            let pointer = format!("/{field}");
            let mut values = vec![wrong_type(schema)];
            if takes_text(schema) {
                values.push(json!("a\0b"));
            }
            values.extend(bad(&endpoint.name, field).unwrap_or_default());
            for value in values {
                let body = endpoint.body(field, value).to_string();
                scene.refuses(endpoint, body, JSON, (422, Some(&pointer))).await;
            }
        }
    }
    assert_eq!(scene.state().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_query_is_refused_with_its_parameter() {
    let stack = Stack::start().await;
    let scene = Scene::set(&stack).await;
    for (path, name) in &scene.parameters {
        let pointer = format!("/{name}");
        for value in bad_parameter(name).unwrap_or_default().iter().map(String::as_str).chain(["a\0b"]) {
            scene.refuses_to_read(path, &[(name, value)], (422, Some(&pointer))).await;
        }
        scene.refuses_to_read(path, &[("colour", "red")], (400, None)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_every_bad_body_is_refused_with_its_field_and_changes_nothing() {
    every_bad_body_is_refused_with_its_field_and_changes_nothing(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_every_bad_body_is_refused_with_its_field_and_changes_nothing() {
    every_bad_body_is_refused_with_its_field_and_changes_nothing(Engine::Postgres).await;
}

/// PostgreSQL takes no NUL in a text.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_cannot_be_is_that_of_nothing() {
    let stack = Setup::on(Engine::Postgres).start().await;
    let admin = stack.admin().await;
    let document: Value = admin.client().get("/openapi.json").await.unwrap();
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let below = path.strip_prefix("/api/v1").unwrap();
        let parts = below.split('/').map(|part| if part.starts_with('{') { "a%00b" } else { part });
        let bad = parts.collect::<Vec<_>>().join("/");
        for method in operations.as_object().unwrap().keys().filter(|_| bad != below) {
            let method: Method = method.to_uppercase().parse().unwrap();
            let request = admin.client().request(method.clone(), &bad).header("content-type", "application/json");
            let status = request.body("{}").send().await.unwrap().status();
            assert!(status.is_client_error(), "{method} {bad}: {status}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}
