//! DELETE /users/{userId}

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{audit::Action, id::UserId, subject::Entity};

use super::somebody_administers;
use crate::{
    http::{caller::Administrator, extract::At, problem::Problem},
    state::Shared,
    store, tell,
};

/// Deletes an account with its machines, workers and sessions.
#[utoipa::path(delete, path = "/users/{userId}", tag = "users", params(("userId" = String, Path)),
    responses((status = 204)))]
pub(crate) async fn delete(
    State(api): State<Shared>,
    Administrator(caller): Administrator,
    At(user): At<UserId>,
) -> Result<StatusCode, Problem> {
    let mut write = api.db.write().await?;
    store::users::administer(&mut write).await?;
    let account = store::users::get(&mut write, &user).await?.ok_or_else(Problem::not_found)?;
    let audit = Action::AccountDeleted.to(user.as_str(), &account.user.username);
    tell::did(&api, &mut write, &user, &tell::actor(&caller), &audit).await?;
    store::users::delete(&mut write, &user).await?;
    somebody_administers(&mut write).await?;
    // The other services hear of it, and delete what they have of it.
    tell::removed(&api, &mut write, (&user, Entity::User, user.as_str()), tell::actor(&caller)).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
