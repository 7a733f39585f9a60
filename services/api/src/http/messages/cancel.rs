//! POST /sessions/{id}/cancel

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

/// Which turn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Cancel {
    /// The message whose turn it is.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    message_id: String,
}

/// Stops a turn; 409 if it is not the open one.
#[utoipa::path(post, path = "/sessions/{id}/cancel", tag = "messages", params(("id" = String, Path)),
    request_body = Cancel, responses((status = 202)))]
pub(crate) async fn cancel(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    body: Result<Body<Cancel>, Problem>,
) -> Result<StatusCode, Problem> {
    let of = Owned::Session(&session);
    let Cancel { message_id } = api.body_for(&caller, of, body).await?;
    if let Err(error) = message_id.parse::<MessageId>() {
        return Err(api.refusal(&caller, of, Problem::invalid("/messageId", error.to_string())).await);
    }
    let request = v1::MessageRef { caller: caller.to_bus(), chat_session_id: session.into(), message_id };
    api.call::<method::CancelTurn>(request).await?;
    Ok(StatusCode::ACCEPTED)
}
