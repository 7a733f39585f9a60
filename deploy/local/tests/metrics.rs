//! What the services count, as Prometheus fetches it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use muster_testkit::stack::{Part, Stack};

const PATIENCE: Duration = Duration::from_secs(45);
const ALERTS: &str = include_str!("../../grafana/alerts.yml");
const DASHBOARD: &str = include_str!("../../grafana/dashboards/muster.json");

/// What one service counts: each line's name with its labels, and its value.
async fn scraped(stack: &Stack, part: Part) -> BTreeMap<String, f64> {
    let operator = stack.service(part).address("operator").unwrap();
    let text = reqwest::get(format!("http://{operator}/metrics")).await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let counted = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    counted.collect()
}

/// The services' counts, once they are as awaited.
async fn until(stack: &Stack, part: Part, awaited: impl Fn(&BTreeMap<String, f64>) -> bool) -> BTreeMap<String, f64> {
    let counting = async {
        loop {
            let counted = scraped(stack, part).await;
            if awaited(&counted) {
                return counted;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, counting).await {
        Ok(counted) => counted,
        Err(_) => panic!("{part:?} never counts so: {:#?}", scraped(stack, part).await),
    }
}

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
    let chunks = |counted: &BTreeMap<String, f64>| counted.contains_key("muster_stream_max_bytes{stream=\"CHUNKS\"}");
    let mut all = until(&stack, Part::Chat, chunks).await;
    let events = |counted: &BTreeMap<String, f64>| counted.contains_key("muster_stream_bytes{stream=\"EVENTS\"}");
    all.extend(until(&stack, Part::Registry, events).await);
    all.extend(scraped(&stack, Part::Api).await);

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

        let chat = until(&stack, Part::Chat, |counted| {
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

        let api = scraped(&stack, Part::Api).await;
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
        let one_waits = |counted: &BTreeMap<String, f64>| counted["muster_messages_waiting"] == 1.0;
        until(&stack, Part::Chat, one_waits).await;
        let stop = serde_json::json!({ "messageId": hanging.message_id });
        let path = format!("/sessions/{}/cancel", session.id());
        session.client().send(reqwest::Method::POST, &path, Some(&stop)).await.unwrap();
        session.reply_to(&waiting).await;
        let cancelled = |counted: &BTreeMap<String, f64>| {
            counted["muster_turns_ended_total{outcome=\"CANCELLED\"}"] == 1.0
                && counted["muster_messages_waiting"] == 0.0
        };
        until(&stack, Part::Chat, cancelled).await;

        let online = |counted: &BTreeMap<String, f64>| counted["muster_registry_workers{status=\"online\"}"] == 1.0;
        let registry = until(&stack, Part::Registry, online).await;
        assert!(registry["muster_registry_callouts_total{outcome=\"worker\"}"] >= 1.0);
        assert!(registry["muster_registry_callouts_total{outcome=\"register_only\"}"] >= 1.0);
        assert_eq!(registry["muster_registry_presence_changes_total{to=\"online\"}"], 1.0);
        let path = format!("/workers/{}", worker.id());
        admin.client().send(reqwest::Method::DELETE, &path, None).await.unwrap();
        until(&stack, Part::Registry, |counted| counted["muster_registry_kicks_total"] >= 1.0).await;
    }
}
