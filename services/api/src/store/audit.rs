//! The audit log. There is no way to change or delete an entry; but what a deleted session was called, and what was
//! asked in it, is deleted with it.

use muster_contracts::{id::UserId, v1};
use muster_service::{Db, DbError, Write};
use sqlx::{Row as _, any::AnyRow};

/// Something that was done, as it is told.
#[derive(Debug, Clone)]
pub(crate) struct Deed<'a> {
    /// Made once: the same deed told again is the same entry.
    pub(crate) id: &'a str,
    pub(crate) at: i64,
    /// Behind what else was done at this time.
    pub(crate) place: i64,
    /// Whose thing it was done to.
    pub(crate) owner: &'a UserId,
    pub(crate) actor: &'a v1::Actor,
    pub(crate) audit: &'a v1::Audit,
}

/// An entry; what does not apply is empty.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) audit_id: String,
    pub(crate) at: i64,
    pub(crate) place: i64,
    pub(crate) user_id: String,
    pub(crate) username: String,
    pub(crate) entity: String,
    pub(crate) audit: v1::Audit,
    pub(crate) actor: v1::Actor,
    pub(crate) actor_name: String,
    pub(crate) token_name: String,
}

impl Entry {
    pub(crate) fn place(&self) -> Place {
        Place { at: self.at, place: self.place, audit_id: self.audit_id.clone() }
    }

    /// As `reader` may see it: what sessions are called and what is asked in them is their owner's alone.
    pub(crate) fn seen_by(mut self, reader: &UserId) -> Self {
        if self.user_id != reader.as_str() && matches!(self.entity.as_str(), "session" | "request") {
            self.audit.name.clear();
            self.audit.detail.clear();
        }
        self
    }
}

/// Which entries; what is empty does not matter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Whose; none: everybody's.
    pub(crate) owner: Option<UserId>,
    pub(crate) entity: String,
    pub(crate) action: String,
    /// The thing itself, or the machine, worker or session that it belongs to.
    pub(crate) object: String,
    pub(crate) actor: String,
    /// Milliseconds; the first is included, the last is not.
    pub(crate) since: i64,
    pub(crate) until: i64,
}

/// Adds an entry, with the names that its ids have now. What goes with an account is told when that is gone already: it
/// is called as the log has it.
pub(crate) async fn insert(write: &mut Write, deed: Deed<'_>) -> Result<(), DbError> {
    let Deed { id, at, place, owner, actor, audit } = deed;
    let v1::Audit { action, id: object, name, detail, machine_id, worker_id, session_id } = audit;
    let v1::Actor { user_id, worker_id: actor_worker, address, token_id } = actor;
    sqlx::query(
        "INSERT INTO audit (audit_id, at, place, user_id, username, action, entity, object_id, object_name, detail, machine_id, \
           worker_id, session_id, actor_id, actor_name, actor_worker_id, token_id, token_name, address) \
         VALUES ($1, $2, $16, $3, COALESCE((SELECT username FROM users WHERE user_id = $3), \
           (SELECT username FROM audit WHERE user_id = $3 ORDER BY at DESC LIMIT 1), ''), $4, $5, $6, $7, $8, $9, \
           $10, $11, $12, COALESCE((SELECT username FROM users WHERE user_id = $12), \
           (SELECT username FROM audit WHERE user_id = $12 ORDER BY at DESC LIMIT 1), ''), $13, $14, \
           COALESCE((SELECT name FROM tokens WHERE token_id = $14), ''), $15) \
         ON CONFLICT (audit_id) DO NOTHING",
    )
    .bind(id)
    .bind(at)
    .bind(owner.as_str())
    .bind(action)
    .bind(action.split('.').next().unwrap_or_default())
    .bind(object)
    .bind(name)
    .bind(detail)
    .bind(machine_id)
    .bind(worker_id)
    .bind(session_id)
    .bind(user_id)
    .bind(actor_worker)
    .bind(token_id)
    .bind(address)
    .bind(place)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// Forgets what a session was called and what was asked in it. That it was there, and what was done to it, stays.
pub(crate) async fn forget_words(write: &mut Write, owner: &UserId, session_id: &str) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE audit SET object_name = '', detail = '' WHERE user_id = $1 AND session_id = $2 \
           AND (object_name <> '' OR detail <> '')",
    )
    .bind(owner.as_str())
    .bind(session_id)
    .execute(write.connection())
    .await?;
    Ok(())
}

/// An entry's place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) at: i64,
    pub(crate) place: i64,
    pub(crate) audit_id: String,
}

/// Entries behind a place, newest first.
pub(crate) async fn list(
    db: &Db,
    filter: &Filter,
    behind: Option<&Place>,
    limit: usize,
) -> Result<Vec<Entry>, DbError> {
    let Filter { owner, entity, action, object, actor, since, until } = filter;
    // Two statements, so that each has an index to walk along.
    let whose = if owner.is_some() { "user_id = $1" } else { "$1 = ''" };
    let (at, place, id) =
        behind.map_or((i64::MAX, 0, ""), |Place { at, place, audit_id }| (*at, *place, audit_id.as_str()));
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
        "SELECT audit_id, at, place, user_id, username, action, entity, object_id, object_name, detail, machine_id, \
           worker_id, session_id, actor_id, actor_name, actor_worker_id, token_id, token_name, address \
         FROM audit WHERE {whose} AND at >= $2 AND at < $3 AND (at, place, audit_id) < ($4, $11, $5) \
           AND ($6 = '' OR entity = $6) AND ($7 = '' OR action = $7) AND ($8 = '' OR actor_id = $8) \
           AND ($9 = '' OR $9 IN (object_id, machine_id, worker_id, session_id)) \
         ORDER BY at DESC, place DESC, audit_id DESC LIMIT $10"
    )))
    .bind(owner.as_ref().map_or("", UserId::as_str))
    .bind(since)
    .bind(until)
    .bind(at)
    .bind(id)
    .bind(entity)
    .bind(action)
    .bind(actor)
    .bind(object)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(place)
    .fetch_all(db.pool())
    .await?;
    rows.iter().map(entry).collect()
}

fn entry(row: &AnyRow) -> Result<Entry, DbError> {
    Ok(Entry {
        audit_id: row.try_get("audit_id")?,
        at: row.try_get("at")?,
        place: row.try_get("place")?,
        user_id: row.try_get("user_id")?,
        username: row.try_get("username")?,
        entity: row.try_get("entity")?,
        audit: v1::Audit {
            action: row.try_get("action")?,
            id: row.try_get("object_id")?,
            name: row.try_get("object_name")?,
            detail: row.try_get("detail")?,
            machine_id: row.try_get("machine_id")?,
            worker_id: row.try_get("worker_id")?,
            session_id: row.try_get("session_id")?,
        },
        actor: v1::Actor {
            user_id: row.try_get("actor_id")?,
            worker_id: row.try_get("actor_worker_id")?,
            address: row.try_get("address")?,
            token_id: row.try_get("token_id")?,
        },
        actor_name: row.try_get("actor_name")?,
        token_name: row.try_get("token_name")?,
    })
}
