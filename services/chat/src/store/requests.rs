//! Requests of agents: permissions and questions.

use muster_contracts::{Message as _, v1};
use muster_service::DbError;
use sqlx::{Any, AnyConnection, Executor};

/// A request.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RequestRow {
    /// Its session.
    pub chat_session_id: String,
    /// Its id, unique in the session.
    pub request_id: String,
    /// The reply in which it was asked.
    pub reply_id: String,
    /// The worker that asks.
    pub worker_id: String,
    /// Who is asked.
    pub user_id: String,
    body: Vec<u8>,
    status: i64,
    outcome: Option<Vec<u8>>,
    answered_by: Option<String>,
    /// When it was asked.
    pub asked_at: i64,
    revision: i64,
}

/// Its columns.
macro_rules! request_columns {
    () => {
        columns!("":
            chat_session_id, request_id, reply_id, worker_id, user_id, body, status, outcome, answered_by,
            asked_at, revision)
    };
}

impl RequestRow {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> v1::RequestStatus {
        i32::try_from(self.status).ok().and_then(|status| status.try_into().ok()).unwrap_or_default()
    }

    /// What is asked.
    #[must_use]
    pub fn body(&self) -> v1::RequestBody {
        v1::RequestBody::decode(self.body.as_slice()).unwrap_or_default()
    }

    /// What was answered.
    #[must_use]
    pub fn outcome(&self) -> Option<v1::Answer> {
        self.outcome.as_deref().and_then(|bytes| v1::Answer::decode(bytes).ok())
    }

    /// As others see it.
    #[must_use]
    pub fn to_wire(&self) -> v1::AgentRequest {
        v1::AgentRequest {
            body: Some(self.body()),
            chat_session_id: self.chat_session_id.clone(),
            message_id: self.reply_id.clone(),
            worker_id: self.worker_id.clone(),
            user_id: self.user_id.clone(),
            asked_at: self.asked_at,
            status: self.status().into(),
            outcome: self.outcome(),
            answered_by: self.answered_by.clone(),
            revision: self.revision,
        }
    }
}

/// Keeps a request, or that the agent took it back; `None` when that is known, or it was answered. It may be taken back
/// before it is known, because another instance is about to keep it.
pub async fn put(
    connection: &mut AnyConnection,
    turn: &super::TurnRow,
    user_id: &str,
    body: &v1::RequestBody,
    (status, withdrawn): (v1::RequestStatus, bool),
    asked_at: i64,
) -> Result<Option<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "INSERT INTO requests (chat_session_id, request_id, reply_id, worker_id, user_id, body, status, outcome,
           answered_by, asked_at, revision, withdrawn)
         VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, NULL, $8, 1, $9)
         ON CONFLICT (chat_session_id, request_id) DO UPDATE SET
           status = excluded.status, withdrawn = 1, revision = requests.revision + 1
           WHERE excluded.withdrawn = 1 AND requests.withdrawn = 0 AND requests.status <> 2
         RETURNING ",
        request_columns!()
    ))
    .bind(&turn.chat_session_id)
    .bind(&body.request_id)
    .bind(&turn.reply_id)
    .bind(&turn.worker_id)
    .bind(user_id)
    .bind(body.encode_to_vec())
    .bind(i64::from(i32::from(status)))
    .bind(asked_at)
    .bind(i64::from(withdrawn))
    .fetch_optional(connection)
    .await
}

/// One request.
pub async fn get<'e>(
    executor: impl Executor<'e, Database = Any>,
    session_id: &str,
    request_id: &str,
) -> Result<Option<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        request_columns!(),
        " FROM requests WHERE chat_session_id = $1 AND request_id = $2"
    ))
    .bind(session_id)
    .bind(request_id)
    .fetch_optional(executor)
    .await
}

/// What waits for a user, oldest first, behind a given one.
pub async fn pending<'e>(
    executor: impl Executor<'e, Database = Any>,
    user_id: &str,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        request_columns!(),
        " FROM requests WHERE user_id = $1 AND status = 1
           AND (asked_at > $2 OR (asked_at = $2 AND request_id > $3))
         ORDER BY asked_at, request_id LIMIT $4"
    ))
    .bind(user_id)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// What was asked in a reply, oldest first, behind a given one.
pub async fn of_reply<'e>(
    executor: impl Executor<'e, Database = Any>,
    reply_id: &str,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        request_columns!(),
        " FROM requests WHERE reply_id = $1 AND (asked_at > $2 OR (asked_at = $2 AND request_id > $3))
         ORDER BY asked_at, request_id LIMIT $4"
    ))
    .bind(reply_id)
    .bind(after.0)
    .bind(after.1)
    .bind(limit)
    .fetch_all(executor)
    .await
}

/// Answers a request that waits; `None` when it waits no more.
pub async fn answer(
    connection: &mut AnyConnection,
    session_id: &str,
    request_id: &str,
    answer: &v1::Answer,
    by: &str,
) -> Result<Option<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE requests SET status = 2, outcome = $3, answered_by = $4, revision = revision + 1
         WHERE chat_session_id = $1 AND request_id = $2 AND status = 1 RETURNING ",
        request_columns!()
    ))
    .bind(session_id)
    .bind(request_id)
    .bind(answer.encode_to_vec())
    .bind(by)
    .fetch_optional(connection)
    .await
}

/// The turn is over: what waits in it waits no more.
pub async fn gone(connection: &mut AnyConnection, reply_id: &str) -> Result<Vec<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE requests SET status = 3, revision = revision + 1 WHERE reply_id = $1 AND status = 1 RETURNING ",
        request_columns!()
    ))
    .bind(reply_id)
    .fetch_all(connection)
    .await
}

/// The turn goes on: what was not answered in it waits again, but for what the agent took back.
pub async fn back(connection: &mut AnyConnection, reply_id: &str) -> Result<Vec<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "UPDATE requests SET status = 1, revision = revision + 1
         WHERE reply_id = $1 AND status = 3 AND withdrawn = 0 RETURNING ",
        request_columns!()
    ))
    .bind(reply_id)
    .fetch_all(connection)
    .await
}

/// Every answer given in a reply.
pub async fn answers<'e>(
    executor: impl Executor<'e, Database = Any>,
    reply_id: &str,
) -> Result<Vec<RequestRow>, DbError> {
    sqlx::query_as(concat!(
        "SELECT ",
        request_columns!(),
        " FROM requests WHERE reply_id = $1 AND status = 2 ORDER BY asked_at"
    ))
    .bind(reply_id)
    .fetch_all(executor)
    .await
}

/// Whom what was asked in a reply, by its ids: the user's, and the request's.
pub async fn named<'e>(
    executor: impl Executor<'e, Database = Any>,
    reply_id: &str,
) -> Result<Vec<(String, String)>, DbError> {
    let named = sqlx::query_as("SELECT user_id, request_id FROM requests WHERE reply_id = $1");
    named.bind(reply_id).fetch_all(executor).await
}

/// Forgets what was asked in a reply.
pub async fn forget(connection: &mut AnyConnection, reply_id: &str) -> Result<(), DbError> {
    sqlx::query("DELETE FROM requests WHERE reply_id = $1").bind(reply_id).execute(connection).await?;
    Ok(())
}
