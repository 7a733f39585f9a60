//! The table `machines`.

use muster_contracts::id::{MachineId, UserId};
use muster_service::{DbError, Write};
use sqlx::{AnyExecutor, Row as _, any::AnyRow};

use super::parsed;
use crate::domain::{cursor::Page, worker::Status};

macro_rules! columns {
    () => {
        "machine_id, user_id, name, hidden, last_seen, revision, created_at"
    };
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Its id.
    pub id: MachineId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// Not shown unless asked for.
    pub hidden: bool,
    /// When one of its workers was last online, milliseconds.
    pub last_seen: Option<i64>,
    /// Grows with every change.
    pub revision: i64,
    /// Milliseconds.
    pub created_at: i64,
}

/// How many workers a machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Connected and alive.
    pub online: u32,
    /// Approved, but not there.
    pub offline: u32,
    /// Without an approved key.
    pub pending: u32,
}

fn read(row: &AnyRow) -> Result<Machine, DbError> {
    Ok(Machine {
        id: parsed(row, "machine_id")?,
        user: parsed(row, "user_id")?,
        name: row.try_get("name")?,
        hidden: row.try_get::<i64, _>("hidden")? != 0,
        last_seen: row.try_get("last_seen")?,
        revision: row.try_get("revision")?,
        created_at: row.try_get("created_at")?,
    })
}

/// One machine, whosever it is.
pub(crate) async fn get<'e>(on: impl AnyExecutor<'e>, id: &MachineId) -> Result<Option<Machine>, DbError> {
    let row = sqlx::query(concat!("SELECT ", columns!(), " FROM machines WHERE machine_id = $1"))
        .bind(id.as_str())
        .fetch_optional(on)
        .await?;
    row.as_ref().map(read).transpose()
}

/// A page of a user's machines, one more than its limit if there are more.
pub(crate) async fn page<'e>(on: impl AnyExecutor<'e>, user: &UserId, page: &Page) -> Result<Vec<Machine>, DbError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM machines WHERE user_id = $1 AND (created_at > $2 OR (created_at = $2 AND machine_id > $3))
          ORDER BY created_at, machine_id LIMIT $4"
    ))
    .bind(user.as_str())
    .bind(page.after.created_at)
    .bind(&page.after.id)
    .bind(page.rows())
    .fetch_all(on)
    .await?;
    rows.iter().map(read).collect()
}

/// Every machine of a user.
pub(crate) async fn of_user<'e>(on: impl AnyExecutor<'e>, user: &UserId) -> Result<Vec<MachineId>, DbError> {
    let rows =
        sqlx::query("SELECT machine_id FROM machines WHERE user_id = $1").bind(user.as_str()).fetch_all(on).await?;
    rows.iter().map(|row| parsed(row, "machine_id")).collect()
}

/// How many machines a user has.
pub(crate) async fn count(write: &mut Write, user: &UserId) -> Result<i64, DbError> {
    write.count_alone(&format!("machines of {user}")).await?;
    sqlx::query_scalar("SELECT COUNT(*) FROM machines WHERE user_id = $1")
        .bind(user.as_str())
        .fetch_one(write.connection())
        .await
}

/// Adds a machine; false when the id is taken.
pub(crate) async fn insert(write: &mut Write, machine: &Machine) -> Result<bool, DbError> {
    let Machine { id, user, name, hidden, last_seen, revision, created_at } = machine;
    let done = sqlx::query(concat!(
        "INSERT INTO machines (",
        columns!(),
        ") VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (machine_id) DO NOTHING"
    ))
    .bind(id.as_str())
    .bind(user.as_str())
    .bind(name)
    .bind(i64::from(*hidden))
    .bind(*last_seen)
    .bind(*revision)
    .bind(*created_at)
    .execute(write.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a machine for a change.
pub(crate) async fn take(write: &mut Write, id: &MachineId) -> Result<Option<Machine>, DbError> {
    let row = sqlx::query(concat!(
        "UPDATE machines SET revision = revision + 1 WHERE machine_id = $1 RETURNING ",
        columns!()
    ))
    .bind(id.as_str())
    .fetch_optional(write.connection())
    .await?;
    row.as_ref().map(read).transpose()
}

/// Writes what may change of a machine that was taken.
pub(crate) async fn put(write: &mut Write, machine: &Machine) -> Result<(), DbError> {
    sqlx::query("UPDATE machines SET name = $2, hidden = $3, last_seen = $4 WHERE machine_id = $1")
        .bind(machine.id.as_str())
        .bind(&machine.name)
        .bind(i64::from(machine.hidden))
        .bind(machine.last_seen)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Removes a machine.
pub(crate) async fn delete(write: &mut Write, id: &MachineId) -> Result<(), DbError> {
    sqlx::query("DELETE FROM machines WHERE machine_id = $1").bind(id.as_str()).execute(write.connection()).await?;
    Ok(())
}

/// How many workers a machine has in which status.
pub(crate) async fn counts<'e>(on: impl AnyExecutor<'e>, id: &MachineId) -> Result<Counts, DbError> {
    let rows = sqlx::query("SELECT status, COUNT(*) AS number FROM workers WHERE machine_id = $1 GROUP BY status")
        .bind(id.as_str())
        .fetch_all(on)
        .await?;
    let mut counts = Counts::default();
    for row in rows {
        let number = u32::try_from(row.try_get::<i64, _>("number")?).unwrap_or(u32::MAX);
        match parsed::<Status>(&row, "status")? {
            Status::Online => counts.online += number,
            Status::Offline | Status::Ready => counts.offline += number,
            Status::Pending => counts.pending += number,
        }
    }
    Ok(counts)
}
