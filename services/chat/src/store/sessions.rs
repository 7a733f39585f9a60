//! Sessions.

use muster_contracts::v1;
use muster_service::{Db, DbError, Write};
use sqlx::{Any, AnyConnection, Executor};

use crate::{
    domain::search::Words,
    store::{search, shares},
};

/// A session with what follows from its turns and requests.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SessionRow {
    /// Its id.
    pub chat_session_id: String,
    /// Whose conversation partner it is.
    pub worker_id: String,
    /// Whose it is.
    pub user_id: String,
    /// What it is called.
    pub title: String,
    /// The model of its next message.
    pub model: String,
    /// The mode of its next message.
    pub mode: Option<String>,
    /// Where the backend works.
    pub directory: String,
    status: i64,
    pinned: i64,
    unread: i64,
    queue_paused: i64,
    /// The backend's name for it.
    pub backend_session_id: Option<String>,
    input_tokens: i64,
    output_tokens: i64,
    cost: Option<f64>,
    /// When something last happened in it.
    pub last_activity: i64,
    created_at: i64,
    /// How often it has changed.
    pub revision: i64,
    forked_session_id: Option<String>,
    forked_message_id: Option<String>,
    /// The backend's session that a fork's own one is made from.
    pub fork_backend_session_id: Option<String>,
    working: i64,
    asking: i64,
    shared_until: Option<i64>,
    storage_full: i64,
}

/// Selects [`SessionRow`]s; a WHERE clause follows.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            columns!("s.": chat_session_id, worker_id, user_id, title, model, mode, directory, status, pinned, unread,
                queue_paused, backend_session_id, input_tokens, output_tokens, cost, last_activity, created_at, revision,
                forked_session_id, forked_message_id, fork_backend_session_id),
            ",
               CAST(CASE WHEN EXISTS (SELECT 1 FROM turns t WHERE t.chat_session_id = s.chat_session_id AND t.ended_at IS NULL)
                 THEN 1 ELSE 0 END AS BIGINT) AS working,
               CAST(CASE WHEN EXISTS (SELECT 1 FROM requests r WHERE r.chat_session_id = s.chat_session_id AND r.status = 1)
                 THEN 1 ELSE 0 END AS BIGINT) AS asking,
               (SELECT h.expires_at FROM shares h WHERE h.chat_session_id = s.chat_session_id) AS shared_until,
               CAST(CASE WHEN EXISTS (SELECT 1 FROM turns f
                   WHERE f.chat_session_id = s.chat_session_id AND f.ended_at IS NULL AND f.storage_full = 1)
                 THEN 1 ELSE 0 END AS BIGINT) AS storage_full
             FROM chat_sessions s ",
            $rest
        )
    };
}

impl SessionRow {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> v1::SessionStatus {
        i32::try_from(self.status).ok().and_then(|status| status.try_into().ok()).unwrap_or_default()
    }

    /// Whether waiting messages wait for the user's word.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.queue_paused != 0
    }

    /// What it is a fork of.
    pub fn forked_from(&self) -> Option<v1::ForkedFrom> {
        let (session, message) = (self.forked_session_id.clone()?, self.forked_message_id.clone()?);
        Some(v1::ForkedFrom { chat_session_id: session, message_id: message })
    }

    /// As others see it.
    #[must_use]
    pub fn to_wire(&self) -> v1::ChatSession {
        let activity = match (self.asking, self.working) {
            (1.., _) => v1::Activity::NeedsYou,
            (_, 1..) => v1::Activity::Working,
            _ => v1::Activity::Idle,
        };
        v1::ChatSession {
            chat_session_id: self.chat_session_id.clone(),
            worker_id: self.worker_id.clone(),
            user_id: self.user_id.clone(),
            title: self.title.clone(),
            model: self.model.clone(),
            mode: self.mode.clone(),
            directory: self.directory.clone(),
            status: self.status().into(),
            activity: activity.into(),
            unread: self.unread != 0,
            pinned: self.pinned != 0,
            queue_paused: self.is_paused(),
            usage: Some(v1::Usage {
                input_tokens: self.input_tokens.unsigned_abs(),
                output_tokens: self.output_tokens.unsigned_abs(),
                cost: self.cost,
            }),
            backend_session_id: self.backend_session_id.clone(),
            last_activity: self.last_activity,
            created_at: self.created_at,
            revision: self.revision,
            shared_until: self.shared_until,
            storage_full: self.storage_full != 0,
            forked_from: self.forked_from(),
        }
    }
}

/// One session.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
) -> Result<Option<SessionRow>, DbError> {
    sqlx::query_as(select!("WHERE s.chat_session_id = $1")).bind(session_id).fetch_optional(executor).await
}

/// Every session of a user.
pub async fn of_user(connection: &mut AnyConnection, user_id: &str, limit: i64) -> Result<Vec<SessionRow>, DbError> {
    sqlx::query_as(select!("WHERE s.user_id = $1 LIMIT $2")).bind(user_id).bind(limit).fetch_all(connection).await
}

/// Keeps others from changing anything of a session until the transaction ends.
pub async fn lock(connection: &mut AnyConnection, session_id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_sessions SET revision = revision WHERE chat_session_id = $1")
        .bind(session_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Which sessions are listed, newest activity first.
#[derive(Debug, Default)]
pub struct Listing {
    /// Whose.
    pub user_id: String,
    /// Of one worker only.
    pub worker_id: Option<String>,
    /// Of these states only; empty for all.
    pub statuses: Vec<i32>,
    /// Of those only whose title or messages have these words.
    pub words: Option<Words>,
    /// Behind this one: its last activity and id.
    pub after: Option<(i64, String)>,
    /// How many.
    pub limit: i64,
}

/// A page of sessions.
pub async fn list(db: &Db, listing: &Listing) -> Result<Vec<SessionRow>, DbError> {
    let wanted = |status: v1::SessionStatus| {
        i64::from(listing.statuses.is_empty() || listing.statuses.contains(&i32::from(status)))
    };
    let (after, after_id) = listing.after.clone().unwrap_or((i64::MAX, String::new()));
    let engine = db.engine();
    let (found, query) = match &listing.words {
        Some(words) => (search::found(engine, "$10"), search::query(engine, words)),
        None => ("WITH found AS (SELECT $10 AS chat_session_id)".to_owned(), String::new()),
    };
    let page = select!(
        "WHERE s.user_id = $1 AND (s.worker_id = $2 OR $3 = 1)
           AND ((s.status = 1 AND $4 = 1) OR (s.status = 2 AND $5 = 1) OR (s.status = 3 AND $6 = 1))
           AND (s.last_activity < $7 OR (s.last_activity = $7 AND s.chat_session_id > $8))
           AND ($10 = '' OR s.chat_session_id IN (SELECT chat_session_id FROM found))
         ORDER BY s.last_activity DESC, s.chat_session_id LIMIT $9"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{found} {page}")))
        .bind(&listing.user_id)
        .bind(listing.worker_id.clone().unwrap_or_default())
        .bind(i64::from(listing.worker_id.is_none()))
        .bind(wanted(v1::SessionStatus::SessionActive))
        .bind(wanted(v1::SessionStatus::SessionIdle))
        .bind(wanted(v1::SessionStatus::SessionTerminated))
        .bind(after)
        .bind(after_id)
        .bind(listing.limit)
        .bind(query)
        .fetch_all(db.pool())
        .await
}

/// Makes a session. False when the id exists.
pub async fn insert(connection: &mut AnyConnection, session: &v1::ChatSession, titled: bool) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO chat_sessions (chat_session_id, worker_id, user_id, title, titled, model, mode, directory,
           status, pinned, unread, queue_paused, backend_session_id, input_tokens, output_tokens, cost,
           next_position, last_activity, created_at, revision, forked_session_id, forked_message_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, 0, 0, NULL, 0, 0, NULL, 1, $9, $9, 1, $10, $11)
         ON CONFLICT (chat_session_id) DO NOTHING",
    )
    .bind(&session.chat_session_id)
    .bind(&session.worker_id)
    .bind(&session.user_id)
    .bind(&session.title)
    .bind(i64::from(titled))
    .bind(&session.model)
    .bind(session.mode.as_deref())
    .bind(&session.directory)
    .bind(session.created_at)
    .bind(session.forked_from.as_ref().map(|from| from.chat_session_id.as_str()))
    .bind(session.forked_from.as_ref().map(|from| from.message_id.as_str()))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many sessions a user has.
///
/// # Errors
/// When the database fails.
pub async fn count_of_user(write: &mut Write, user_id: &str) -> Result<i64, DbError> {
    write.count_alone(&format!("sessions of {user_id}")).await?;
    sqlx::query_scalar("SELECT COUNT(*) FROM chat_sessions WHERE user_id = $1")
        .bind(user_id)
        .fetch_one(write.connection())
        .await
}

/// What a user changes about a session.
#[derive(Debug, Default)]
pub struct Change {
    /// A title of the user's own.
    pub title: Option<String>,
    /// Another model.
    pub model: Option<String>,
    /// Another mode; an empty one is none.
    pub mode: Option<String>,
    /// Keep on top.
    pub pinned: Option<bool>,
}

/// Changes what the user may change.
pub async fn update(connection: &mut AnyConnection, session_id: &str, change: &Change) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE chat_sessions SET title = COALESCE($2, title),
           titled = CASE WHEN CAST($2 AS TEXT) IS NULL THEN titled ELSE 1 END,
           model = COALESCE($3, model), mode = NULLIF(COALESCE($4, mode), ''), pinned = COALESCE($5, pinned),
           revision = revision + 1
         WHERE chat_session_id = $1",
    )
    .bind(session_id)
    .bind(change.title.as_deref())
    .bind(change.model.as_deref())
    .bind(change.mode.as_deref())
    .bind(change.pinned.map(i64::from))
    .execute(connection)
    .await?;
    Ok(())
}

/// A message was sent: the session lives, and takes its title from it if it has none.
pub async fn message_sent(
    connection: &mut AnyConnection,
    session_id: &str,
    title: &str,
    now: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE chat_sessions SET title = CASE WHEN title = '' THEN $2 ELSE title END, status = 1,
           last_activity = $3, revision = revision + 1
         WHERE chat_session_id = $1",
    )
    .bind(session_id)
    .bind(title)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Sets the status; true when it was another. With the end of a session its link ends.
pub async fn set_status(
    connection: &mut AnyConnection,
    session_id: &str,
    status: v1::SessionStatus,
) -> Result<bool, DbError> {
    if status == v1::SessionStatus::SessionTerminated {
        shares::forget(connection, session_id).await?;
    }
    let done = sqlx::query(
        "UPDATE chat_sessions SET status = $2, revision = revision + 1 WHERE chat_session_id = $1 AND status <> $2",
    )
    .bind(session_id)
    .bind(i64::from(i32::from(status)))
    .execute(&mut *connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Holds the queue back, or lets it go on; true when it was otherwise.
pub async fn set_paused(connection: &mut AnyConnection, session_id: &str, paused: bool) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE chat_sessions SET queue_paused = $2, revision = revision + 1
         WHERE chat_session_id = $1 AND queue_paused <> $2",
    )
    .bind(session_id)
    .bind(i64::from(paused))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The user has seen it up to a message; true when there was something unseen, and nothing is behind that message.
pub async fn set_read(connection: &mut AnyConnection, session_id: &str, up_to: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE chat_sessions SET unread = 0, revision = revision + 1
         WHERE chat_session_id = $1 AND unread <> 0 AND NOT EXISTS (
           SELECT 1 FROM chat_messages m
           WHERE m.chat_session_id = $1 AND m.position > $2 AND m.role = 2 AND m.status > 3)",
    )
    .bind(session_id)
    .bind(up_to)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Something that viewers see has changed: its activity, for example.
pub async fn touch(connection: &mut AnyConnection, session_id: &str, now: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_sessions SET last_activity = $2, revision = revision + 1 WHERE chat_session_id = $1")
        .bind(session_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// What the end of a turn leaves at its session.
#[derive(Debug, Default)]
pub struct TurnLeaves {
    /// Tokens and cost of the turn.
    pub usage: v1::Usage,
    /// The backend's name for the session.
    pub backend_session_id: Option<String>,
    /// The backend's title for it.
    pub title: Option<String>,
    /// Hold back the messages that wait.
    pub pause: bool,
}

/// A turn has ended.
pub async fn turn_ended(
    connection: &mut AnyConnection,
    session_id: &str,
    leaves: &TurnLeaves,
    now: i64,
) -> Result<(), DbError> {
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    // Not an `Option<f64>`: sqlx tells PostgreSQL that a missing one is a FLOAT4, and the statement stays with it.
    let cost = leaves.usage.cost;
    sqlx::query(
        "UPDATE chat_sessions SET unread = 1, last_activity = $2,
           input_tokens = input_tokens + $3, output_tokens = output_tokens + $4,
           cost = CASE WHEN $9 = 1 THEN COALESCE(cost, 0) + $5 ELSE cost END,
           backend_session_id = COALESCE($6, backend_session_id),
           title = CASE WHEN titled = 0 THEN COALESCE($7, title) ELSE title END,
           queue_paused = CASE WHEN $8 = 1 AND EXISTS (SELECT 1 FROM chat_messages m
               WHERE m.chat_session_id = $1 AND m.status = 1) THEN 1 ELSE queue_paused END,
           revision = revision + 1
         WHERE chat_session_id = $1",
    )
    .bind(session_id)
    .bind(now)
    .bind(tokens(leaves.usage.input_tokens))
    .bind(tokens(leaves.usage.output_tokens))
    .bind(cost.unwrap_or_default())
    .bind(leaves.backend_session_id.as_deref())
    .bind(leaves.title.as_deref())
    .bind(i64::from(leaves.pause))
    .bind(i64::from(cost.is_some()))
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes `count` places at the end of the conversation; the first of them.
pub async fn take_positions(connection: &mut AnyConnection, session_id: &str, count: i64) -> Result<i64, DbError> {
    let (next,) = sqlx::query_as::<_, (i64,)>(
        "UPDATE chat_sessions SET next_position = next_position + $2 WHERE chat_session_id = $1 RETURNING next_position",
    )
    .bind(session_id)
    .bind(count)
    .fetch_one(connection)
    .await?;
    Ok(next - count)
}

/// Deletes a session with everything that belongs to it.
pub async fn delete(connection: &mut AnyConnection, session_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM chat_sessions WHERE chat_session_id = $1").bind(session_id).execute(connection).await?;
    Ok(())
}

/// Sessions of a worker that are not terminated.
pub async fn alive_of_worker(connection: &mut AnyConnection, worker_id: &str) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query_as::<_, (String,)>(
        "SELECT chat_session_id FROM chat_sessions WHERE worker_id = $1 AND status <> 3",
    )
    .bind(worker_id)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Active sessions in which nothing has happened since `before` and nothing is to happen are idle from now on; which,
/// and of which worker. Those in which something happens meanwhile stay as they are.
pub async fn fall_asleep(
    connection: &mut AnyConnection,
    before: i64,
    limit: i64,
) -> Result<Vec<(String, String)>, DbError> {
    sqlx::query_as(
        "UPDATE chat_sessions SET status = 2, revision = revision + 1
         WHERE status = 1 AND last_activity < $1 AND chat_session_id IN (
           SELECT chat_session_id FROM chat_sessions s WHERE status = 1 AND last_activity < $1
             AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.chat_session_id = s.chat_session_id AND t.ended_at IS NULL)
             AND NOT EXISTS (SELECT 1 FROM chat_messages m WHERE m.chat_session_id = s.chat_session_id AND m.status = 1)
           LIMIT $2)
         RETURNING chat_session_id, worker_id",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Sessions without a message in which nothing has happened since `before`.
pub async fn empty_since(connection: &mut AnyConnection, before: i64, limit: i64) -> Result<Vec<SessionRow>, DbError> {
    sqlx::query_as(select!(
        "WHERE s.status IN (1, 2, 3) AND s.last_activity < $1
           AND NOT EXISTS (SELECT 1 FROM chat_messages m WHERE m.chat_session_id = s.chat_session_id)
         LIMIT $2"
    ))
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Sessions of a worker that are active: it keeps hold of no others.
pub async fn active_of_worker<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar("SELECT chat_session_id FROM chat_sessions WHERE worker_id = $1 AND status = 1")
        .bind(worker_id)
        .fetch_all(executor)
        .await
}
