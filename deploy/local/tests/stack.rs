//! The whole of it, as tests elsewhere use it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::Duration;

use async_nats::{ConnectOptions, jetstream};
use muster_contracts::{
    Message as _,
    permissions::ServiceUser,
    stream::{CHUNKS, EVENTS},
    subject::service_inbox,
    v1,
};
use muster_testkit::binaries;
use muster_testkit::stack::{Engine, Frame, PASSWORD, Part, Running, Session, Setup, Stack, Viewer};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

const PATIENCE: Duration = Duration::from_secs(30);

fn counted(up_to: usize) -> String {
    (1..=up_to).map(|number| format!("{number}\n")).collect()
}

async fn worker_of(stack: &Stack) -> Running {
    let admin = stack.admin().await;
    admin.machine("desk").await.worker().await.started(stack).await.approved().await
}

async fn a_reply_survives_cuts_and_the_death_of_each_part(engine: Engine) {
    let mut stack = Setup::on(engine).start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let mut viewer = session.view().await;

    let sent = session.send("count 5000 every 2ms").await;
    for (part, seen) in [(Part::Chat, 20), (Part::Api, 80), (Part::Registry, 140), (Part::Nats, 200)] {
        viewer.until("more of the reply", |frames| (frames.len() > seen).then_some(())).await;
        stack.kill(part).await;
        stack.restart(part).await;
        viewer.cut();
        viewer.back();
    }

    assert_eq!(viewer.whole_reply_to(&sent).await, counted(5000));
    let reply = session.reply_to(&sent).await;
    assert_eq!((reply.status.as_str(), reply.content), ("completed", counted(5000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_reply_survives_cuts_and_the_death_of_each_part() {
    a_reply_survives_cuts_and_the_death_of_each_part(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_reply_survives_cuts_and_the_death_of_each_part() {
    a_reply_survives_cuts_and_the_death_of_each_part(Engine::Postgres).await;
}

/// Cuts a viewer ten times, each time after some more events, and lets it come back.
async fn cut_ten_times(mut viewer: Viewer, seed: u64) -> Viewer {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..10 {
        let seen = viewer.count() + random.random_range(1..30);
        viewer.until("more of the reply", |frames| (frames.len() >= seen).then_some(())).await;
        viewer.cut();
        viewer.back();
    }
    viewer
}

#[tokio::test(flavor = "multi_thread")]
async fn three_viewers_that_are_cut_ten_times_each_end_with_all_of_it() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let mut viewers = Vec::new();
    for seed in 0..3 {
        viewers.push(tokio::spawn(cut_ten_times(session.view().await, seed)));
    }
    let sent = session.send("count 4000 every 2ms").await;
    for viewer in viewers {
        assert_eq!(viewer.await.unwrap().whole_reply_to(&sent).await, counted(4000));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_on_one_worker_never_mix() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let sessions = [worker.session("demo/fast").await, worker.session("demo/fast").await];
    let viewers = [sessions[0].view().await, sessions[1].view().await];
    let sent = [sessions[0].send("count 500 every 1ms").await, sessions[1].send("count 700 every 1ms").await];
    for (index, up_to) in [(0, 500), (1, 700)] {
        assert_eq!(viewers[index].whole_reply_to(&sent[index]).await, counted(up_to));
        let ids = viewers[index].frames().iter().map(|frame| frame.data["chatSessionId"].clone()).collect::<Vec<_>>();
        assert!(ids.iter().all(|id| id.is_null() || id == sessions[index].id()), "{ids:?}");
    }
}

/// One of our own users on the broker, without our client's manners.
async fn service(stack: &Stack, user: ServiceUser) -> async_nats::Client {
    let seed = stack.broker().credentials().seed(user).unwrap();
    let options = ConnectOptions::with_nkey(seed).custom_inbox_prefix(service_inbox(user.name()));
    options.connect(stack.broker().url()).await.unwrap()
}

async fn stream_of(client: &async_nats::Client, name: &str) -> jetstream::stream::Info {
    jetstream::new(client.clone()).get_stream(name).await.unwrap().get_info().await.unwrap()
}

async fn writes_of_chat(stack: &Stack) -> f64 {
    stack.counts(Part::Chat).await["muster_database_writes_total"]
}

async fn writes_for(stack: &Stack, session: &Session, message: &str) -> f64 {
    let before = writes_of_chat(stack).await;
    let viewer = session.view().await;
    let sent = session.send(message).await;
    viewer.whole_reply_to(&sent).await;
    writes_of_chat(stack).await - before
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_viewers_of_twenty_sessions_cost_one_consumer_and_no_write_more() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let mut watched = Vec::new();
    for _ in 0..20 {
        let session = worker.session("demo/fast").await;
        let mut viewers = Vec::new();
        for _ in 0..10 {
            viewers.push(session.view().await);
        }
        let sent = session.send("count 50 every 5ms").await;
        watched.push((sent, viewers));
    }
    let chat = service(&stack, ServiceUser::Chat).await;
    assert_eq!(stream_of(&chat, CHUNKS).await.state.consumer_count, 1);
    for (sent, viewers) in &watched {
        for viewer in viewers {
            assert_eq!(viewer.whole_reply_to(sent).await, counted(50));
        }
    }
    assert_eq!(stream_of(&chat, CHUNKS).await.state.consumer_count, 1);
    drop(watched);

    // A write for each step of the turn and each round of telling it; none for a chunk.
    let session = worker.session("demo/fast").await;
    for message in ["count 10", "count 3000 every 1ms"] {
        let writes = writes_for(&stack, &session, message).await;
        assert!((1.0..25.0).contains(&writes), "{message}: {writes} writes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_has_no_workers_and_a_deleted_one_nothing() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let ada = stack.person("ada").await;
    let worker = ada.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let hanging = session.send("hang").await;
    viewer.until("it begins", |frames| frames.iter().any(|frame| frame.event == "chunk").then_some(())).await;
    let account = ada.client().get::<serde_json::Value>("/auth/me").await.unwrap();
    let path = format!("/users/{}", account["userId"].as_str().unwrap());
    let set = async |disabled: bool| {
        let body = serde_json::json!({ "disabled": disabled });
        admin.client().send(reqwest::Method::PATCH, &path, Some(&body)).await.unwrap();
    };
    set(true).await;
    let is_told = || worker.process().log_tail(9).contains("belongs to is disabled").then_some(());
    worker.process().until(PATIENCE, is_told).await.unwrap();
    assert_eq!(ada.client().get::<serde_json::Value>("/auth/me").await.unwrap_err().status(), Some(401));

    set(false).await;
    ada.client().sign_in("ada", PASSWORD).await.unwrap();
    worker.online().await;
    assert_eq!(session.reply_to(&hanging).await.status, "interrupted", "the agent did not go on meanwhile");
    let sent = session.send("echo here again").await;
    assert_eq!(session.reply_to(&sent).await.content, "here again");

    admin.client().send(reqwest::Method::DELETE, &path, None).await.unwrap();
    let ended = tokio::time::timeout(PATIENCE, worker.process().wait()).await.unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(77), "{}", worker.process().log_tail(5));
    let events = jetstream::new(service(&stack, ServiceUser::Chat).await).get_stream(EVENTS).await.unwrap();
    let session = format!("evt.v1.{}.session.{}", account["userId"].as_str().unwrap(), session.id());
    let forgotten = async {
        loop {
            let last = events.direct_get_last_for_subject(&session).await.unwrap();
            let event = v1::Event::decode(last.payload).unwrap();
            if matches!(event.object, Some(v1::event::Object::Removed(_))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten).await.expect("its sessions are deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_machine_takes_its_workers_with_it_and_ends_their_sessions() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let (desk, shelf) = (ada.machine("desk").await, ada.machine("shelf").await);
    let worker = desk.worker().await.started(&stack).await.approved().await;
    let (asking, never) = (desk.worker().await, desk.worker().await);
    let (mut wire, _) = asking.bare(&stack).connect().await;
    let other = shelf.worker().await.started(&stack).await.approved().await;
    let (session, elsewhere) = (worker.session("demo/fast").await, other.session("demo/fast").await);
    session.reply_to(&session.send("echo what was said").await).await;
    let asks = worker.session("demo/fast").await;
    let asked = asks.send("ask").await;
    let viewer = session.view().await;
    let hanging = session.send("hang").await;
    viewer.until("it begins", |frames| frames.iter().any(|frame| frame.event == "chunk").then_some(())).await;
    let waits = session.send("echo never").await;
    let get = async |path: &str| ada.client().get::<serde_json::Value>(path).await;
    let asking_now = async {
        while get("/requests").await.unwrap()["items"] == serde_json::json!([]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking_now).await.expect("it asks");

    ada.client().send(reqwest::Method::DELETE, &format!("/machines/{}", desk.id()), None).await.unwrap();
    tokio::time::timeout(Duration::from_secs(1), wire.ended()).await.expect("who waits is cut off at once");
    let ended = tokio::time::timeout(PATIENCE, worker.process().wait()).await.unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(77), "{}", worker.process().log_tail(5));
    let terminated = |frame: &Frame| frame.event == "session" && frame.data["status"] == "terminated";
    viewer.until("its session ends", |frames| frames.iter().any(terminated).then_some(())).await;

    for (session, sent) in [(&session, &hanging), (&asks, &asked)] {
        let reply = session.reply_to(sent).await;
        assert_eq!(reply.status, "interrupted");
        assert!(reply.error.is_some_and(|why| why.contains("removed")), "it says why");
        let path = format!("/sessions/{}", session.id());
        assert_eq!(get(&path).await.unwrap()["status"], "terminated");
    }
    assert_eq!(get("/requests").await.unwrap()["items"], serde_json::json!([]), "nobody could be answered");
    let messages = session.messages().await.items;
    assert!(messages.iter().any(|message| message.content == "what was said"), "it stays readable");
    let waited = messages.iter().find(|message| message.message_id == waits.message_id).unwrap();
    assert_eq!((waited.status.as_str(), waited.completed), ("interrupted", true), "it waits for nobody");
    assert!(waited.error.as_ref().is_some_and(|why| why.contains("removed")), "and says why");
    for id in [worker.id(), asking.id(), never.id()] {
        let path = format!("/workers/{id}");
        assert_eq!(get(&path).await.unwrap_err().status(), Some(404));
        let begun = serde_json::json!({ "model": "demo/fast" });
        let begun = ada.client().post::<serde_json::Value>(&format!("{path}/sessions"), &begun).await;
        assert_eq!(begun.unwrap_err().status(), Some(404));
    }
    let machines = get("/machines").await.unwrap();
    let left = machines["items"].as_array().unwrap().iter().map(|machine| &machine["machineId"]).collect::<Vec<_>>();
    assert_eq!(left, [shelf.id()]);
    assert_eq!(elsewhere.reply_to(&elsewhere.send("echo here still").await).await.content, "here still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_was_set_up_anew_waits_and_its_new_key_is_approved() {
    let stack = Stack::start().await;
    let mut worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    worker.process().stop(Duration::from_secs(5)).await;
    std::fs::remove_dir_all(stack.home().join(worker.id()).join("state")).unwrap();
    worker.restart().await;
    let says_so = || worker.process().log_tail(9).contains("Another key is approved").then_some(());
    worker.process().until(PATIENCE, says_so).await.unwrap();
    let worker = worker.approved().await;
    let sent = session.send("echo here again").await;
    assert_eq!(session.reply_to(&sent).await.content, "here again");
    worker.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_may_do_on_the_broker_is_told_word_for_word() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let machine = admin.machine("desk").await;
    let waiting = machine.worker().await;
    let (of, machine) = (waiting.id().to_owned(), machine.id().to_owned());
    let path = format!("/workers/{of}/permissions");
    let told = admin.client().get::<serde_json::Value>(&path).await.unwrap();
    let stream = ["start", "chunk", "request", "end"].map(|kind| format!("chat.v1.stream.{of}.*.*.{kind}"));
    let mut publish = stream.to_vec();
    publish.extend([format!("chat.v1.worker.{of}.>"), format!("reg.v1.worker.{machine}.{of}.<fingerprint>.>")]);
    let subscribe = [format!("wrk.v1.{of}.>"), "_INBOX_<fingerprint>.>".to_owned()];
    assert_eq!(told, serde_json::json!({ "publish": publish, "subscribe": subscribe }));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_runs_says_of_which_version_it_is() {
    const VERSION: &str = env!("CARGO_PKG_VERSION");
    for program in ["muster", "muster-api", "muster-chat", "muster-registry", "muster-worker-agent"] {
        let told = std::process::Command::new(binaries::find(program).unwrap()).arg("--version").output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.ends_with(&format!("{} {VERSION}\n", program.trim_start_matches("cargo "))), "{told}");
    }
    let stack = Stack::start().await;
    for part in [Part::Registry, Part::Chat, Part::Api] {
        let operator = stack.service(part).address("operator").unwrap();
        let ready = reqwest::get(format!("http://{operator}/readyz")).await.unwrap();
        assert_eq!(ready.json::<serde_json::Value>().await.unwrap()["version"], VERSION, "{part}");
    }
    assert_eq!(stack.stranger().get::<serde_json::Value>("/server").await.unwrap()["version"], VERSION);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_the_broker_carries_at_once_is_shown_whole() {
    let stack = Stack::start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let long = session.send("count 300000").await;
    let reply = session.reply_to(&long).await;
    assert_eq!((reply.status.as_str(), reply.content.len()), ("completed", counted(300_000).len()));
    assert_eq!(reply.content, counted(300_000), "two megabytes in one message");

    let text = format!("echo {}", "wörd-".repeat(16_000));
    for _ in 0..12 {
        session.reply_to(&session.send(&text).await).await;
    }
    // Every message once, however many fit a page.
    let client = session.client();
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/sessions/{}/messages?limit=200{before}", session.id());
        let page = client.get::<serde_json::Value>(&path).await.unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.iter().all(|item| !item["content"].as_str().unwrap().is_empty()));
        seen.extend(items.iter().map(|item| item["messageId"].as_str().unwrap().to_owned()));
        let Some(oldest) = page["nextBefore"].as_str() else { break };
        before = format!("&before={oldest}");
    }
    assert_eq!(seen.len(), 26);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 26);
}
