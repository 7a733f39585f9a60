//! PATCH /users/{userId}

use axum::{Json, extract::State};
use muster_contracts::{audit::Action, id::UserId, subject::Entity, v1};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{list::Account, somebody_administers};
use crate::{
    http::{
        caller::Administrator,
        extract::{At, Body},
        model::user::Role,
        problem::Problem,
    },
    state::Shared,
    store, tell,
};

/// What shall be another way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateUser {
    role: Option<Role>,
    /// Signs it out everywhere and cuts its workers off, until it is enabled again.
    disabled: Option<bool>,
}

/// Changes an account's role, or disables or enables it.
#[utoipa::path(patch, path = "/users/{userId}", tag = "users", params(("userId" = String, Path)),
    request_body = UpdateUser, responses((status = 200, body = Account)))]
pub(crate) async fn update(
    State(api): State<Shared>,
    Administrator(caller): Administrator,
    At(user): At<UserId>,
    body: Result<Body<UpdateUser>, Problem>,
) -> Result<Json<Account>, Problem> {
    let mut write = api.db.write().await?;
    store::users::administer(&mut write).await?;
    let mut account = store::users::get(&mut write, &user).await?.ok_or_else(Problem::not_found)?;
    let Body(UpdateUser { role, disabled }) = body?;
    let before = account.clone();
    if let Some(role) = role {
        account.user.role = role.into();
    }
    if let Some(disabled) = disabled {
        account.disabled = disabled;
    }
    store::users::update(&mut write, &mut account).await?;
    somebody_administers(&mut write).await?;
    if account.disabled {
        for device in store::devices::delete_all(&mut write, &user).await? {
            tell::removed(&api, &mut write, (&user, Entity::Device, &device), tell::actor(&caller)).await?;
        }
    }
    for audit in changes(&before, &account) {
        tell::did(&api, &mut write, &user, &tell::actor(&caller), &audit).await?;
    }
    tell::account(&api, &mut write, &account, tell::actor(&caller)).await?;
    write.commit().await?;
    Ok(Json(account.into()))
}

fn changes(before: &store::users::Account, now: &store::users::Account) -> Vec<v1::Audit> {
    let done = |action: Action, detail: &str| {
        let audit = action.to(now.user.user_id.as_str(), &now.user.username);
        v1::Audit { detail: detail.to_owned(), ..audit }
    };
    let mut changes = Vec::new();
    if before.user.role != now.user.role {
        changes.push(done(Action::AccountRoleChanged, now.user.role.as_str()));
    }
    match (before.disabled, now.disabled) {
        (false, true) => changes.push(done(Action::AccountDisabled, "")),
        (true, false) => changes.push(done(Action::AccountEnabled, "")),
        _ => {}
    }
    changes
}
