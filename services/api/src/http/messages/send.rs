//! POST /sessions/{id}/messages

use axum::{Json, extract::State};
use http::StatusCode;
use muster_contracts::{
    id::{AttachmentId, MessageId, SessionId},
    method, v1,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    http::{
        caller::Caller,
        extract::{At, Body},
        model::message::ChatMessage,
        owned::Owned,
        problem::Problem,
    },
    state::Shared,
};

/// A message to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SendMessage {
    /// A nanoid made by the client: the same again is the same message.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    message_id: String,
    /// At most 131,072 bytes, and not blank unless there are attachments.
    content: String,
    /// For this message alone.
    #[schema(min_length = 1, max_length = 256)]
    model: Option<String>,
    /// Only if this is the session's last message.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    after_message_id: Option<String>,
    /// A message of the user that this one is a new version of.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}$")]
    replaces: Option<String>,
    /// Ids of files that were uploaded for it and that no message has yet, in their order.
    #[serde(default)]
    #[schema(max_items = 10)]
    attachments: Vec<String>,
    /// One of the backend's modes, for this message alone. 1 to 64 characters.
    #[schema(min_length = 1, max_length = 64)]
    mode: Option<String>,
}

/// Sends a message.
///
/// With `replaces` it is a new version of an earlier message of the user: the same text to have it answered anew, or
/// another. It waits before all others in the queue, which goes on if a failure had held it back. As soon as the worker
/// is told of it, it takes the place of that message and of everything behind it (`supersededBy`); until then it can be
/// edited or withdrawn, and nothing has changed. What waits in the queue stays behind it. The agent forgets what lost
/// its place, and takes back the changes to files that it made since, where it can.
///
/// 422 when `replaces` is no message of the user in this session. 409 `cannot-rewind` when the agent cannot go back:
/// fork instead; `busy` while a turn is open: stop it first; `message-waiting` for one that still waits: edit it;
/// `message-superseded` for one that has a newer version; `replacement-waiting` while another new version waits.
#[utoipa::path(post, path = "/sessions/{id}/messages", tag = "messages", params(("id" = String, Path)),
    request_body = SendMessage, responses((status = 202, body = ChatMessage)))]
pub(crate) async fn send(
    State(api): State<Shared>,
    caller: Caller,
    At(session): At<SessionId>,
    body: Result<Body<SendMessage>, Problem>,
) -> Result<(StatusCode, Json<ChatMessage>), Problem> {
    let of = Owned::Session(&session);
    let body = api.body_for(&caller, of, body).await?;
    if let Err(problem) = check(&body) {
        return Err(api.refusal(&caller, of, problem).await);
    }
    let SendMessage { message_id, content, model, after_message_id, replaces, attachments, mode } = body;
    let request = v1::SendMessageRequest {
        caller: caller.to_bus(),
        chat_session_id: session.into(),
        message_id,
        content,
        model,
        after_message_id,
        replaces,
        attachments,
        mode,
    };
    Ok((StatusCode::ACCEPTED, Json(api.call::<method::SendMessage>(request).await?.into())))
}

fn check(body: &SendMessage) -> Result<(), Problem> {
    let ids = [
        ("/messageId", Some(&body.message_id)),
        ("/afterMessageId", body.after_message_id.as_ref()),
        ("/replaces", body.replaces.as_ref()),
    ];
    for (pointer, id) in ids {
        if let Some(Err(error)) = id.map(|id| id.parse::<MessageId>()) {
            return Err(Problem::invalid(pointer, error.to_string()));
        }
    }
    attached(&body.attachments)
}

/// Ids of attachments that can exist.
pub(super) fn attached(ids: &[String]) -> Result<(), Problem> {
    for (index, id) in ids.iter().enumerate() {
        id.parse::<AttachmentId>()
            .map_err(|error| Problem::invalid(&format!("/attachments/{index}"), error.to_string()))?;
    }
    Ok(())
}
