//! The table `workers`.

use muster_contracts::{
    id::{MachineId, UserId, WorkerId},
    v1::Restriction,
};
use muster_service::{DbError, Write};
use sqlx::{AnyExecutor, Row as _, any::AnyRow};

use super::{parsed, parsed_if_any};
use crate::domain::{
    cursor::Page,
    presence::Present,
    worker::{About, Lease, Process, Status, Worker},
};

macro_rules! columns {
    () => {
        "worker_id, machine_id, user_id, name, status, fingerprint, created_at, approved_at, approved_by, hostname,
         directory, backend, version, instance, term, lease_instance, lease_term, lease_until, leased_at, seen,
         offline_since, offline_closed, suspended, restriction, restriction_detail, readmissions, revision"
    };
}

fn read(row: &AnyRow) -> Result<Worker, DbError> {
    let term = row.try_get("term")?;
    Ok(Worker {
        id: parsed(row, "worker_id")?,
        machine: parsed(row, "machine_id")?,
        user: parsed(row, "user_id")?,
        name: row.try_get("name")?,
        status: parsed(row, "status")?,
        fingerprint: parsed_if_any(row, "fingerprint")?,
        created_at: row.try_get("created_at")?,
        approved_at: row.try_get("approved_at")?,
        approved_by: row.try_get("approved_by")?,
        about: About {
            hostname: row.try_get("hostname")?,
            directory: row.try_get("directory")?,
            backend: row.try_get("backend")?,
            version: row.try_get("version")?,
        },
        process: parsed_if_any(row, "instance")?.map(|instance| Process { instance, term }),
        lease: Lease {
            instance: parsed_if_any(row, "lease_instance")?,
            term: row.try_get("lease_term")?,
            until: row.try_get("lease_until")?,
            since: row.try_get("leased_at")?,
        },
        seen: row.try_get::<i64, _>("seen")? != 0,
        offline_since: row.try_get("offline_since")?,
        offline_closed: row.try_get::<i64, _>("offline_closed")? != 0,
        suspended: row.try_get::<i64, _>("suspended")? != 0,
        restriction: restriction(row.try_get("restriction")?),
        restriction_detail: row.try_get("restriction_detail")?,
        readmissions: row.try_get("readmissions")?,
        revision: row.try_get("revision")?,
    })
}

/// A number that we have not written is no restriction.
fn restriction(number: i64) -> Restriction {
    i32::try_from(number).ok().and_then(|number| number.try_into().ok()).unwrap_or_default()
}

/// One worker, whosever it is.
pub(crate) async fn get<'e>(on: impl AnyExecutor<'e>, id: &WorkerId) -> Result<Option<Worker>, DbError> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM workers WHERE worker_id = $1"))
        .bind(id.as_str())
        .fetch_optional(on)
        .await?;
    row.as_ref().map(read).transpose()
}

/// A page of a machine's workers, one more than its limit if there are more.
pub(crate) async fn page<'e>(
    on: impl AnyExecutor<'e>,
    machine: &MachineId,
    status: Option<Status>,
    page: &Page,
) -> Result<Vec<Worker>, DbError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM workers WHERE machine_id = $1 AND (created_at > $2 OR (created_at = $2 AND worker_id > $3))
          AND ($4 = '' OR status = $4) ORDER BY created_at, worker_id LIMIT $5"
    ))
    .bind(machine.as_str())
    .bind(page.after.created_at)
    .bind(&page.after.id)
    .bind(status.map_or("", Status::as_str))
    .bind(page.rows())
    .fetch_all(on)
    .await?;
    rows.iter().map(read).collect()
}

/// The workers that are written down as online.
pub(crate) async fn online<'e>(on: impl AnyExecutor<'e>) -> Result<Vec<WorkerId>, DbError> {
    let rows = sqlx::query("SELECT worker_id FROM workers WHERE status = $1")
        .bind(Status::Online.as_str())
        .fetch_all(on)
        .await?;
    rows.iter().map(|row| parsed(row, "worker_id")).collect()
}

/// How many workers have each status.
pub(crate) async fn by_status<'e>(on: impl AnyExecutor<'e>) -> Result<Vec<(Status, u32)>, DbError> {
    let counted = sqlx::query_as::<_, (String, i64)>("SELECT status, COUNT(*) FROM workers GROUP BY status")
        .fetch_all(on)
        .await?;
    let of = |status: Status| counted.iter().find(|(name, _)| name == status.as_str()).map_or(0, |(_, count)| *count);
    Ok(Status::ALL.map(|status| (status, u32::try_from(of(status)).unwrap_or(u32::MAX))).into())
}

/// How many workers a machine has.
pub(crate) async fn count(write: &mut Write, machine: &MachineId) -> Result<i64, DbError> {
    sqlx::query_scalar("SELECT COUNT(*) FROM workers WHERE machine_id = $1")
        .bind(machine.as_str())
        .fetch_one(write.connection())
        .await
}

/// How many workers a user has on all machines.
pub(crate) async fn count_of_user(write: &mut Write, user: &UserId) -> Result<i64, DbError> {
    write.count_alone(&format!("workers of {user}")).await?;
    sqlx::query_scalar("SELECT COUNT(*) FROM workers WHERE user_id = $1")
        .bind(user.as_str())
        .fetch_one(write.connection())
        .await
}

/// Adds a worker without an approved key; false when the id is taken.
pub(crate) async fn insert(write: &mut Write, worker: &Worker) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO workers (worker_id, machine_id, user_id, name, status, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (worker_id) DO NOTHING",
    )
    .bind(worker.id.as_str())
    .bind(worker.machine.as_str())
    .bind(worker.user.as_str())
    .bind(worker.name.as_deref())
    .bind(worker.status.as_str())
    .bind(worker.created_at)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a worker for a change.
pub(crate) async fn take(write: &mut Write, id: &WorkerId) -> Result<Option<Worker>, DbError> {
    let row =
        sqlx::query(concat!("UPDATE workers SET revision = revision + 1 WHERE worker_id = $1 RETURNING ", columns!()))
            .bind(id.as_str())
            .fetch_optional(write.connection())
            .await?;
    row.as_ref().map(read).transpose()
}

/// Takes all workers of a machine for a change.
pub(crate) async fn take_all(write: &mut Write, machine: &MachineId) -> Result<Vec<Worker>, DbError> {
    let rows =
        sqlx::query(concat!("UPDATE workers SET revision = revision + 1 WHERE machine_id = $1 RETURNING ", columns!()))
            .bind(machine.as_str())
            .fetch_all(write.connection())
            .await?;
    rows.iter().map(read).collect()
}

/// Suspends or readmits the workers of a user, and says which were not so before.
pub(crate) async fn suspend(write: &mut Write, user: &UserId, suspended: bool) -> Result<Vec<WorkerId>, DbError> {
    let rows =
        sqlx::query("UPDATE workers SET suspended = $2 WHERE user_id = $1 AND suspended <> $2 RETURNING worker_id")
            .bind(user.as_str())
            .bind(i64::from(suspended))
            .fetch_all(write.connection())
            .await?;
    rows.iter().map(|row| parsed(row, "worker_id")).collect()
}

/// Writes a worker's name.
pub(crate) async fn rename(write: &mut Write, id: &WorkerId, name: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE workers SET name = $2 WHERE worker_id = $1")
        .bind(id.as_str())
        .bind(name)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Writes what is in the way of a worker.
pub(crate) async fn restrict(
    write: &mut Write,
    id: &WorkerId,
    restriction: Restriction,
    detail: &str,
) -> Result<(), DbError> {
    sqlx::query("UPDATE workers SET restriction = $2, restriction_detail = $3 WHERE worker_id = $1")
        .bind(id.as_str())
        .bind(i64::from(i32::from(restriction)))
        .bind(detail)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Writes that its owner has let a worker in again.
pub(crate) async fn readmit(write: &mut Write, id: &WorkerId) -> Result<(), DbError> {
    restrict(write, id, Restriction::Unspecified, "").await?;
    sqlx::query("UPDATE workers SET readmissions = readmissions + 1 WHERE worker_id = $1")
        .bind(id.as_str())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Writes what a process tells of itself.
pub(crate) async fn describe(write: &mut Write, id: &WorkerId, about: &About) -> Result<(), DbError> {
    sqlx::query("UPDATE workers SET hostname = $2, directory = $3, backend = $4, version = $5 WHERE worker_id = $1")
        .bind(id.as_str())
        .bind(about.hostname.as_deref())
        .bind(about.directory.as_deref())
        .bind(about.backend.as_deref())
        .bind(about.version.as_deref())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Pins a key. Whoever held the lease with another key has it no more.
pub(crate) async fn approve(
    write: &mut Write,
    worker: &Worker,
    fingerprint: &str,
    by: &str,
    now: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE workers SET fingerprint = $2, approved_at = $3, approved_by = $4, status = $5, seen = 0,
         offline_since = NULL, offline_closed = 0, lease_instance = NULL, lease_until = 0 WHERE worker_id = $1",
    )
    .bind(worker.id.as_str())
    .bind(fingerprint)
    .bind(now)
    .bind(by)
    .bind(Status::Ready.as_str())
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Writes what follows from connections and heartbeats.
pub(crate) async fn put_present(write: &mut Write, id: &WorkerId, present: &Present) -> Result<(), DbError> {
    let Present { status, process, lease_until, seen, offline_since, offline_closed } = present;
    sqlx::query(
        "UPDATE workers SET status = $2, instance = $3, term = $4, lease_until = $5, seen = $6, offline_since = $7,
         offline_closed = $8 WHERE worker_id = $1",
    )
    .bind(id.as_str())
    .bind(status.as_str())
    .bind(process.as_ref().map(|process| process.instance.as_str()))
    .bind(process.as_ref().map_or(0, |process| process.term))
    .bind(*lease_until)
    .bind(i64::from(*seen))
    .bind(*offline_since)
    .bind(i64::from(*offline_closed))
    .execute(write.connection())
    .await?;
    Ok(())
}

/// The models that a worker told last, as it told them.
pub(crate) async fn models<'e>(on: impl AnyExecutor<'e>, id: &WorkerId) -> Result<Option<Vec<u8>>, DbError> {
    let models: Option<Option<Vec<u8>>> = sqlx::query_scalar("SELECT models FROM workers WHERE worker_id = $1")
        .bind(id.as_str())
        .fetch_optional(on)
        .await?;
    Ok(models.flatten())
}

/// Writes the models that a worker tells.
pub(crate) async fn put_models(write: &mut Write, id: &WorkerId, models: Vec<u8>) -> Result<(), DbError> {
    sqlx::query("UPDATE workers SET models = $2 WHERE worker_id = $1")
        .bind(id.as_str())
        .bind(models)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Whose removed worker had this id, if any.
pub(crate) async fn removed_owner(write: &mut Write, id: &WorkerId) -> Result<Option<UserId>, DbError> {
    let row = sqlx::query("SELECT user_id FROM removed_workers WHERE worker_id = $1")
        .bind(id.as_str())
        .fetch_optional(write.connection())
        .await?;
    row.as_ref().map(|row| parsed(row, "user_id")).transpose()
}

/// Removes a worker with its registrations and connections; its id stays its owner's.
pub(crate) async fn delete(write: &mut Write, worker: &Worker) -> Result<(), DbError> {
    let Worker { id, user, .. } = worker;
    sqlx::query("INSERT INTO removed_workers (worker_id, user_id) VALUES ($1, $2) ON CONFLICT (worker_id) DO NOTHING")
        .bind(id.as_str())
        .bind(user.as_str())
        .execute(write.connection())
        .await?;
    for statement in [
        "DELETE FROM registrations WHERE worker_id = $1",
        "DELETE FROM connections WHERE worker_id = $1",
        "DELETE FROM workers WHERE worker_id = $1",
    ] {
        sqlx::query(statement).bind(id.as_str()).execute(write.connection()).await?;
    }
    Ok(())
}
