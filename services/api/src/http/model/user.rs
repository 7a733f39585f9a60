//! Accounts as JSON.

use serde::{Deserialize, Serialize};
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
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
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
        Self { user_id: user_id.into(), username, role: role.into() }
    }
}

impl From<store::users::Role> for Role {
    fn from(role: store::users::Role) -> Self {
        match role {
            store::users::Role::Admin => Self::Admin,
            store::users::Role::Member => Self::Member,
        }
    }
}

impl From<Role> for store::users::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::Member => Self::Member,
        }
    }
}
