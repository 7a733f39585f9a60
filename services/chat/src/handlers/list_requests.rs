//! What waits for the caller's decision, over all machines, oldest first.

use muster_contracts::v1;

use super::{caller, cursor, cut, page_size};
use crate::{
    state::{Done, State},
    store::{RequestRow, requests},
};

pub(super) async fn handle(state: State, request: v1::ListRequestsRequest) -> Done<v1::ListRequestsReply> {
    let v1::ListRequestsRequest { caller: asked_by, page } = request;
    let v1::Page { limit, cursor: after } = page.unwrap_or_default();
    let size = page_size(limit);
    let (time, id) = cursor(after.as_deref())?.unwrap_or((i64::MIN, String::new()));
    let rows = requests::pending(state.db.pool(), &caller(asked_by).user_id, (time, &id), size + 1).await?;
    Ok(answer(&rows, size))
}

/// A page of requests, from rows of which there is one more than it has if another page follows.
pub(super) fn answer(rows: &[RequestRow], size: i64) -> v1::ListRequestsReply {
    let mut asked = rows.iter().map(RequestRow::to_wire).collect::<Vec<_>>();
    let more = cut(&mut asked, size);
    let last = rows.get(asked.len().saturating_sub(1)).filter(|_| more);
    let next_cursor = last.map(|last| format!("{}.{}", last.asked_at, last.request_id));
    v1::ListRequestsReply { requests: asked, next_cursor }
}
