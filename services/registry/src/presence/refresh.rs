//! Brings a worker's row in line with its connections and heartbeats.

use muster_contracts::{id::WorkerId, v1::Actor};
use muster_service::DbError;

use crate::{
    domain::{
        presence::{Present, present},
        worker::{Status, Worker},
    },
    metric,
    state::State,
    store::{connections, workers},
    tell::Change,
};

/// Costs two reads when nothing has changed.
pub(crate) async fn refresh(state: &State, id: &WorkerId) -> Result<(), DbError> {
    let Some(worker) = workers::get(state.db.pool(), id).await? else {
        state.memory.forget(id);
        return Ok(());
    };
    let open = connections::open(state.db.pool(), id).await?;
    let now = state.now();
    if present(&worker, &open, None, state.memory.heard(&worker, now), now) == Present::of(&worker) {
        state.memory.believe(id, worker.status == Status::Online);
        return Ok(());
    }
    write(state, id).await
}

async fn write(state: &State, id: &WorkerId) -> Result<(), DbError> {
    let actor = Actor { worker_id: id.to_string(), ..Actor::default() };
    let mut change = Change::begin(state, actor).await?;
    let Some(worker) = workers::take(&mut change.write, id).await? else { return Ok(()) };
    let open = connections::open(change.write.connection(), id).await?;
    let closed_at = connections::last_closed(change.write.connection(), id, worker.lease.term).await?;
    let now = state.now();
    let after = present(&worker, &open, closed_at, state.memory.heard(&worker, now), now);
    if after != Present::of(&worker) {
        workers::put_present(&mut change.write, id, &after).await?;
        if (after.status, &after.process) != (worker.status, &worker.process) {
            let seen = matches!(after.status, Status::Online | Status::Offline).then_some(now);
            change.worker_seen(id, seen).await?;
        }
        change.commit().await?;
        note(&worker, &after);
    }
    state.memory.believe(id, after.status == Status::Online);
    Ok(())
}

fn note(before: &Worker, after: &Present) {
    if before.status != after.status {
        let status = after.status.as_str();
        metric::PRESENCE.count(status);
        tracing::info!(worker = %before.id, "a worker is {status} now");
    }
}
