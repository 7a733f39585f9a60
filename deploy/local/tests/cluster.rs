//! Three nats-servers, two of each service and PostgreSQL: whoever is asked answers, and what stops says so. That any one
//! of them may die is a part of the fault matrix (`faults`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail anywhere"
)]

use std::time::Duration;

use muster_contracts::{permissions::ServiceUser, stream::CHUNKS};
use muster_testkit::{
    stack::{Engine, Part, Setup, Stack, Viewer},
    wire::{Login, Wire},
};
use serde_json::Value;
use tokio::time::Instant;

/// How long writing may pause while a leader hands over, as at an update, and once there is one after a death.
const PAUSE: Duration = Duration::from_secs(5);
/// How long nobody leads after a death is nats-server's: its followers wait for 4 to 9 s, and again when they disagree.
const ELECTION: Duration = Duration::from_secs(9);
/// It is watched for so much longer than it may take.
const MARGIN: Duration = Duration::from_secs(3);
/// Longer than anything lasts that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

fn cluster() -> Setup {
    Setup::on(Engine::Postgres).clustered().instances(2)
}

fn counted(up_to: usize) -> String {
    (1..=up_to).map(|number| format!("{number}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_is_done_by_whichever_instance_is_asked() {
    let stack = cluster().start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let (one, other) = (admin.at("admin", &stack.url_of(0)).await, admin.at("admin", &stack.url_of(1)).await);
    let mut moving = session.seen_by(one.client()).view().await;
    let staying = session.seen_by(other.client()).view().await;

    let sent = session.send("count 2000 every 1ms").await;
    for (seen, instance) in [(20, &other), (40, &one), (60, &other)] {
        moving.until("more of the reply", |frames| (frames.len() > seen).then_some(())).await;
        moving.cut();
        moving.back_at(instance.client());
    }
    assert_eq!(moving.whole_reply_to(&sent).await, counted(2000));
    assert_eq!(staying.whole_reply_to(&sent).await, counted(2000));
    assert!(moving.frames().iter().all(|frame| frame.event != "resync"), "an id means the same at every instance");
    assert_eq!(session.reply_to(&sent).await.content, counted(2000));
}

/// What a nats-server says of the stream of chunks; nothing while none leads it.
async fn chunks(stack: &Stack, asked: usize) -> Option<Value> {
    let broker = stack.broker_of(asked);
    let seed = broker.credentials().seed(ServiceUser::Chat).unwrap();
    let mut wire = Wire::connect(broker.address(), &Login::service(ServiceUser::Chat.name(), &seed)).await.unwrap();
    let subject = format!("$JS.API.STREAM.INFO.{CHUNKS}");
    let answer = tokio::time::timeout(Duration::from_secs(1), wire.request(&subject, &[])).await.ok()?.unwrap();
    serde_json::from_slice::<Value>(&answer.payload).ok()?.get("cluster").cloned()
}

/// Which nats-server leads the stream of chunks, once one does and `fit` says yes to what it tells.
async fn leader(stack: &Stack, asked: usize, fit: impl Fn(&Value) -> bool) -> usize {
    let asking = async {
        loop {
            let told = chunks(stack, asked).await.filter(&fit);
            if let Some(leader) = told.as_ref().and_then(|cluster| cluster["leader"].as_str()) {
                return stack.brokers().iter().position(|broker| broker.name() == leader).unwrap();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("the stream of chunks has such a leader")
}

/// Every copy of the stream has what the leader has.
fn is_whole(cluster: &Value) -> bool {
    let replicas = cluster["replicas"].as_array().unwrap();
    replicas.len() == 2 && replicas.iter().all(|replica| replica["current"] == true)
}

/// The longest time in which a viewer saw nothing, within some time from now on.
async fn longest_pause(viewer: &Viewer, within: Duration) -> Duration {
    let (mut longest, mut last) = (Duration::ZERO, Instant::now());
    let end = last + within;
    loop {
        let seen = viewer.count();
        let more = viewer.until("more of the reply", |frames| (frames.len() > seen).then_some(()));
        let over = tokio::time::timeout_at(end, more).await.is_err();
        longest = longest.max(last.elapsed());
        if over {
            return longest;
        }
        last = Instant::now();
    }
}

/// Waits until a service says that it misses `what`.
async fn misses(stack: &Stack, part: Part, what: &str) {
    let asking = async {
        loop {
            if stack.service(part).missing().await.is_some_and(|missing| missing.contains(what)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, asking).await;
    assert!(told.is_ok(), "{part} does not say that it misses {what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_leader_less_is_a_pause_and_two_are_a_stop_that_says_so() {
    let mut stack = cluster().start().await;
    let admin = stack.admin().await;
    let worker = admin.machine("desk").await.worker().await.started(&stack).await.approved().await;
    let session = worker.session("demo/fast").await;
    let viewer = session.view().await;
    let sent = session.send("count 60000 every 1ms").await;
    viewer.until("it begins", |frames| (frames.len() > 20).then_some(())).await;

    let leaving = leader(&stack, 0, is_whole).await;
    let stopping = stack.broker_of(leaving).stop();
    let (pause, ()) = tokio::join!(longest_pause(&viewer, PAUSE + MARGIN), stopping);
    println!("writing paused for {:.1} s while a leader was stopped", pause.as_secs_f32());
    assert!(pause <= PAUSE, "writing paused for {pause:?}");
    stack.restart(Part::Nats.number(leaving)).await;
    stack.ready().await;

    let first = leader(&stack, leaving, is_whole).await;
    stack.kill(Part::Nats.number(first)).await;
    let died = Instant::now();
    let name = stack.broker_of(first).name();
    let second = leader(&stack, (first + 1) % 3, |cluster| cluster["leader"] != name).await;
    println!("nobody led for {:.1} s after a leader's death", died.elapsed().as_secs_f32());
    let seen = viewer.count();
    let more = viewer.until("more of the reply", |frames| (frames.len() > seen).then_some(()));
    tokio::time::timeout(PAUSE, more).await.expect("writing goes on when there is a leader");
    println!("writing paused for {:.1} s in all", died.elapsed().as_secs_f32());
    assert!(died.elapsed() <= 2 * ELECTION + PAUSE, "writing paused for {:?}", died.elapsed());

    stack.kill(Part::Nats.number(second)).await;
    misses(&stack, Part::Chat, "stream CHUNKS").await;
    misses(&stack, Part::Api, "streams").await;
    let refused = async {
        loop {
            let asked = session.client().get::<Value>(&format!("/sessions/{}/events", session.id())).await;
            if asked.is_err_and(|error| error.status() == Some(503)) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("who watches is told that nothing is live");
    let before = viewer.count();
    let more = viewer
        .until("more", |frames| frames.get(before..).filter(|more| !more.is_empty()).map(|more| format!("{more:?}")));
    let more = tokio::time::timeout(Duration::from_secs(2), more).await;
    assert!(more.is_err(), "nothing is shown that is not stored: {more:?}");

    for dead in [first, second] {
        stack.restart(Part::Nats.number(dead)).await;
    }
    stack.ready().await;
    assert_eq!(viewer.whole_reply_to(&sent).await, counted(60_000));
    let next = session.send("count 50").await;
    assert_eq!(session.reply_to(&next).await.content, counted(50));
}
