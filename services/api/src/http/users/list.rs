//! GET /users

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::account,
    http::{
        caller::Administrator,
        extract::Asked,
        model::user::Role,
        page::{self, List, PageQuery},
        problem::Problem,
    },
    state::Shared,
    store,
};

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    user_id: String,
    username: String,
    role: Role,
    /// Nobody can sign in to it, and its workers are cut off.
    disabled: bool,
    created_at: i64,
}

impl From<store::users::Account> for Account {
    fn from(account: store::users::Account) -> Self {
        let store::users::Account { user, disabled, created_at, revision: _ } = account;
        let store::users::User { user_id, username, role } = user;
        Self { user_id: user_id.into(), username, role: role.into(), disabled, created_at }
    }
}

/// Every account, by name.
#[utoipa::path(get, path = "/users", tag = "users", params(PageQuery), responses((status = 200, body = List<Account>)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    _: Administrator,
    Asked(PageQuery { limit, cursor }): Asked<PageQuery>,
) -> Result<Json<List<Account>>, Problem> {
    let limit = usize::try_from(page::size(limit)?).unwrap_or(usize::MAX);
    // The cursor is the last name of the page before.
    if cursor.as_deref().is_some_and(|name| !account::is_username(name)) {
        return Err(Problem::invalid("/cursor", "is not a nextCursor of the page before"));
    }
    let mut accounts = store::users::list(&api.db, cursor.as_deref().unwrap_or_default(), limit + 1).await?;
    let more = accounts.len() > limit;
    accounts.truncate(limit);
    let next = accounts.last().filter(|_| more).map(|account| account.user.username.clone());
    Ok(Json(List::of(accounts, next)))
}
