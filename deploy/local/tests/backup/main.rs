//! A backup of an installation at work, and an installation made of it elsewhere.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

mod installation;
mod interrupted;
mod shown;
#[path = "../ways/mod.rs"]
mod ways;
mod worker;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use flate2::{Compression, write::GzEncoder};
use muster_contracts::id;
use muster_testkit::{client::Client, stack::Engine};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    installation::{Installation, PASSWORD, muster},
    shown::{Shown, get, until},
    worker::Worker,
};

/// What is counted to while the backup is made: as much as no test waits for.
const LONG: &str = "count 100000 every 5ms";
/// Milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
const FILE: &[u8] = b"attached: \xc3\xa4\xc3\xb6\xc3\xbc\n";

async fn session(client: &Client, worker: &str) -> String {
    let path = format!("/workers/{worker}/sessions");
    let made = client.post::<Value>(&path, &json!({ "model": "demo/fast" })).await.unwrap();
    made["chatSessionId"].as_str().unwrap().to_owned()
}

async fn send(client: &Client, session: &str, body: Value) -> String {
    let message = id::random();
    let mut all = json!({ "messageId": message });
    all.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    client.post::<Value>(&format!("/sessions/{session}/messages"), &all).await.unwrap();
    message
}

async fn messages(client: &Client, session: &str) -> Vec<Value> {
    get(client, &format!("/sessions/{session}/messages?limit=200")).await["items"].as_array().unwrap().clone()
}

/// Waits until the reply is there as `so` says, and returns it.
async fn reply(client: &Client, session: &str, message: &str, so: impl Fn(&Value) -> bool) -> Value {
    until(&format!("a reply to {message} in {session}"), async || {
        let reply = messages(client, session).await.into_iter().find(|shown| shown["replyTo"] == *message)?;
        so(&reply).then_some(reply)
    })
    .await
}

fn done(reply: &Value) -> bool {
    reply["completed"] == true
}

async fn attach(client: &Client) -> String {
    let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"note.txt\"\r\nContent-Type: text/plain\r\n\r\n";
    let body = [head.as_bytes(), FILE, b"\r\n--b--\r\n"].concat();
    let request =
        client.request(Method::POST, "/attachments").header("content-type", "multipart/form-data; boundary=b");
    let made = request.body(body).send().await.unwrap().json::<Value>().await.unwrap();
    made["attachmentId"].as_str().unwrap().to_owned()
}

/// The first event but beats that follows on this one.
async fn follows(client: &Client, path: &str, after: &str) -> String {
    let request = client.request(Method::GET, path).header("last-event-id", after);
    let mut answer = request.send().await.unwrap();
    let mut text = String::new();
    let reading = async {
        loop {
            text.push_str(&String::from_utf8_lossy(&answer.chunk().await.unwrap().expect("it goes on")));
            let kinds = text.lines().filter_map(|line| line.strip_prefix("event: "));
            if let Some(kind) = kinds.clone().find(|kind| *kind != "beat") {
                return kind.to_owned();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("an event")
}

/// Everything that the API shows is there again elsewhere, and goes on.
async fn journey(engine: Engine, locked: &[(&str, &str)]) {
    let home = tempfile::tempdir().unwrap();
    let first = Installation::start(engine, &home.path().join("first")).await;
    let admin = first.client();
    first.make_admin(&admin).await;
    let machine = admin.create_machine("desk").await.unwrap();
    let mut workers = Vec::new();
    for name in ["one", "two"] {
        let made = admin.create_worker(&machine.machine_id, Some(name)).await.unwrap();
        let worker = Worker::start(made, home.path(), first.url());
        worker.let_in(&admin).await;
        workers.push(worker);
    }
    // One that nobody has approved yet.
    let waiting = admin.create_worker(&machine.machine_id, Some("waiting")).await.unwrap();
    let id = workers[0].id();
    let token = admin.post::<Value>("/tokens", &json!({ "name": "ci", "scopes": ["read"] })).await.unwrap();
    admin.post::<Value>("/invitations", &json!({})).await.unwrap();

    let quiet = session(&admin, id).await;
    let attachment = attach(&admin).await;
    let said = send(&admin, &quiet, json!({ "content": "attachments", "attachments": [attachment] })).await;
    reply(&admin, &quiet, &said, done).await;
    let said = send(&admin, &quiet, json!({ "content": "tools 20" })).await;
    reply(&admin, &quiet, &said, done).await;
    let asking = session(&admin, id).await;
    let asked = send(&admin, &asking, json!({ "content": "ask" })).await;
    until("a request", async || {
        let requests = get(&admin, "/requests").await;
        (requests["items"].as_array()?.len() == 1).then_some(())
    })
    .await;
    let mut streaming = Vec::new();
    for number in 0..4 {
        let session = session(&admin, workers[number % 2].id()).await;
        let open = send(&admin, &session, json!({ "content": LONG })).await;
        let next = send(&admin, &session, json!({ "content": format!("count {}", number + 2) })).await;
        streaming.push((session, open, next));
    }
    for (session, open, _) in &streaming {
        until("some of the reply", async || {
            let path = format!("/sessions/{session}/messages?limit=200");
            let reply = get(&admin, &path).await;
            let items = reply["items"].as_array()?.clone();
            items.iter().any(|shown| shown["replyTo"] == **open && shown["isStreaming"] == true).then_some(())
        })
        .await;
    }
    let in_session = get(&admin, &format!("/sessions/{quiet}/messages")).await["lastEventId"].clone();
    let tomorrow = get(&admin, &format!("/sessions/{quiet}")).await["createdAt"].as_i64().unwrap() + DAY;
    let link = json!({ "expiresAt": tomorrow });
    let link = admin.post::<Value>(&format!("/sessions/{quiet}/share"), &link).await.unwrap();
    let link = link["path"].as_str().unwrap().to_owned();
    let shared = get(&first.client(), &link).await;
    let user = get(&admin, "/auth/me").await["userId"].as_str().unwrap().to_owned();
    ways::of(&first.database_of_the_api(), &user).await;
    let before = Shown::of(&admin, &[&quiet, &asking]).await;

    let file = home.path().join("muster.backup");
    first.backup(&file, locked).await;
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // They have gone on meanwhile: a backup does not stop anybody.
    for (session, open, _) in &streaming {
        let reply = reply(&admin, session, open, |_| true).await;
        assert_eq!(reply["isStreaming"], true, "{reply}");
    }
    let later = session(&admin, id).await;
    for worker in &workers {
        worker.stop().await;
    }
    first.stop().await;

    let second = Installation::restore(engine, &home.path().join("second"), &file, locked).await;
    let admin = second.client();
    admin.sign_in("admin", PASSWORD).await.unwrap();
    before.is_all_of(&Shown::of(&admin, &[&quiet, &asking]).await);
    assert_eq!(get(&second.client(), &link).await, shared, "a link that was given away is good there");
    let sessions = get(&admin, "/sessions?limit=200").await;
    assert!(!sessions.to_string().contains(&later), "what came later is not there");
    let events = format!("/sessions/{quiet}/events");
    assert_eq!(follows(&admin, &events, in_session.as_str().unwrap()).await, "resync");
    assert_eq!(follows(&admin, "/events", &before.user_event).await, "resync");
    let bytes = admin.request(Method::GET, &format!("/attachments/{attachment}")).send().await.unwrap();
    assert_eq!(bytes.bytes().await.unwrap(), FILE);
    let secret = token["secret"].as_str().or(token["token"].as_str()).expect("a secret");
    let me = reqwest::Client::new().get(format!("{}/api/v1/auth/me", second.url())).bearer_auth(secret);
    assert!(me.send().await.unwrap().status().is_success(), "API tokens are good there");

    for worker in &mut workers {
        worker.move_to(second.url()).await;
        let shown = worker.online(&admin).await;
        assert!(shown.registrations.is_empty(), "it needs no new approval: {shown:?}");
    }
    assert_eq!(admin.worker(&waiting.worker_id).await.unwrap().status, "pending_authorization");
    for (number, (session, open, next)) in streaming.iter().enumerate() {
        let reply_text = reply(&admin, session, open, done).await;
        let content = reply_text["content"].as_str().unwrap();
        let counted = (1..=content.lines().count()).map(|number| format!("{number}\n")).collect::<String>();
        assert!(!content.is_empty() && counted.starts_with(content), "{content}");
        assert_eq!(reply_text["status"], "interrupted", "its process is another one");
        admin.send(Method::POST, &format!("/sessions/{session}/continue"), None).await.unwrap();
        let answered = reply(&admin, session, next, done).await;
        let expected = (1..=number + 2).map(|number| format!("{number}\n")).collect::<String>();
        assert_eq!((&answered["status"], &answered["content"]), (&json!("completed"), &json!(expected)));
    }
    reply(&admin, &asking, &asked, done).await;
    until("no turn is open", async || {
        let sessions = get(&admin, "/sessions?limit=200").await;
        let busy = sessions["items"].as_array()?.iter().any(|session| session["activity"] != "idle");
        (!busy).then_some(())
    })
    .await;
    for worker in &workers {
        worker.stop().await;
    }
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_data_directory_at_work_goes_on_in_another() {
    journey(Engine::Sqlite, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_backup_of_an_installation_on_postgresql_goes_on_in_another() {
    journey(Engine::Postgres, &[("MUSTER_BACKUP_PASSPHRASE", "nobody will ever know")]).await;
}

/// Of the environment.
type Settings<'a> = &'a [(&'a str, &'a str)];

/// What a later Muster may write.
fn write_newer(file: &Path) {
    let manifest = json!({ "format": 2, "muster": "9.0.0", "unheard": "of" }).to_string();
    let compressed = GzEncoder::new(fs::File::create(file).unwrap(), Compression::fast());
    let mut archive = tar::Builder::new(compressed);
    let mut header = tar::Header::new_gnu();
    header.set_size(manifest.len() as u64);
    archive.append_data(&mut header, "manifest.json", manifest.as_bytes()).unwrap();
    archive.into_inner().unwrap().finish().unwrap();
}

/// What it printed, when it failed, without a word of a panic.
async fn refused(arguments: &[&Path], settings: &[(&str, &str)]) -> String {
    let output = muster(arguments.iter().map(|argument| argument.as_os_str().to_owned()), settings).await;
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !printed.contains("panicked"), "{arguments:?}: {printed}");
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_backup_is_refused_and_nothing_is_left_of_the_attempt() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let first = Installation::start(Engine::Sqlite, &at("first")).await;
    let (plain, locked) = (at("plain.backup"), at("locked.backup"));
    let secret = [("MUSTER_BACKUP_PASSPHRASE", "correct")];
    first.backup(&plain, &[]).await;
    first.backup(&locked, &secret).await;
    let again = refused(&["backup".as_ref(), &plain, "--data-dir".as_ref(), &at("first")], &[]).await;
    assert!(again.contains("exists already"), "{again}");
    assert!(!fs::read(&locked).unwrap().windows(8).any(|bytes| bytes == b"manifest"));
    first.stop().await;

    let whole = fs::read(&plain).unwrap();
    let (half, bent, foreign, empty) = (at("half.backup"), at("bent.backup"), at("foreign.txt"), at("empty"));
    fs::write(&half, &whole[..whole.len() - 100]).unwrap();
    let mut bytes = whole.clone();
    // In the checksum of it all; what is compressed may mean the same with another bit.
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    fs::write(&bent, bytes).unwrap();
    let newer = at("newer.backup");
    write_newer(&newer);
    fs::write(&foreign, "a letter to somebody").unwrap();
    fs::write(&empty, "").unwrap();
    let (target, nothing) = (at("second"), at("nothing"));
    let wrong = [("MUSTER_BACKUP_PASSPHRASE", "wrong")];
    let cases: [(&Path, Settings<'_>, &str); 8] = [
        (&half, &[], "cut off or has been damaged"),
        (&bent, &[], "cut off or has been damaged"),
        (&foreign, &[], "is not a backup of Muster"),
        (&empty, &[], "is not a backup of Muster"),
        (&newer, &[], "made by Muster 9.0.0 in the format 2"),
        (&nothing, &[], "No such file"),
        (&locked, &[], "it is locked with a passphrase"),
        (&locked, &wrong, "locked with another key or passphrase"),
    ];
    for (file, settings, told) in cases {
        let printed = refused(&["restore".as_ref(), file, "--data-dir".as_ref(), &target], settings).await;
        assert!(printed.contains(told), "{printed}");
        assert!(!target.exists());
    }
    let printed = refused(&["restore".as_ref(), &plain, "--data-dir".as_ref(), &at("first")], &[]).await;
    assert!(printed.contains("is not empty") && printed.contains("chat.db"), "{printed}");
    let printed = refused(&["backup".as_ref(), &at("x"), "--data-dir".as_ref(), &at("first")], &[]).await;
    assert!(printed.contains("is it running"), "{printed}");
    let names = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left = names.filter(|name| name.starts_with(".muster")).collect::<Vec<_>>();
    assert!(left.is_empty(), "{left:?}");
}
