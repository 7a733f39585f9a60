//! PATCH /sessions/{id}/messages/{messageId}

use axum::{Json, extract::State};
use muster_contracts::{
    id::{MessageId, SessionId},
    method, v1,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::send::attached;
use crate::{
    http::{
        caller::Caller,
        extract::{At2, Body, given},
        model::message::ChatMessage,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// What shall be different.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditMessage {
    /// At most 131,072 bytes, and not blank unless there are attachments.
    content: Option<String>,
    #[schema(min_length = 1, max_length = 256)]
    model: Option<String>,
    /// One of the backend's modes. 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    mode: Option<String>,
    /// The waiting message that it shall follow; null for the front.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    after: Option<Option<String>>,
    /// What it shall have from now on: files of its own, and those that no message has yet.
    #[schema(max_items = 10)]
    attachments: Option<Vec<String>>,
}

/// Edits or moves a message that waits.
#[utoipa::path(patch, path = "/sessions/{id}/messages/{messageId}", tag = "messages",
    params(("id" = String, Path), ("messageId" = String, Path)), request_body = EditMessage,
    responses((status = 200, body = ChatMessage)))]
pub(crate) async fn edit(
    State(api): State<Shared>,
    caller: Caller,
    At2(session, message): At2<SessionId, MessageId>,
    body: Result<Body<EditMessage>, Problem>,
) -> Result<Json<ChatMessage>, Problem> {
    let of = Owned::Session(&session);
    let EditMessage { content, model, mode, after, attachments } = api.body_for(&caller, of, body).await?;
    if let Err(problem) = attached(attachments.as_deref().unwrap_or_default()) {
        return Err(api.refusal(&caller, of, problem).await);
    }
    let request = v1::EditMessageRequest {
        caller: caller.to_bus(),
        chat_session_id: session.into(),
        message_id: message.into(),
        content,
        model,
        after: after.map(Option::unwrap_or_default),
        change_attachments: attachments.is_some(),
        attachments: attachments.unwrap_or_default(),
        mode,
    };
    Ok(Json(api.call::<method::EditMessage>(request).await?.into()))
}
