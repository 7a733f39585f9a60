//! DELETE /sessions/{id}/messages/{messageId}

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

/// Withdraws a message that waits.
#[utoipa::path(delete, path = "/sessions/{id}/messages/{messageId}", tag = "messages",
    params(("id" = String, Path), ("messageId" = String, Path)), responses((status = 204)))]
pub(crate) async fn withdraw(
    State(api): State<Shared>,
    caller: Caller,
    At2(session, message): At2<SessionId, MessageId>,
) -> Result<StatusCode, Problem> {
    let request =
        v1::MessageRef { caller: caller.to_bus(), chat_session_id: session.into(), message_id: message.into() };
    api.call::<method::WithdrawMessage>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
