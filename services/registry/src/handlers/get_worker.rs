//! One worker with its models and registrations.

use muster_bus::Handled;
use muster_contracts::{
    id::{UserId, WorkerId},
    v1::{self, WorkerRef},
};
use muster_service::problem;

use super::input::{caller, failed, id};
use crate::{state::Shared, state::State, store::workers, view};

pub(super) async fn handle(state: Shared, request: WorkerRef) -> Handled<v1::Worker> {
    let (user, _) = caller(request.caller)?;
    shown(&state, &user, &id("worker", &request.worker_id)?).await
}

/// The worker as its owner sees it.
pub(super) async fn shown(state: &State, user: &UserId, id: &WorkerId) -> Handled<v1::Worker> {
    let worker = workers::get(state.db.pool(), id).await.map_err(failed)?;
    let worker = worker.filter(|worker| worker.user == *user).ok_or_else(|| problem::not_found("worker"))?;
    let mut connection = state.db.pool().acquire().await.map_err(failed)?;
    view::worker(state, &mut connection, worker).await.map_err(failed)
}
