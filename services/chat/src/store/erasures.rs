//! Deleted sessions of which the broker's streams may still have something, and deleted accounts that may still have
//! sessions.

use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor};

/// A session that is being erased.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ErasureRow {
    /// Which it was.
    pub chat_session_id: String,
    /// Whose it was.
    pub user_id: String,
    /// How often its traces have been looked for.
    pub rounds: i64,
}

/// Notes that a session is to be erased, and forgets what was still to be told of it.
pub async fn insert(connection: &mut AnyConnection, session_id: &str, user_id: &str, now: i64) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO erasures (chat_session_id, user_id, due_at, rounds) VALUES ($1, $2, $3, 0)
         ON CONFLICT (chat_session_id) DO NOTHING",
    )
    .bind(session_id)
    .bind(user_id)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    // A nanoid has neither dots nor signs that mean something to LIKE but `_`, which stands for itself, too.
    sqlx::query("DELETE FROM outbox WHERE subject LIKE $1 OR subject LIKE $2")
        .bind(format!("chat.v1.stream.chat.{session_id}.%"))
        .bind(format!("evt.v1.{user_id}.session.{session_id}"))
        .execute(connection)
        .await?;
    Ok(())
}

/// What is to be looked for now.
pub async fn due<'e>(
    executor: impl Executor<'e, Database = Any>,
    now: i64,
    limit: i64,
) -> Result<Vec<ErasureRow>, DbError> {
    sqlx::query_as("SELECT chat_session_id, user_id, rounds FROM erasures WHERE due_at <= $1 ORDER BY due_at LIMIT $2")
        .bind(now)
        .bind(limit)
        .fetch_all(executor)
        .await
}

/// Looks for it once more later; `counts`: everything was found this time.
pub async fn again(connection: &mut AnyConnection, session_id: &str, due_at: i64, counts: bool) -> Result<(), DbError> {
    sqlx::query("UPDATE erasures SET due_at = $2, rounds = rounds + $3 WHERE chat_session_id = $1")
        .bind(session_id)
        .bind(due_at)
        .bind(i64::from(counts))
        .execute(connection)
        .await?;
    Ok(())
}

/// Nothing is left of it.
pub async fn done(connection: &mut AnyConnection, session_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM erasures WHERE chat_session_id = $1").bind(session_id).execute(connection).await?;
    Ok(())
}

/// Notes that all sessions of an account are to be deleted.
pub async fn depart(connection: &mut AnyConnection, user_id: &str) -> Result<(), DbError> {
    sqlx::query("INSERT INTO departures (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// An account that may still have sessions.
pub async fn departing<'e>(executor: impl Executor<'e, Database = Any>) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("SELECT user_id FROM departures ORDER BY user_id LIMIT 1").fetch_optional(executor).await
}

/// Keeps other instances from it until the transaction ends; false when one of them has done all.
pub async fn lock_departing(connection: &mut AnyConnection, user_id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE departures SET user_id = user_id WHERE user_id = $1")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// It has none.
pub async fn departed(connection: &mut AnyConnection, user_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM departures WHERE user_id = $1").bind(user_id).execute(connection).await?;
    Ok(())
}
