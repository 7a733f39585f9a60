//! What chat wants to know of a worker's backend.

use muster_contracts::{Message as _, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor, Row as _};

/// Asks that one answer of sync tells at most.
const TOLD: i64 = 20;

/// Keeps an ask until it is answered; one that somebody waits for, until it expires.
pub async fn insert(
    connection: &mut AnyConnection,
    worker_id: &str,
    ask: &v1::Ask,
    now: i64,
    expires_at: Option<i64>,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO asks (ask_id, worker_id, ask, asked_at, expires_at, result) VALUES ($1, $2, $3, $4, $5, NULL)",
    )
    .bind(&ask.ask_id)
    .bind(worker_id)
    .bind(ask.encode_to_vec())
    .bind(now)
    .bind(expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// What a worker has not answered yet, and somebody still wants to know.
pub async fn of_worker<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
    now: i64,
) -> Result<Vec<v1::Ask>, DbError> {
    let rows = sqlx::query(
        "SELECT ask FROM asks WHERE worker_id = $1 AND result IS NULL AND (expires_at IS NULL OR expires_at > $2)
         ORDER BY asked_at LIMIT $3",
    )
    .bind(worker_id)
    .bind(now)
    .bind(TOLD)
    .fetch_all(executor)
    .await?;
    let mut asks = Vec::with_capacity(rows.len());
    for row in rows {
        let bytes = row.try_get::<Vec<u8>, _>("ask")?;
        asks.push(v1::Ask::decode(bytes.as_slice()).map_err(|error| DbError::Decode(error.into()))?);
    }
    Ok(asks)
}

/// Forgets what nobody waits for any more.
pub async fn expire(connection: &mut AnyConnection, now: i64) -> Result<(), DbError> {
    sqlx::query("DELETE FROM asks WHERE expires_at <= $1").bind(now).execute(connection).await?;
    Ok(())
}

/// A worker has answered: what somebody waits for is kept for them, anything else is done.
pub async fn settle(connection: &mut AnyConnection, worker_id: &str, result: &v1::AskResult) -> Result<(), DbError> {
    sqlx::query("DELETE FROM asks WHERE worker_id = $1 AND ask_id = $2 AND expires_at IS NULL")
        .bind(worker_id)
        .bind(&result.ask_id)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE asks SET result = $3 WHERE worker_id = $1 AND ask_id = $2 AND result IS NULL")
        .bind(worker_id)
        .bind(&result.ask_id)
        .bind(result.encode_to_vec())
        .execute(connection)
        .await?;
    Ok(())
}

/// What a worker has answered; `None` while it has not.
pub async fn result<'e>(
    executor: impl Executor<'e, Database = Any>,
    ask_id: &str,
) -> Result<Option<v1::AskResult>, DbError> {
    let row = sqlx::query("SELECT result FROM asks WHERE ask_id = $1 AND result IS NOT NULL")
        .bind(ask_id)
        .fetch_optional(executor)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let bytes = row.try_get::<Vec<u8>, _>("result")?;
    v1::AskResult::decode(bytes.as_slice()).map(Some).map_err(|error| DbError::Decode(error.into()))
}
