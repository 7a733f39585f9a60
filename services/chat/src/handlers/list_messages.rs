//! A page of messages, and where the event stream continues it.

use muster_contracts::{Message as _, limits, v1};

use super::{caller, cut, message_of, own_session, page_size};
use crate::{
    state::{Done, State},
    store::{MessageRow, messages, turns},
};

pub(super) async fn handle(state: State, request: v1::ListMessagesRequest) -> Done<v1::ListMessagesReply> {
    let v1::ListMessagesRequest { caller: asked_by, chat_session_id, before, limit, after } = request;
    // First the position, then the rows: what happens in between comes along the stream again.
    let (position, epoch) = state.position().await?;
    let mut connection = state.db.pool().acquire().await?;
    own_session(&mut connection, &caller(asked_by), &chat_session_id).await?;
    // The turn before the rows, too: one that ends in between is in them as ended.
    let open = turns::open_of_session(&mut *connection, &chat_session_id).await?;
    let size = page_size(limit);
    let (messages, next_before) = match after {
        Some(after) => {
            let behind = match after.as_str() {
                "" => i64::MIN,
                after => message_of(&mut connection, &chat_session_id, after).await?.position,
            };
            let mut messages = light(&messages::page_behind(&mut *connection, &chat_session_id, behind, size).await?);
            cut(&mut messages, size);
            (messages, None)
        }
        None => {
            let before = match before {
                Some(before) => message_of(&mut connection, &chat_session_id, &before).await?.position,
                None => i64::MAX,
            };
            let mut messages = light(&messages::page(&mut *connection, &chat_session_id, before, size + 1).await?);
            let more = cut(&mut messages, size);
            messages.reverse();
            let next = messages.first().filter(|_| more).map(|oldest| oldest.message_id.clone());
            (messages, next)
        }
    };
    let position = open.map_or(position, |turn| turn.stream_position.unsigned_abs().min(position));
    Ok(v1::ListMessagesReply { messages, next_before, position, epoch })
}

/// The messages, with what there is to say of those that no answer can carry.
fn light(rows: &[MessageRow]) -> Vec<v1::ChatMessage> {
    let light = rows.iter().map(MessageRow::to_wire).map(|mut message| {
        let bytes = message.encoded_len();
        if bytes > limits::ANSWER_BYTES {
            message.content.clear();
            message.parts.clear();
            message.whole_bytes = bytes as u64;
        }
        message
    });
    light.collect()
}
