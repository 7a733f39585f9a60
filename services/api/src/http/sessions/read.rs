//! POST /sessions/{id}/read

use axum::extract::State;
use http::StatusCode;
use muster_contracts::{
    id::{MessageId, SessionId},
    method, v1,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body},
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// Up to where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MarkRead {
    /// The last message that was seen.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    message_id: String,
}

/// Marks a session as read.
#[utoipa::path(post, path = "/sessions/{id}/read", tag = "sessions", params(("id" = String, Path)),
    request_body = MarkRead, responses((status = 204)))]
pub(crate) async fn read(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    body: Result<Body<MarkRead>, Problem>,
) -> Result<StatusCode, Problem> {
    let of = Owned::Session(&session);
    let MarkRead { message_id } = api.body_for(&caller, of, body).await?;
    if let Err(error) = message_id.parse::<MessageId>() {
        return Err(api.refusal(&caller, of, Problem::invalid("/messageId", error.to_string())).await);
    }
    let request = v1::MessageRef { caller: caller.to_bus(), chat_session_id: session.into(), message_id };
    api.call::<method::MarkRead>(request).await?;
    Ok(StatusCode::NO_CONTENT)
}
