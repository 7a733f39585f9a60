//! The table `registrations`.

use muster_contracts::{fingerprint::Fingerprint, id::WorkerId};
use muster_service::{DbError, Write};
use sqlx::{AnyExecutor, Row as _, any::AnyRow};

use super::parsed;
use crate::domain::registration::{Registration, State, Told};

macro_rules! columns {
    () => {
        "fingerprint, state, hostname, os_user, directory, version, backend, requested_at, revision"
    };
}

/// Keys that were turned away and are remembered, for one worker; the oldest give way.
const REMEMBERED: i64 = 100;

fn read(row: &AnyRow) -> Result<Registration, DbError> {
    let waiting = row.try_get::<String, _>("state")? == State::Waiting.as_str();
    Ok(Registration {
        fingerprint: parsed(row, "fingerprint")?,
        state: if waiting { State::Waiting } else { State::Rejected },
        told: Told {
            hostname: row.try_get("hostname")?,
            os_user: row.try_get("os_user")?,
            directory: row.try_get("directory")?,
            version: row.try_get("version")?,
            backend: row.try_get("backend")?,
        },
        requested_at: row.try_get("requested_at")?,
        revision: row.try_get("revision")?,
    })
}

/// The registration of one key.
pub(crate) async fn get<'e>(
    on: impl AnyExecutor<'e>,
    worker: &WorkerId,
    fingerprint: &Fingerprint,
) -> Result<Option<Registration>, DbError> {
    let row =
        sqlx::query(concat!("SELECT ", columns!(), " FROM registrations WHERE worker_id = $1 AND fingerprint = $2"))
            .bind(worker.as_str())
            .bind(fingerprint.as_str())
            .fetch_optional(on)
            .await?;
    row.as_ref().map(read).transpose()
}

/// The registrations of a worker that wait, the oldest first.
pub(crate) async fn waiting<'e>(on: impl AnyExecutor<'e>, worker: &WorkerId) -> Result<Vec<Registration>, DbError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM registrations WHERE worker_id = $1 AND state = $2 ORDER BY requested_at, fingerprint"
    ))
    .bind(worker.as_str())
    .bind(State::Waiting.as_str())
    .fetch_all(on)
    .await?;
    rows.iter().map(read).collect()
}

/// Writes a registration that waits; an older one of the same key is changed.
pub(crate) async fn put(
    write: &mut Write,
    worker: &WorkerId,
    fingerprint: &Fingerprint,
    told: &Told,
    now: i64,
) -> Result<Registration, DbError> {
    let row = sqlx::query(concat!(
        "INSERT INTO registrations (worker_id, fingerprint, state, hostname, os_user, directory, version, backend, requested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (worker_id, fingerprint) DO UPDATE SET hostname = excluded.hostname, os_user = excluded.os_user,
         directory = excluded.directory, version = excluded.version, backend = excluded.backend,
         revision = registrations.revision + 1
         RETURNING ",
        columns!()
    ))
    .bind(worker.as_str())
    .bind(fingerprint.as_str())
    .bind(State::Waiting.as_str())
    .bind(&told.hostname)
    .bind(&told.os_user)
    .bind(&told.directory)
    .bind(&told.version)
    .bind(&told.backend)
    .bind(now)
    .fetch_one(write.connection())
    .await?;
    read(&row)
}

/// Remembers that a key was turned away.
pub(crate) async fn reject(write: &mut Write, worker: &WorkerId, fingerprint: &Fingerprint) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE registrations SET state = $3, revision = revision + 1 WHERE worker_id = $1 AND fingerprint = $2",
    )
    .bind(worker.as_str())
    .bind(fingerprint.as_str())
    .bind(State::Rejected.as_str())
    .execute(write.connection())
    .await?;
    sqlx::query(
        "DELETE FROM registrations WHERE worker_id = $1 AND state = $2 AND fingerprint NOT IN
         (SELECT fingerprint FROM registrations WHERE worker_id = $1 AND state = $2 ORDER BY requested_at DESC LIMIT $3)",
    )
    .bind(worker.as_str())
    .bind(State::Rejected.as_str())
    .bind(REMEMBERED)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Forgets the registrations of a worker that wait.
pub(crate) async fn clear_waiting(write: &mut Write, worker: &WorkerId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM registrations WHERE worker_id = $1 AND state = $2")
        .bind(worker.as_str())
        .bind(State::Waiting.as_str())
        .execute(write.connection())
        .await?;
    Ok(())
}
