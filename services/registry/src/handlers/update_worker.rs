//! Renames a worker.

use muster_bus::Handled;
use muster_contracts::{
    audit::Action,
    v1::{self, UpdateWorkerRequest},
};

use super::{
    get_worker::shown,
    input::{caller, failed, id, name, take_worker},
};
use crate::{state::Shared, store::workers, tell::Change};

pub(super) async fn handle(state: Shared, request: UpdateWorkerRequest) -> Handled<v1::Worker> {
    let (user, actor) = caller(request.caller)?;
    let (id, mut change) = (id("worker", &request.worker_id)?, Change::begin(&state, actor).await.map_err(failed)?);
    let worker = take_worker(&mut change.write, &user, &id).await?;
    let name = name(&request.name)?;
    if worker.name.as_deref() == Some(&name) {
        drop(change);
    } else {
        workers::rename(&mut change.write, &id, &name).await.map_err(failed)?;
        change.worker(&id).await.map_err(failed)?;
        change.did_to_worker(Action::WorkerRenamed, &worker, name).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
    }
    shown(&state, &user, &id).await
}
