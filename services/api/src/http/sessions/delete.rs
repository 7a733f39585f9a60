//! DELETE /sessions/{id}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{id::SessionId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Deletes a session with its messages.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
) -> Result<StatusCode, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    api.call::<method::DeleteSession>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
