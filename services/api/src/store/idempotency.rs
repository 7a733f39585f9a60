//! Idempotency keys: what a write that creates was answered, for a client that asks again.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::Row as _;

/// How long an answer is kept, in milliseconds: 24 hours.
const KEPT: i64 = 24 * 60 * 60 * 1000;
/// A request that has not been answered by then was cut off with its process.
const LOST: i64 = 60_000;
/// The status of a request that is being worked on.
const BUSY: i64 = 0;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing: it is the asker's now, who must settle or release it.
    Fresh,
    /// The same request is being worked on.
    Busy,
    /// The same request was answered so.
    Answered { status: u16, body: String },
    /// It belongs to another request.
    Other,
}

/// Forgets what is too old.
pub(crate) async fn forget_old(write: &mut Write, now: i64) -> Result<(), DbError> {
    sqlx::query("DELETE FROM idempotency_keys WHERE created_at < $1 OR (status = $2 AND created_at < $3)")
        .bind(now - KEPT)
        .bind(BUSY)
        .bind(now - LOST)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Takes a key for a request, or says what is known of it.
pub(crate) async fn claim(db: &Db, user: &UserId, key: &str, request: &str, now: i64) -> Result<Known, DbError> {
    let mut write = db.write().await?;
    forget_old(&mut write, now).await?;
    let taken = sqlx::query(
        "INSERT INTO idempotency_keys (user_id, key, request_hash, status, body, created_at) \
         VALUES ($1, $2, $3, $4, '', $5) ON CONFLICT (user_id, key) DO NOTHING",
    )
    .bind(user.as_str())
    .bind(key)
    .bind(request)
    .bind(BUSY)
    .bind(now)
    .execute(write.connection())
    .await?;
    let known = if taken.rows_affected() == 1 {
        Known::Fresh
    } else {
        let row =
            sqlx::query("SELECT request_hash, status, body FROM idempotency_keys WHERE user_id = $1 AND key = $2")
                .bind(user.as_str())
                .bind(key)
                .fetch_one(write.connection())
                .await?;
        let status = row.try_get::<i64, _>("status")?;
        if row.try_get::<String, _>("request_hash")? != request {
            Known::Other
        } else if status == BUSY {
            Known::Busy
        } else {
            Known::Answered { status: u16::try_from(status).unwrap_or(500), body: row.try_get("body")? }
        }
    };
    write.commit().await?;
    Ok(known)
}

/// Keeps the answer of a claimed key.
pub(crate) async fn settle(db: &Db, user: &UserId, key: &str, status: u16, body: &str) -> Result<(), DbError> {
    let mut write = db.write().await?;
    sqlx::query("UPDATE idempotency_keys SET status = $3, body = $4 WHERE user_id = $1 AND key = $2")
        .bind(user.as_str())
        .bind(key)
        .bind(i64::from(status))
        .bind(body)
        .execute(write.connection())
        .await?;
    write.commit().await
}

/// Gives a claimed key back: nothing was created.
pub(crate) async fn release(db: &Db, user: &UserId, key: &str) -> Result<(), DbError> {
    let mut write = db.write().await?;
    sqlx::query("DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND status = $3")
        .bind(user.as_str())
        .bind(key)
        .bind(BUSY)
        .execute(write.connection())
        .await?;
    write.commit().await
}
