//! GET /machines/{machineId}/workers

use axum::{Json, extract::State};
use muster_contracts::{id::MachineId, method, v1};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    http::{
        caller::Caller,
        extract::{Asked, At},
        model::worker::{Worker, WorkerStatus},
        owned::Owned,
        page::{self, List},
        problem::Problem,
    },
    state::Shared,
};

/// Which workers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkersQuery {
    /// Only these.
    #[param(inline)]
    status: Option<WorkerStatus>,
    /// Items of the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// The workers of a machine.
#[utoipa::path(get, path = "/machines/{machineId}/workers", tag = "workers",
    params(("machineId" = String, Path), WorkersQuery), responses((status = 200, body = List<Worker>)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    At(machine): At<MachineId>,
    query: Result<Asked<WorkersQuery>, Problem>,
) -> Result<Json<List<Worker>>, Problem> {
    let query =
        query.and_then(|Asked(WorkersQuery { status, limit, cursor })| Ok((status, page::page(limit, cursor)?)));
    let (status, page) = match query {
        Ok(query) => query,
        Err(problem) => return Err(api.refusal(&caller, Owned::Machine(&machine), problem).await),
    };
    let request = v1::ListWorkersRequest {
        caller: caller.to_bus(),
        machine_id: machine.into(),
        status: status.map(|status| v1::WorkerStatus::from(status).into()),
        page: Some(page),
    };
    let v1::ListWorkersReply { workers, next_cursor } = api.call::<method::ListWorkers>(request).await?;
    Ok(Json(List::of(workers, next_cursor)))
}
