//! Who is told what happened while nobody looks, and by which key push services know us.

use muster_contracts::id::UserId;
use muster_service::{Db, DbError, Write};

/// A browser that is told.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Subscription {
    pub(crate) subscription_id: String,
    pub(crate) endpoint: String,
    pub(crate) p256dh: Vec<u8>,
    pub(crate) auth: Vec<u8>,
}

/// Our private key; what `make` makes, when there is none yet.
pub(crate) async fn key(db: &Db, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, DbError> {
    const FIND: &str = "SELECT private_key FROM push_key WHERE one = 1";
    if let Some(found) = sqlx::query_scalar(FIND).fetch_optional(db.pool()).await? {
        return Ok(found);
    }
    let mut write = db.write().await?;
    // Another instance may have made one meanwhile: the first stays.
    sqlx::query("INSERT INTO push_key (one, private_key) VALUES (1, $1) ON CONFLICT (one) DO NOTHING")
        .bind(make())
        .execute(write.connection())
        .await?;
    let key = sqlx::query_scalar(FIND).fetch_one(write.connection()).await?;
    write.commit().await?;
    Ok(key)
}

/// Keeps a subscription of a sign-in's. A browser has one: what it had before is replaced, whoever was signed in there.
pub(crate) async fn insert(
    write: &mut Write,
    user: &UserId,
    device: &str,
    subscription: &Subscription,
    now: i64,
) -> Result<(), DbError> {
    let Subscription { subscription_id, endpoint, p256dh, auth } = subscription;
    sqlx::query("DELETE FROM push_subscriptions WHERE endpoint = $1 OR device_id = $2")
        .bind(endpoint)
        .bind(device)
        .execute(write.connection())
        .await?;
    sqlx::query(
        "INSERT INTO push_subscriptions (subscription_id, user_id, device_id, endpoint, p256dh, auth, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(subscription_id)
    .bind(user.as_str())
    .bind(device)
    .bind(endpoint)
    .bind(p256dh.as_slice())
    .bind(auth.as_slice())
    .bind(now)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Those of a user whose sign-ins are good.
pub(crate) async fn of_user(db: &Db, user: &UserId, now: i64) -> Result<Vec<Subscription>, DbError> {
    sqlx::query_as(
        "SELECT p.subscription_id, p.endpoint, p.p256dh, p.auth FROM push_subscriptions p \
         JOIN devices d ON d.device_id = p.device_id JOIN users u ON u.user_id = p.user_id \
         WHERE p.user_id = $1 AND d.expires_at > $2 AND u.disabled = 0 ORDER BY p.created_at",
    )
    .bind(user.as_str())
    .bind(now)
    .fetch_all(db.pool())
    .await
}

/// That of a sign-in.
pub(crate) async fn of_device(db: &Db, device: &str) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("SELECT subscription_id FROM push_subscriptions WHERE device_id = $1")
        .bind(device)
        .fetch_optional(db.pool())
        .await
}

/// Removes one of a user's; false when there is none of this id.
pub(crate) async fn delete(write: &mut Write, user: &UserId, subscription: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM push_subscriptions WHERE subscription_id = $1 AND user_id = $2")
        .bind(subscription)
        .bind(user.as_str())
        .execute(write.connection())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The push service knows it no more.
pub(crate) async fn forget(db: &Db, subscription: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM push_subscriptions WHERE subscription_id = $1")
        .bind(subscription)
        .execute(db.pool())
        .await?;
    Ok(())
}
