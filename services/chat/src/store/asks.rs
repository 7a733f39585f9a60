//! What chat wants to know of a worker's backend.

use muster_contracts::{Message as _, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor, Row as _};

/// Keeps an ask until it is answered.
pub async fn insert(connection: &mut AnyConnection, worker_id: &str, ask: &v1::Ask, now: i64) -> Result<(), DbError> {
    sqlx::query("INSERT INTO asks (ask_id, worker_id, ask, asked_at) VALUES ($1, $2, $3, $4)")
        .bind(&ask.ask_id)
        .bind(worker_id)
        .bind(ask.encode_to_vec())
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// What a worker has not answered yet.
pub async fn of_worker<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Vec<v1::Ask>, DbError> {
    let rows = sqlx::query("SELECT ask FROM asks WHERE worker_id = $1 ORDER BY asked_at LIMIT 20")
        .bind(worker_id)
        .fetch_all(executor)
        .await?;
    let mut asks = Vec::with_capacity(rows.len());
    for row in rows {
        let bytes = row.try_get::<Vec<u8>, _>("ask")?;
        asks.push(v1::Ask::decode(bytes.as_slice()).map_err(|error| DbError::Decode(error.into()))?);
    }
    Ok(asks)
}

/// An ask was answered, or is of no use any more.
pub async fn delete(connection: &mut AnyConnection, worker_id: &str, ask_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM asks WHERE worker_id = $1 AND ask_id = $2")
        .bind(worker_id)
        .bind(ask_id)
        .execute(connection)
        .await?;
    Ok(())
}
