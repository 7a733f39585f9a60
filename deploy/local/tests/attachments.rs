//! A file from the browser to the agent and back, over everything that is real.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::Duration;

use async_nats::{ConnectOptions, jetstream};
use data_encoding::HEXLOWER;
use muster_contracts::{id, objects::ATTACHMENTS, permissions::ServiceUser, subject::service_inbox};
use muster_testkit::{
    client::Client,
    stack::{Engine, Setup, Stack},
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const BOUNDARY: &str = "----a-boundary";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde";
const MB: usize = 1024 * 1024;
const LOOK: Duration = Duration::from_millis(20);

/// A form with one file, as a browser sends it.
fn form(name: &str, told_kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {told_kind}\r\n\r\n"
    );
    [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

async fn post(client: &Client, body: Vec<u8>) -> (u16, Value) {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = client.request(Method::POST, "/attachments").header("content-type", kind).body(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn upload(client: &Client, name: &str, bytes: &[u8]) -> Value {
    let (status, attachment) = post(client, form(name, "application/octet-stream", bytes)).await;
    assert_eq!(status, 201, "{attachment}");
    attachment
}

async fn get(client: &Client, attachment: &Value) -> Response {
    let path = format!("/attachments/{}", attachment["attachmentId"].as_str().unwrap());
    client.request(Method::GET, &path).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

async fn journey(engine: Engine) {
    let stack = Setup::on(engine).start().await;
    let admin = stack.admin().await;
    let client = admin.client();
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    // An image of several pieces, and text; what is told of their kinds does not count.
    let image = [PNG, &(0..3 * MB).map(|index| u8::try_from(index % 251).unwrap()).collect::<Vec<_>>()].concat();
    let page = "<!doctype html><script>alert(1)</script> äöü";
    let picture = upload(client, "C:\\\\holiday\\\\Möwe \u{202e}.png", &image).await;
    let text = upload(client, "../../page.html", page.as_bytes()).await;
    assert_eq!((&picture["name"], &picture["mediaType"]), (&json!("Möwe .png"), &json!("image/png")));
    assert_eq!((&text["name"], &text["mediaType"]), (&json!("page.html"), &json!("text/plain")));
    assert_eq!(picture["size"], json!(image.len()));

    let answer = get(client, &picture).await;
    assert_eq!((header(&answer, "content-type"), header(&answer, "x-content-type-options")), ("image/png", "nosniff"));
    assert_eq!(header(&answer, "content-disposition"), "inline; filename*=UTF-8''M%C3%B6we%20.png");
    assert!(header(&answer, "content-security-policy").starts_with("sandbox; default-src 'none'"));
    assert!(
        header(&answer, "cache-control").contains("private") && header(&answer, "cache-control").contains("immutable")
    );
    assert_eq!(answer.content_length(), Some(image.len() as u64));
    assert!(answer.bytes().await.unwrap() == image);
    let answer = get(client, &text).await;
    assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8");
    assert!(header(&answer, "content-disposition").starts_with("attachment;"));
    assert_eq!(answer.text().await.unwrap(), page);

    let ids = json!([picture["attachmentId"], text["attachmentId"]]);
    let path = format!("/sessions/{}/messages", session.id());
    let message = json!({ "messageId": id::random(), "content": "attachments", "attachments": ids });
    let sent = client.post::<Value>(&path, &message).await.unwrap();
    assert_eq!(sent["attachments"], json!([picture, text]));
    let listed = client.get::<Value>(&path).await.unwrap();
    assert_eq!(listed["items"][0]["attachments"], json!([picture, text]));
    let reply = loop {
        let listed = client.get::<Value>(&path).await.unwrap();
        if listed["items"][1]["completed"] == json!(true) {
            break listed["items"][1].clone();
        }
        assert!(listed["items"].as_array().unwrap().len() < 3);
        tokio::time::sleep(LOOK).await;
    };
    let line = |name: &str, kind: &str, bytes: &[u8]| {
        format!("{name} {kind} {} {}\n", bytes.len(), HEXLOWER.encode(&Sha256::digest(bytes)))
    };
    let expected = line("Möwe .png", "image/png", &image) + &line("page.html", "text/plain", page.as_bytes());
    assert_eq!(reply["content"], json!(expected), "the agent has every byte");
    assert_eq!(reply["attachments"], json!([]));

    // A model that sees nothing is not asked; the page says so before anything is lost.
    let blind = worker.session("demo/slow/with/slashes").await;
    let again = upload(client, "a.png", PNG).await;
    let message = json!({ "messageId": id::random(), "content": "see", "attachments": [again["attachmentId"]] });
    let path = format!("/sessions/{}/messages", blind.id());
    let answer = client.request(Method::POST, &path).json(&message).send().await.unwrap();
    assert_eq!(answer.status(), 422);
    assert_eq!(answer.json::<Value>().await.unwrap()["type"], json!("/problems/no-images"));

    // Deleted with its session, and at once.
    client.send(Method::DELETE, &format!("/sessions/{}", session.id()), None).await.unwrap();
    assert_eq!(get(client, &picture).await.status(), 404);
    assert_eq!(get(client, &again).await.status(), 200);
    let path = format!("/attachments/{}", again["attachmentId"].as_str().unwrap());
    client.send(Method::DELETE, &path, None).await.unwrap();
    assert_eq!(get(client, &again).await.status(), 404);
    nothing_is_left(&stack).await;
}

/// Of nothing that was uploaded there is anything in the store.
async fn nothing_is_left(stack: &Stack) {
    let seed = stack.broker().credentials().seed(ServiceUser::Chat).unwrap();
    let options = ConnectOptions::with_nkey(seed).custom_inbox_prefix(service_inbox(ServiceUser::Chat.name()));
    let chat = jetstream::new(options.connect(stack.broker().url()).await.unwrap());
    let store = chat.get_stream(ATTACHMENTS.stream).await.unwrap();
    let waiting = async { while store.get_info().await.unwrap().state.messages > 0 {} };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("the store is empty in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_the_agent_as_it_was_uploaded_on_sqlite() {
    journey(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_the_agent_as_it_was_uploaded_on_postgres() {
    journey(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_attached_is_refused_and_leaves_nothing() {
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_ATTACHMENTS_WAITING_PER_USER", 2);
    let stack = setup.start().await;
    let admin = stack.admin().await;
    let client = admin.client();
    let file = |bytes: &[u8]| form("a.bin", "image/png", bytes);
    let cut = |body: Vec<u8>| body[..body.len() - 10].to_vec();
    let two = [&file(b"one")[..file(b"one").len() - BOUNDARY.len() - 6], &file(b"two")].concat();
    let field =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--{BOUNDARY}--\r\n");
    let late = [&vec![b'x'; 2 * MB], b"\xff".as_slice()].concat();
    for (what, body, status, slug) in [
        ("an empty file", file(b""), 422, "invalid-value"),
        ("a program", file(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), 415, "unsupported-file"),
        ("a PDF", file(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), 415, "unsupported-file"),
        ("Latin-1", file(b"K\xf6nig"), 415, "unsupported-file"),
        ("text with NUL", file(b"a\0b"), 415, "unsupported-file"),
        ("text that ends in rubbish", file(&late), 415, "unsupported-file"),
        ("more than 10 MB", file(&vec![b'x'; 10 * MB + 1]), 413, "too-large"),
        ("another field", field.into_bytes(), 400, "malformed"),
        ("two files", two, 400, "malformed"),
        ("half a form", cut(file(b"half")), 400, "malformed"),
        ("no form", b"hello".to_vec(), 400, "malformed"),
        ("nothing", Vec::new(), 400, "malformed"),
    ] {
        let (found, problem) = post(client, body).await;
        assert_eq!((found, &problem["type"]), (status, &json!(format!("/problems/{slug}"))), "{what}: {problem}");
    }
    let answer = client.request(Method::POST, "/attachments").json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 415);
    nothing_is_left(&stack).await;

    // The largest that may be, and then the quota.
    let largest = upload(client, "largest.txt", &vec![b'x'; 10 * MB]).await;
    assert_eq!(largest["size"], json!(10 * MB));
    let named = upload(client, &"n".repeat(400), b"x").await;
    assert_eq!(named["name"].as_str().unwrap().len(), 120);
    let (status, problem) = post(client, file(b"one too many")).await;
    assert_eq!((status, &problem["type"]), (429, &json!("/problems/too-many-attachments")));
    assert!(problem["detail"].as_str().unwrap().contains('2'), "it names the limit: {problem}");

    // Nobody else's.
    let bob = stack.person("bob").await;
    let (worker, own) = {
        let worker = bob.machine("bobs").await.worker().await.started(&stack).await.approved().await;
        let own = worker.session("demo/fast").await;
        (worker, own)
    };
    assert_eq!(get(bob.client(), &largest).await.status(), 404);
    let message = json!({ "messageId": id::random(), "content": "x", "attachments": [largest["attachmentId"]] });
    let path = format!("/sessions/{}/messages", own.id());
    let answer = bob.client().request(Method::POST, &path).json(&message).send().await.unwrap();
    let (status, problem) = (answer.status(), answer.json::<Value>().await.unwrap());
    assert_eq!((status.as_u16(), &problem["errors"][0]["pointer"]), (422, &json!("/attachments/0")));
    assert_eq!(get(client, &largest).await.status(), 200);
    drop(worker);
}
