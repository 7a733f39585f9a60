//! POST /sessions/{id}/fork

use axum::{Json, extract::State};
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
        extract::{At, Body, NewId},
        model::session::ChatSession,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// Up to where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ForkSession {
    /// The last message that the fork takes over, of the user or a reply.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    message_id: String,
}

/// Makes a session with everything up to a message.
///
/// The new session has copies of the messages, under ids of their own and without the requests that were asked in them,
/// as the conversation was when that message was its last: also up to one that was replaced since, and of a session that
/// has ended. The worker's backend makes its own session from the other one's when the first message is answered; where
/// it cannot, or no longer has it, it is given what was said as text, and a notice in the reply says so.
///
/// 409 `not-finished` for a message that waits or is being answered: stop it first, or fork from the one before.
#[utoipa::path(post, path = "/sessions/{id}/fork", tag = "sessions", params(("id" = String, Path)),
    request_body = ForkSession, responses((status = 201, body = ChatSession)))]
pub(crate) async fn fork(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    new: NewId,
    body: Result<Body<ForkSession>, Problem>,
) -> Result<(StatusCode, Json<ChatSession>), Problem> {
    let of = Owned::Session(&session);
    let ForkSession { message_id } = api.body_for(&caller, of, body).await?;
    if let Err(error) = message_id.parse::<MessageId>() {
        return Err(api.refusal(&caller, of, Problem::invalid("/messageId", error.to_string())).await);
    }
    let request = v1::ForkSessionRequest {
        caller: caller.to_bus(),
        chat_session_id: session.into(),
        message_id,
        fork_id: new.or(SessionId::random).into(),
    };
    Ok((StatusCode::CREATED, Json(api.call::<method::ForkSession>(request).await?.into())))
}
