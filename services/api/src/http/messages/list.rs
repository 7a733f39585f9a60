//! GET /sessions/{id}/messages

use axum::{Json, extract::State};
use muster_contracts::{
    id::{MessageId, SessionId},
    method, v1,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::event_id::EventId,
    http::{
        caller::Caller,
        extract::{Asked, At},
        messages::whole,
        model::message::ChatMessage,
        owned::Owned,
        page,
        problem::Problem,
    },
    state::Shared,
};

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessagesQuery {
    /// Those before this message; without it the newest.
    before: Option<String>,
    /// Items of the page, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// A page of messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessagePage {
    /// Oldest first.
    items: Vec<ChatMessage>,
    /// For the page before; null on the oldest.
    #[schema(required = true)]
    next_before: Option<String>,
    /// The session's event stream continues this answer from here.
    last_event_id: String,
}

/// A page of messages, and where the event stream continues it.
#[utoipa::path(get, path = "/sessions/{id}/messages", tag = "messages", params(("id" = String, Path), MessagesQuery),
    responses((status = 200, body = MessagePage)))]
pub(crate) async fn list(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    query: Result<Asked<MessagesQuery>, Problem>,
) -> Result<Json<MessagePage>, Problem> {
    let (before, limit) = match query.and_then(Asked::checked) {
        Ok(query) => query,
        Err(problem) => return Err(api.refusal(&caller, Owned::Session(&session), problem).await),
    };
    let request = v1::ListMessagesRequest {
        caller: caller.to_bus(),
        chat_session_id: session.to_string(),
        before,
        limit,
        after: None,
    };
    let v1::ListMessagesReply { messages, next_before, position, epoch } =
        api.call::<method::ListMessages>(request).await?;
    let mut items = Vec::with_capacity(messages.len());
    for message in messages {
        items.push(whole::read(&api, caller.to_bus().as_ref(), message).await?.into());
    }
    Ok(Json(MessagePage {
        items,
        next_before,
        last_event_id: EventId { stream: session.into(), epoch, sequence: position }.to_string(),
    }))
}

impl Asked<MessagesQuery> {
    /// Before which message, and how many.
    pub(crate) fn checked(self) -> Result<(Option<String>, u32), Problem> {
        let Self(MessagesQuery { before, limit }) = self;
        if before.as_deref().is_some_and(|before| before.parse::<MessageId>().is_err()) {
            return Err(Problem::invalid("/before", "is no message's id"));
        }
        Ok((before, page::size(limit)?))
    }
}
