//! A page of messages, and where the event stream continues it.

use muster_contracts::{Message as _, limits, v1};

use super::{caller, cut, message_of, own_session, page_size};
use crate::{
    state::{Done, State},
    store::{MessageRow, messages, turns},
};

/// Bytes of the messages of one page, however large each of them is: they are all in memory, here and where they are
/// put together again.
const PAGE_BYTES: i64 = 8 * 1024 * 1024;

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
            let number = fitting(messages::sizes_behind(&mut *connection, &chat_session_id, behind, size).await?);
            let mut messages = light(&messages::page_behind(&mut *connection, &chat_session_id, behind, number).await?);
            cut(&mut messages, size);
            (messages, None)
        }
        None => {
            let before = match before {
                Some(before) => message_of(&mut connection, &chat_session_id, &before).await?.position,
                None => i64::MAX,
            };
            let sizes = messages::sizes(&mut *connection, &chat_session_id, before, size + 1).await?;
            let number = fitting(sizes.iter().copied());
            let mut messages = light(&messages::page(&mut *connection, &chat_session_id, before, number).await?);
            let more = cut(&mut messages, size) || messages.len() < sizes.len();
            messages.reverse();
            let next = messages.first().filter(|_| more).map(|oldest| oldest.message_id.clone());
            (messages, next)
        }
    };
    let position = open.map_or(position, |turn| turn.stream_position.unsigned_abs().min(position));
    Ok(v1::ListMessagesReply { messages, next_before, position, epoch })
}

/// How many messages of these sizes are read at once, at least one.
pub(super) fn fitting(sizes: impl IntoIterator<Item = i64>) -> i64 {
    let mut room = PAGE_BYTES;
    let fit = sizes.into_iter().take_while(|&bytes| {
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    i64::try_from(fit.count().max(1)).unwrap_or(1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_read_as_fit_and_one_at_least() {
        let half = PAGE_BYTES / 2;
        for (sizes, number) in [
            (vec![10, 10, 10], 3),
            (vec![half, half, 1], 2),
            (vec![half, half + 1, 1], 1),
            (vec![PAGE_BYTES + 1, 1], 1),
            (vec![], 1),
        ] {
            assert_eq!(fitting(sizes.clone()), number, "{sizes:?}");
        }
    }
}
