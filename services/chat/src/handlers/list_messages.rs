//! A page of messages, and where the event stream continues it.

use muster_contracts::{Message as _, limits, v1};

use super::{caller, cut, message_of, own_session, page_size};
use crate::{
    state::{Done, State},
    store::{MessageRow, messages, turns},
};

pub(super) async fn handle(state: State, request: v1::ListMessagesRequest) -> Done<v1::ListMessagesReply> {
    let v1::ListMessagesRequest { caller: asked_by, chat_session_id, before, limit } = request;
    // First the position, then the rows: what happens in between comes along the stream again.
    let (position, epoch) = state.position().await?;
    let mut connection = state.db.pool().acquire().await?;
    own_session(&mut connection, &caller(asked_by), &chat_session_id).await?;
    let before = match before {
        Some(message_id) => message_of(&mut connection, &chat_session_id, &message_id).await?.position,
        None => i64::MAX,
    };
    // The turn before the rows, too: one that ends in between is in them as ended.
    let open = turns::open_of_session(&mut *connection, &chat_session_id).await?;
    let size = page_size(limit);
    let rows = messages::page(&mut *connection, &chat_session_id, before, size + 1).await?;
    let mut messages = rows.iter().map(MessageRow::to_wire).map(light).collect::<Vec<_>>();
    let more = cut(&mut messages, size);
    messages.reverse();
    let next_before = messages.first().filter(|_| more).map(|oldest| oldest.message_id.clone());
    let position = open.map_or(position, |turn| turn.stream_position.unsigned_abs().min(position));
    Ok(v1::ListMessagesReply { messages, next_before, position, epoch })
}

/// The message, or what there is to say of one that no answer can carry.
fn light(mut message: v1::ChatMessage) -> v1::ChatMessage {
    let bytes = message.encoded_len();
    if bytes > limits::ANSWER_BYTES {
        message.content.clear();
        message.parts.clear();
        message.whole_bytes = bytes as u64;
    }
    message
}
