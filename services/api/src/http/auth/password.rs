//! POST /auth/password

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{audit::Action, subject::Entity};
use muster_service::{DbError, Write};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{login, sign_in};
use crate::{
    domain::account,
    http::{caller::Caller, extract::Body, problem::Problem},
    state::Shared,
    store, tell,
};

/// The password as it is, and as it shall be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// Needed where there is one.
    #[schema(nullable = false)]
    current: Option<String>,
    /// 8 to 256 characters.
    #[schema(min_length = 8, max_length = 256)]
    next: String,
}

/// Changes the password or sets the first, and ends all other sign-ins.
#[utoipa::path(post, path = "/auth/password", tag = "auth", request_body = ChangePassword, responses((status = 204)))]
pub(crate) async fn password(
    State(api): State<Shared>,
    caller: Caller,
    Body(ChangePassword { current, next }): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    if !account::is_password(&next) {
        return Err(Problem::invalid("/next", account::PASSWORD));
    }
    login::limit_sign_in(&api, &caller)?;
    let known = store::users::by_name(&api.db, &caller.user.username).await?.and_then(|(_, hash)| hash);
    match (&known, current) {
        (None, None) => sign_in::is_recent(&api, &caller).await?,
        (Some(_), None) => return Err(Problem::invalid("/current", "is needed")),
        (_, Some(current)) => {
            // What was not looked at was not wrong.
            let refund = |_: &_| login::refund_sign_in(&api, &caller);
            if !api.passwords.matches(current, known.clone()).await.inspect_err(refund)? {
                failed(&api, &caller).await?;
                return Err(Problem::invalid("/current", "is not the password"));
            }
        }
    }
    login::refund_sign_in(&api, &caller);
    let hash = api.passwords.hash(next).await?;
    let mut write = api.db.write().await?;
    // It may have been changed, or set for the first time, since it was looked at.
    if store::users::lock(&mut write, caller.id()).await? != known {
        let detail = if known.is_some() { "is not the password" } else { "is needed" };
        return Err(Problem::invalid("/current", detail));
    }
    store::users::set_password(&mut write, caller.id(), &hash).await?;
    for device in store::devices::delete_others(&mut write, caller.id(), caller.credential.id()).await? {
        tell::removed(&api, &mut write, (caller.id(), Entity::Device, &device), tell::actor(&caller)).await?;
    }
    did(&api, &mut write, &caller, Action::PasswordChanged).await?;
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn failed(api: &Shared, caller: &Caller) -> Result<(), DbError> {
    let mut write = api.db.write().await?;
    did(api, &mut write, caller, Action::PasswordChangeFailed).await?;
    write.commit().await
}

async fn did(api: &Shared, write: &mut Write, caller: &Caller, action: Action) -> Result<(), DbError> {
    let audit = action.to(caller.id().as_str(), &caller.user.username);
    tell::did(api, write, caller.id(), &tell::actor(caller), &audit).await
}
