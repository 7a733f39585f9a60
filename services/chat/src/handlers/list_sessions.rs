//! Sessions of the caller, newest activity first.

use muster_contracts::v1;

use super::{caller, cursor, cut, page_size};
use crate::{
    state::{Done, State},
    store::sessions::{self, Listing},
};

pub(super) async fn handle(state: State, request: v1::ListSessionsRequest) -> Done<v1::ListSessionsReply> {
    let v1::ListSessionsRequest { caller: asked_by, worker_id, status, page } = request;
    let v1::Page { limit, cursor: after } = page.unwrap_or_default();
    let size = page_size(limit);
    let listing = Listing {
        user_id: caller(asked_by).user_id,
        worker_id,
        statuses: status,
        after: cursor(after.as_deref())?,
        limit: size + 1,
    };
    let mut rows = sessions::list(state.db.pool(), &listing).await?;
    let more = cut(&mut rows, size);
    let next_cursor =
        rows.last().filter(|_| more).map(|last| format!("{}.{}", last.last_activity, last.chat_session_id));
    Ok(v1::ListSessionsReply { sessions: rows.iter().map(sessions::SessionRow::to_wire).collect(), next_cursor })
}
