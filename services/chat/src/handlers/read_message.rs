//! A piece of a message that is too large for a list.

use muster_contracts::{Message as _, limits, v1};

use super::{caller, message_of, own_session};
use crate::state::{Done, State};

pub(super) async fn handle(state: State, request: v1::ReadMessageRequest) -> Done<v1::ReadMessageReply> {
    let v1::ReadMessageRequest { caller: asked_by, chat_session_id, message_id, offset } = request;
    let mut connection = state.db.pool().acquire().await?;
    own_session(&mut connection, &caller(asked_by), &chat_session_id).await?;
    let message = message_of(&mut connection, &chat_session_id, &message_id).await?.to_wire();
    let whole = message.encode_to_vec();
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = whole.get(offset..).unwrap_or_default();
    let piece = rest.get(..limits::ANSWER_BYTES).unwrap_or(rest).to_vec();
    Ok(v1::ReadMessageReply {
        piece,
        revision: message.revision,
        whole_bytes: whole.len() as u64,
        received_number: message.received_number,
    })
}
