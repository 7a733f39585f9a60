//! Turns: the attempts to answer a message.

use muster_bus::Identity;
use muster_contracts::{id, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor};

use super::{MessageRow, messages::message_columns};

/// A turn from the moment at which its worker is told of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct TurnRow {
    /// The reply, new for each attempt.
    pub reply_id: String,
    /// The user's message.
    pub message_id: String,
    /// Where.
    pub chat_session_id: String,
    /// Who answers.
    pub worker_id: String,
    status: i64,
    /// Prefix of its Msg-Ids.
    pub nonce: String,
    /// The process that was told of it.
    pub instance: String,
    /// In which term of the lease.
    pub term: i64,
    /// What is not in the reply's row is behind this sequence of CHUNKS.
    pub stream_position: i64,
    stop: i64,
    /// Why it is to be stopped, when it is not the user who stops it.
    pub stop_reason: Option<String>,
    storage_full: i64,
    /// When the worker was told.
    pub claimed_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
}

/// Its columns.
macro_rules! turn_columns {
    () => {
        turn_columns!("")
    };
    ($alias:literal) => {
        columns!($alias:
            reply_id, message_id, chat_session_id, worker_id, status, nonce, instance, term, stream_position,
            stop, stop_reason, storage_full, claimed_at, ended_at)
    };
}

impl TurnRow {
    /// A new turn of a message, told to a worker's process. What it writes comes
    /// behind `position` of CHUNKS.
    #[must_use]
    pub fn claimed(message: &MessageRow, worker: &Identity, position: u64, now: i64) -> Self {
        Self {
            reply_id: id::random(),
            message_id: message.message_id.clone(),
            chat_session_id: message.chat_session_id.clone(),
            worker_id: worker.worker.to_string(),
            status: i64::from(i32::from(message.status())),
            nonce: id::random(),
            instance: worker.instance.to_string(),
            term: worker.term,
            stream_position: i64::try_from(position).unwrap_or(i64::MAX),
            stop: 0,
            stop_reason: None,
            storage_full: 0,
            claimed_at: now,
            ended_at: None,
        }
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> v1::TurnStatus {
        i32::try_from(self.status).ok().and_then(|status| status.try_into().ok()).unwrap_or_default()
    }

    /// Whether it is to be stopped.
    #[must_use]
    pub const fn stop_asked(&self) -> bool {
        self.stop != 0
    }

    /// Whether it waits because CHUNKS is full.
    #[must_use]
    pub const fn is_storage_full(&self) -> bool {
        self.storage_full != 0
    }
}

/// Opens a turn; false when the session has an open one.
pub async fn insert(connection: &mut AnyConnection, turn: &TurnRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO turns (reply_id, message_id, chat_session_id, worker_id, status, nonce, instance, term,
           stream_position, stop, claimed_at, started_at, ended_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, NULL, NULL)
         ON CONFLICT DO NOTHING",
    )
    .bind(&turn.reply_id)
    .bind(&turn.message_id)
    .bind(&turn.chat_session_id)
    .bind(&turn.worker_id)
    .bind(turn.status)
    .bind(&turn.nonce)
    .bind(&turn.instance)
    .bind(turn.term)
    .bind(turn.stream_position)
    .bind(turn.claimed_at)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One turn.
pub async fn get<'e>(executor: impl Executor<'e, Database = Any>, reply_id: &str) -> Result<Option<TurnRow>, DbError> {
    sqlx::query_as(concat!("SELECT ", turn_columns!(), " FROM turns WHERE reply_id = $1"))
        .bind(reply_id)
        .fetch_optional(executor)
        .await
}

/// Whether a worker was ever told of a message and has not given it back.
pub async fn was_begun<'e>(executor: impl Executor<'e, Database = Any>, message_id: &str) -> Result<bool, DbError> {
    let found = sqlx::query_as::<_, (String,)>("SELECT reply_id FROM turns WHERE message_id = $1 LIMIT 1")
        .bind(message_id)
        .fetch_optional(executor)
        .await?;
    Ok(found.is_some())
}

/// The open turn of a session.
pub async fn open_of_session<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
) -> Result<Option<TurnRow>, DbError> {
    sqlx::query_as(concat!("SELECT ", turn_columns!(), " FROM turns WHERE chat_session_id = $1 AND ended_at IS NULL"))
        .bind(session_id)
        .fetch_optional(executor)
        .await
}

/// A turn that this worker was told of, if it is of the session's owner.
pub async fn of_worker<'e>(
    executor: impl Executor<'e, Database = Any>,
    reply_id: &str,
    worker_id: &str,
) -> Result<Option<TurnRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        turn_columns!("t."),
        " FROM turns t JOIN chat_sessions s ON s.chat_session_id = t.chat_session_id
           JOIN workers w ON w.worker_id = t.worker_id AND w.user_id = s.user_id
         WHERE t.reply_id = $1 AND t.worker_id = $2"
    ))
    .bind(reply_id)
    .bind(worker_id)
    .fetch_optional(executor)
    .await
}

/// The open turns of a worker.
pub async fn open_of_worker<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Vec<TurnRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        turn_columns!(),
        " FROM turns WHERE worker_id = $1 AND ended_at IS NULL ORDER BY claimed_at, reply_id"
    ))
    .bind(worker_id)
    .fetch_all(executor)
    .await
}

/// The open turns that a worker may know of: those in sessions of its own user.
pub async fn open_for<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
) -> Result<Vec<TurnRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        turn_columns!("t."),
        " FROM turns t JOIN chat_sessions s ON s.chat_session_id = t.chat_session_id
           JOIN workers w ON w.worker_id = t.worker_id AND w.user_id = s.user_id
         WHERE t.worker_id = $1 AND t.ended_at IS NULL ORDER BY t.claimed_at, t.reply_id"
    ))
    .bind(worker_id)
    .fetch_all(executor)
    .await
}

/// Open turns in the order of their claims, behind a given one: those whose worker is not connected, as far as chat has
/// heard, or all.
pub async fn open<'e>(
    executor: impl Executor<'e, Database = Any>,
    all: bool,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<TurnRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        turn_columns!("t."),
        " FROM turns t LEFT JOIN workers w ON w.worker_id = t.worker_id
         WHERE t.ended_at IS NULL AND (w.online IS NULL OR w.online <= $1)
           AND (t.claimed_at > $2 OR (t.claimed_at = $2 AND t.reply_id > $3))
         ORDER BY t.claimed_at, t.reply_id LIMIT $4"
    ))
    .bind(i64::from(all))
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Turns that have been streaming since before this time.
pub async fn long_streaming<'e>(
    executor: impl Executor<'e, Database = Any>,
    before: i64,
) -> Result<Vec<TurnRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        turn_columns!(),
        " FROM turns WHERE ended_at IS NULL AND status = 3 AND started_at < $1"
    ))
    .bind(before)
    .fetch_all(executor)
    .await
}

/// A message `m` of the session `s` that waits, with nothing before it and nothing in its way.
macro_rules! is_next {
    () => {
        "s.status <> 3 AND s.queue_paused = 0 AND m.status = 1
           AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.chat_session_id = s.chat_session_id AND t.ended_at IS NULL)
           AND m.position = (SELECT MIN(q.position) FROM chat_messages q
             WHERE q.chat_session_id = s.chat_session_id AND q.status = 1)"
    };
}

/// The message that each session of a worker would answer next, if it has no open turn.
pub async fn next_of_worker<'e>(
    executor: impl Executor<'e, Database = Any>,
    worker_id: &str,
    limit: i64,
) -> Result<Vec<MessageRow>, DbError> {
    sqlx::query_as(concat!(
        concat!(
            "SELECT ",
            message_columns!("m."),
            " FROM chat_messages m JOIN chat_sessions s ON s.chat_session_id = m.chat_session_id
           JOIN workers w ON w.worker_id = s.worker_id AND w.user_id = s.user_id
         WHERE s.worker_id = $1 AND "
        ),
        is_next!(),
        " ORDER BY m.timestamp LIMIT $2"
    ))
    .bind(worker_id)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Whether it is still a message's turn.
pub async fn is_next(connection: &mut AnyConnection, message_id: &str) -> Result<bool, DbError> {
    let found = sqlx::query(concat!(
        "SELECT 1 FROM chat_messages m JOIN chat_sessions s ON s.chat_session_id = m.chat_session_id
           JOIN workers w ON w.worker_id = s.worker_id AND w.user_id = s.user_id
         WHERE m.message_id = $1 AND ",
        is_next!()
    ))
    .bind(message_id)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Marks a turn as begun; false when it is not waiting for that.
pub async fn start(connection: &mut AnyConnection, reply_id: &str, worker_id: &str, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE turns SET status = 3, started_at = $3
         WHERE reply_id = $1 AND worker_id = $2 AND status = 2 AND ended_at IS NULL",
    )
    .bind(reply_id)
    .bind(worker_id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a turn; false when it has ended before.
pub async fn end(
    connection: &mut AnyConnection,
    reply_id: &str,
    status: v1::TurnStatus,
    now: i64,
) -> Result<bool, DbError> {
    let done = sqlx::query("UPDATE turns SET status = $2, ended_at = $3 WHERE reply_id = $1 AND ended_at IS NULL")
        .bind(reply_id)
        .bind(i64::from(i32::from(status)))
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Opens an interrupted turn again, if it is still the newest of its session, which has not ended,
/// and its message was not touched since; false when it is not.
pub async fn resume(connection: &mut AnyConnection, turn: &TurnRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE turns SET status = 3, ended_at = NULL
         WHERE reply_id = $1 AND status = 7 AND NOT EXISTS (
           SELECT 1 FROM turns n JOIN chat_messages r ON r.message_id = n.reply_id
           WHERE n.chat_session_id = $2 AND n.reply_id <> $1
             AND (n.ended_at IS NULL OR r.position > (SELECT o.position FROM chat_messages o WHERE o.message_id = $1)))
           AND EXISTS (SELECT 1 FROM chat_messages m WHERE m.message_id = $3 AND m.status = 7)
           AND EXISTS (SELECT 1 FROM chat_sessions s WHERE s.chat_session_id = $2 AND s.status <> 3)",
    )
    .bind(&turn.reply_id)
    .bind(&turn.chat_session_id)
    .bind(&turn.message_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a turn that was never begun.
pub async fn release(connection: &mut AnyConnection, reply_id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("DELETE FROM turns WHERE reply_id = $1 AND status = 2 AND ended_at IS NULL")
        .bind(reply_id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Asks to stop the open turn of a message, named by the user's message or the reply.
pub async fn ask_stop(
    connection: &mut AnyConnection,
    session_id: &str,
    message_id: &str,
) -> Result<Option<TurnRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE turns SET stop = 1
         WHERE chat_session_id = $1 AND (message_id = $2 OR reply_id = $2) AND ended_at IS NULL RETURNING ",
        turn_columns!()
    ))
    .bind(session_id)
    .bind(message_id)
    .fetch_optional(connection)
    .await
}

/// Asks to stop all open turns of a worker, and says why.
pub async fn stop_all(connection: &mut AnyConnection, worker_id: &str, reason: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE turns SET stop = 1, stop_reason = $2 WHERE worker_id = $1 AND ended_at IS NULL AND stop = 0")
        .bind(worker_id)
        .bind(reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// Remembers whether a turn waits because CHUNKS is full; false when nothing changes.
pub async fn set_storage_full(connection: &mut AnyConnection, reply_id: &str, full: bool) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE turns SET storage_full = $2 WHERE reply_id = $1 AND ended_at IS NULL AND storage_full <> $2",
    )
    .bind(reply_id)
    .bind(i64::from(full))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a turn of a worker waits because CHUNKS is full.
pub async fn any_full<'e>(executor: impl Executor<'e, Database = Any>, worker_id: &str) -> Result<bool, DbError> {
    let row = sqlx::query_as::<_, (i64,)>(
        "SELECT storage_full FROM turns WHERE worker_id = $1 AND ended_at IS NULL AND storage_full = 1 LIMIT 1",
    );
    Ok(row.bind(worker_id).fetch_optional(executor).await?.is_some())
}

/// Remembers up to where the reply's row has what the stream has.
pub async fn set_stream_position(
    connection: &mut AnyConnection,
    reply_id: &str,
    position: u64,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE turns SET stream_position = $2 WHERE reply_id = $1 AND ended_at IS NULL AND stream_position < $2",
    )
    .bind(reply_id)
    .bind(i64::try_from(position).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets what became of a message, or of one reply to it.
pub async fn forget(connection: &mut AnyConnection, message_id: &str) -> Result<(), DbError> {
    for statement in [
        "DELETE FROM turns WHERE reply_id = $1 AND ended_at IS NOT NULL",
        "DELETE FROM turns WHERE message_id = $1 AND ended_at IS NOT NULL",
    ] {
        sqlx::query(statement).bind(message_id).execute(&mut *connection).await?;
    }
    Ok(())
}
