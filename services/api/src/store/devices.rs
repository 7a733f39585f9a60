//! Sign-ins.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

use crate::store::users::{self, User};

/// How long a sign-in lasts, in milliseconds: 30 days.
pub(crate) const LIFETIME: i64 = 30 * 24 * 60 * 60 * 1000;

/// Sign-ins that a user may have at once; the oldest give way.
pub(crate) const MOST: i64 = 100;

/// A sign-in.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) device_id: String,
    pub(crate) agent: String,
    pub(crate) address: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

/// Notes a sign-in.
pub(crate) async fn insert(write: &mut Write, user: &UserId, device: &Device, hash: &str) -> Result<(), DbError> {
    let Device { device_id, agent, address, created_at, expires_at } = device;
    sqlx::query(
        "INSERT INTO devices (device_id, user_id, secret_hash, agent, address, created_at, last_seen, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
    )
    .bind(device_id)
    .bind(user.as_str())
    .bind(hash)
    .bind(agent)
    .bind(address)
    .bind(created_at)
    .bind(expires_at)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Who has this secret, and by which sign-in.
pub(crate) async fn signed_in(db: &Db, hash: &str, now: i64) -> Result<Option<(User, String)>, DbError> {
    let row = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT {}, devices.device_id FROM devices JOIN users ON users.user_id = devices.user_id \
         WHERE secret_hash = $1 AND expires_at > $2 AND disabled = 0",
        users::COLUMNS
    )))
    .bind(hash)
    .bind(now)
    .fetch_optional(db.pool())
    .await?;
    row.map(|row| Ok((users::user(&row)?, row.try_get("device_id")?))).transpose()
}

/// Whether a sign-in still holds.
pub(crate) async fn holds(db: &Db, device: &str, now: i64) -> Result<bool, DbError> {
    let row = sqlx::query(
        "SELECT 1 FROM devices JOIN users ON users.user_id = devices.user_id \
         WHERE device_id = $1 AND expires_at > $2 AND disabled = 0",
    )
    .bind(device)
    .bind(now)
    .fetch_optional(db.pool())
    .await?;
    Ok(row.is_some())
}

/// When a sign-in began.
pub(crate) async fn begun(db: &Db, device: &str) -> Result<Option<i64>, DbError> {
    sqlx::query_scalar("SELECT created_at FROM devices WHERE device_id = $1")
        .bind(device)
        .fetch_optional(db.pool())
        .await
}

/// Where a user is signed in, newest first.
pub(crate) async fn list(db: &Db, user: &UserId, now: i64) -> Result<Vec<Device>, DbError> {
    let rows = sqlx::query(
        "SELECT device_id, agent, address, created_at, expires_at FROM devices \
         WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at DESC, device_id LIMIT $3",
    )
    .bind(user.as_str())
    .bind(now)
    .bind(MOST)
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(device).collect()
}

/// Ends a sign-in; `false` if the user has none of this id.
pub(crate) async fn delete(write: &mut Write, user: &UserId, device: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM devices WHERE device_id = $1 AND user_id = $2")
        .bind(device)
        .bind(user.as_str())
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends all sign-ins of a user but one, and says which.
pub(crate) async fn delete_others(write: &mut Write, user: &UserId, but: &str) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query("DELETE FROM devices WHERE user_id = $1 AND device_id <> $2 RETURNING device_id")
        .bind(user.as_str())
        .bind(but)
        .fetch_all(write.connection())
        .await?;
    rows.iter().map(|row| row.try_get("device_id")).collect()
}

/// Ends the oldest sign-ins of a user, so that there are [`MOST`] with the new one, and says which.
pub(crate) async fn delete_oldest(write: &mut Write, user: &UserId, new: &str) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query(
        "DELETE FROM devices WHERE user_id = $1 AND device_id NOT IN (SELECT device_id FROM devices \
         WHERE user_id = $1 ORDER BY CASE WHEN device_id = $2 THEN 0 ELSE 1 END, created_at DESC, device_id LIMIT $3) \
         RETURNING device_id",
    )
    .bind(user.as_str())
    .bind(new)
    .bind(MOST)
    .fetch_all(write.connection())
    .await?;
    rows.iter().map(|row| row.try_get("device_id")).collect()
}

/// Ends all sign-ins of a user, and says which.
pub(crate) async fn delete_all(write: &mut Write, user: &UserId) -> Result<Vec<String>, DbError> {
    delete_others(write, user, "").await
}

/// Forgets what is over.
pub(crate) async fn forget_expired(write: &mut Write, now: i64) -> Result<(), DbError> {
    sqlx::query("DELETE FROM devices WHERE expires_at <= $1").bind(now).execute(write.connection()).await?;
    Ok(())
}

fn device(row: &AnyRow) -> Result<Device, DbError> {
    Ok(Device {
        device_id: row.try_get("device_id")?,
        agent: row.try_get("agent")?,
        address: row.try_get("address")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
