//! POST /workers/{workerId}/models/refresh

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{id::WorkerId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Asks the worker to publish its models anew.
#[utoipa::path(post, path = "/workers/{workerId}/models/refresh", tag = "workers",
    params(("workerId" = String, Path)), responses((status = 202)))]
pub(crate) async fn refresh_models(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
) -> Result<StatusCode, Problem> {
    // Chat does not know whose worker it is.
    let worker = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.into() };
    api.call::<method::GetWorker>(worker.clone()).await?;
    api.call::<method::RefreshModels>(worker).await?;
    Ok(StatusCode::ACCEPTED)
}
