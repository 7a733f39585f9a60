//! Invitations: each makes one account, and is gone then.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

/// An invitation without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) invitation_id: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

/// Keeps an invitation; those that have expired go.
pub(crate) async fn insert(write: &mut Write, by: &UserId, invitation: &Invitation, hash: &str) -> Result<(), DbError> {
    let Invitation { invitation_id, created_at, expires_at } = invitation;
    sqlx::query("DELETE FROM invitations WHERE expires_at <= $1").bind(created_at).execute(write.connection()).await?;
    sqlx::query(
        "INSERT INTO invitations (invitation_id, secret_hash, created_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(invitation_id)
    .bind(hash)
    .bind(by.as_str())
    .bind(created_at)
    .bind(expires_at)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Uses an invitation up; `false` if there is none with this secret (any more).
pub(crate) async fn accept(write: &mut Write, hash: &str, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM invitations WHERE secret_hash = $1 AND expires_at > $2")
        .bind(hash)
        .bind(now)
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether there is an invitation with this secret.
pub(crate) async fn holds(db: &Db, hash: &str, now: i64) -> Result<bool, DbError> {
    let row = sqlx::query("SELECT 1 FROM invitations WHERE secret_hash = $1 AND expires_at > $2")
        .bind(hash)
        .bind(now)
        .fetch_optional(db.pool())
        .await?;
    Ok(row.is_some())
}

/// Those that can still be used, newest first.
pub(crate) async fn list(db: &Db, now: i64) -> Result<Vec<Invitation>, DbError> {
    let rows = sqlx::query(
        "SELECT invitation_id, created_at, expires_at FROM invitations \
         WHERE expires_at > $1 ORDER BY created_at DESC, invitation_id LIMIT 200",
    )
    .bind(now)
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(invitation).collect()
}

/// How many can still be used.
pub(crate) async fn count(write: &mut Write) -> Result<i64, DbError> {
    write.count_alone("invitations").await?;
    sqlx::query_scalar("SELECT COUNT(*) FROM invitations").fetch_one(write.connection()).await
}

/// Takes an invitation back; `false` if there is none of this id.
pub(crate) async fn delete(write: &mut Write, invitation: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM invitations WHERE invitation_id = $1")
        .bind(invitation)
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() > 0)
}

fn invitation(row: &AnyRow) -> Result<Invitation, DbError> {
    Ok(Invitation {
        invitation_id: row.try_get("invitation_id")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
