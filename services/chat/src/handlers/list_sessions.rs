//! Sessions of the caller, newest activity first; or of them those that have certain words.

use muster_contracts::{limits, v1};
use muster_service::problem;

use super::{caller, cursor, cut, page_size};
use crate::{
    domain::search::Words,
    state::{Done, State},
    store::{
        search,
        sessions::{self, Listing, SessionRow},
    },
};

pub(super) async fn handle(state: State, request: v1::ListSessionsRequest) -> Done<v1::ListSessionsReply> {
    let v1::ListSessionsRequest { caller: asked_by, worker_id, status, page, query } = request;
    let v1::Page { limit, cursor: after } = page.unwrap_or_default();
    let size = page_size(limit);
    let words = match query.as_deref().map(str::trim).filter(|query| !query.is_empty()) {
        None => None,
        Some(query) if query.chars().count() > limits::QUERY_CHARS => {
            let detail = format!("must be at most {} characters", limits::QUERY_CHARS);
            return Err(problem::invalid("/q", detail).into());
        }
        Some(query) => match Words::of(query) {
            Some(words) => Some(words),
            // Only signs: nothing has them.
            None => return Ok(v1::ListSessionsReply::default()),
        },
    };
    let listing = Listing {
        user_id: caller(asked_by).user_id,
        worker_id,
        statuses: status,
        words,
        after: cursor(after.as_deref())?,
        limit: size + 1,
    };
    let mut rows = sessions::list(&state.db, &listing).await?;
    let mut found = rows.iter().map(SessionRow::to_wire).collect::<Vec<_>>();
    let more = cut(&mut found, size);
    rows.truncate(found.len());
    let next_cursor =
        rows.last().filter(|_| more).map(|last| format!("{}.{}", last.last_activity, last.chat_session_id));
    Ok(v1::ListSessionsReply { matches: matches(&state, &listing, &found).await?, sessions: found, next_cursor })
}

/// Where the sessions of this page have the words.
async fn matches(state: &State, listing: &Listing, page: &[v1::ChatSession]) -> Done<Vec<v1::SessionMatch>> {
    let Some(words) = listing.words.as_ref().filter(|_| !page.is_empty()) else { return Ok(Vec::new()) };
    let ids = page.iter().map(|session| session.chat_session_id.as_str()).collect::<Vec<_>>();
    let found = search::newest(&state.db, words, &ids).await?;
    Ok(found
        .into_iter()
        .map(|search::Found { chat_session_id, message_id, content }| {
            let snippet = words.snippet(&content);
            v1::SessionMatch { chat_session_id, message_id, snippet }
        })
        .collect())
}
