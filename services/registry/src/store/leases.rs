//! The lease in the table `workers`: which process may be this worker.

use muster_contracts::{
    fingerprint::Fingerprint,
    id::{InstanceId, WorkerId},
};
use muster_service::{Db, DbError, Write};

use crate::domain::worker::Lease;

/// Takes the lease if it is free or the same process's already, which keeps its
/// term. One statement: of two processes that ask at once, one gets it.
pub(crate) async fn take(
    db: &Db,
    worker: &WorkerId,
    fingerprint: &Fingerprint,
    instance: &InstanceId,
    now: i64,
) -> Result<Option<i64>, DbError> {
    let mut write = db.write().await?;
    let term = sqlx::query_scalar(
        "UPDATE workers SET
           lease_term = CASE WHEN lease_instance = $3 THEN lease_term ELSE lease_term + 1 END,
           leased_at = CASE WHEN lease_instance = $3 THEN leased_at ELSE $4 END,
           lease_until = CASE WHEN lease_instance = $3 AND lease_until > $5 THEN lease_until ELSE $5 END,
           lease_instance = $3
         WHERE worker_id = $1 AND fingerprint = $2 AND (lease_instance = $3 OR lease_until <= $4)
         RETURNING lease_term",
    )
    .bind(worker.as_str())
    .bind(fingerprint.as_str())
    .bind(instance.as_str())
    .bind(now)
    .bind(now + Lease::GRACE)
    .fetch_optional(write.connection())
    .await?;
    write.commit().await?;
    Ok(term)
}

/// Gives the lease of a worker that was taken to another process, in a new term.
pub(crate) async fn take_over(
    write: &mut Write,
    worker: &WorkerId,
    instance: &InstanceId,
    now: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE workers SET lease_instance = $2, lease_term = lease_term + 1, leased_at = $3, lease_until = $4
         WHERE worker_id = $1",
    )
    .bind(worker.as_str())
    .bind(instance.as_str())
    .bind(now)
    .bind(now + Lease::GRACE)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Ends the lease of a worker at once, if it is still this term's.
pub(crate) async fn end(write: &mut Write, worker: &WorkerId, term: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE workers SET lease_until = 0 WHERE worker_id = $1 AND lease_term = $2")
        .bind(worker.as_str())
        .bind(term)
        .execute(write.connection())
        .await?;
    Ok(())
}
