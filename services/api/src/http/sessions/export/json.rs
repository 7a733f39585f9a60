//! A session as JSON: the API's own objects.

use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _, stream};
use muster_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::messages::{self, Exported};
use crate::{
    http::{
        model::{message::ChatMessage, request::AgentRequest, session::ChatSession},
        problem::Problem,
    },
    state::Shared,
};

/// Grows when a reader of older files would misread a newer one.
const VERSION: u32 = 1;

/// A session with all that was said in it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used: the file is written piece by piece")]
pub(crate) struct SessionExport {
    /// Of this format: 1.
    version: u32,
    exported_at: i64,
    session: ChatSession,
    /// Oldest first; each with what was asked in it.
    messages: Vec<ExportedMessage>,
}

/// A message, and what was asked in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExportedMessage {
    #[serde(flatten)]
    message: ChatMessage,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    requests: Vec<AgentRequest>,
}

/// The file, a piece for each message.
pub(super) fn pieces(
    api: Shared,
    caller: Option<v1::Caller>,
    session: v1::ChatSession,
) -> impl Stream<Item = Result<Bytes, Problem>> + Send {
    let exported_at = api.clock.now();
    let shown = ChatSession::from(session.clone());
    let head = stream::once(async move {
        let session = json(&shown)?;
        let mut head = BytesMut::from(&br#"{"version":"#[..]);
        head.put_slice(format!(r#"{VERSION},"exportedAt":{exported_at},"session":"#).as_bytes());
        head.put(session);
        head.put_slice(br#","messages":["#);
        Ok(head.freeze())
    });
    let messages = messages::all(api, caller, session).enumerate().map(|(place, exported)| {
        let Exported { message, requests } = exported?;
        let requests = requests.into_iter().map(Into::into).collect();
        let mut piece = BytesMut::from(if place == 0 { "\n" } else { ",\n" });
        piece.put(json(&ExportedMessage { message: message.into(), requests })?);
        Ok(piece.freeze())
    });
    head.chain(messages).chain(stream::once(async { Ok(Bytes::from_static(b"\n]}\n")) }))
}

fn json(value: &impl Serialize) -> Result<Bytes, Problem> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| Problem::internal(&error))
}
