//! Lets a worker in again that was cut off. One that is not stays as it is.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    v1::{self, Restriction, WorkerRef},
};

use super::{
    get_worker::shown,
    input::{caller, failed, id, take_worker},
};
use crate::{presence::kick, state::Shared, store::workers, tell::Change};

pub(super) async fn handle(state: Shared, request: WorkerRef) -> Handled<v1::Worker> {
    let (user, actor) = caller(request.caller)?;
    let id = id("worker", &request.worker_id)?;
    let mut change = Change::begin(&state, actor).await.map_err(failed)?;
    let worker = take_worker(&mut change.write, &user, &id).await?;
    if worker.restriction == Restriction::CutOff {
        workers::readmit(&mut change.write, &id).await.map_err(failed)?;
        change.worker(&id).await.map_err(failed)?;
        change.did_to_worker(Action::WorkerReadmitted, &worker, String::new()).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
        tracing::info!(worker = %id, "a worker that was cut off is let in again");
        // It waits for that, with a connection that only may register.
        kick::enforce(&state, &id).await.map_err(failed)?;
    } else {
        drop(change);
    }
    shown(&state, &user, &id).await
}
