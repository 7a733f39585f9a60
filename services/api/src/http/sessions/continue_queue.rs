//! POST /sessions/{id}/continue

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{id::SessionId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, problem::Problem},
    state::Shared,
};

/// Lets a paused queue go on.
#[utoipa::path(post, path = "/sessions/{id}/continue", tag = "sessions", params(("id" = String, Path)),
    responses((status = 202)))]
pub(crate) async fn continue_queue(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
) -> Result<StatusCode, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    api.call::<method::ContinueQueue>(request).await?;
    Ok(StatusCode::ACCEPTED)
}
