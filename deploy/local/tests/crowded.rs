//! A worker that has 250 sessions with 10,000 messages starts, and opens the newest, at the price of one with ten.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, future::join_all, stream};
use muster_contracts::{method, permissions::ServiceUser, subject::filter};
use muster_testkit::{
    stack::{Engine, Running, Session, Setup, Stack},
    wire::{Login, Wire},
};
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

/// Of each session; as many replies come with them.
const SENT: usize = 20;
/// As many as a person has open; more would wait for each other.
const AT_ONCE: usize = 8;
/// Whatever is said once for each of 240 more sessions is seen: it is that many more messages, or bytes.
const MORE_MESSAGES: usize = 20;
const MORE_BYTES: usize = 2 * 1024;

/// Hears what the services are asked.
struct Ears(Vec<Wire>);

impl Ears {
    async fn of(stack: &Stack) -> Self {
        let workers = [(ServiceUser::Chat, filter::CHAT_WORKERS), (ServiceUser::Registry, filter::REGISTRY_WORKERS)];
        let api = [
            (ServiceUser::Chat, method::Service::Chat.prefix()),
            (ServiceUser::Registry, method::Service::Registry.prefix()),
        ];
        let api = api.map(|(user, prefix)| (user, format!("{prefix}.*")));
        let workers = workers.map(|(user, subject)| (user, subject.to_owned()));
        let wires = workers.into_iter().chain(api).map(async |(user, subject)| {
            let login = Login::key(&stack.broker().credentials().seed(user).unwrap());
            let mut wire = Wire::connect(stack.broker().address(), &login).await.unwrap();
            wire.subscribe(&subject);
            assert_eq!(wire.settle().await.unwrap().refused, Vec::<String>::new());
            wire
        });
        Self(join_all(wires).await)
    }

    /// What was heard meanwhile, by the last word of its subject.
    async fn heard(mut self) -> BTreeMap<String, Cost> {
        let mut costs = BTreeMap::<String, Cost>::new();
        for wire in &mut self.0 {
            for heard in wire.settle().await.unwrap().heard {
                let what = heard.subject.rsplit('.').next().unwrap().to_owned();
                let cost = costs.entry(what).or_default();
                cost.messages += 1;
                cost.bytes += heard.payload.len();
            }
        }
        costs
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Cost {
    messages: usize,
    bytes: usize,
}

/// What a start was, and then an opening of the newest session.
#[derive(Debug)]
struct Measured {
    start: BTreeMap<String, Cost>,
    opening: BTreeMap<String, Cost>,
    shown: usize,
}

/// Sessions that all have said the same so far, and know it.
async fn filled(worker: &Running, sessions: usize) -> Session {
    let first = worker.session("demo/fast").await;
    for message in 1..SENT {
        first.reply_to(&first.send(&format!("echo {message}")).await).await;
    }
    let last = first.messages().await.items.pop().unwrap();
    let forks = stream::iter(0..sessions).map(async |number| {
        let fork = first.fork(&last).await;
        let reply = fork.reply_to(&fork.send(&format!("echo fork {number}")).await).await;
        assert_eq!(reply.content, format!("fork {number}"));
        fork
    });
    let mut forks = forks.buffered(AT_ONCE).collect::<Vec<_>>().await;
    let newest = forks.pop().unwrap();
    assert_eq!(newest.messages().await.items.len(), 2 * SENT);
    newest
}

async fn measured(sessions: usize) -> Measured {
    let setup = Setup::on(Engine::Sqlite).setting("MUSTER_REQUESTS_PER_MINUTE", 1_000_000);
    let stack = setup.start().await;
    let admin = stack.admin().await;
    let mut worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let begun = Instant::now();
    let newest = filled(&worker, sessions).await;
    println!("{sessions} sessions with {} messages each, made in {:?}", 2 * SENT, begun.elapsed());

    worker.process().kill().await;
    worker.until("offline", |worker| worker.status == "offline").await;
    let (ears, begun) = (Ears::of(&stack).await, Instant::now());
    worker.restart().await;
    let first = newest.reply_to(&newest.send("first").await).await;
    let started = begun.elapsed();
    let mut start = ears.heard().await;
    assert_eq!(first.content, "echo 1", "it knows what was said");
    // How often one looks until the reply is there is a matter of moments.
    start
        .retain(|what, _| ["register", "models", "heartbeat", "sync", "result", "attachment"].contains(&what.as_str()));

    let (ears, begun) = (Ears::of(&stack).await, Instant::now());
    let client = newest.client();
    let body = async |path: &str| client.send(Method::GET, path, None).await.unwrap().text().await.unwrap();
    let listed = body(&format!("/workers/{}/sessions?limit=5", worker.id())).await;
    let seen = serde_json::from_str::<Value>(&listed).unwrap();
    assert_eq!(seen["items"][0]["chatSessionId"], newest.id(), "the newest is the first");
    let messages = body(&format!("/sessions/{}/messages?limit=50", newest.id())).await;
    let viewer = newest.view().await;
    viewer.next_beat().await;
    println!("{sessions} sessions: started in {started:?}, opened in {:?}", begun.elapsed());
    Measured { start, opening: ears.heard().await, shown: listed.len() + messages.len() }
}

fn assert_same(what: &str, few: &BTreeMap<String, Cost>, many: &BTreeMap<String, Cost>) {
    let all = |costs: &BTreeMap<String, Cost>| {
        costs.values().fold(Cost::default(), |sum, cost| Cost {
            messages: sum.messages + cost.messages,
            bytes: sum.bytes + cost.bytes,
        })
    };
    let (few, many) = (all(few), all(many));
    assert!(few.messages > 1, "{what} was heard: {few:?}");
    assert!(many.messages <= few.messages + MORE_MESSAGES, "{what}: {few:?} {many:?}");
    assert!(many.bytes <= few.bytes + MORE_BYTES, "{what}: {few:?} {many:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_250_sessions_starts_and_opens_the_newest_as_one_with_ten() {
    let (few, many) = (measured(10).await, measured(250).await);
    println!("{few:#?}\n{many:#?}");
    assert_same("a start", &few.start, &many.start);
    assert_same("an opening", &few.opening, &many.opening);
    assert!(many.shown <= few.shown + few.shown / 10, "{} {}", few.shown, many.shown);
}
