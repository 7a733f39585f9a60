//! GET /invitations

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{caller::Administrator, page::List, problem::Problem},
    state::Shared,
    store,
};

/// An invitation without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitation {
    invitation_id: String,
    created_at: i64,
    expires_at: i64,
}

impl From<store::invitations::Invitation> for Invitation {
    fn from(invitation: store::invitations::Invitation) -> Self {
        let store::invitations::Invitation { invitation_id, created_at, expires_at } = invitation;
        Self { invitation_id, created_at, expires_at }
    }
}

/// Invitations that can still be used, newest first.
#[utoipa::path(get, path = "/invitations", tag = "invitations", responses((status = 200, body = List<Invitation>)))]
pub(crate) async fn list(State(api): State<Shared>, _: Administrator) -> Result<Json<List<Invitation>>, Problem> {
    let invitations = store::invitations::list(&api.db, api.clock.now()).await?;
    Ok(Json(List::of(invitations, None)))
}
