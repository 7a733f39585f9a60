//! POST /sessions/{id}/restore

use axum::{Json, extract::State};
use muster_contracts::{id::SessionId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, model::session::ChatSession, problem::Problem},
    state::Shared,
};

/// Makes a terminated session active again; changes nothing elsewhere.
#[utoipa::path(post, path = "/sessions/{id}/restore", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = ChatSession)))]
pub(crate) async fn restore(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
) -> Result<Json<ChatSession>, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    Ok(Json(api.call::<method::RestoreSession>(request).await?.into()))
}
