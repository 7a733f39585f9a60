//! POST /workers/{workerId}/reject

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{fingerprint::Fingerprint, id::WorkerId, method, v1};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body},
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// Which key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Reject {
    /// Without it, a worker that was never approved is deleted.
    #[schema(pattern = "^[a-z2-7]{32}$")]
    fingerprint: Option<String>,
}

/// Turns a registration, or a never-approved worker, away.
#[utoipa::path(post, path = "/workers/{workerId}/reject", tag = "workers", params(("workerId" = String, Path)),
    request_body = Reject, responses((status = 204)))]
pub(crate) async fn reject(
    State(api): State<Shared>,
    caller: Caller,
    At(worker): At<WorkerId>,
    body: Result<Body<Reject>, Problem>,
) -> Result<StatusCode, Problem> {
    let of = Owned::Worker(&worker);
    let Reject { fingerprint } = api.body_for(&caller, of, body).await?;
    if let Some(Err(error)) = fingerprint.as_deref().map(str::parse::<Fingerprint>) {
        return Err(api.refusal(&caller, of, Problem::invalid("/fingerprint", error.to_string())).await);
    }
    let fingerprint = fingerprint.unwrap_or_default();
    let request = v1::RegistrationRef { caller: caller.to_bus(), worker_id: worker.into(), fingerprint };
    api.call::<method::RejectWorker>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
