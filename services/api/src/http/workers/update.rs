//! PATCH /workers/{workerId}

use axum::{Json, extract::State};
use muster_contracts::{id::WorkerId, method, v1};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body},
        model::worker::Worker,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// The worker's new name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateWorker {
    /// 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
}

/// Renames a worker.
#[utoipa::path(patch, path = "/workers/{workerId}", tag = "workers", params(("workerId" = String, Path)),
    request_body = UpdateWorker, responses((status = 200, body = Worker)))]
pub(crate) async fn update(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    body: Result<Body<UpdateWorker>, Problem>,
) -> Result<Json<Worker>, Problem> {
    let UpdateWorker { name } = api.body_for(&caller, Owned::Worker(&worker), body).await?;
    let request = v1::UpdateWorkerRequest { caller: caller.to_bus(), worker_id: worker.into(), name };
    Ok(Json(api.call::<method::UpdateWorker>(request).await?.into()))
}
