//! Accounts of users at providers of OpenID Connect.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

use crate::store::users::{self, User};

/// An account at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) identity_id: String,
    pub(crate) issuer: String,
    /// The issuer's own name for the person, which never changes.
    pub(crate) subject: String,
    /// What the person was called there when it was linked.
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: i64,
}

/// Whose it is.
pub(crate) async fn owner(db: &Db, issuer: &str, subject: &str) -> Result<Option<User>, DbError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {} FROM identities JOIN users ON users.user_id = identities.user_id \
         WHERE issuer = $1 AND subject = $2",
        users::COLUMNS
    )))
    .bind(issuer)
    .bind(subject)
    .fetch_optional(db.pool())
    .await?;
    row.as_ref().map(users::user).transpose()
}

/// Links an account at a provider; `false` if it is linked already, to whomever.
pub(crate) async fn insert(write: &mut Write, user: &UserId, identity: &Identity) -> Result<bool, DbError> {
    let Identity { identity_id, issuer, subject, name, created_at, last_used_at } = identity;
    let done = sqlx::query(
        "INSERT INTO identities (identity_id, user_id, issuer, subject, name, created_at, last_used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (issuer, subject) DO NOTHING",
    )
    .bind(identity_id)
    .bind(user.as_str())
    .bind(issuer)
    .bind(subject)
    .bind(name)
    .bind(created_at)
    .bind(last_used_at)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that somebody signed in by it; `false` if it was unlinked meanwhile.
pub(crate) async fn used(write: &mut Write, issuer: &str, subject: &str, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE identities SET last_used_at = $3 WHERE issuer = $1 AND subject = $2")
        .bind(issuer)
        .bind(subject)
        .bind(now)
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Those of a user, oldest first.
pub(crate) async fn list(db: &Db, user: &UserId) -> Result<Vec<Identity>, DbError> {
    let rows = sqlx::query(
        "SELECT identity_id, issuer, subject, name, created_at, last_used_at FROM identities \
         WHERE user_id = $1 ORDER BY created_at, identity_id",
    )
    .bind(user.as_str())
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(identity).collect()
}

/// How many of a user's are of this issuer.
pub(crate) async fn count(write: &mut Write, user: &UserId, issuer: &str) -> Result<i64, DbError> {
    sqlx::query_scalar("SELECT COUNT(*) FROM identities WHERE user_id = $1 AND issuer = $2")
        .bind(user.as_str())
        .bind(issuer)
        .fetch_one(write.connection())
        .await
}

/// Unlinks one, and says what it was called; none if the user has none of this id.
pub(crate) async fn delete(write: &mut Write, user: &UserId, identity: &str) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("DELETE FROM identities WHERE identity_id = $1 AND user_id = $2 RETURNING name")
        .bind(identity)
        .bind(user.as_str())
        .fetch_optional(write.connection())
        .await
}

fn identity(row: &AnyRow) -> Result<Identity, DbError> {
    Ok(Identity {
        identity_id: row.try_get("identity_id")?,
        issuer: row.try_get("issuer")?,
        subject: row.try_get("subject")?,
        name: row.try_get("name")?,
        created_at: row.try_get("created_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}
