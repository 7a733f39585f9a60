//! GET /auth/passkeys

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{caller::Caller, page::List, problem::Problem},
    state::Shared,
    store,
};

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Passkey {
    passkey_id: String,
    /// What its user calls it.
    name: String,
    created_at: i64,
    /// None: never yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_used_at: Option<i64>,
}

impl From<store::passkeys::Passkey> for Passkey {
    fn from(passkey: store::passkeys::Passkey) -> Self {
        let store::passkeys::Passkey { passkey_id, name, created_at, last_used_at } = passkey;
        Self { passkey_id, name, created_at, last_used_at }
    }
}

/// The passkeys of the user, oldest first.
#[utoipa::path(get, path = "/auth/passkeys", tag = "auth", operation_id = "passkeys",
    responses((status = 200, body = List<Passkey>)))]
pub(crate) async fn list(State(api): State<Shared>, caller: Caller) -> Result<Json<List<Passkey>>, Problem> {
    Ok(Json(List::of(store::passkeys::list(&api.db, caller.id()).await?, None)))
}
