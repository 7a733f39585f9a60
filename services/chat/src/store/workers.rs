//! What chat has heard of workers.

use muster_contracts::{Message as _, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor, Row as _};

use super::{SessionRow, quotas};

/// Keeps a worker as it was told, unless something newer is known. Whoever was let in again since begins anew.
pub async fn keep(connection: &mut AnyConnection, worker: &v1::Worker) -> Result<(), DbError> {
    let known = get(&mut *connection, &worker.worker_id).await?;
    if known.is_some_and(|known| known.readmissions < worker.readmissions) {
        quotas::readmit(connection, &worker.worker_id).await?;
    }
    sqlx::query(
        "INSERT INTO workers (worker_id, user_id, machine_id, online, term, models_known, worker, revision, restriction)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (worker_id) DO UPDATE SET
           user_id = excluded.user_id, machine_id = excluded.machine_id, online = excluded.online, term = excluded.term, models_known = excluded.models_known,
           worker = excluded.worker, revision = excluded.revision, restriction = excluded.restriction
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
    .bind(i64::from(worker.restriction))
    .execute(connection)
    .await?;
    Ok(())
}

/// All that are known here.
pub async fn all<'e>(executor: impl Executor<'e, Database = Any>) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar("SELECT worker_id FROM workers WHERE user_id <> ''").fetch_all(executor).await
}

/// Those in whose way something is, or was as far as the registry knows.
pub async fn restricted<'e>(executor: impl Executor<'e, Database = Any>) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar(
        "SELECT worker_id FROM workers any_worker WHERE restriction <> 0
           OR EXISTS (SELECT 1 FROM quotas q WHERE q.worker_id = any_worker.worker_id)
           OR EXISTS (SELECT 1 FROM turns t WHERE t.worker_id = any_worker.worker_id AND t.ended_at IS NULL AND t.storage_full = 1)",
    )
    .fetch_all(executor)
    .await
}

/// A worker as it is known here.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Option<v1::Worker>, DbError> {
    let row = sqlx::query("SELECT worker FROM workers WHERE worker_id = $1 AND user_id <> ''")
        .bind(worker_id)
        .fetch_optional(executor)
        .await?;
    match row {
        None => Ok(None),
        Some(row) => {
            let bytes = row.try_get::<Vec<u8>, _>("worker")?;
            v1::Worker::decode(bytes.as_slice()).map(Some).map_err(|error| DbError::Decode(error.into()))
        }
    }
}

/// A session's worker. One of another user is not it, though it has the same id.
pub async fn of_session<'e>(
    executor: impl Executor<'e, Database = Any>,
    session: &SessionRow,
) -> Result<Option<v1::Worker>, DbError> {
    let worker = get(executor, &session.worker_id).await?;
    Ok(worker.filter(|worker| worker.user_id == session.user_id))
}

/// Keeps others from changing anything of a worker until the transaction ends.
pub async fn lock(connection: &mut AnyConnection, worker_id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE workers SET revision = revision WHERE worker_id = $1")
        .bind(worker_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a worker for good: what was said of it before, and comes late, finds a row that is nobody's and newer than all.
pub async fn forget(connection: &mut AnyConnection, worker_id: &str) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO workers (worker_id, user_id, machine_id, online, term, models_known, worker, revision, restriction)
         VALUES ($1, '', '', 0, 0, 0, $2, $3, 0)
         ON CONFLICT (worker_id) DO UPDATE SET
           user_id = '', machine_id = '', online = 0, term = 0, models_known = 0,
           worker = excluded.worker, revision = excluded.revision, restriction = 0",
    )
    .bind(worker_id)
    .bind(Vec::new())
    .bind(i64::MAX)
    .execute(connection)
    .await?;
    Ok(())
}
