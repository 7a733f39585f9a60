//! Who is there.

use std::time::{Duration, Instant};

use muster_contracts::{
    subject::RegistryVerb,
    v1::{self, Presence, RegisterStatus, WorkerStatus},
};

use crate::{on_both_engines, stack::Stack, stack::eventually, worker::Worker};

on_both_engines! {
    async fn a_worker_that_dies_is_offline_in_two_seconds_and_one_that_leaves_at_once(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let token = worker.token.clone();
        stack.until_status(&token, WorkerStatus::Online).await;
        let machine = stack.machines().await.unwrap().remove(0);
        assert!(machine.online && machine.workers_online == 1);
        let (key, instance) = (nkeys::KeyPair::from_seed(&worker.key.seed().unwrap()).unwrap(), worker.instance.clone());
        let began = Instant::now();
        drop(worker);
        stack.until_status(&token, WorkerStatus::Offline).await;
        println!("offline {:?} after the connection was dropped", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(2));
        let seen = stack.presence(&token).await.unwrap();
        assert!(!seen.online && seen.closed && seen.offline_since.is_some());
        let machine = stack.machines().await.unwrap().remove(0);
        assert!(!machine.online && machine.workers_offline == 1 && machine.last_seen.is_some());

        let worker = Worker::with(&stack, &token, key, instance).await;
        worker.until(RegisterStatus::Approved).await;
        stack.until_status(&token, WorkerStatus::Online).await;
        let began = Instant::now();
        worker.bus.send(&worker.subject(RegistryVerb::Bye), &v1::Bye {}).await.unwrap();
        stack.until_status(&token, WorkerStatus::Offline).await;
        println!("offline {:?} after bye", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(1));
    }

    async fn heartbeats_cost_no_write_and_no_event(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let online = stack.until_status(&worker.token, WorkerStatus::Online).await;
        worker.until(RegisterStatus::Approved).await;
        worker.heartbeat().await;
        eventually("a heartbeat", || async { stack.shown(&worker.token).await.last_heartbeat }).await;
        let (events, writes) = (stack.api.stream_state("EVENTS").await.unwrap().last, stack.counted("muster_database_writes_total").await);
        for _ in 0..1_000 {
            worker.heartbeat().await;
        }
        // A request behind them on the same connection: they were all taken.
        worker.register().await.unwrap();
        let shown = eventually("the heartbeats", || async {
            let shown = stack.shown(&worker.token).await;
            (shown.last_heartbeat > online.last_heartbeat).then_some(shown)
        })
        .await;
        assert_eq!(shown.revision, stack.shown(&worker.token).await.revision);
        let written = stack.counted("muster_database_writes_total").await - writes;
        assert!(written <= 3, "{written} writes for 1,000 heartbeats");
        assert!(stack.api.stream_state("EVENTS").await.unwrap().last - events <= 2);
    }

    async fn a_registry_that_was_away_says_unknown_and_finds_out_again(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        let gone = Worker::approved(&stack).await;
        let (token, absent) = (worker.token.clone(), gone.token.clone());
        stack.until_status(&token, WorkerStatus::Online).await;
        stack.until_status(&absent, WorkerStatus::Online).await;
        stack.registry.kill().await;
        drop(gone);
        stack.registry.restart().await.unwrap();
        stack.ready().await;
        stack.until_status(&absent, WorkerStatus::Offline).await;
        let seen = stack.presence(&absent).await.unwrap();
        assert!(!seen.online && seen.presence() == Presence::Unknown, "{seen:?}");
        let seen = stack.presence(&token).await.unwrap();
        assert!(seen.online && seen.presence() == Presence::Unknown, "{seen:?}");
        worker.heartbeat().await;
        eventually("known again", || async {
            let seen = stack.presence(&token).await.unwrap();
            (seen.online && seen.presence() == Presence::Known).then_some(())
        })
        .await;
        worker.until(RegisterStatus::Approved).await;
    }

    async fn everything_is_back_after_the_broker_was_killed(stack: Stack) {
        let worker = Worker::approved(&stack).await;
        stack.until_status(&worker.token, WorkerStatus::Online).await;
        stack.broker.kill().await;
        stack.restart_broker().await;
        worker.until(RegisterStatus::Approved).await;
        stack.until_status(&worker.token, WorkerStatus::Online).await;
        eventually("models", || async { worker.models(&["a/b/c"]).await.ok() }).await;
        assert!(stack.shown(&worker.token).await.models_known);
    }
}

/// Waits until a worker that says nothing is thought to be lost: neither sooner nor later than three missed heartbeats.
async fn until_silent(stack: &Stack, worker: &Worker, began: Instant) {
    while stack.shown(&worker.token).await.status() == WorkerStatus::Online {
        assert!(began.elapsed() < Duration::from_secs(40), "still online");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(25), "too early: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_gets_the_lease_of_one_that_fell_silent() {
    let stack = Stack::on_sqlite().await;
    let first = Worker::approved(&stack).await;
    stack.until_status(&first.token, WorkerStatus::Online).await;
    let began = Instant::now();
    let second = first.twin(&stack).await;
    second.until(RegisterStatus::Leased).await;
    until_silent(&stack, &first, began).await;

    // It waits as the worker-agent does: it is cut when the lease is free, or told to come anew.
    let approved = eventually("it has the lease", || async {
        let reply = second.try_register().await?;
        if reply.status() == RegisterStatus::Reconnect {
            second.bus.reconnect().await;
        }
        (reply.status() == RegisterStatus::Approved).then_some(reply)
    });
    assert_eq!(approved.await.term, 2);
    second.heartbeat().await;
    let online = stack.until_status(&first.token, WorkerStatus::Online).await;
    assert_eq!((online.instance.as_deref(), online.term), (Some(second.instance.as_str()), 2));

    // Back from its silence, it is not the worker any more, and cannot speak as it.
    first.until(RegisterStatus::Leased).await;
    assert!(first.models(&["m"]).await.is_err(), "it has no rights");
    assert_eq!(second.register().await.unwrap().status(), RegisterStatus::Approved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_worker_is_offline_after_half_a_minute_and_back_with_a_heartbeat() {
    let stack = Stack::on_sqlite().await;
    let worker = Worker::approved(&stack).await;
    stack.until_status(&worker.token, WorkerStatus::Online).await;
    until_silent(&stack, &worker, Instant::now()).await;
    let seen = stack.presence(&worker.token).await.unwrap();
    assert!(!seen.online && !seen.closed && seen.presence() == Presence::Known, "{seen:?}");
    eventually("it is back", || async {
        worker.heartbeat().await;
        (stack.shown(&worker.token).await.status() == WorkerStatus::Online).then_some(())
    })
    .await;

    // What the broker would have to say of the lease: another process gets none.
    let twin = worker.twin(&stack).await;
    twin.until(RegisterStatus::Leased).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_may_start_before_the_broker_and_says_what_is_missing() {
    let mut stack = Stack::on_sqlite().await;
    stack.broker.kill().await;
    stack.registry.restart().await.unwrap();
    let operator = stack.registry.announced(Duration::from_secs(10)).await.unwrap()["operator"].clone();
    let answer = reqwest::get(format!("http://{operator}/readyz")).await.unwrap();
    assert_eq!(answer.status(), 503);
    let text = answer.text().await.unwrap();
    assert!(text.contains("stream EVENTS") && text.contains("nats system"), "{text}");
    stack.restart_broker().await;
    stack.ready().await;
    Worker::approved(&stack).await;
    stack.broker.kill().await;
    let began = Instant::now();
    assert!(stack.registry.stop(Duration::from_secs(10)).await.is_some_and(|status| status.success()));
    println!("stopped without a broker in {:?}", began.elapsed());
}
