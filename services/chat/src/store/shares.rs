//! Links by which anybody can read a session: at most one for each.

use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor};

/// Keeps a session's link; the one that it had is none any more.
pub async fn set(
    connection: &mut AnyConnection,
    session_id: &str,
    secret_hash: &str,
    expires_at: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO shares (chat_session_id, secret_hash, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (chat_session_id) DO UPDATE SET
           secret_hash = excluded.secret_hash, expires_at = excluded.expires_at",
    )
    .bind(session_id)
    .bind(secret_hash)
    .bind(expires_at)
    .execute(&mut *connection)
    .await?;
    changed(connection, session_id).await
}

/// Forgets a session's link; false when it has none.
pub async fn forget(connection: &mut AnyConnection, session_id: &str) -> Result<bool, DbError> {
    let done =
        sqlx::query("DELETE FROM shares WHERE chat_session_id = $1").bind(session_id).execute(&mut *connection).await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    changed(connection, session_id).await?;
    Ok(true)
}

/// The session shows until when it is shared.
async fn changed(connection: &mut AnyConnection, session_id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_sessions SET revision = revision + 1 WHERE chat_session_id = $1")
        .bind(session_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The session that a link is for now.
pub async fn session_of<'e>(
    executor: impl Executor<'e, Database = Any>,
    secret_hash: &str,
    now: i64,
) -> Result<Option<String>, DbError> {
    sqlx::query_scalar("SELECT chat_session_id FROM shares WHERE secret_hash = $1 AND expires_at > $2")
        .bind(secret_hash)
        .bind(now)
        .fetch_optional(executor)
        .await
}

/// Forgets links that last no longer; of which sessions.
pub async fn forget_expired(connection: &mut AnyConnection, now: i64, limit: i64) -> Result<Vec<String>, DbError> {
    let sessions = sqlx::query_scalar::<_, String>(
        "DELETE FROM shares WHERE expires_at <= $1 AND chat_session_id IN (
           SELECT chat_session_id FROM shares WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
         RETURNING chat_session_id",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    for session_id in &sessions {
        changed(connection, session_id).await?;
    }
    Ok(sessions)
}

/// A user's sessions that have a link.
pub async fn of_user(connection: &mut AnyConnection, user_id: &str) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar(
        "SELECT h.chat_session_id FROM chat_sessions s JOIN shares h ON h.chat_session_id = s.chat_session_id
         WHERE s.user_id = $1",
    )
    .bind(user_id)
    .fetch_all(connection)
    .await
}
