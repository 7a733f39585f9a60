//! What becomes of turns, as a person with two devices sees it.

use std::time::{Duration, Instant};

use muster_testkit::{
    client::Client,
    stack::{Engine, Frame, Link, PASSWORD, Part, Running, Sent, Session, Setup, Stack, Viewer},
};
use reqwest::Method;
use serde_json::{Value, json};

const LOOK: Duration = Duration::from_millis(20);

async fn worker_of(stack: &Stack) -> Running {
    let admin = stack.admin().await;
    admin.machine("desk").await.worker().await.started(stack).await.approved().await
}

/// The same person at another device.
async fn second_device(stack: &Stack) -> Client {
    let client = stack.stranger();
    client.sign_in("admin", PASSWORD).await.unwrap();
    client
}

/// How often the reply to a message was told to be over.
fn ends(frames: &[Frame], sent: &Sent) -> Vec<String> {
    let of_reply = |frame: &&Frame| frame.event == "message" && frame.data["replyTo"] == sent.message_id.as_str();
    let over = frames.iter().filter(of_reply).filter(|frame| frame.data["completed"] == true);
    over.map(|frame| frame.data["status"].as_str().unwrap().to_owned()).collect()
}

async fn until_it_writes(viewer: &Viewer) {
    viewer.until("it begins", |frames| frames.iter().any(|frame| frame.event == "chunk").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_crashes_leaves_its_text_and_a_reason_and_goes_on_after_a_retry() {
    let stack = Stack::start().await;
    a_worker_crashes(&stack).await;
    assert_eq!(stack.counts(Part::Chat).await["muster_turns_ended_total{outcome=\"INTERRUPTED\"}"], 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_a_worker_that_crashes_leaves_its_text_and_a_reason() {
    a_worker_crashes(&cluster().await).await;
}

async fn a_worker_crashes(stack: &Stack) {
    let mut worker = worker_of(stack).await;
    let session = worker.session("demo/fast").await;
    // Chat ends no turn before it has seen the broker for half a minute: this takes a little longer.
    let first = session.send("count 320 every 100ms").await;
    session.reply_to(&first).await;
    let viewer = session.view().await;
    let sent = session.send("crash").await;
    worker.process().wait().await;
    let crashed = Instant::now();
    let ended = viewer.until("its end", |frames| ends(frames, &sent).into_iter().next()).await;
    println!("the crash was told {:?} later", crashed.elapsed());
    assert!(crashed.elapsed() < Duration::from_secs(5), "{:?}", crashed.elapsed());
    assert_eq!(ended, "interrupted");
    let reply = session.reply_to(&sent).await;
    assert_eq!(reply.content, (1..=10).map(|number| format!("{number}\n")).collect::<String>());
    let page = session.client().get::<Value>(&format!("/sessions/{}/messages?limit=9", session.id())).await.unwrap();
    let shown = page["items"].as_array().unwrap().iter().rfind(|item| item["role"] == "assistant").unwrap();
    assert!(shown["error"].as_str().unwrap().contains("lost"), "{shown}");

    // A retry answers, by another crash: that is what was asked for. The next process knows what was said.
    worker.restart().await;
    worker.online().await;
    let retry = format!("/sessions/{}/messages/{}/retry", session.id(), sent.message_id);
    session.client().send(Method::POST, &retry, None).await.unwrap();
    worker.process().wait().await;
    viewer.until("the second attempt", |frames| (ends(frames, &sent).len() == 2).then_some(())).await;
    assert_eq!(session.reply_to(&sent).await.content.lines().count(), 10);
    worker.restart().await;
    worker.online().await;
    let asked = session.send("first").await;
    assert_eq!(session.reply_to(&asked).await.content, "count 320 every 100ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_cut_off_goes_on_unless_it_was_not_waited_for() {
    let stack = Setup::on(Engine::Sqlite).linked().start().await;
    let worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    // Chat ends no turn before it has seen the broker for half a minute: this takes a little longer.
    let first = session.send("count 320 every 100ms").await;
    session.reply_to(&first).await;
    let viewer = session.view().await;
    let cut_off = async |sent: &Sent| {
        let writes =
            |frames: &[Frame]| statuses(frames, "replyTo", sent).last().is_some_and(|last| last == "streaming");
        viewer.until("its beginning", |frames| writes(frames).then_some(())).await;
        stack.link(Link::WorkerBroker).iter().for_each(|proxy| proxy.refuse());
        viewer.until("that it is interrupted", |frames| ends(frames, sent).into_iter().next()).await;
    };
    let back = || stack.link(Link::WorkerBroker).iter().for_each(|proxy| proxy.recover());
    let counted = (1..=20_000).map(|number| format!("{number}\n")).collect::<String>();

    // It asks whether it may go on, and may.
    let sent = session.send("count 20000 every 1ms").await;
    cut_off(&sent).await;
    back();
    viewer.until("the end", |frames| (statuses(frames, "replyTo", &sent).len() == 4).then_some(())).await;
    let told = ["streaming", "interrupted", "streaming", "completed"];
    assert_eq!(statuses(&viewer.frames(), "replyTo", &sent), told);
    assert_eq!(viewer.whole_reply_to(&sent).await, counted);
    assert_eq!(session.reply_to(&sent).await.content, counted);

    // Not if the message is to be answered anew: then what it still writes is dropped.
    let sent = session.send("count 20000 every 1ms").await;
    cut_off(&sent).await;
    let left = session.reply_to(&sent).await;
    let retry = format!("/sessions/{}/messages/{}/retry", session.id(), sent.message_id);
    session.client().send(Method::POST, &retry, None).await.unwrap();
    back();
    viewer.until("the second attempt", |frames| (statuses(frames, "replyTo", &sent).len() == 4).then_some(())).await;
    assert_eq!(statuses(&viewer.frames(), "replyTo", &sent), told);
    assert_eq!(viewer.whole_reply_to(&sent).await, counted);
    let (text, _) = viewer.whole_reply(&left.message_id, left.revision).await;
    assert_eq!(text, left.content, "nothing was added to what it had left");
    let replies = session.messages().await.items.into_iter();
    let replies = replies.filter(|message| message.reply_to.as_ref() == Some(&sent.message_id)).collect::<Vec<_>>();
    assert_eq!(replies.len(), 2);
    assert_eq!((&replies[0].content, &replies[1].content), (&left.content, &counted));
}

/// Three nats-servers and two of each service: whichever the proxy before them chooses is asked.
async fn cluster() -> Stack {
    Setup::on(Engine::Postgres).clustered().instances(2).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_that_stop_a_turn_at_once_see_one_outcome_within_a_second() {
    two_devices_stop_a_turn(&Stack::start().await, Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_two_devices_that_stop_a_turn_at_once_see_one_outcome() {
    // Twelve processes share the computer.
    two_devices_stop_a_turn(&cluster().await, Duration::from_secs(5)).await;
}

async fn two_devices_stop_a_turn(stack: &Stack, within: Duration) {
    let worker = worker_of(stack).await;
    let session = worker.session("demo/fast").await;
    let elsewhere = session.seen_by(&second_device(stack).await);
    let viewers = [session.view().await, elsewhere.view().await];
    let sent = session.send("hang").await;
    for viewer in &viewers {
        until_it_writes(viewer).await;
    }
    let stop = async |session: &Session| {
        let body = json!({ "messageId": sent.message_id });
        session.client().send(Method::POST, &format!("/sessions/{}/cancel", session.id()), Some(&body)).await
    };
    let asked = Instant::now();
    let (here, there) = tokio::join!(stop(&session), stop(&elsewhere));
    for viewer in &viewers {
        viewer.until("its end", |frames| ends(frames, &sent).into_iter().next()).await;
    }
    println!("stopped after {:?}", asked.elapsed());
    assert!(asked.elapsed() < within, "{:?}", asked.elapsed());
    assert!(here.is_ok() || there.is_ok());
    for late in [here, there].into_iter().filter_map(Result::err) {
        assert_eq!(late.status(), Some(409), "{late}");
    }
    // A late stop hits nothing, least of all what comes next.
    assert_eq!(stop(&elsewhere).await.unwrap_err().status(), Some(409));
    let next = session.send("echo next").await;
    assert_eq!(session.reply_to(&next).await.content, "next");
    for viewer in &viewers {
        viewer.whole_reply_to(&next).await;
        assert_eq!(ends(&viewer.frames(), &sent), ["cancelled"], "told once");
    }
}

async fn pending(client: &Client) -> Vec<Value> {
    client.get::<Value>("/requests").await.unwrap()["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_decision_is_listed_over_all_machines_and_answered_from_there() {
    let stack = Stack::start().await;
    let ada = stack.person("ada").await;
    let mut sessions = Vec::new();
    for name in ["desk", "shelf"] {
        let worker = ada.machine(name).await.worker().await.started(&stack).await.approved().await;
        let session = worker.session("demo/fast").await;
        let sent = session.send("ask").await;
        sessions.push((worker, session, sent));
    }
    let listed = async {
        loop {
            let listed = pending(ada.client()).await;
            if listed.len() == 2 {
                return listed;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let listed = tokio::time::timeout(Duration::from_secs(30), listed).await.expect("both are listed");
    assert!(pending(stack.person("bob").await.client()).await.is_empty());
    for (_, session, sent) in &sessions {
        let request = listed.iter().find(|request| request["chatSessionId"] == session.id()).unwrap();
        let path = format!("/sessions/{}/requests/{}", session.id(), request["requestId"].as_str().unwrap());
        ada.client().send(Method::POST, &path, Some(&json!({ "optionId": "once" }))).await.unwrap();
        assert_eq!(session.reply_to(sent).await.content, "You allowed it once.");
    }
    assert!(pending(ada.client()).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_answered_by_one_device_and_gone_after_a_crash() {
    two_devices_answer_a_request(&Stack::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_a_request_is_answered_by_one_device_and_gone_after_a_crash() {
    two_devices_answer_a_request(&cluster().await).await;
}

async fn two_devices_answer_a_request(stack: &Stack) {
    let mut worker = worker_of(stack).await;
    let session = worker.session("demo/fast").await;
    let other = second_device(stack).await;
    let asked = |frames: &[Frame]| {
        let request = frames.iter().rev().find(|frame| frame.event == "request" && frame.data["status"] == "pending");
        request.map(|frame| frame.data["requestId"].as_str().unwrap().to_owned())
    };
    let answer = async |client: &Client, request: &str, option: &str| {
        let path = format!("/sessions/{}/requests/{request}", session.id());
        client.send(Method::POST, &path, Some(&json!({ "optionId": option }))).await
    };
    let viewer = session.view().await;
    let sent = session.send("ask").await;
    let request = viewer.until("the request", asked).await;
    let (here, there) = tokio::join!(answer(session.client(), &request, "once"), answer(&other, &request, "reject"));
    let won = if here.is_ok() { "You allowed it once." } else { "You rejected it." };
    let lost = if here.is_ok() { there } else { here };
    assert_eq!(lost.unwrap_err().status(), Some(409));
    assert_eq!(session.reply_to(&sent).await.content, won);

    // One that nobody has answered is gone with the process that asked.
    let sent = session.send("ask").await;
    let request = viewer.until("another request", |frames| asked(frames).filter(|other| *other != request)).await;
    worker.process().kill().await;
    worker.restart().await;
    assert_eq!(session.reply_to(&sent).await.status, "interrupted");
    viewer
        .until("that it is gone", |frames| {
            let gone = |frame: &&Frame| frame.data["requestId"] == request.as_str() && frame.data["status"] == "gone";
            frames.iter().any(|frame| frame.event == "request" && gone(&frame)).then_some(())
        })
        .await;
    assert!(pending(&other).await.is_empty());
    assert_eq!(answer(&other, &request, "once").await.unwrap_err().status(), Some(409));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_for_an_offline_worker_survive_the_restart_of_everything() {
    let mut stack = Stack::start().await;
    let mut worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    worker.process().kill().await;
    worker.until("offline", |worker| worker.status == "offline").await;
    let mut waiting = Vec::new();
    for number in 0..5 {
        waiting.push(session.send(&format!("echo {number}")).await);
    }
    for part in [Part::Api, Part::Chat, Part::Registry, Part::Nats] {
        stack.kill(part).await;
    }
    for part in [Part::Nats, Part::Registry, Part::Chat, Part::Api] {
        stack.restart(part).await;
    }
    worker.restart().await;
    for (number, sent) in waiting.iter().enumerate() {
        assert_eq!(session.reply_to(sent).await.content, number.to_string());
    }
    let messages = session.messages().await.items;
    let order = messages.iter().filter(|message| message.role == "user").map(|message| message.content.clone());
    assert_eq!(order.collect::<Vec<_>>(), (0..5).map(|number| format!("echo {number}")).collect::<Vec<_>>());
    assert_eq!(messages.len(), 10, "each is answered once");
}

/// The statuses that a viewer was told of what is `of` a message, one after the other.
fn statuses(frames: &[Frame], field: &str, sent: &Sent) -> Vec<String> {
    let of = |frame: &&Frame| frame.event == "message" && frame.data[field] == sent.message_id.as_str();
    let told = frames.iter().filter(of).map(|frame| frame.data["status"].as_str().unwrap().to_owned());
    let mut told = told.collect::<Vec<_>>();
    told.dedup();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_of_a_turn_is_told_to_whoever_looks() {
    let stack = Stack::start().await;
    let mut worker = worker_of(&stack).await;
    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let ended = async |sent: &Sent, outcome: &str| {
        let last = |frames: &[Frame]| statuses(frames, "messageId", sent).pop().filter(|last| last == outcome);
        viewer.until(outcome, last).await;
        let frames = viewer.frames();
        assert_eq!(statuses(&frames, "messageId", sent), ["queued", "delivered", "streaming", outcome]);
        assert_eq!(statuses(&frames, "replyTo", sent), ["streaming", outcome]);
    };
    // While one is answered, the others wait.
    let stopped = session.send("hang").await;
    until_it_writes(&viewer).await;
    let (answered, failing) = (session.send("echo answered").await, session.send("fail").await);
    session.stop(&stopped).await;
    ended(&stopped, "cancelled").await;
    ended(&answered, "completed").await;
    ended(&failing, "failed").await;
    let crashing = session.send("crash").await;
    worker.process().wait().await;
    worker.restart().await;
    ended(&crashing, "interrupted").await;
}
