//! What the services count, as Prometheus fetches it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::collections::BTreeSet;

use muster_contracts::{
    Message as _, id,
    subject::{About, ChatVerb, ChunkAddress, ChunkKind, Subject, Writer},
    v1,
};
use muster_testkit::{
    proxy::Proxy,
    stack::{Counts, Engine, Link, Part, Setup, Stack},
    wire::{Login, Wire},
};

const ALERTS: &str = include_str!("../../grafana/alerts.yml");
const DASHBOARD: &str = include_str!("../../grafana/dashboards/muster.json");

fn name(line: &str) -> &str {
    line.split_once('{').map_or(line, |(name, _)| name)
}

/// What dashboards and alerts ask for.
fn asked() -> BTreeSet<&'static str> {
    let words = |text: &'static str| text.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
    [ALERTS, DASHBOARD].into_iter().flat_map(words).filter(|word| word.starts_with("muster_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_dashboards_and_alerts_ask_for_is_there_before_anything_has_happened() {
    let stack = Stack::start().await;
    let chunks = |counted: &Counts| counted.contains_key("muster_stream_max_bytes{stream=\"CHUNKS\"}");
    let mut all = stack.until_counts(Part::Chat, chunks).await;
    let events = |counted: &Counts| counted.contains_key("muster_stream_bytes{stream=\"EVENTS\"}");
    all.extend(stack.until_counts(Part::Registry, events).await);
    all.extend(stack.counts(Part::Api).await);

    let there: BTreeSet<_> = all.keys().map(|line| name(line)).collect();
    let missing: Vec<_> = asked().into_iter().filter(|asked| !there.contains(asked)).collect();
    assert!(missing.is_empty(), "asked for, and not there: {missing:?} of {there:#?}");
    for outcome in ["COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"] {
        assert_eq!(all[&format!("muster_turns_ended_total{{outcome=\"{outcome}\"}}")], 0.0);
    }
    assert_eq!(all["muster_registry_callouts_total{outcome=\"unanswered\"}"], 0.0);
    // Who says how many there can be: no id, no address, no text of a user.
    let labels = ["outcome", "to", "status", "stage", "class", "state", "stream", "version", "le"];
    for line in all.keys() {
        let of_line = line.split_once('{').map_or("", |(_, labels)| labels.trim_end_matches('}'));
        for label in of_line.split(',').filter_map(|pair| pair.split_once('=')).map(|(label, _)| label) {
            assert!(labels.contains(&label), "{line}");
        }
    }
}

/// A worker whose reply is not what it says that it wrote.
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_is_not_what_its_worker_says_is_counted() {
    let stack = Stack::start().await;
    let admin = stack.admin().await;
    let bare = admin.machine("desk").await.worker().await.bare(&stack);
    let mut wire = bare.approved(&admin).await;
    let worker = bare.token().worker.clone();
    let path = format!("/workers/{worker}/sessions");
    let session: serde_json::Value = admin.client().post(&path, &serde_json::json!({ "model": "m" })).await.unwrap();
    let session = session["chatSessionId"].as_str().unwrap();
    let message = serde_json::json!({ "messageId": id::random(), "content": "hello" });
    admin.client().post::<serde_json::Value>(&format!("/sessions/{session}/messages"), &message).await.unwrap();

    let sync = Subject::ChatWorker { worker: worker.clone(), verb: ChatVerb::Sync }.to_string();
    let told = wire.request(&sync, &v1::SyncRequest::default().encode_to_vec()).await.unwrap();
    let told = v1::SyncReply::decode(told.payload.as_slice()).unwrap();
    let turn = &told.start[0];
    let end = v1::End { number: 1, outcome: v1::TurnStatus::Completed.into(), ..v1::End::default() };
    let said = [
        (ChunkKind::Start, v1::Start { reply_to: turn.message_id.clone(), ..v1::Start::default() }.encode_to_vec()),
        (ChunkKind::End, v1::End { content_hash: vec![7; 32], ..end }.encode_to_vec()),
    ];
    for (number, (kind, payload)) in said.into_iter().enumerate() {
        let about = About::Message(turn.reply_id.parse().unwrap());
        let writer = Writer::Worker(worker.clone());
        let address = ChunkAddress { writer, session: session.parse().unwrap(), about, kind };
        let message_id = format!("{}:{number}", turn.nonce);
        wire.publish_with(&Subject::Chunk(address).to_string(), &[("Nats-Msg-Id", &message_id)], &payload);
    }
    wire.settle().await.unwrap();
    stack.until_counts(Part::Chat, |counted| counted["muster_replies_mismatched_total"] == 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_come_by_live_is_counted() {
    let stack = Setup::on(Engine::Sqlite).linked().start().await;
    let worker = stack.admin().await.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let sent = session.send("count 300 every 5ms").await;
    viewer.until("it begins", |frames| frames.iter().any(|frame| frame.event == "chunk").then_some(())).await;
    stack.link(Link::ApiBroker).iter().for_each(Proxy::refuse);
    // All of the rest is written while the api hears nothing.
    let over = |counted: &Counts| counted["muster_turns_ended_total{outcome=\"COMPLETED\"}"] == 1.0;
    stack.until_counts(Part::Chat, over).await;
    stack.link(Link::ApiBroker).iter().for_each(Proxy::recover);
    viewer.whole_reply_to(&sent).await;
    assert!(stack.counts(Part::Api).await["muster_api_gap_frames_total"] > 0.0);
}

/// What all services count, once they know how full the streams are.
async fn series(stack: &Stack) -> BTreeSet<(Part, String)> {
    let mut all = BTreeSet::new();
    for part in [Part::Registry, Part::Chat, Part::Api] {
        let stream = part == Part::Api;
        let known = |counted: &Counts| stream || counted.keys().any(|key| name(key) == "muster_stream_max_bytes");
        all.extend(stack.until_counts(part, known).await.into_keys().map(|key| (part, key)));
    }
    all
}

fn class_of(class: u8) -> String {
    format!("muster_api_requests_total{{class=\"{class}xx\"}}")
}

/// Workers are counted twice a minute.
mod waiting {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_reply_is_counted_and_timed_on_its_way() {
        let stack = Stack::start().await;
        let admin = stack.admin().await;
        let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
        let session = worker.session("demo/fast").await;
        let viewer = session.view().await;
        viewer.whole_reply_to(&session.send("count 400 every 5ms").await).await;

        let chat = stack
            .until_counts(Part::Chat, |counted| {
                counted.get("muster_turns_ended_total{outcome=\"COMPLETED\"}") == Some(&1.0)
            })
            .await;
        for once in [
            "muster_messages_sent_total",
            "muster_turns_started_total",
            "muster_turn_wait_seconds_count",
            "muster_turn_first_chunk_seconds_count",
            "muster_turn_seconds_count",
        ] {
            assert_eq!(chat[once], 1.0, "{once}");
        }
        // 400 numbers, 5 ms each.
        assert!((1.6..60.0).contains(&chat["muster_turn_seconds_sum"]), "{chat:#?}");
        assert_eq!(chat["muster_turn_seconds_bucket{le=\"0.25\"}"], 0.0);
        assert_eq!(chat["muster_turn_seconds_bucket{le=\"+Inf\"}"], 1.0);

        let api = stack.counts(Part::Api).await;
        for stage in ["stored", "passed_on"] {
            let count = api[&format!("muster_chunk_lag_seconds_count{{stage=\"{stage}\"}}")];
            assert!(count >= 5.0, "{stage}: {count}");
            let sum = api[&format!("muster_chunk_lag_seconds_sum{{stage=\"{stage}\"}}")];
            assert!(sum < count, "on one computer each takes less than a second: {stage}: {sum}");
        }
        assert!(api["muster_api_requests_total{class=\"2xx\"}"] >= 5.0);
        assert_eq!(api["muster_api_request_seconds_count"], (1..=5).map(|class| api[&class_of(class)]).sum::<f64>());
        // Stopped, and messages that wait.
        let hanging = session.send("hang").await;
        viewer
            .until("it hangs", |frames| {
                frames.iter().any(|frame| frame.data.to_string().contains("Waiting")).then_some(())
            })
            .await;
        let waiting = session.send("echo later").await;
        let one_waits = |counted: &Counts| counted["muster_messages_waiting"] == 1.0;
        stack.until_counts(Part::Chat, one_waits).await;
        let stop = serde_json::json!({ "messageId": hanging.message_id });
        let path = format!("/sessions/{}/cancel", session.id());
        session.client().send(reqwest::Method::POST, &path, Some(&stop)).await.unwrap();
        session.reply_to(&waiting).await;
        let cancelled = |counted: &Counts| {
            counted["muster_turns_ended_total{outcome=\"CANCELLED\"}"] == 1.0
                && counted["muster_messages_waiting"] == 0.0
        };
        stack.until_counts(Part::Chat, cancelled).await;

        let online = |counted: &Counts| counted["muster_registry_workers{status=\"online\"}"] == 1.0;
        let registry = stack.until_counts(Part::Registry, online).await;
        assert!(registry["muster_registry_callouts_total{outcome=\"worker\"}"] >= 1.0);
        assert!(registry["muster_registry_callouts_total{outcome=\"register_only\"}"] >= 1.0);
        assert_eq!(registry["muster_registry_presence_changes_total{to=\"online\"}"], 1.0);
        let path = format!("/workers/{}", worker.id());
        admin.client().send(reqwest::Method::DELETE, &path, None).await.unwrap();
        stack.until_counts(Part::Registry, |counted| counted["muster_registry_kicks_total"] >= 1.0).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_comes_back_who_goes_and_what_fails_is_counted() {
        let stack = Stack::start().await;
        let idle = series(&stack).await;
        let admin = stack.admin().await;
        let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
        let session = worker.session("demo/fast").await;
        let mut viewer = session.view().await;
        let looks = |count: f64| {
            move |counts: &Counts| counts["muster_api_viewers"] == count && counts["muster_api_feeds"] == count
        };
        stack.until_counts(Part::Api, looks(1.0)).await;
        let first = session.send("echo one").await;
        viewer.whole_reply_to(&first).await;
        viewer.cut();
        let before = stack.until_counts(Part::Api, looks(0.0)).await;
        let failed = session.send("fail").await;
        assert_eq!(session.reply_to(&failed).await.status, "failed");
        viewer.back();
        stack
            .until_counts(Part::Api, |counts| {
                counts["muster_api_replay_batches_total"] > before["muster_api_replay_batches_total"]
            })
            .await;
        let ended = |counts: &Counts| counts["muster_turns_ended_total{outcome=\"FAILED\"}"] == 1.0;
        let chat = stack.until_counts(Part::Chat, ended).await;
        assert!(chat["muster_stream_bytes{stream=\"CHUNKS\"}"] > 0.0);

        assert!(Wire::connect(stack.broker().address(), &Login::worker("no token")).await.is_err());
        stack
            .until_counts(Part::Registry, |counts| counts["muster_registry_callouts_total{outcome=\"denied\"}"] >= 1.0)
            .await;
        worker.process().stop(std::time::Duration::from_secs(10)).await;
        let offline = |counts: &Counts| {
            counts["muster_registry_presence_changes_total{to=\"offline\"}"] == 1.0
                && counts["muster_registry_workers{status=\"offline\"}"] == 1.0
        };
        stack.until_counts(Part::Registry, offline).await;
        for part in [Part::Registry, Part::Chat, Part::Api] {
            let counts = stack.counts(part).await;
            let connections = counts.iter().filter(|(name, _)| name.starts_with("muster_database_connections"));
            assert!(connections.map(|(_, count)| count).sum::<f64>() > 0.0, "{part}: {counts:#?}");
        }
        // No id, name or word of a user becomes a series.
        assert_eq!(series(&stack).await, idle);
    }
}
