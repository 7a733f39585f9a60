//! Workers that have more than their share of CHUNKS.

use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor};

/// A worker that was told to stop.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct QuotaRow {
    /// Messages that it had then; `None` when that is to be counted anew.
    pub held: Option<i64>,
    cut_off: i64,
}

impl QuotaRow {
    /// Whether it went on and was cut off.
    #[must_use]
    pub const fn is_cut_off(&self) -> bool {
        self.cut_off != 0
    }
}

/// What is known of a worker; `None`: it has no more than its share.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Option<QuotaRow>, DbError> {
    sqlx::query_as("SELECT held, cut_off FROM quotas WHERE worker_id = $1")
        .bind(worker_id)
        .fetch_optional(executor)
        .await
}

/// A worker has too much; true when that is new.
pub async fn stop(connection: &mut AnyConnection, worker_id: &str, held: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO quotas (worker_id, held, cut_off) VALUES ($1, $2, 0) ON CONFLICT (worker_id) DO NOTHING",
    )
    .bind(worker_id)
    .bind(held)
    .execute(&mut *connection)
    .await?;
    let recount = "UPDATE quotas SET held = $2 WHERE worker_id = $1 AND held IS NULL";
    sqlx::query(recount).bind(worker_id).bind(held).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// A worker went on; true when that is new.
pub async fn cut_off(connection: &mut AnyConnection, worker_id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE quotas SET cut_off = 1 WHERE worker_id = $1 AND cut_off = 0")
        .bind(worker_id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The owner has let it in again: what it has now is counted anew.
pub async fn readmit(connection: &mut AnyConnection, worker_id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE quotas SET cut_off = 0, held = NULL WHERE worker_id = $1 AND cut_off = 1")
        .bind(worker_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// A worker has no more than its share. One that was cut off stays so until its owner has decided.
pub async fn lift(connection: &mut AnyConnection, worker_id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM quotas WHERE worker_id = $1 AND cut_off = 0")
        .bind(worker_id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The worker is gone.
pub async fn forget(connection: &mut AnyConnection, worker_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM quotas WHERE worker_id = $1").bind(worker_id).execute(connection).await?;
    Ok(())
}

/// Every worker that was told to stop.
pub async fn all<'e>(executor: impl Executor<'e, Database = Any>) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar("SELECT worker_id FROM quotas").fetch_all(executor).await
}
