//! POST /workers/{workerId}/approve

use axum::{Json, extract::State};
use muster_contracts::{fingerprint::Fingerprint, id::WorkerId, method, v1};
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

/// Which key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Approve {
    /// As the registration shows it.
    #[schema(pattern = "^[a-z2-7]{32}$")]
    fingerprint: String,
}

/// Pins a key to the worker.
#[utoipa::path(post, path = "/workers/{workerId}/approve", tag = "workers", params(("workerId" = String, Path)),
    request_body = Approve, responses((status = 200, body = Worker)))]
pub(crate) async fn approve(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    body: Result<Body<Approve>, Problem>,
) -> Result<Json<Worker>, Problem> {
    let of = Owned::Worker(&worker);
    let Approve { fingerprint } = api.body_for(&caller, of, body).await?;
    if let Err(error) = fingerprint.parse::<Fingerprint>() {
        return Err(api.refusal(&caller, of, Problem::invalid("/fingerprint", error.to_string())).await);
    }
    let request = v1::RegistrationRef { caller: caller.to_bus(), worker_id: worker.into(), fingerprint };
    Ok(Json(api.call::<method::ApproveWorker>(request).await?.into()))
}
