//! The table `connections`: which connections the broker has reported. Any
//! number of instances write the same into it, in any order.

use muster_bus::{ClientConnection, Identity};
use muster_contracts::id::{InstanceId, WorkerId};
use muster_service::{DbError, Engine, Write};
use sqlx::{AnyExecutor, Row as _, any::AnyRow};

use super::parsed;
use crate::domain::standing::Connected;

macro_rules! columns {
    () => {
        "server_id, client_id, fingerprint, instance, term, connected_at"
    };
}

/// An open connection, and whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    /// The worker.
    pub worker: WorkerId,
    /// The connection.
    pub connection: Connected,
}

fn read(row: &AnyRow) -> Result<Connected, DbError> {
    Ok(Connected {
        server: row.try_get("server_id")?,
        client: u64::try_from(row.try_get::<i64, _>("client_id")?).unwrap_or(0),
        fingerprint: parsed(row, "fingerprint")?,
        instance: parsed(row, "instance")?,
        term: row.try_get("term")?,
        connected_at: row.try_get("connected_at")?,
    })
}

/// The database's integers have a sign.
fn number(client: u64) -> i64 {
    i64::try_from(client).unwrap_or(i64::MAX)
}

/// The open connections of a worker.
pub(crate) async fn open<'e>(on: impl AnyExecutor<'e>, worker: &WorkerId) -> Result<Vec<Connected>, DbError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM connections WHERE worker_id = $1 AND closed_at IS NULL ORDER BY connected_at"
    ))
    .bind(worker.as_str())
    .fetch_all(on)
    .await?;
    rows.iter().map(read).collect()
}

/// When the last connection of a process was closed, as far as that is known still.
pub(crate) async fn last_closed<'e>(
    on: impl AnyExecutor<'e>,
    worker: &WorkerId,
    term: i64,
) -> Result<Option<i64>, DbError> {
    sqlx::query_scalar("SELECT MAX(closed_at) FROM connections WHERE worker_id = $1 AND term = $2")
        .bind(worker.as_str())
        .bind(term)
        .fetch_one(on)
        .await
}

/// Every open connection.
pub(crate) async fn all_open<'e>(on: impl AnyExecutor<'e>) -> Result<Vec<Open>, DbError> {
    let rows = sqlx::query(concat!("SELECT worker_id, ", columns!(), " FROM connections WHERE closed_at IS NULL"))
        .fetch_all(on)
        .await?;
    rows.iter().map(|row| Ok(Open { worker: parsed(row, "worker_id")?, connection: read(row)? })).collect()
}

/// Adds a connection; nothing when it is known, open or closed. True when it is new.
pub(crate) async fn opened(
    write: &mut Write,
    place: &ClientConnection,
    identity: &Identity,
    now: i64,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO connections (server_id, client_id, worker_id, fingerprint, instance, term, connected_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (server_id, client_id) DO NOTHING",
    )
    .bind(&place.server)
    .bind(number(place.client))
    .bind(identity.worker.as_str())
    .bind(identity.fingerprint.as_str())
    .bind(identity.instance.as_str())
    .bind(identity.term)
    .bind(now)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The broker counts a connection that was closed before `asked_at`: it is open after all.
pub(crate) async fn reopen(write: &mut Write, place: &ClientConnection, asked_at: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE connections SET closed_at = NULL WHERE server_id = $1 AND client_id = $2 AND closed_at < $3",
    )
    .bind(&place.server)
    .bind(number(place.client))
    .bind(asked_at)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes a connection, also one whose opening was not reported yet. True when that is new.
pub(crate) async fn closed(
    write: &mut Write,
    place: &ClientConnection,
    identity: &Identity,
    now: i64,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO connections (server_id, client_id, worker_id, fingerprint, instance, term, connected_at, closed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (server_id, client_id) DO UPDATE SET closed_at = excluded.closed_at
         WHERE connections.closed_at IS NULL",
    )
    .bind(&place.server)
    .bind(number(place.client))
    .bind(identity.worker.as_str())
    .bind(identity.fingerprint.as_str())
    .bind(identity.instance.as_str())
    .bind(identity.term)
    .bind(now)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes the connections that a process has in a term.
pub(crate) async fn close_process(
    write: &mut Write,
    worker: &WorkerId,
    instance: &InstanceId,
    term: i64,
    now: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE connections SET closed_at = $4
         WHERE worker_id = $1 AND instance = $2 AND term = $3 AND closed_at IS NULL",
    )
    .bind(worker.as_str())
    .bind(instance.as_str())
    .bind(term)
    .bind(now)
    .execute(write.connection())
    .await?;
    Ok(())
}

macro_rules! purge {
    ($locked:literal) => {
        concat!(
            "DELETE FROM connections WHERE (server_id, client_id) IN (
               SELECT server_id, client_id FROM connections WHERE closed_at < $1
                 OR (connected_at < $1 AND worker_id NOT IN (SELECT worker_id FROM workers))",
            $locked,
            ")"
        )
    };
}

/// Forgets what was closed before, and what belongs to no worker. True when there was any.
pub(crate) async fn purge(write: &mut Write, engine: Engine, closed_before: i64) -> Result<bool, DbError> {
    let statement = match engine {
        Engine::Sqlite => purge!(""),
        // Rows that somebody else has in hand are left to them: whoever removes a worker takes its rows in another order.
        Engine::Postgres => purge!(" FOR UPDATE SKIP LOCKED"),
    };
    let done = sqlx::query(statement).bind(closed_before).execute(write.connection()).await?;
    Ok(done.rows_affected() > 0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use muster_service::Db;
    use muster_testkit::postgres;

    use super::*;
    use crate::store::MIGRATIONS;

    #[tokio::test]
    async fn what_somebody_has_in_hand_is_left_to_them() {
        let database = postgres::database();
        let db = Db::open(&database.url().into(), "registry", 4, &MIGRATIONS).await.unwrap();
        for client in [1_i64, 2] {
            sqlx::query(
                "INSERT INTO connections (server_id, client_id, worker_id, fingerprint, instance, term, connected_at,
                   closed_at) VALUES ('server', $1, 'worker', 'key', 'instance', 1, 0, 0)",
            )
            .bind(client)
            .execute(db.pool())
            .await
            .unwrap();
        }
        let mut other = db.write().await.unwrap();
        sqlx::query("DELETE FROM connections WHERE client_id = 1").execute(other.connection()).await.unwrap();
        let mut write = db.write().await.unwrap();
        let purged = tokio::time::timeout(Duration::from_secs(5), purge(&mut write, db.engine(), 1)).await;
        assert!(purged.expect("it waits for nobody").unwrap());
        write.commit().await.unwrap();
        drop(other);
        let left: Vec<i64> =
            sqlx::query_scalar("SELECT client_id FROM connections").fetch_all(db.pool()).await.unwrap();
        assert_eq!(left, [1]);
    }
}
