//! An operator who looks at the broker, and cannot change anything there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use async_nats::{Client, ConnectOptions, Event};
use futures_util::StreamExt as _;
use muster_contracts::{
    objects::ATTACHMENTS,
    permissions,
    stream::{CHUNKS, EVENTS},
};
use muster_testkit::{
    credentials::Credentials,
    stack::{Engine, Session, Setup, Stack},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(60);

async fn inspector(stack: &Stack) -> (Client, mpsc::UnboundedReceiver<String>) {
    let seed = std::fs::read_to_string(Credentials::inspector_file(stack.home())).unwrap();
    let (sender, refusals) = mpsc::unbounded_channel();
    let options = ConnectOptions::with_nkey(seed.trim().to_owned()).event_callback(move |event| {
        if let Event::ServerError(error) = event {
            let _ = sender.send(error.to_string());
        }
        std::future::ready(())
    });
    (options.connect(stack.broker().url()).await.unwrap(), refusals)
}

async fn ask(client: &Client, subject: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = client.request(subject.to_owned(), body.into());
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect(subject).expect(subject);
    serde_json::from_slice(&answer.payload).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspector_sees_services_streams_consumers_and_what_is_live() {
    let stack = Setup::on(Engine::Sqlite).inspected().start().await;
    let (client, _) = inspector(&stack).await;
    let mut live = client.subscribe("live.>").await.unwrap();
    client.flush().await.unwrap();
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo seen").await;
    session.reply_to(&sent).await;
    let mut kinds = BTreeSet::new();
    while !(kinds.contains("evt") && kinds.contains("v1")) {
        let message = tokio::time::timeout(PATIENCE, live.next()).await.expect("it is live").unwrap();
        kinds.insert(message.subject.split('.').nth(1).unwrap().to_owned());
    }

    // One question, an answer of each.
    for verb in ["PING", "INFO", "STATS"] {
        let inbox = client.new_inbox();
        let mut answers = client.subscribe(inbox.clone()).await.unwrap();
        client.publish_with_reply(format!("$SRV.{verb}"), inbox, "".into()).await.unwrap();
        let mut names = BTreeSet::new();
        while names.len() < 2 {
            let answer = tokio::time::timeout(PATIENCE, answers.next()).await.expect(verb).unwrap();
            let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
            names.insert(answer["name"].as_str().unwrap().to_owned());
        }
    }
    let names = ask(&client, "$JS.API.STREAM.NAMES", &json!({})).await;
    assert!(names["streams"].as_array().unwrap().contains(&json!(CHUNKS)), "{names}");
    let list = ask(&client, "$JS.API.STREAM.LIST", &json!({})).await;
    assert!(list["streams"].as_array().unwrap().len() >= 2, "{list}");
    for stream in [CHUNKS, EVENTS] {
        let info = ask(&client, &format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await;
        assert!(info["state"]["messages"].as_u64().unwrap() > 0, "{info}");
    }
    let consumers = ask(&client, &format!("$JS.API.CONSUMER.LIST.{CHUNKS}"), &json!({})).await;
    assert_eq!(consumers["consumers"][0]["name"], "chat", "{consumers}");
    let consumer = ask(&client, &format!("$JS.API.CONSUMER.INFO.{CHUNKS}.chat"), &Value::Null).await;
    assert_eq!(consumer["config"]["durable_name"], "chat", "{consumer}");
    assert!(ask(&client, "$JS.API.INFO", &Value::Null).await["streams"].as_u64().unwrap() >= 2);
    let read = json!({ "seq": 1, "batch": 3 }).to_string();
    let read = client.request(format!("$JS.API.DIRECT.GET.{CHUNKS}"), read.into()).await.unwrap();
    assert!(read.headers.is_some() && !read.payload.is_empty());
}

/// What NATS' own CLI prints for an operator, and whether it did what it was asked.
async fn nats(stack: &Stack, arguments: &str) -> (bool, String) {
    let program = which::which("nats").expect("NATS' CLI on the PATH: `cargo muster test` brings it there");
    let mut command = tokio::process::Command::new(program);
    command.arg("--server").arg(stack.broker().url()).arg("--nkey").arg(Credentials::inspector_file(stack.home()));
    command.args(arguments.split(' ')).kill_on_drop(true);
    // Its settings are those of a person.
    command.env("XDG_CONFIG_HOME", stack.home().join("nobody"));
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect(arguments).unwrap();
    let printed = [output.stdout, output.stderr].map(|printed| String::from_utf8_lossy(&printed).into_owned());
    (output.status.success(), printed.concat())
}

async fn talks(session: &Session) -> Infallible {
    loop {
        session.reply_to(&session.send("echo live").await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cli_of_nats_shows_an_operator_everything_and_changes_nothing() {
    let stack = Setup::on(Engine::Sqlite).inspected().start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("echo seen").await;
    session.reply_to(&sent).await;

    let version = env!("CARGO_PKG_VERSION");
    for (arguments, expected) in [
        ("micro ls", &["muster-chat", "muster-registry", version][..]),
        ("micro info muster-chat", &["chat.v1.api.send_message", "muster.v1.SendMessageRequest", version]),
        ("micro stats muster-registry", &["approve_worker"]),
        ("stream ls", &[CHUNKS, EVENTS]),
        ("stream report", &[CHUNKS, EVENTS]),
        ("consumer report CHUNKS", &["chat"]),
        ("stream info CHUNKS", &["Subjects"]),
    ] {
        let (done, printed) = nats(&stack, arguments).await;
        let missing = expected.iter().find(|text| !printed.contains(**text));
        assert!(done && missing.is_none(), "{arguments}: {missing:?} is not in\n{printed}");
    }
    let (done, live) = tokio::select! {
        seen = nats(&stack, "sub live.> --count 20") => seen,
        never = talks(&session) => match never {},
    };
    // A reply's events and its chunks are there alike; which comes first is nobody's promise.
    let heard = |prefix: &str| live.contains(&format!("Received on \"{prefix}."));
    assert!(done && heard("live.v1") && heard("live.evt.v1"), "{live}");
    for arguments in ["stream rm CHUNKS -f", "stream purge CHUNKS -f", "pub evt.v1.a.b.c x"] {
        let (_, printed) = nats(&stack, arguments).await;
        assert!(printed.to_lowercase().contains("permissions violation"), "{arguments}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inspector_changes_nothing_whatever_it_publishes_or_names_as_its_reply() {
    let stack = Setup::on(Engine::Sqlite).inspected().start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("count 20").await;
    session.reply_to(&sent).await;
    let (client, mut refusals) = inspector(&stack).await;
    let consumers = async |stream: &str| ask(&client, &format!("$JS.API.CONSUMER.NAMES.{stream}"), &json!({})).await;
    let state = async |stream: &str| {
        let info = ask(&client, &format!("$JS.API.STREAM.INFO.{stream}"), &json!({})).await;
        let consumers = consumers(stream).await["consumers"].clone();
        (info["created"].clone(), info["config"].clone(), info["state"]["first_seq"].clone(), consumers)
    };
    let before = [state(CHUNKS).await, state(EVENTS).await, state(ATTACHMENTS.stream).await];

    let mut writes = vec![ATTACHMENTS.pieces("a"), ATTACHMENTS.about("a")];
    for stream in [CHUNKS, EVENTS, ATTACHMENTS.stream] {
        for verb in ["CREATE", "UPDATE", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"] {
            writes.push(format!("$JS.API.STREAM.{verb}.{stream}"));
        }
        writes.push(format!("$JS.API.STREAM.MSG.DELETE.{stream}"));
        for verb in ["CREATE", "DELETE", "MSG.NEXT", "PAUSE", "DURABLE.CREATE"] {
            writes.push(format!("$JS.API.CONSUMER.{verb}.{stream}.chat"));
        }
        writes.push(format!("$JS.ACK.{stream}.chat.1.1.1.1.1"));
    }
    writes.push(format!("wrk.v1.{}.wake", worker.id()));
    writes.push(format!("chat.v1.stream.chat.{}.-.state", session.id()));
    writes.extend(["reg.v1.api.delete_worker", "chat.v1.api.delete_session", "live.v1.a.b.c.chunk"].map(str::to_owned));
    writes.push(format!("evt.v1.{}.worker.{}", worker.id(), worker.id()));
    // Files are not an operator's to read.
    let reads = ATTACHMENTS.stream;
    let reads = [format!("$JS.API.DIRECT.GET.{reads}"), format!("$JS.API.STREAM.MSG.GET.{reads}")];
    for subject in writes.iter().chain(&reads) {
        client.publish(subject.clone(), "{}".into()).await.unwrap();
        client.flush().await.unwrap();
        let refused = tokio::time::timeout(PATIENCE, refusals.recv()).await.expect(subject).unwrap();
        assert!(refused.contains("Permissions Violation"), "{subject}: {refused}");
    }
    for foreign in ["chat.v1.>", "reg.v1.>", "wrk.v1.>", "$SYS.>", "_R_.>", "_INBOX_api.>", ">"] {
        let _heard = client.subscribe(foreign).await.unwrap();
        client.flush().await.unwrap();
        let refused = tokio::time::timeout(PATIENCE, refusals.recv()).await.expect(foreign).unwrap();
        assert!(refused.contains("Permissions Violation"), "{foreign}: {refused}");
    }
    // A reply subject is not checked. Of a question to another account it is no subject of theirs.
    for question in permissions::inspected() {
        let question = question.replace('*', CHUNKS).replace('>', "chat");
        for reply in &writes {
            client.publish_with_reply(question.clone(), reply.clone(), "".into()).await.unwrap();
        }
    }
    client.flush().await.unwrap();

    let again = session.send("count 30").await;
    assert_eq!(session.reply_to(&again).await.status, "completed");
    worker.online().await;
    let after = [state(CHUNKS).await, state(EVENTS).await, state(ATTACHMENTS.stream).await];
    assert_eq!(after, before, "every stream and consumer is as it was");
    assert_eq!(session.messages().await.items.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_being_asked_for_there_is_no_inspector() {
    let stack = Stack::start().await;
    let _seed = Credentials::generate().inspected(stack.home()).unwrap();
    let seed = std::fs::read_to_string(Credentials::inspector_file(stack.home())).unwrap();
    let options = ConnectOptions::with_nkey(seed.trim().to_owned()).max_reconnects(1);
    assert!(options.connect(stack.broker().url()).await.is_err());
}
