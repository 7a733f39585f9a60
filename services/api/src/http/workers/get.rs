//! GET /workers/{workerId}

use axum::{Json, extract::State};
use muster_contracts::{id::WorkerId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, model::worker::Worker, problem::Problem},
    state::Shared,
};

/// One worker with its models and registrations.
#[utoipa::path(get, path = "/workers/{workerId}", tag = "workers", params(("workerId" = String, Path)),
    responses((status = 200, body = Worker)))]
pub(crate) async fn get(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
) -> Result<Json<Worker>, Problem> {
    let request = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.into() };
    Ok(Json(api.call::<method::GetWorker>(request).await?.into()))
}
