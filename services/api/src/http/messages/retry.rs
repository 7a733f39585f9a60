//! POST /sessions/{id}/messages/{messageId}/retry

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{
    id::{MessageId, SessionId},
    method, v1,
};

use crate::{
    http::{caller::Caller, extract::At2, problem::Problem},
    state::Shared,
};

/// Answers a failed, cancelled or interrupted message anew.
///
/// 409 `cannot-retry` for any other; `busy` while a turn is open; `message-superseded` for one that has a newer version,
/// `replacement-waiting` while one waits.
#[utoipa::path(post, path = "/sessions/{id}/messages/{messageId}/retry", tag = "messages",
    params(("id" = String, Path), ("messageId" = String, Path)), responses((status = 202)))]
pub(crate) async fn retry(
    State(api): State<Shared>,
    caller: Caller,
    At2(session, message): At2<SessionId, MessageId>,
) -> Result<StatusCode, Problem> {
    let request =
        v1::MessageRef { caller: caller.to_bus(), chat_session_id: session.into(), message_id: message.into() };
    api.call::<method::Retry>(request).await?;
    Ok(StatusCode::ACCEPTED)
}
