//! GET /auth/me

use axum::Json;

use crate::http::{caller::Caller, model::user::User};

/// Who is signed in.
#[utoipa::path(get, path = "/auth/me", tag = "auth", responses((status = 200, body = User)))]
pub(crate) async fn me(caller: Caller) -> Json<User> {
    Json(caller.user.into())
}
