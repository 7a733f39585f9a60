//! Two instances of the registry, and one of them killed.

use std::time::{Duration, Instant};

use muster_contracts::{
    method,
    v1::{Presence, RegisterStatus, WorkerStatus},
};

use crate::{
    on_both_engines,
    stack::{Stack, eventually},
    worker::Worker,
};

/// Asked so often, each instance has answered, but for one case in a million.
const TIMES: usize = 20;

/// Waits until every instance counts so many, online and offline.
async fn all_count(stack: &Stack, online: u32, offline: u32) {
    eventually(&format!("{online} online and {offline} offline"), || async {
        for _ in 0..TIMES {
            let machines = stack.machines().await.ok()?;
            let counted = (
                machines.iter().map(|machine| machine.workers_online).sum::<u32>(),
                machines.iter().map(|machine| machine.workers_offline).sum::<u32>(),
            );
            if counted != (online, offline) {
                return None;
            }
        }
        Some(())
    })
    .await;
}

/// Waits until every instance knows that this worker is there.
async fn all_know(stack: &Stack, worker: &Worker) {
    worker.heartbeat().await;
    eventually("every instance knows", || async {
        for _ in 0..TIMES {
            let seen = stack.presence(&worker.token).await.ok()?;
            if !seen.online || seen.presence() != Presence::Known {
                return None;
            }
        }
        Some(())
    })
    .await;
}

/// One comes, one goes, one is removed: as many are there afterwards as before.
async fn come_and_go(stack: &Stack, staying: &Worker, offline: u32) {
    let (going, removed) = (Worker::approved(stack).await, Worker::approved(stack).await);
    all_count(stack, 3, offline).await;
    all_know(stack, staying).await;
    let mut connection = removed.bus.connection();
    let epoch = connection.borrow_and_update().epoch;
    let begun = Instant::now();
    stack.call::<method::DeleteWorker>(stack.worker_ref(&removed.token)).await.unwrap();
    connection.wait_for(|now| !now.connected || now.epoch > epoch).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    removed.until(RegisterStatus::UnknownToken).await;

    let (token, begun) = (going.token.clone(), Instant::now());
    drop(going);
    stack.until_status(&token, WorkerStatus::Offline).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    all_count(stack, 1, offline + 1).await;
    staying.until(RegisterStatus::Approved).await;
}

on_both_engines! {
    async fn two_instances_say_the_same_and_either_is_enough(stack: Stack) {
        let mut another = stack.another_registry().await;
        let staying = Worker::approved(&stack).await;
        come_and_go(&stack, &staying, 0).await;
        another.kill().await;
        come_and_go(&stack, &staying, 1).await;
        another.restart().await.unwrap();
        stack.registry.kill().await;
        stack.ready_at(&another).await;
        come_and_go(&stack, &staying, 2).await;
    }
}
