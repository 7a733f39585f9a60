//! Messages.

use muster_contracts::{Message as _, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor};

/// Messages that wait stand behind this position, whatever comes before them.
pub const WAITING: i64 = 1 << 40;

/// A message.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct MessageRow {
    /// Its id.
    pub message_id: String,
    /// Its session.
    pub chat_session_id: String,
    /// Its place.
    pub position: i64,
    role: i64,
    /// The text.
    pub content: String,
    parts: Vec<u8>,
    status: i64,
    /// The model that it was sent to or answered by.
    pub model: Option<String>,
    /// The user's message that it answers.
    pub reply_to: Option<String>,
    /// The message that it is a new version of.
    pub replaces: Option<String>,
    /// What has taken its place.
    pub superseded_by: Option<String>,
    error: Option<String>,
    chunk_count: Option<i64>,
    content_hash: Option<String>,
    /// Chunks that content and parts hold already.
    pub received_number: i64,
    /// When it was sent, or begun.
    pub timestamp: i64,
    /// How often it has changed.
    pub revision: i64,
    attachments: Option<Vec<u8>>,
    /// Which version of the user's message it is, from 1.
    pub version: i64,
    /// The mode that it was sent in.
    pub mode: Option<String>,
    /// A copy in a fork: the id under which the backend heard it.
    pub origin_id: Option<String>,
    /// W3C traceparent of whoever sent it, or tried it again.
    pub traceparent: Option<String>,
}

/// Its columns.
macro_rules! message_columns {
    () => {
        message_columns!("")
    };
    ($alias:literal) => {
        columns!($alias:
            message_id, chat_session_id, position, role, content, parts, status, model, reply_to, replaces,
            superseded_by, error, chunk_count, content_hash, received_number, timestamp, revision,
            attachments, version, mode, origin_id, traceparent)
    };
}
pub(super) use message_columns;

impl MessageRow {
    /// The status of its turn.
    #[must_use]
    pub fn status(&self) -> v1::TurnStatus {
        i32::try_from(self.status).ok().and_then(|status| status.try_into().ok()).unwrap_or_default()
    }

    /// Who wrote it.
    #[must_use]
    pub fn role(&self) -> v1::Role {
        i32::try_from(self.role).ok().and_then(|role| role.try_into().ok()).unwrap_or_default()
    }

    /// Its parts; those of a damaged row are gone.
    #[must_use]
    pub fn parts(&self) -> Vec<v1::Part> {
        v1::ChatMessage::decode(self.parts.as_slice()).unwrap_or_default().parts
    }

    /// What the user attached.
    #[must_use]
    pub fn attachments(&self) -> Vec<v1::Attachment> {
        let kept = self.attachments.as_deref().unwrap_or_default();
        v1::ChatMessage::decode(kept).unwrap_or_default().attachments
    }

    /// As others see it.
    #[must_use]
    pub fn to_wire(&self) -> v1::ChatMessage {
        v1::ChatMessage {
            message_id: self.message_id.clone(),
            chat_session_id: self.chat_session_id.clone(),
            role: i32::try_from(self.role).unwrap_or_default(),
            content: self.content.clone(),
            parts: self.parts(),
            status: self.status().into(),
            model: self.model.clone(),
            reply_to: self.reply_to.clone(),
            replaces: self.replaces.clone(),
            superseded_by: self.superseded_by.clone(),
            error: self.error.clone(),
            chunk_count: self.chunk_count.map(i64::unsigned_abs),
            content_hash: self.content_hash.clone(),
            timestamp: self.timestamp,
            revision: self.revision,
            received_number: self.received_number.unsigned_abs(),
            whole_bytes: 0,
            attachments: self.attachments(),
            version: u32::try_from(self.version).ok().filter(|version| *version > 1),
            mode: self.mode.clone(),
            queue_position: self.queue_position(),
        }
    }

    /// What it is ordered by as long as it waits. One that is tried again has its place in the conversation, and goes
    /// before all others.
    fn queue_position(&self) -> Option<i64> {
        let waits = self.role() == v1::Role::User && self.status() == v1::TurnStatus::Queued;
        waits.then(|| (self.position - WAITING).max(0))
    }
}

/// One message.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    message_id: &str,
) -> Result<Option<MessageRow>, DbError> {
    sqlx::query_as(concat!("SELECT ", message_columns!(), " FROM chat_messages WHERE message_id = $1"))
        .bind(message_id)
        .fetch_optional(executor)
        .await
}

/// Bytes of the last `limit` messages before a position, newest first.
pub async fn sizes<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar(
        "SELECT CAST(octet_length(content) + octet_length(parts) AS BIGINT) FROM chat_messages
         WHERE chat_session_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3",
    )
    .bind(session_id)
    .bind(before)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Bytes of the first `limit` messages behind a position, oldest first.
pub async fn sizes_behind<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
    behind: i64,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    sqlx::query_scalar(
        "SELECT CAST(octet_length(content) + octet_length(parts) AS BIGINT) FROM chat_messages
         WHERE chat_session_id = $1 AND position > $2 ORDER BY position LIMIT $3",
    )
    .bind(session_id)
    .bind(behind)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// The last `limit` messages before a position, newest first.
pub async fn page<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        message_columns!(),
        " FROM chat_messages WHERE chat_session_id = $1 AND position < $2 ORDER BY position DESC LIMIT $3"
    ))
    .bind(session_id)
    .bind(before)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// The first `limit` messages behind a position, oldest first.
pub async fn page_behind<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
    behind: i64,
    limit: i64,
) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        message_columns!(),
        " FROM chat_messages WHERE chat_session_id = $1 AND position > $2 ORDER BY position LIMIT $3"
    ))
    .bind(session_id)
    .bind(behind)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Puts a message in.
pub async fn insert(connection: &mut AnyConnection, message: &v1::ChatMessage, position: i64) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO chat_messages (message_id, chat_session_id, position, role, content, parts, status, model,
           reply_to, replaces, superseded_by, error, chunk_count, content_hash, received_number, timestamp, revision,
           version, mode)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, NULL, NULL, 0, $11, 1, $12, $13)",
    )
    .bind(&message.message_id)
    .bind(&message.chat_session_id)
    .bind(position)
    .bind(i64::from(message.role))
    .bind(&message.content)
    .bind(Vec::new())
    .bind(i64::from(message.status))
    .bind(message.model.as_deref())
    .bind(message.reply_to.as_deref())
    .bind(message.replaces.as_deref())
    .bind(message.timestamp)
    .bind(i64::from(message.version.unwrap_or(1)))
    .bind(message.mode.as_deref())
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes who sent it, or tried it again, where that is traced.
pub async fn set_traceparent(
    connection: &mut AnyConnection,
    message_id: &str,
    traceparent: Option<String>,
) -> Result<(), DbError> {
    let Some(traceparent) = traceparent else { return Ok(()) };
    sqlx::query("UPDATE chat_messages SET traceparent = $2 WHERE message_id = $1")
        .bind(message_id)
        .bind(traceparent)
        .execute(connection)
        .await?;
    Ok(())
}

/// Changes the status if it is `from`; the message as it is then.
pub async fn set_status(
    connection: &mut AnyConnection,
    message_id: &str,
    from: v1::TurnStatus,
    to: v1::TurnStatus,
) -> Result<Option<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET status = $3, revision = revision + 1
         WHERE message_id = $1 AND status = $2 RETURNING ",
        message_columns!()
    ))
    .bind(message_id)
    .bind(i64::from(i32::from(from)))
    .bind(i64::from(i32::from(to)))
    .fetch_optional(connection)
    .await
}

/// Gives a message its place in the conversation.
pub async fn set_position(connection: &mut AnyConnection, message_id: &str, position: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_messages SET position = $2 WHERE message_id = $1")
        .bind(message_id)
        .bind(position)
        .execute(connection)
        .await?;
    Ok(())
}

/// Moves a message that waits, which its viewers are told.
pub async fn move_to(connection: &mut AnyConnection, message_id: &str, position: i64) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_messages SET position = $2, revision = revision + 1 WHERE message_id = $1")
        .bind(message_id)
        .bind(position)
        .execute(connection)
        .await?;
    Ok(())
}

/// Gives a message that was begun once, and does not wait any more, its place in the conversation back, if it was moved
/// while it waited to be answered anew: before the first of its replies.
pub async fn put_back(connection: &mut AnyConnection, message_id: &str) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE chat_messages SET position =
           (SELECT MIN(r.position) - 1 FROM chat_messages r WHERE r.reply_to = $1 AND r.position < $2)
         WHERE message_id = $1 AND position >= $2
           AND EXISTS (SELECT 1 FROM chat_messages r WHERE r.reply_to = $1 AND r.position < $2)",
    )
    .bind(message_id)
    .bind(WAITING)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many messages wait in all sessions.
pub async fn count_waiting<'e>(executor: impl Executor<'e, Database = Any>) -> Result<f64, DbError> {
    let (count,) =
        sqlx::query_as::<_, (i64,)>("SELECT COUNT(*) FROM chat_messages WHERE status = 1").fetch_one(executor).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX).into())
}

/// How long the queue of a session is.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Waiting {
    /// The last one's position; absent when none waits.
    pub last: Option<i64>,
    /// How many wait.
    pub count: i64,
}

/// Looks at the queue of a session.
pub async fn waiting(connection: &mut AnyConnection, session_id: &str) -> Result<Waiting, DbError> {
    sqlx::query_as(
        "SELECT MAX(position) AS last, COUNT(*) AS count FROM chat_messages
         WHERE chat_session_id = $1 AND status = 1",
    )
    .bind(session_id)
    .fetch_one(connection)
    .await
}

/// The messages that wait in a session, in their order.
pub async fn list_waiting(connection: &mut AnyConnection, session_id: &str) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        message_columns!(),
        " FROM chat_messages WHERE chat_session_id = $1 AND status = 1 ORDER BY position"
    ))
    .bind(session_id)
    .fetch_all(connection)
    .await
}

/// Puts a message that waits before all others that do; those that wait, in their new order.
pub async fn put_first(
    connection: &mut AnyConnection,
    session_id: &str,
    message_id: &str,
) -> Result<Vec<MessageRow>, DbError> {
    let waiting = list_waiting(connection, session_id).await?;
    let last = waiting.last().map_or(WAITING, |last| last.position.max(WAITING));
    let (first, others) = waiting.iter().partition::<Vec<_>, _>(|row| row.message_id == message_id);
    // Behind the present places, so that no two are equal at any moment.
    for (row, position) in first.into_iter().chain(others).zip(last + 1..) {
        move_to(connection, &row.message_id, position).await?;
    }
    list_waiting(connection, session_id).await
}

/// The last message of a session, waiting ones included.
pub async fn last(connection: &mut AnyConnection, session_id: &str) -> Result<Option<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        message_columns!(),
        " FROM chat_messages WHERE chat_session_id = $1 ORDER BY position DESC LIMIT 1"
    ))
    .bind(session_id)
    .fetch_optional(connection)
    .await
}

/// What shall be different in a message that waits.
#[derive(Debug)]
pub struct Edit<'a> {
    /// Its text.
    pub content: Option<&'a str>,
    /// Its model.
    pub model: Option<&'a str>,
    /// Its mode.
    pub mode: Option<&'a str>,
}

/// Edits a message that waits; `None` when it waits no more.
pub async fn edit(
    connection: &mut AnyConnection,
    message_id: &str,
    edit: &Edit<'_>,
) -> Result<Option<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET content = COALESCE($2, content), model = COALESCE($3, model),
           mode = COALESCE($4, mode), revision = revision + 1
         WHERE message_id = $1 AND status = 1 RETURNING ",
        message_columns!()
    ))
    .bind(message_id)
    .bind(edit.content)
    .bind(edit.model)
    .bind(edit.mode)
    .fetch_optional(connection)
    .await
}

/// Parts as they are kept with their message.
pub(super) fn kept_parts(parts: Vec<v1::Part>) -> Vec<u8> {
    v1::ChatMessage { parts, ..v1::ChatMessage::default() }.encode_to_vec()
}

/// Attachments as they are kept with their message.
pub(super) fn kept(attachments: Vec<v1::Attachment>) -> Option<Vec<u8>> {
    let some = !attachments.is_empty();
    some.then(|| v1::ChatMessage { attachments, ..v1::ChatMessage::default() }.encode_to_vec())
}

/// Sets what a message that waits has as its attachments; the message as it is then.
pub async fn set_attachments(
    connection: &mut AnyConnection,
    message_id: &str,
    attachments: Vec<v1::Attachment>,
) -> Result<Option<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET attachments = $2 WHERE message_id = $1 AND status = 1 RETURNING ",
        message_columns!()
    ))
    .bind(message_id)
    .bind(kept(attachments))
    .fetch_optional(connection)
    .await
}

/// Withdraws a message that waits, and remembers its id; false when it waits no more.
pub async fn withdraw(connection: &mut AnyConnection, message_id: &str, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM chat_messages WHERE message_id = $1 AND status = 1")
        .bind(message_id)
        .execute(&mut *connection)
        .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("INSERT INTO withdrawn_messages (message_id, withdrawn_at) VALUES ($1, $2)")
        .bind(message_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(true)
}

/// Whether a message was withdrawn lately.
pub async fn was_withdrawn(connection: &mut AnyConnection, message_id: &str) -> Result<bool, DbError> {
    let found = sqlx::query("SELECT 1 FROM withdrawn_messages WHERE message_id = $1").bind(message_id);
    Ok(found.fetch_optional(connection).await?.is_some())
}

/// Forgets which messages were withdrawn before a time.
pub async fn forget_withdrawn(connection: &mut AnyConnection, before: i64) -> Result<(), DbError> {
    sqlx::query("DELETE FROM withdrawn_messages WHERE withdrawn_at < $1").bind(before).execute(connection).await?;
    Ok(())
}

/// Ends all that waits for a worker, and says why.
pub async fn end_waiting(
    connection: &mut AnyConnection,
    worker_id: &str,
    status: v1::TurnStatus,
    error: &str,
) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET status = $2, error = $3, revision = revision + 1
         WHERE status = 1 AND chat_session_id IN (SELECT chat_session_id FROM chat_sessions WHERE worker_id = $1)
         RETURNING ",
        message_columns!()
    ))
    .bind(worker_id)
    .bind(i64::from(i32::from(status)))
    .bind(error)
    .fetch_all(connection)
    .await
}

/// Another attempt has taken the place of the earlier replies to a message; those that it changed.
pub async fn supersede_replies(
    connection: &mut AnyConnection,
    session_id: &str,
    message_id: &str,
    by: &str,
) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET superseded_by = $3, revision = revision + 1
         WHERE chat_session_id = $1 AND reply_to = $2 AND message_id <> $3 AND superseded_by IS NULL RETURNING ",
        message_columns!()
    ))
    .bind(session_id)
    .bind(message_id)
    .bind(by)
    .fetch_all(connection)
    .await
}

/// A reply as far as it has been assembled.
#[derive(Debug, Default)]
pub struct Assembled {
    /// The text parts joined.
    pub content: String,
    /// All parts.
    pub parts: Vec<v1::Part>,
    /// The number of the last chunk in them.
    pub number: u64,
}

impl Assembled {
    fn bytes(&self) -> Vec<u8> {
        kept_parts(self.parts.clone())
    }
}

/// Keeps what an open reply has so far; viewers have it already.
pub async fn checkpoint(connection: &mut AnyConnection, reply_id: &str, assembled: &Assembled) -> Result<(), DbError> {
    sqlx::query("UPDATE chat_messages SET content = $2, parts = $3, received_number = $4 WHERE message_id = $1")
        .bind(reply_id)
        .bind(&assembled.content)
        .bind(assembled.bytes())
        .bind(i64::try_from(assembled.number).unwrap_or(i64::MAX))
        .execute(connection)
        .await?;
    Ok(())
}

/// A reply at its end.
#[derive(Debug)]
pub struct Finished<'a> {
    /// How it ended.
    pub status: v1::TurnStatus,
    /// Why, if not well.
    pub error: Option<&'a str>,
    /// What it holds.
    pub assembled: &'a Assembled,
    /// SHA-256 over its text, in hex.
    pub content_hash: &'a str,
}

/// Writes a finished reply, once.
pub async fn finish(
    connection: &mut AnyConnection,
    reply_id: &str,
    finished: &Finished<'_>,
) -> Result<Option<MessageRow>, DbError> {
    let number = i64::try_from(finished.assembled.number).unwrap_or(i64::MAX);
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET content = $2, parts = $3, status = $4, error = $5, chunk_count = $6,
           content_hash = $7, received_number = $6, revision = revision + 1
         WHERE message_id = $1 RETURNING ",
        message_columns!()
    ))
    .bind(reply_id)
    .bind(&finished.assembled.content)
    .bind(finished.assembled.bytes())
    .bind(i64::from(i32::from(finished.status)))
    .bind(finished.error)
    .bind(number)
    .bind(finished.content_hash)
    .fetch_optional(connection)
    .await
}

/// Sets the status of a user's message whose turn has ended or goes on.
pub async fn set_turn_status(
    connection: &mut AnyConnection,
    message_id: &str,
    status: v1::TurnStatus,
    error: Option<&str>,
) -> Result<Option<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE chat_messages SET status = $2, error = $3, revision = revision + 1 WHERE message_id = $1 RETURNING ",
        message_columns!()
    ))
    .bind(message_id)
    .bind(i64::from(i32::from(status)))
    .bind(error)
    .fetch_optional(connection)
    .await
}

/// Removes a reply that was never begun.
pub async fn delete(connection: &mut AnyConnection, message_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM chat_messages WHERE message_id = $1").bind(message_id).execute(connection).await?;
    Ok(())
}

/// A message that is over, and its session.
#[derive(Debug, sqlx::FromRow)]
pub struct OverRow {
    /// Its id.
    pub message_id: String,
    /// Its session.
    pub chat_session_id: String,
}

/// Messages from before a time that are over, and have been since another one, oldest first.
pub async fn over_since(
    connection: &mut AnyConnection,
    before: i64,
    ended: i64,
    limit: i64,
) -> Result<Vec<OverRow>, DbError> {
    sqlx::query_as(
        "SELECT m.message_id, m.chat_session_id FROM chat_messages m WHERE m.timestamp < $1 AND m.status >= 4
           AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.message_id = m.message_id AND t.ended_at >= $2)
           AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.reply_id = m.message_id AND t.ended_at >= $2)
         ORDER BY m.timestamp LIMIT $3",
    )
    .bind(before)
    .bind(ended)
    .bind(limit)
    .fetch_all(connection)
    .await
}
