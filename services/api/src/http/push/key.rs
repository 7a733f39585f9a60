//! GET /push/key

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::sender;
use crate::{
    http::{
        caller::{Caller, Credential},
        problem::Problem,
    },
    state::Shared,
    store,
};

/// By what push services know this server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushKey {
    /// `applicationServerKey` of a subscription, base64url.
    key: String,
    /// The subscription of this sign-in; none: its browser is not told.
    subscription_id: Option<String>,
}

/// The key that a browser subscribes with. 409 when this server sends no notices.
#[utoipa::path(get, path = "/push/key", tag = "push", operation_id = "push_key",
    responses((status = 200, body = PushKey)))]
pub(crate) async fn key(State(api): State<Shared>, caller: Caller) -> Result<Json<PushKey>, Problem> {
    let key = sender(&api)?.key(&api.db).await.map_err(|error| Problem::internal(&error))?;
    let subscription_id = match &caller.credential {
        Credential::Device(device) => store::push::of_device(&api.db, device).await?,
        Credential::Token(..) => None,
    };
    Ok(Json(PushKey { key: key.public.clone(), subscription_id }))
}
