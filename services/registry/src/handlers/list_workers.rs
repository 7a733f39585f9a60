//! The workers of a machine, in the order of their creation.

use muster_bus::Handled;
use muster_contracts::{
    Message as _,
    id::MachineId,
    v1::{self, ListWorkersReply, ListWorkersRequest},
};
use muster_service::problem;

use super::input::{caller, failed, id, page};
use crate::{
    domain::{
        cursor::{Cursor, cut},
        worker::Status,
    },
    state::Shared,
    store::{machines, workers},
    view,
};

pub(super) async fn handle(state: Shared, request: ListWorkersRequest) -> Handled<ListWorkersReply> {
    let (user, _) = caller(request.caller)?;
    let machine: MachineId = id("machine", &request.machine_id)?;
    let owned = machines::get(state.db.pool(), &machine).await.map_err(failed)?;
    owned.filter(|machine| machine.user == user).ok_or_else(|| problem::not_found("machine"))?;
    let status = request.status.map(status).transpose()?;
    let page = page(request.page)?;
    let found = workers::page(state.db.pool(), &machine, status, &page).await.map_err(failed)?;
    let mut connection = state.db.pool().acquire().await.map_err(failed)?;
    let mut all = Vec::with_capacity(found.len());
    for worker in found {
        all.push(view::worker(&state, &mut connection, worker).await.map_err(failed)?);
    }
    let at = |worker: &v1::Worker| Cursor { created_at: worker.created_at, id: worker.worker_id.clone() };
    let (workers, next_cursor) = cut(all, page.limit, v1::Worker::encoded_len, at);
    Ok(ListWorkersReply { workers, next_cursor })
}

fn status(number: i32) -> Handled<Status> {
    let status = v1::WorkerStatus::try_from(number).unwrap_or_default();
    Status::try_from(status).map_err(|error| problem::invalid("/status", error.to_string()))
}
