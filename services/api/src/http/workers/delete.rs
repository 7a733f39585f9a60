//! DELETE /workers/{workerId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{id::WorkerId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Removes a worker and cuts it off.
#[utoipa::path(delete, path = "/workers/{workerId}", tag = "workers", params(("workerId" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
) -> Result<StatusCode, Problem> {
    let request = v1::WorkerRef { caller: caller.to_bus(), worker_id: worker.into() };
    api.call::<method::DeleteWorker>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
