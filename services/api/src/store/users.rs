//! Accounts.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything of the server's accounts.
    Admin,
    /// Its own things.
    Member,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) user_id: UserId,
    pub(crate) username: String,
    pub(crate) role: Role,
}

/// Columns that [`user`] reads.
pub(crate) const COLUMNS: &str = "users.user_id, users.username, users.role";

pub(crate) fn user(row: &AnyRow) -> Result<User, DbError> {
    let id = row.try_get::<String, _>("user_id")?;
    let role = row.try_get::<String, _>("role")?;
    Ok(User {
        user_id: id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        username: row.try_get("username")?,
        role: if role == Role::Admin.as_str() { Role::Admin } else { Role::Member },
    })
}

/// Whether there is any account.
pub(crate) async fn any(db: &Db) -> Result<bool, DbError> {
    Ok(sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(db.pool()).await?.is_some())
}

/// Whether this transaction makes the first account; true for one of all.
pub(crate) async fn claim_first(write: &mut Write) -> Result<bool, DbError> {
    let done = sqlx::query("INSERT INTO founder (one) VALUES (1) ON CONFLICT (one) DO NOTHING")
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes an account; `false` if the name is taken.
pub(crate) async fn insert(write: &mut Write, user: &User, hash: &str, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO users (user_id, username, password_hash, role, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (username) DO NOTHING",
    )
    .bind(user.user_id.as_str())
    .bind(&user.username)
    .bind(hash)
    .bind(user.role.as_str())
    .bind(now)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An enabled account with its password's hash, by name.
pub(crate) async fn by_name(db: &Db, username: &str) -> Result<Option<(User, String)>, DbError> {
    let row = sqlx::query(
        "SELECT users.user_id, users.username, users.role, password_hash FROM users WHERE username = $1 AND disabled = 0",
    )
    .bind(username)
    .fetch_optional(db.pool())
    .await?;
    row.map(|row| Ok((user(&row)?, row.try_get("password_hash")?))).transpose()
}

/// Changes a password.
pub(crate) async fn set_password(write: &mut Write, user: &UserId, hash: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE users SET password_hash = $1 WHERE user_id = $2")
        .bind(hash)
        .bind(user.as_str())
        .execute(write.connection())
        .await?;
    Ok(())
}
