//! DELETE /workers/{workerId}/registrations/{fingerprint}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{fingerprint::Fingerprint, id::WorkerId, method, v1};

use crate::{
    http::{caller::Caller, extract::At2, problem::Problem},
    state::Shared,
};

/// Dismisses another key's registration.
#[utoipa::path(delete, path = "/workers/{workerId}/registrations/{fingerprint}", tag = "workers",
    params(("workerId" = String, Path), ("fingerprint" = String, Path)), responses((status = 204)))]
pub(crate) async fn dismiss(
    State(api): State<Shared>,
    caller: Caller,
    At2(worker, fingerprint): At2<WorkerId, Fingerprint>,
) -> Result<StatusCode, Problem> {
    let fingerprint = fingerprint.to_string();
    let request = v1::RegistrationRef { caller: caller.to_bus(), worker_id: worker.into(), fingerprint };
    api.call::<method::DismissRegistration>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
