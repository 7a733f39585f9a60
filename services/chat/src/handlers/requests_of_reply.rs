//! What was asked in one reply, answered or not, oldest first.

use muster_contracts::v1;

use super::{caller, cursor, list_requests::answer, message_of, own_session, page_size};
use crate::{
    state::{Done, State},
    store::requests,
};

pub(super) async fn handle(state: State, request: v1::RequestsOfReplyRequest) -> Done<v1::ListRequestsReply> {
    let v1::RequestsOfReplyRequest { caller: asked_by, chat_session_id, message_id, page } = request;
    let v1::Page { limit, cursor: after } = page.unwrap_or_default();
    let mut connection = state.db.pool().acquire().await?;
    own_session(&mut connection, &caller(asked_by), &chat_session_id).await?;
    message_of(&mut connection, &chat_session_id, &message_id).await?;
    let size = page_size(limit);
    let (time, id) = cursor(after.as_deref())?.unwrap_or((i64::MIN, String::new()));
    let rows = requests::of_reply(&mut *connection, &message_id, (time, &id), size + 1).await?;
    Ok(answer(&rows, size))
}
