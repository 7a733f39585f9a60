//! What chat has heard of workers.

use muster_contracts::{Message as _, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor, Row as _};

/// Keeps a worker as it was told, unless something newer is known.
pub async fn keep(connection: &mut AnyConnection, worker: &v1::Worker) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO workers (worker_id, user_id, machine_id, online, term, models_known, worker, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (worker_id) DO UPDATE SET
           online = excluded.online, term = excluded.term, models_known = excluded.models_known,
           worker = excluded.worker, revision = excluded.revision
         WHERE excluded.revision > workers.revision",
    )
    .bind(&worker.worker_id)
    .bind(&worker.user_id)
    .bind(&worker.machine_id)
    .bind(i64::from(worker.status() == v1::WorkerStatus::Online))
    .bind(worker.term)
    .bind(i64::from(worker.models_known))
    .bind(worker.encode_to_vec())
    .bind(worker.revision)
    .execute(connection)
    .await?;
    Ok(())
}

/// A worker as it is known here.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Option<v1::Worker>, DbError> {
    let row =
        sqlx::query("SELECT worker FROM workers WHERE worker_id = $1").bind(worker_id).fetch_optional(executor).await?;
    match row {
        None => Ok(None),
        Some(row) => {
            let bytes = row.try_get::<Vec<u8>, _>("worker")?;
            v1::Worker::decode(bytes.as_slice()).map(Some).map_err(|error| DbError::Decode(error.into()))
        }
    }
}

/// Forgets a worker.
pub async fn forget(connection: &mut AnyConnection, worker_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM workers WHERE worker_id = $1").bind(worker_id).execute(connection).await?;
    Ok(())
}
