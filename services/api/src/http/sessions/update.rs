//! PATCH /sessions/{id}

use axum::{Json, extract::State};
use muster_contracts::{id::SessionId, method, v1};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body, given},
        model::session::ChatSession,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// What shall be different.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateSession {
    /// 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    title: Option<String>,
    #[schema(min_length = 1, max_length = 256)]
    model: Option<String>,
    /// One of the backend's modes, at most 64 characters; null or empty for the backend's own.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 64)]
    mode: Option<Option<String>>,
    pinned: Option<bool>,
}

/// Renames or pins a session, or changes its model or mode.
#[utoipa::path(patch, path = "/sessions/{id}", tag = "sessions", params(("id" = String, Path)),
    request_body = UpdateSession, responses((status = 200, body = ChatSession)))]
pub(crate) async fn update(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    body: Result<Body<UpdateSession>, Problem>,
) -> Result<Json<ChatSession>, Problem> {
    let UpdateSession { title, model, mode, pinned } = api.body_for(&caller, Owned::Session(&session), body).await?;
    let request = v1::UpdateSessionRequest {
        caller: caller.to_bus(),
        chat_session_id: session.into(),
        title,
        model,
        mode: mode.map(Option::unwrap_or_default),
        pinned,
    };
    Ok(Json(api.call::<method::UpdateSession>(request).await?.into()))
}
