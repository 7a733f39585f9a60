//! Three nats-servers, two of each service and PostgreSQL: any one of them may die, and what stops says so.
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
    scenario::{Fault, Plan, World},
    stack::{Engine, Part, Setup, Stack, Viewer},
    wire::{Login, Wire},
};
use tokio::time::Instant;

/// How long writing pauses when a leader hands over, as at an update.
const HANDED_OVER: Duration = Duration::from_secs(5);
/// The same when it dies: nats-server's followers wait for 4 to 9 s until they elect another, which is fixed in it.
const ELECTED: Duration = Duration::from_secs(10);

/// It is watched for so much longer than it may take.
const MARGIN: Duration = Duration::from_secs(3);

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

#[tokio::test(flavor = "multi_thread")]
async fn whichever_of_several_is_killed_nothing_is_lost() {
    let mut world = World::begin(cluster().linked()).await;
    let nodes = (0..3).map(|number| Part::Nats.number(number));
    for killed in nodes.chain([Part::Chat, Part::Api, Part::Registry].map(|part| part.number(1))) {
        println!("kill {killed}");
        let round = world.round(&Plan::one(Fault::Kill(killed.into()), Duration::from_secs(2))).await;
        println!("  held after {:.1} s: {:?}", round.took.as_secs_f32(), round.checked);
    }
    world.beats().await;
}

/// Which nats-server leads the stream of chunks.
async fn leader(stack: &Stack) -> usize {
    let (name, broker) = (ServiceUser::Chat.name(), stack.broker());
    let seed = broker.credentials().seed(ServiceUser::Chat).unwrap();
    let mut wire = Wire::connect(broker.address(), &Login::service(name, &seed)).await.unwrap();
    let answer = wire.request(&format!("$JS.API.STREAM.INFO.{CHUNKS}"), &[]).await.unwrap();
    let info: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    let leader = info["cluster"]["leader"].as_str().unwrap();
    stack.brokers().iter().position(|broker| broker.name() == leader).unwrap()
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
    let told = tokio::time::timeout(Duration::from_secs(60), asking).await;
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

    let leaving = leader(&stack).await;
    let stopping = stack.broker_of(leaving).stop();
    let (pause, ()) = tokio::join!(longest_pause(&viewer, HANDED_OVER + MARGIN), stopping);
    println!("writing paused for {:.1} s while a leader was stopped", pause.as_secs_f32());
    assert!(pause <= HANDED_OVER, "writing paused for {pause:?}");
    stack.restart(Part::Nats.number(leaving)).await;
    stack.ready().await;

    let first = leader(&stack).await;
    stack.kill(Part::Nats.number(first)).await;
    let pause = longest_pause(&viewer, ELECTED + MARGIN).await;
    println!("writing paused for {:.1} s while a leader was dead", pause.as_secs_f32());
    assert!(pause <= ELECTED, "writing paused for {pause:?}");

    let second = (first + 1) % 3;
    stack.kill(Part::Nats.number(second)).await;
    misses(&stack, Part::Chat, "stream CHUNKS").await;
    let refused = async {
        loop {
            let asked = session.client().get::<serde_json::Value>(&format!("/sessions/{}/events", session.id())).await;
            if asked.is_err_and(|error| error.status() == Some(503)) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), refused).await.expect("who watches is told that nothing is live");
    let before = viewer.count();
    let more = viewer.until("more", |frames| (frames.len() > before).then_some(()));
    assert!(tokio::time::timeout(Duration::from_secs(2), more).await.is_err(), "nothing is shown that is not stored");

    for dead in [first, second] {
        stack.restart(Part::Nats.number(dead)).await;
    }
    stack.ready().await;
    assert_eq!(viewer.whole_reply_to(&sent).await, counted(60_000));
    let next = session.send("count 50").await;
    assert_eq!(session.reply_to(&next).await.content, counted(50));
}
