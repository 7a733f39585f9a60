//! The broker's storage: away, full, and filled by one worker that knows no measure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::Duration;

use async_nats::{ConnectOptions, jetstream};
use futures_util::TryStreamExt as _;
use muster_contracts::{permissions::ServiceUser, stream::CHUNKS, subject::service_inbox, v1::RegisterStatus};
use muster_testkit::{
    stack::{Bare, Engine, Part, Running, Session, Setup, Stack},
    wire::Wire,
};
use reqwest::Method;
use serde_json::{Value, json};

const LOOK: Duration = Duration::from_millis(50);

fn counted(up_to: usize) -> String {
    (1..=up_to).map(|number| format!("{number}\n")).collect()
}

async fn worker_of(stack: &Stack) -> Running {
    let admin = stack.admin().await;
    admin.machine("desk").await.worker().await.started(stack).await.approved().await
}

/// The stream as chat may handle it.
async fn chunks(stack: &Stack) -> (jetstream::Context, jetstream::stream::Stream) {
    let seed = stack.broker().credentials().seed(ServiceUser::Chat).unwrap();
    let options = ConnectOptions::with_nkey(seed).custom_inbox_prefix(service_inbox(ServiceUser::Chat.name()));
    let context = jetstream::new(options.connect(stack.broker().url()).await.unwrap());
    let stream = context.get_stream(CHUNKS).await.unwrap();
    (context, stream)
}

/// How often something was stored on the subjects of this filter.
async fn stored(stack: &Stack, filter: &str) -> usize {
    let (_, stream) = chunks(stack).await;
    let subjects: Vec<(String, usize)> = stream.info_with_subjects(filter).await.unwrap().try_collect().await.unwrap();
    subjects.into_iter().map(|(_, count)| count).sum()
}

async fn until_storage_is(session: &Session, full: bool) {
    let looking = async {
        loop {
            let shown = session.client().get::<Value>(&format!("/sessions/{}", session.id())).await.unwrap();
            if shown["storageFull"] == full {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.expect("the session shows it");
}

async fn until_restricted(worker: &Running, so: Option<&str>) {
    worker.until(&format!("{so:?}"), |worker| worker.restriction.as_deref() == so).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_while_the_broker_is_away_is_shown_whole_afterwards() {
    let mut stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let mut viewer = session.view().await;
    // Fifteen megabytes, far more than waits in memory.
    let message = format!("echo {}", "wörd-".repeat(20_000));
    let small = session.send(&message).await;
    viewer.until("the reply begins", |frames| (frames.len() > 3).then_some(())).await;
    stack.kill(Part::Nats).await;
    viewer.cut();
    stack.restart(Part::Nats).await;
    viewer.back();
    assert!(viewer.whole_reply_to(&small).await == message["echo ".len()..]);

    let sent = session.send("count 1000000").await;
    viewer
        .until("the count begins", |frames| {
            frames
                .iter()
                .any(|frame| {
                    frame.event == "chunk" && frame.data["chunk"].as_str().is_some_and(|text| text.starts_with("1\n2"))
                })
                .then_some(())
        })
        .await;
    stack.kill(Part::Nats).await;
    // It goes on by itself meanwhile: what it says is no longer in memory alone.
    let quiet = worker.process().pid();
    let written = async {
        loop {
            let io = std::fs::read_to_string(format!("/proc/{quiet}/io")).unwrap();
            let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: ")).unwrap().parse::<u64>().unwrap();
            let open = std::fs::read_dir(format!("/proc/{quiet}/fd")).unwrap();
            let unnamed = open
                .flatten()
                .any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().contains("(deleted)")));
            if unnamed && bytes > 0 {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.expect("it waits on disk");
    stack.restart(Part::Nats).await;
    assert!(viewer.whole_reply_to(&sent).await == counted(1_000_000));
    let reply = session.reply_to(&sent).await;
    assert!(reply.status == "completed" && reply.content == counted(1_000_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_pauses_turns_visibly_and_they_go_on_by_themselves() {
    let stack = Setup::on(Engine::Sqlite).setting("MUSTER_CHUNKS_MAX_BYTES", 400_000).start().await;
    let worker = worker_of(&stack).await;
    let (session, second) = (worker.session("demo/fast").await, worker.session("demo/fast").await);
    let viewer = session.view().await;
    let sent = session.send("count 300000").await;
    until_storage_is(&session, true).await;
    until_restricted(&worker, Some("storage_full")).await;
    // A turn that cannot even begin waits just as visibly. What is left is too little for a chunk, but not for a start.
    let (context, mut stream) = chunks(&stack).await;
    for size in [4096, 1] {
        while context.publish("chat.v1.stream.chat.nobody.-.state", vec![0; size].into()).await.unwrap().await.is_ok() {
        }
    }
    let waiting = second.send("echo me too").await;
    until_storage_is(&second, true).await;
    let starts = format!("chat.v1.stream.{}.{}.*.start", worker.id(), second.id());
    assert_eq!(stored(&stack, &starts).await, 0);
    let first = chunks(&stack).await.1.get_info().await.unwrap().state.first_sequence;

    let mut config = stream.info().await.unwrap().config.clone();
    config.max_bytes = 64 << 20;
    context.update_stream(config).await.unwrap();
    assert!(viewer.whole_reply_to(&sent).await == counted(300_000));
    assert_eq!(second.reply_to(&waiting).await.content, "me too");
    assert_eq!(stored(&stack, &starts).await, 1, "begun once");
    assert_eq!(chunks(&stack).await.1.get_info().await.unwrap().state.first_sequence, first, "nothing was evicted");
    for session in [&session, &second] {
        until_storage_is(session, false).await;
    }
    until_restricted(&worker, None).await;
    assert!(stack.counts(Part::Chat).await["muster_turns_paused_by_storage_total"] >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_over_its_share_is_stopped_with_a_reason() {
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_CHUNKS_WORKER_MESSAGES", 300);
    let stack = setup.setting("MUSTER_CHUNKS_WORKER_CHECK_SECONDS", 1).start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let sent = session.send("count 100000 every 1ms").await;
    let reply = session.reply_to(&sent).await;
    assert_eq!(reply.status, "cancelled");
    let page = session.client().get::<Value>(&format!("/sessions/{}/messages?limit=9", session.id())).await.unwrap();
    let shown = page["items"].as_array().unwrap().iter().find(|item| item["role"] == "assistant").unwrap();
    assert!(shown["error"].as_str().unwrap().contains("share"), "{shown}");
    until_restricted(&worker, Some("over_quota")).await;
    assert_eq!(stack.counts(Part::Chat).await["muster_workers_over_quota_total"], 1.0);
    // What is sent now waits: nothing new begins there.
    let waiting = session.send("echo later").await;
    worker.online().await;
    let page = session.client().get::<Value>(&format!("/sessions/{}/messages?limit=9", session.id())).await.unwrap();
    let shown = page["items"].as_array().unwrap().iter().find(|item| item["messageId"] == waiting.message_id.as_str());
    assert_eq!(shown.unwrap()["status"], "queued");
}

/// Writes messages of four kilobytes on the worker's own subject, as fast as the broker takes them.
async fn flood(wire: &mut Wire, bad: &Bare, messages: usize) -> bool {
    let subject = format!("chat.v1.stream.{}.nobody.nothing.chunk", bad.token().worker);
    for _ in 0..messages / 100 {
        for _ in 0..100 {
            wire.publish(&subject, None, &[b'x'; 4096]);
        }
        if wire.settle().await.is_err() {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_floods_the_stream_is_cut_off_until_its_owner_lets_it_in_again() {
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_CHUNKS_MAX_BYTES", 64 << 20);
    let setup = setup.setting("MUSTER_CHUNKS_WORKER_PERCENT", 10).setting("MUSTER_CHUNKS_WORKER_CHECK_SECONDS", 1);
    let stack = setup.start().await;
    let admin = stack.admin().await;
    let machine = admin.machine("desk").await;
    let honest = machine.worker().await.started(&stack).await.approved().await;
    let session = honest.session("demo/fast").await;
    let sent = session.send("count 3000 every 1ms").await;

    let bad = machine.worker().await.bare(&stack);
    let mut wire = bad.approved(&admin).await;
    let restriction = async |so: Option<&str>| {
        let looking = async {
            while admin.client().worker(bad.token().worker.as_str()).await.unwrap().restriction.as_deref() != so {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap_or_else(|_| panic!("it is not {so:?}"));
    };
    assert!(flood(&mut wire, &bad, 2_000).await, "eight megabytes, its share is six");
    restriction(Some("over_quota")).await;
    flood(&mut wire, &bad, 1_200).await;
    tokio::time::timeout(Duration::from_secs(10), wire.ended()).await.expect("it writes on, and is cut off");
    restriction(Some("cut_off")).await;
    assert_eq!(stack.counts(Part::Chat).await["muster_workers_cut_off_total"], 1.0);
    let (mut wire, told) = bad.connect().await;
    assert_eq!(told.status(), RegisterStatus::Suspended);
    assert!(told.detail.contains("cut off"), "{}", told.detail);
    wire.publish(&format!("chat.v1.stream.{}.a.b.chunk", bad.token().worker), None, b"x");
    assert!(!wire.settle().await.unwrap().refused.is_empty(), "it may not write any more");

    // Nobody else was in the way of it.
    assert_eq!(session.reply_to(&sent).await.content, counted(3000));
    until_restricted(&honest, None).await;

    let path = format!("/workers/{}/readmit", bad.token().worker);
    let stranger = stack.person("eve").await;
    assert_eq!(stranger.client().send(Method::POST, &path, None).await.unwrap_err().status(), Some(404));
    admin.client().send(Method::POST, &path, None).await.unwrap();
    wire.ended().await;
    let (_wire, told) = bad.connect().await;
    assert_eq!(told.status(), RegisterStatus::Approved, "{}", told.detail);
    // What it wrote is still there.
    restriction(Some("over_quota")).await;

    let path = format!("/audit?object={}", bad.token().worker);
    let own: Value = admin.client().get("/auth/me").await.unwrap();
    let by_admin = json!({ "userId": own["userId"], "username": "admin", "address": "127.0.0.1" });
    for (action, actor) in [("worker.cut_off", json!({})), ("worker.readmitted", by_admin)] {
        let looking = async {
            loop {
                let log: Value = admin.client().get(&format!("{path}&action={action}")).await.unwrap();
                if let [entry] = log["items"].as_array().unwrap().as_slice() {
                    return entry.clone();
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        let entry = tokio::time::timeout(Duration::from_secs(30), looking).await.expect("it is in the log");
        assert_eq!(entry["objectId"], bad.token().worker.as_str(), "{entry}");
        assert_eq!(entry["actor"], actor, "{entry}");
    }
}
