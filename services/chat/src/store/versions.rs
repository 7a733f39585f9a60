//! Versions of messages: what took the place of what, and what a message is said after.

use muster_contracts::v1;
use muster_service::DbError;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Executor};

use super::{
    MessageRow, attachments,
    messages::{self, WAITING, message_columns},
};

/// Messages whose place was taken that a worker is told of at most. Many only when as many turns in a row have failed.
const SUPERSEDED: i64 = 100;
/// Messages that are looked at for what a fork is told as text.
const SAID: i64 = 400;
/// Messages that are copied with one statement: SQLite takes 32,766 values in one.
const COPIES: usize = 500;

/// Whether a new version of an earlier message waits in a session.
pub async fn one_waits(connection: &mut AnyConnection, session_id: &str) -> Result<bool, DbError> {
    let found = sqlx::query_as::<_, (String,)>(
        "SELECT message_id FROM chat_messages
         WHERE chat_session_id = $1 AND status = 1 AND position >= $2 AND replaces IS NOT NULL LIMIT 1",
    )
    .bind(session_id)
    .bind(WAITING)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Whether a new version of this message waits.
pub async fn waits(connection: &mut AnyConnection, message: &MessageRow) -> Result<bool, DbError> {
    let found = sqlx::query_as::<_, (String,)>(
        "SELECT message_id FROM chat_messages WHERE chat_session_id = $1 AND replaces = $2 AND status = 1",
    );
    let found = found.bind(&message.chat_session_id).bind(&message.message_id).fetch_optional(connection).await?;
    Ok(found.is_some())
}

/// A message that waited to be answered anew stands in the conversation again. What took the place of an earlier one and
/// of everything behind it meanwhile has taken its place as well.
pub async fn give_way(connection: &mut AnyConnection, message_id: &str) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE chat_messages SET superseded_by = (
           SELECT v.message_id FROM chat_messages v JOIN chat_messages o ON o.message_id = v.replaces
           WHERE v.chat_session_id = chat_messages.chat_session_id AND o.superseded_by = v.message_id
             AND o.position <= chat_messages.position AND v.position > chat_messages.position
           ORDER BY v.position LIMIT 1)
         WHERE message_id = $1 AND superseded_by IS NULL",
    )
    .bind(message_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// A new version takes the place of a message and of everything behind it; the ids of what it changed, in order. Nothing
/// when its place was taken before. What waits keeps waiting, behind it.
pub async fn supersede(
    connection: &mut AnyConnection,
    replaced: &MessageRow,
    by: &str,
) -> Result<Vec<String>, DbError> {
    if replaced.superseded_by.is_some() {
        return Ok(Vec::new());
    }
    let changed = sqlx::query_as(
        "UPDATE chat_messages SET superseded_by = $4, revision = revision + 1
         WHERE chat_session_id = $1 AND position >= $2 AND position < $3 AND message_id <> $4
           AND superseded_by IS NULL AND status <> 1 RETURNING position, message_id",
    );
    let changed = changed.bind(&replaced.chat_session_id).bind(replaced.position).bind(WAITING).bind(by);
    Ok(in_order(changed.fetch_all(connection).await?))
}

/// What has taken the place of others is withdrawn: they have their place again. Their ids, in order.
pub async fn restore(connection: &mut AnyConnection, session_id: &str, by: &str) -> Result<Vec<String>, DbError> {
    let changed = sqlx::query_as(
        "UPDATE chat_messages SET superseded_by = NULL, revision = revision + 1
         WHERE chat_session_id = $1 AND superseded_by = $2 RETURNING position, message_id",
    );
    Ok(in_order(changed.bind(session_id).bind(by).fetch_all(connection).await?))
}

fn in_order(mut changed: Vec<(i64, String)>) -> Vec<String> {
    changed.sort_unstable();
    changed.into_iter().map(|(_, message_id)| message_id).collect()
}

/// The user's messages that were replaced behind the last completed turn before a message, newest first: once a turn
/// has completed, what had been replaced before it is gone from the backend's context. Copies are not among them: their context was made without what replaced them.
pub async fn superseded_before<'e>(
    executor: impl Executor<'e, Database = Any>,
    message: &MessageRow,
) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query_as::<_, (String, i64)>(
        "SELECT m.message_id, m.status FROM chat_messages m JOIN chat_messages r ON r.message_id = m.superseded_by
         WHERE m.chat_session_id = $1 AND m.role = 1 AND m.position < $2 AND m.origin_id IS NULL
           AND r.replaces = m.message_id
           AND m.position > (SELECT COALESCE(MAX(c.position), 0) FROM chat_messages c
             WHERE c.chat_session_id = $1 AND c.role = 1 AND c.position < $2 AND c.status = 4
               AND c.superseded_by IS NULL)
         ORDER BY m.position DESC LIMIT $3",
    )
    .bind(&message.chat_session_id)
    .bind(message.position)
    .bind(SUPERSEDED)
    .fetch_all(executor)
    .await?;
    let completed = i64::from(i32::from(v1::TurnStatus::Completed));
    let last = rows.iter().position(|(_, status)| *status == completed).map_or(rows.len(), |place| place + 1);
    Ok(rows.into_iter().take(last).map(|(id, _)| id).collect())
}

/// Whether nothing was said before a message that has its place still.
pub async fn is_first<'e>(executor: impl Executor<'e, Database = Any>, message: &MessageRow) -> Result<bool, DbError> {
    let said = sqlx::query_as::<_, (String,)>(
        "SELECT message_id FROM chat_messages
         WHERE chat_session_id = $1 AND position < $2 AND superseded_by IS NULL LIMIT 1",
    );
    let said = said.bind(&message.chat_session_id).bind(message.position).fetch_optional(executor).await?;
    Ok(said.is_none())
}

/// What was said before a message.
#[derive(Debug, sqlx::FromRow)]
pub struct SaidRow {
    /// Its id.
    pub message_id: String,
    /// See [`MessageRow::origin_id`].
    pub origin_id: Option<String>,
    /// See [`MessageRow::reply_to`].
    pub reply_to: Option<String>,
    role: i64,
    /// The end of it; nothing once what was said later is as long as what is told of all.
    pub content: String,
}

impl SaidRow {
    /// Whether the user said it; else it was the agent.
    #[must_use]
    pub fn by_user(&self) -> bool {
        by_user(self.role)
    }
}

/// What was said before a message and has its place still, newest first; the newest of it only, and of all contents
/// together not much more than the last so many characters.
pub async fn said_before<'e>(
    executor: impl Executor<'e, Database = Any>,
    message: &MessageRow,
    characters: i64,
) -> Result<Vec<SaidRow>, DbError> {
    sqlx::query_as(
        "SELECT message_id, origin_id, reply_to, role,
           CASE WHEN SUM(length(content)) OVER (ORDER BY position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
               > $4 THEN ''
             WHEN length(content) > $4 THEN substr(content, length(content) - CAST($4 AS INTEGER) + 1)
             ELSE content END AS content
         FROM (SELECT message_id, origin_id, reply_to, role, content, position FROM chat_messages
           WHERE chat_session_id = $1 AND position < $2 AND superseded_by IS NULL
           ORDER BY position DESC LIMIT $3) newest
         ORDER BY position DESC",
    )
    .bind(&message.chat_session_id)
    .bind(message.position)
    .bind(SAID)
    .bind(characters)
    .fetch_all(executor)
    .await
}

/// A message on the way to another one, without what may be long in it.
#[derive(Debug, sqlx::FromRow)]
pub struct PathRow {
    /// Its id.
    pub message_id: String,
    /// Its place.
    pub position: i64,
    role: i64,
    /// See [`MessageRow::superseded_by`].
    pub superseded_by: Option<String>,
    /// See [`MessageRow::origin_id`].
    pub origin_id: Option<String>,
    /// Bytes of what may be long.
    pub bytes: i64,
}

impl PathRow {
    /// Whether the user said it; else it was the agent.
    #[must_use]
    pub fn by_user(&self) -> bool {
        by_user(self.role)
    }
}

fn by_user(role: i64) -> bool {
    role == i64::from(i32::from(v1::Role::User))
}

/// The conversation as it was when a message was its last one: what of a session had its place then, without what is
/// not finished. What had taken the place of something later did not count yet.
macro_rules! on_path {
    () => {
        " FROM chat_messages m LEFT JOIN chat_messages s ON s.message_id = m.superseded_by
         WHERE m.chat_session_id = $1 AND m.position <= $2 AND m.status >= 4
           AND (s.position IS NULL OR s.position > $2)"
    };
}

/// All of it, oldest first.
pub async fn path_to(connection: &mut AnyConnection, message: &MessageRow) -> Result<Vec<PathRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT m.message_id, m.position, m.role, m.superseded_by, m.origin_id,
           CAST(octet_length(m.content) + octet_length(m.parts) AS BIGINT) AS bytes",
        on_path!(),
        " ORDER BY m.position"
    ))
    .bind(&message.chat_session_id)
    .bind(message.position)
    .fetch_all(connection)
    .await
}

/// The first of it behind a position, with everything.
pub async fn path_behind(
    connection: &mut AnyConnection,
    message: &MessageRow,
    behind: i64,
    limit: i64,
) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        message_columns!("m."),
        on_path!(),
        " AND m.position > $3 ORDER BY m.position LIMIT $4"
    ))
    .bind(&message.chat_session_id)
    .bind(message.position)
    .bind(behind)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// Puts copies of finished messages into a fork, in their order, behind a place; the last one's place.
pub async fn copy(
    connection: &mut AnyConnection,
    copies: &[(&MessageRow, v1::ChatMessage)],
    behind: i64,
) -> Result<i64, DbError> {
    let mut position = behind;
    for copies in copies.chunks(COPIES) {
        insert(connection, copies, &mut position).await?;
        for (row, copied) in copies.iter().filter(|(_, copied)| !copied.attachments.is_empty()) {
            attachments::copy(connection, &row.message_id, &copied.message_id).await?;
        }
    }
    Ok(position)
}

/// Many in one statement: one for each would take longer than anybody waits.
async fn insert(
    connection: &mut AnyConnection,
    copies: &[(&MessageRow, v1::ChatMessage)],
    position: &mut i64,
) -> Result<(), DbError> {
    const COLUMNS: &[&str] = &[
        "message_id",
        "chat_session_id",
        "position",
        "role",
        "content",
        "parts",
        "status",
        "model",
        "reply_to",
        "error",
        "chunk_count",
        "content_hash",
        "received_number",
        "timestamp",
        "revision",
        "version",
        "mode",
        "origin_id",
        "attachments",
    ];

    let row = |number: usize| {
        let first = number * COLUMNS.len() + 1;
        let values = (first..first + COLUMNS.len()).map(|value| format!("${value}")).collect::<Vec<_>>();
        format!("({})", values.join(", "))
    };
    let rows = (0..copies.len()).map(row).collect::<Vec<_>>();
    let statement = format!("INSERT INTO chat_messages ({}) VALUES {}", COLUMNS.join(", "), rows.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for (row, copied) in copies {
        *position += 1;
        query = query
            .bind(&copied.message_id)
            .bind(&copied.chat_session_id)
            .bind(*position)
            .bind(i64::from(copied.role))
            .bind(&copied.content)
            .bind(messages::kept_parts(copied.parts.clone()))
            .bind(i64::from(copied.status))
            .bind(copied.model.as_deref())
            .bind(copied.reply_to.as_deref())
            .bind(copied.error.as_deref())
            .bind(copied.chunk_count.map(u64::cast_signed))
            .bind(copied.content_hash.as_deref())
            .bind(row.received_number)
            .bind(copied.timestamp)
            .bind(1)
            .bind(i64::from(copied.version.unwrap_or(1)))
            .bind(copied.mode.as_deref())
            .bind(row.origin_id.as_deref().unwrap_or(&row.message_id))
            .bind(messages::kept(copied.attachments.clone()));
    }
    query.execute(connection).await?;
    Ok(())
}

/// How a session is a fork: what its backend makes its own session from, and how many messages it begins with.
pub async fn set_fork(
    connection: &mut AnyConnection,
    session_id: &str,
    backend_session_id: Option<&str>,
    messages: i64,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE chat_sessions SET fork_backend_session_id = $2, next_position = $3 + 1 WHERE chat_session_id = $1",
    )
    .bind(session_id)
    .bind(backend_session_id)
    .bind(messages)
    .execute(connection)
    .await?;
    Ok(())
}

/// A copied message was replaced: the backend's session is made anew from the one that the fork came from.
pub async fn forget_backend_session(connection: &mut AnyConnection, session_id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_sessions SET backend_session_id = NULL WHERE chat_session_id = $1")
        .bind(session_id)
        .execute(connection)
        .await?;
    Ok(())
}
