//! Sign-ins that have begun and go on elsewhere: in the database, so that any instance can finish them.

use muster_service::{Db, DbError};
use sqlx::Row as _;

/// How long one may take, in milliseconds: time to find a password at a provider.
pub(crate) const LIFETIME: i64 = 10 * 60 * 1000;
/// Attempts that are kept at once; each is about a kilobyte.
const AT_ONCE: i64 = 10_000;

/// Keeps an attempt under the hash of a secret; `false` if too many are open. Those that have expired go.
pub(crate) async fn begin(db: &Db, purpose: &str, hash: &str, state: &str, now: i64) -> Result<bool, DbError> {
    let mut write = db.write().await?;
    sqlx::query("DELETE FROM attempts WHERE expires_at <= $1").bind(now).execute(write.connection()).await?;
    let open: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM attempts").fetch_one(write.connection()).await?;
    if open < AT_ONCE {
        sqlx::query("INSERT INTO attempts (secret_hash, purpose, state, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(hash)
            .bind(purpose)
            .bind(state)
            .bind(now + LIFETIME)
            .execute(write.connection())
            .await?;
    }
    write.commit().await?;
    Ok(open < AT_ONCE)
}

/// Takes an attempt: it is answered for once, however that ends.
pub(crate) async fn take(db: &Db, purpose: &str, hash: &str, now: i64) -> Result<Option<String>, DbError> {
    let mut write = db.write().await?;
    let row =
        sqlx::query("DELETE FROM attempts WHERE secret_hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING state")
            .bind(hash)
            .bind(purpose)
            .bind(now)
            .fetch_optional(write.connection())
            .await?;
    write.commit().await?;
    row.map(|row| row.try_get("state")).transpose()
}
