//! Accounts as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    user_id: String,
    username: String,
    role: Role,
}

/// What an account may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = UserRole)]
pub(crate) enum Role {
    /// Everything of the server's accounts.
    Admin,
    /// Its own things.
    Member,
}

impl From<store::users::User> for User {
    fn from(user: store::users::User) -> Self {
        let store::users::User { user_id, username, role } = user;
        let role = match role {
            store::users::Role::Admin => Role::Admin,
            store::users::Role::Member => Role::Member,
        };
        Self { user_id: user_id.into(), username, role }
    }
}
