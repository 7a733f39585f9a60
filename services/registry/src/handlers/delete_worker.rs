//! Removes a worker and cuts it off: its token names nothing from then on.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    v1::{Empty, WorkerRef},
};
use muster_service::DbError;

use super::input::{caller, failed, id, take_worker};
use crate::{
    domain::{standing::Connected, worker::Worker},
    presence::kick,
    state::Shared,
    store::{connections, registrations, workers},
    tell::Change,
};

pub(super) async fn handle(state: Shared, request: WorkerRef) -> Handled<Empty> {
    let (user, actor) = caller(request.caller)?;
    let id = id("worker", &request.worker_id)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let worker = take_worker(&mut change.write, &user, &id).await?;
    finish(&state, change, &worker).await.map_err(failed)?;
    Ok(Empty {})
}

/// Removes a worker that was taken, tells it, and cuts it off.
pub(super) async fn finish(state: &Shared, mut change: Change<'_>, worker: &Worker) -> Result<(), DbError> {
    let cut = remove(&mut change, worker).await?;
    change.machine(&worker.machine).await?;
    change.commit().await?;
    kick::cut(state, cut);
    state.memory.forget(&worker.id);
    tracing::info!(worker = %worker.id, "a worker was removed");
    Ok(())
}

/// Removes the rows of a worker that was taken; the connections that it had are to be cut.
pub(super) async fn remove(change: &mut Change<'_>, worker: &Worker) -> Result<Vec<Connected>, DbError> {
    for waiting in registrations::waiting(change.write.connection(), &worker.id).await? {
        change.registration_removed(worker, &waiting.fingerprint).await?;
    }
    let cut = connections::open(change.write.connection(), &worker.id).await?;
    workers::delete(&mut change.write, worker).await?;
    change.worker_removed(worker).await?;
    change.did_to_worker(Action::WorkerRemoved, worker, String::new()).await?;
    Ok(cut)
}
