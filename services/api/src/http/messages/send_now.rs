//! POST /sessions/{id}/messages/{messageId}/send-now

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

/// Puts a waiting message first, and stops the running turn.
#[utoipa::path(post, path = "/sessions/{id}/messages/{messageId}/send-now", tag = "messages",
    params(("id" = String, Path), ("messageId" = String, Path)), responses((status = 202)))]
pub(crate) async fn send_now(
    State(api): State<Shared>,
    caller: Caller,
    At2(session, message): At2<SessionId, MessageId>,
) -> Result<StatusCode, Problem> {
    let request =
        v1::MessageRef { caller: caller.to_bus(), chat_session_id: session.into(), message_id: message.into() };
    api.call::<method::SendNow>(request).await?;
    Ok(StatusCode::ACCEPTED)
}
