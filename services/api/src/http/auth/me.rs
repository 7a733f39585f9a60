//! GET /auth/me

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    http::{caller::Caller, model::user::User, problem::Problem},
    state::Shared,
    store,
};

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    #[serde(flatten)]
    user: User,
    /// Whether there is a password; without one the first is set without naming the one before.
    has_password: bool,
}

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = Me)))]
pub(crate) async fn me(State(api): State<Shared>, caller: Caller) -> Result<Json<Me>, Problem> {
    let has_password = store::users::has_password(&api.db, caller.id()).await?;
    Ok(Json(Me { user: caller.user.into(), has_password }))
}
