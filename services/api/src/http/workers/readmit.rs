//! POST /workers/{workerId}/readmit

use axum::{Json, extract::State};
use muster_contracts::{id::WorkerId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, model::worker::Worker, problem::Problem},
    state::Shared,
};

/// Lets a worker in again that was cut off for what it wrote.
#[utoipa::path(post, path = "/workers/{workerId}/readmit", tag = "workers", params(("workerId" = String, Path)),
    responses((status = 200, body = Worker)))]
pub(crate) async fn readmit(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
) -> Result<Json<Worker>, Problem> {
    let request = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.into() };
    Ok(Json(api.call::<method::ReadmitWorker>(request).await?.into()))
}
