//! POST /auth/logout

use axum::{extract::State, response::IntoResponse};
use http::StatusCode;
use muster_contracts::{audit::Action, subject::Entity};
use muster_service::{DbError, Write};

use super::sign_in;
use crate::{
    http::{caller::Caller, problem::Problem},
    state::Shared,
    store, tell,
};

/// Ends this sign-in and its event streams.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = 204)))]
pub(crate) async fn logout(State(api): State<Shared>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let mut write = api.db.write().await?;
    end(&api, &mut write, &caller, caller.credential.id()).await?;
    write.commit().await?;
    Ok((StatusCode::NO_CONTENT, sign_in::expired(&api)))
}

/// Ends a sign-in of the caller's and tells every instance; `false` if there was none.
pub(super) async fn end(api: &Shared, write: &mut Write, caller: &Caller, device: &str) -> Result<bool, DbError> {
    let was = store::devices::delete(write, caller.id(), device).await?;
    if was {
        tell::removed(api, write, (caller.id(), Entity::Device, device), tell::actor(caller)).await?;
        let audit = Action::SignedOut.to(caller.id().as_str(), &caller.user.username);
        tell::did(api, write, caller.id(), &tell::actor(caller), &audit).await?;
    }
    Ok(was)
}
