//! The table `accounts`.

use muster_contracts::id::UserId;
use muster_service::{DbError, Write};

/// Whether this is newer than all that was heard of an account; from now on it is the newest.
pub(crate) async fn hear(write: &mut Write, user: &UserId, revision: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO accounts (user_id, revision) VALUES ($1, $2)
         ON CONFLICT (user_id) DO UPDATE SET revision = excluded.revision WHERE excluded.revision > accounts.revision",
    )
    .bind(user.as_str())
    .bind(revision)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The account is gone.
pub(crate) async fn forget(write: &mut Write, user: &UserId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM accounts WHERE user_id = $1").bind(user.as_str()).execute(write.connection()).await?;
    Ok(())
}
