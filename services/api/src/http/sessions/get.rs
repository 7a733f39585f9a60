//! GET /sessions/{id}

use axum::{Json, extract::State};
use muster_contracts::{id::SessionId, method, v1};

use crate::{
    http::{caller::Caller, extract::At, model::session::ChatSession, problem::Problem},
    state::Shared,
};

/// One session.
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    responses((status = 200, body = ChatSession)))]
pub(crate) async fn get(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
) -> Result<Json<ChatSession>, Problem> {
    let request = v1::SessionRef { caller: caller.to_bus(), chat_session_id: session.into() };
    Ok(Json(api.call::<method::GetSession>(request).await?.into()))
}
