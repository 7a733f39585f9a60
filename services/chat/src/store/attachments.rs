//! Attachments: what is known of files in the object store.

use muster_contracts::v1;
use muster_service::{DbError, Write};
use sqlx::{Any, AnyConnection, Executor};

/// Bytes in the store beside those of the file itself, roughly.
const OVERHEAD: i64 = 1024;

/// A file that a user attached or is about to.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AttachmentRow {
    /// Its id, here and in the object store.
    pub attachment_id: String,
    /// Whose it is.
    pub user_id: String,
    name: String,
    media_type: String,
    size: i64,
    digest: Option<Vec<u8>>,
}

/// Its columns.
macro_rules! attachment_columns {
    () => {
        columns!("": attachment_id, user_id, name, media_type, size, digest)
    };
}

impl AttachmentRow {
    /// As others see it.
    #[must_use]
    pub fn to_wire(&self) -> v1::Attachment {
        v1::Attachment {
            attachment_id: self.attachment_id.clone(),
            name: self.name.clone(),
            media_type: self.media_type.clone(),
            size: self.size.unsigned_abs(),
            digest: self.digest.clone().unwrap_or_default(),
        }
    }
}

/// What a user has in the store.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct Used {
    /// Files that no message has.
    pub waiting: i64,
    /// Their bytes.
    pub waiting_bytes: i64,
    /// Bytes of all.
    pub bytes: i64,
}

/// Counts what a user has; what was given up counts no more.
pub async fn used(write: &mut Write, user_id: &str, now: i64) -> Result<Used, DbError> {
    write.count_alone(&format!("attachments of {user_id}")).await?;
    sqlx::query_as(
        "SELECT COUNT(expires_at) AS waiting,
           CAST(COALESCE(SUM(CASE WHEN expires_at IS NULL THEN 0 ELSE size END), 0) AS BIGINT) AS waiting_bytes,
           CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes
         FROM attachments WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(user_id)
    .bind(now)
    .fetch_one(write.connection())
    .await
}

/// Bytes that all attachments take in the store, roughly.
pub async fn taken(connection: &mut AnyConnection) -> Result<i64, DbError> {
    sqlx::query_scalar("SELECT CAST(COALESCE(SUM(size), 0) + $1 * COUNT(*) AS BIGINT) FROM attachments")
        .bind(OVERHEAD)
        .fetch_one(connection)
        .await
}

/// An attachment whose bytes are about to come.
#[derive(Debug)]
pub struct Reserved<'a> {
    /// Its id.
    pub attachment_id: &'a str,
    /// Whose it is.
    pub user_id: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// How many bytes may come.
    pub size: i64,
    /// Until when they must have come.
    pub expires_at: i64,
}

/// Makes room for an attachment. False when the id exists.
pub async fn reserve(connection: &mut AnyConnection, reserved: &Reserved<'_>, now: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "INSERT INTO attachments (attachment_id, user_id, name, media_type, size, digest, state, expires_at,
           uploaded_at)
         VALUES ($1, $2, $3, '', $4, NULL, 1, $5, $6) ON CONFLICT (attachment_id) DO NOTHING",
    )
    .bind(reserved.attachment_id)
    .bind(reserved.user_id)
    .bind(reserved.name)
    .bind(reserved.size)
    .bind(reserved.expires_at)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The bytes are there. `None` when nobody waits for them any more.
pub async fn commit(
    connection: &mut AnyConnection,
    user_id: &str,
    whole: &v1::Attachment,
    expires_at: i64,
) -> Result<Option<AttachmentRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE attachments SET name = $3, media_type = $4, size = $5, digest = $6, state = 2, expires_at = $7
         WHERE attachment_id = $1 AND user_id = $2 AND state = 1 RETURNING ",
        attachment_columns!()
    ))
    .bind(&whole.attachment_id)
    .bind(user_id)
    .bind(&whole.name)
    .bind(&whole.media_type)
    .bind(i64::try_from(whole.size).unwrap_or(i64::MAX))
    .bind(&whole.digest)
    .bind(expires_at)
    .fetch_optional(connection)
    .await
}

/// An attachment whose bytes are there and whose time has not come.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    attachment_id: &str,
    now: i64,
) -> Result<Option<AttachmentRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        attachment_columns!(),
        " FROM attachments
         WHERE attachment_id = $1 AND state = 2 AND (expires_at IS NULL OR expires_at > $2)"
    ))
    .bind(attachment_id)
    .bind(now)
    .fetch_optional(executor)
    .await
}

/// Gives an attachment to a message that may have it: one that no message has, or the message `from`, which keeps it.
/// False when it is taken or gone.
pub async fn give(
    connection: &mut AnyConnection,
    attachment_id: &str,
    message_id: &str,
    from: Option<&str>,
    now: i64,
) -> Result<bool, DbError> {
    // Of two that want it at once the second waits here, and then sees that it is taken.
    let free = sqlx::query(
        "UPDATE attachments SET expires_at = NULL
         WHERE attachment_id = $1 AND state = 2 AND (expires_at > $3 OR EXISTS (
           SELECT 1 FROM message_attachments m WHERE m.attachment_id = $1 AND m.message_id = $2))",
    )
    .bind(attachment_id)
    .bind(from)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    if free.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("INSERT INTO message_attachments (message_id, attachment_id) VALUES ($1, $2)")
        .bind(message_id)
        .bind(attachment_id)
        .execute(connection)
        .await?;
    Ok(true)
}

/// Takes all attachments from a message; those that no other has stay until then, unless one gets them.
pub async fn take_all(connection: &mut AnyConnection, message_id: &str, expires_at: i64) -> Result<(), DbError> {
    let taken = sqlx::query_scalar::<_, String>(
        "DELETE FROM message_attachments WHERE message_id = $1 RETURNING attachment_id",
    )
    .bind(message_id)
    .fetch_all(&mut *connection)
    .await?;
    for attachment_id in taken {
        sqlx::query("UPDATE attachments SET expires_at = $2 WHERE attachment_id = $1 AND expires_at IS NOT NULL")
            .bind(attachment_id)
            .bind(expires_at)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// A copy of a message has what the message has.
pub async fn copy(connection: &mut AnyConnection, message_id: &str, copy_id: &str) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO message_attachments (message_id, attachment_id)
         SELECT $2, attachment_id FROM message_attachments WHERE message_id = $1",
    )
    .bind(message_id)
    .bind(copy_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a message has it.
pub async fn has<'e>(
    executor: impl Executor<'e, Database = Any>,
    message_id: &str,
    attachment_id: &str,
) -> Result<bool, DbError> {
    let found = sqlx::query("SELECT 1 FROM message_attachments WHERE message_id = $1 AND attachment_id = $2")
        .bind(message_id)
        .bind(attachment_id)
        .fetch_optional(executor)
        .await?;
    Ok(found.is_some())
}

/// Gives up one that no message has; false when one has it, or it is not this user's.
pub async fn give_up(connection: &mut AnyConnection, user_id: &str, attachment_id: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "UPDATE attachments SET expires_at = 0
         WHERE attachment_id = $1 AND user_id = $2 AND expires_at IS NOT NULL",
    )
    .bind(attachment_id)
    .bind(user_id)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives up everything of a user that no message has.
pub async fn give_up_all(connection: &mut AnyConnection, user_id: &str) -> Result<(), DbError> {
    sqlx::query("UPDATE attachments SET expires_at = 0 WHERE user_id = $1 AND expires_at IS NOT NULL")
        .bind(user_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Marks what nobody has and whose time has come: from now on nobody gets it any more. While a backup is made that
/// waits: what its tables tell of must still be there when it comes to the files.
pub async fn mark(connection: &mut AnyConnection, now: i64) -> Result<u64, DbError> {
    let done = sqlx::query(
        "UPDATE attachments SET state = 3
         WHERE expires_at <= $1 AND state <> 3 AND NOT EXISTS (SELECT 1 FROM holds WHERE until > $1)",
    )
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Some of those that are to be removed.
pub async fn marked<'e>(executor: impl Executor<'e, Database = Any>, limit: i64) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar("SELECT attachment_id FROM attachments WHERE state = 3 AND expires_at IS NOT NULL LIMIT $1")
        .bind(limit)
        .fetch_all(executor)
        .await
}

/// Forgets one whose bytes are gone.
pub async fn forget(connection: &mut AnyConnection, attachment_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM attachments WHERE attachment_id = $1 AND state = 3")
        .bind(attachment_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether anything is known of it.
pub async fn is_known<'e>(executor: impl Executor<'e, Database = Any>, attachment_id: &str) -> Result<bool, DbError> {
    let found = sqlx::query_as::<_, (i64,)>("SELECT state FROM attachments WHERE attachment_id = $1")
        .bind(attachment_id)
        .fetch_optional(executor)
        .await?;
    Ok(found.is_some())
}
