//! POST /sessions/{id}/end

use axum::{Json, extract::State};
use muster_contracts::{id::SessionId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, model::session::ChatSession, problem::Problem},
    state::Shared,
};

/// Ends a session: it stays readable, and nothing runs in it.
#[utoipa::path(post, path = "/sessions/{id}/end", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = ChatSession)))]
pub(crate) async fn end(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
) -> Result<Json<ChatSession>, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    Ok(Json(api.call::<method::EndSession>(request).await?.into()))
}
