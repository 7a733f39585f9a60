//! GET /push/key

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::sender;
use crate::{
    http::{caller::Caller, problem::Problem},
    state::Shared,
};

/// By what push services know this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushKey {
    /// `applicationServerKey` of a subscription, base64url.
    key: String,
}

/// The key that a browser subscribes with. 409 when this server sends no notices.
#[utoipa::path(get, path = "/push/key", tag = "push", operation_id = "push_key",
    responses((status = 200, body = PushKey)))]
pub(crate) async fn key(State(api): State<Shared>, _caller: Caller) -> Result<Json<PushKey>, Problem> {
    let key = sender(&api)?.key(&api.db).await.map_err(|error| Problem::internal(&error))?;
    Ok(Json(PushKey { key: key.public.clone() }))
}
